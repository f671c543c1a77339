import { join } from 'node:path'

/** What a member's settings need to know of it. */
export interface MemberPlace {
  readonly name: string
  readonly postgresPort: number
  readonly restPort: number
  readonly directory: string
}

/** What the settings of all members need to know. */
export interface SharedPlace {
  readonly etcdPort: number
  /** Of both the superuser and the account that replicates. */
  readonly password: string
  /** PostgreSQL's folder of programs. */
  readonly binDirectory: string
  /** Whether a commit waits for a standby. */
  readonly isSynchronous: boolean
}

/**
 * What all members agree on. `ttl` is Patroni's least. Strict: without a standby that confirms, nothing is acknowledged.
 * A server that crashed is not waited for (`primary_start_timeout`): what it had not yet sent to its standby must not
 * become visible there first.
 */
const sharedSettings = {
  ttl: 20,
  loop_wait: 2,
  retry_timeout: 5,
  primary_start_timeout: 0,
  maximum_lag_on_failover: 1_048_576,
  postgresql: {
    use_pg_rewind: true,
    parameters: {
      synchronous_commit: 'on',
      wal_log_hints: 'on',
      wal_keep_size: '512MB',
      max_wal_size: '512MB',
      max_connections: 100,
      shared_buffers: '64MB',
      timezone: 'UTC',
    },
  },
} as const

/** What a cluster agrees on when it starts; without synchrony it is one that may lose what it acknowledged. */
function clusterSettings(isSynchronous: boolean): object {
  return { ...sharedSettings, synchronous_mode: isSynchronous, synchronous_mode_strict: isSynchronous }
}

/** One member's settings for Patroni; JSON is YAML. */
export function memberSettings({ name, postgresPort, restPort, directory }: MemberPlace, shared: SharedPlace): object {
  const { password, isSynchronous } = shared
  const [rest, postgres] = [`127.0.0.1:${restPort}`, `127.0.0.1:${postgresPort}`]
  return {
    scope: 'paylect',
    name,
    restapi: { listen: rest, connect_address: rest },
    etcd3: { host: `127.0.0.1:${shared.etcdPort}` },
    bootstrap: {
      dcs: clusterSettings(isSynchronous),
      initdb: [{ encoding: 'UTF8' }, { locale: 'C.UTF-8' }, 'data-checksums'],
    },
    postgresql: {
      listen: postgres,
      connect_address: postgres,
      data_dir: join(directory, 'data'),
      bin_dir: shared.binDirectory,
      pgpass: join(directory, 'pgpass'),
      parameters: { unix_socket_directories: directory },
      authentication: {
        superuser: { username: 'postgres', password },
        replication: { username: 'replicator', password },
      },
      pg_hba: ['host all all 127.0.0.1/32 scram-sha-256', 'host replication replicator 127.0.0.1/32 scram-sha-256'],
    },
    watchdog: { mode: 'off' },
  }
}

/** HAProxy's settings: every connection goes to the member whose Patroni says that it leads, and ends when it no longer does. */
export function haproxySettings(port: number, members: readonly MemberPlace[]): string {
  const servers = members.map(
    ({ name, postgresPort, restPort }) => `  server ${name} 127.0.0.1:${postgresPort} check port ${restPort}`,
  )
  return `${[
    'global',
    '  maxconn 500',
    'defaults',
    '  mode tcp',
    '  retries 1',
    '  timeout connect 2s',
    '  timeout check 2s',
    '  timeout client 1h',
    '  timeout server 1h',
    '  option clitcpka',
    '  option srvtcpka',
    'listen leader',
    `  bind 127.0.0.1:${port}`,
    '  option httpchk OPTIONS /primary',
    '  http-check expect status 200',
    '  default-server inter 1s fastinter 500ms fall 2 rise 1 on-marked-down shutdown-sessions',
    ...servers,
  ].join('\n')}\n`
}
