import { dirname, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { findBinariesPackage, prepareBinaries } from './embedded-binaries.ts'
import { CLUSTER_USER, ensureCluster } from './embedded-cluster.ts'
import { chooseClusterOwner, giveTo } from './embedded-owner.ts'
import { findPostmaster, type Postmaster, startPostmaster, stopPostmaster } from './postmaster.ts'
import { isRunning } from './process-identity.ts'
import { openServerLog } from './server-log.ts'

/** What an embedded database is started with. */
export interface EmbeddedDatabaseOptions {
  /** The cluster's directory, made on first use. Its parent must be open to this process alone (see `openDataDirectory`). */
  readonly directory: string
  /** The superuser's password. The first start sets it; later starts must bring the same. */
  readonly password: string
  /** Gets every line that the server logs, at most half a second late. */
  readonly onLog?: (line: string) => void
  /** Called once when the server ends without `stop`, at most a second late. */
  readonly onUnexpectedEnd?: () => void
  /** PostgreSQL settings that replace or extend ours. An adopted server keeps those that it was started with. */
  readonly settings?: Readonly<Record<string, string>>
  /** The port to listen on; a free one unless told otherwise. A server that comes back after a crash takes its old one. */
  readonly port?: number
  /** The package with the programs. Default: the installed one for this platform. */
  readonly packageDirectory?: string
  /** Where programs are copied to if they cannot run where they are. Default: /var/lib/paylect for root, else beside the cluster. */
  readonly copiesDirectory?: string
}

/** A running embedded database. */
export interface EmbeddedDatabase {
  /** Connects to the database `paylect` as its owner, over 127.0.0.1. */
  readonly url: string
  /** True when the server was already running: an earlier process was killed and left it. */
  readonly adopted: boolean
  /** Stops the server and waits until it has ended, 45 seconds at most. Doing it twice does nothing. */
  stop(): Promise<void>
}

const DATABASE_NAME = 'paylect'
const ROOT_COPIES_DIRECTORY = '/var/lib/paylect'
const CONNECT_TIMEOUT_MS = 10_000
const WATCH_INTERVAL_MS = 1_000
const DYING_TIMEOUT_MS = 1_000
const DYING_POLL_MS = 20

/** Durable, reachable from this machine only, and sized for a gateway on a small server. */
const DEFAULT_SETTINGS: Readonly<Record<string, string>> = {
  cluster_name: 'paylect',
  fsync: 'on',
  full_page_writes: 'on',
  jit: 'off',
  listen_addresses: '127.0.0.1',
  log_checkpoints: 'off',
  log_destination: 'stderr',
  log_timezone: 'UTC',
  logging_collector: 'off',
  max_connections: '100',
  max_wal_size: '2GB',
  password_encryption: 'scram-sha-256',
  shared_buffers: '256MB',
  synchronous_commit: 'on',
  timezone: 'UTC',
  unix_socket_directories: '',
  wal_compression: 'pglz',
}

/**
 * Starts the embedded PostgreSQL on the cluster in `directory`, making cluster and database on first use, or adopts the server
 * that a killed process left running there. The server is a process group of its own and lives on when this process is killed.
 * The caller holds the data directory, so that no two processes start one cluster.
 * Throws with a message that says what to do when there are no programs for this machine, when the password is not the
 * cluster's, or when the server does not come up.
 */
export async function startEmbeddedDatabase(options: EmbeddedDatabaseOptions): Promise<EmbeddedDatabase> {
  const directory = resolve(options.directory)
  const settings = { ...DEFAULT_SETTINGS, ...options.settings }
  assertSettingNames(settings)
  const log = await openServerLog(`${directory}.log`)

  const found = await findPostmaster(directory)
  const postmaster = found ?? (await startNew(options, directory, settings, log))
  try {
    const url = urlOf(postmaster, options.password)
    await ensureDatabase(url, directory)
    return supervise({
      postmaster,
      url,
      adopted: found !== undefined,
      options,
      stopLog: log.follow(options.onLog ?? ignore),
    })
  } catch (error) {
    if (found === undefined) await stopPostmaster(postmaster)
    // A server that was killed a moment ago still counts as running while it dies: it is not adopted but replaced.
    else if (await endsSoon(found)) return startEmbeddedDatabase(options)
    throw error
  }
}

async function endsSoon({ identity }: Postmaster): Promise<boolean> {
  const deadline = performance.now() + DYING_TIMEOUT_MS
  while (performance.now() < deadline) {
    if (!(await isRunning(identity))) return true
    await sleep(DYING_POLL_MS)
  }
  return false
}

/** The address of the server that runs on the cluster for another process, or `undefined` when none runs. */
export async function findRunningDatabase(directory: string, password: string): Promise<string | undefined> {
  const postmaster = await findPostmaster(resolve(directory))
  return postmaster && urlOf(postmaster, password)
}

/** Stops the server that a killed process left running on the cluster, if one runs, without knowing its password. */
export async function stopAbandonedDatabase(directory: string): Promise<void> {
  const postmaster = await findPostmaster(resolve(directory))
  if (postmaster !== undefined) await stopPostmaster(postmaster)
}

async function startNew(
  options: EmbeddedDatabaseOptions,
  directory: string,
  settings: Readonly<Record<string, string>>,
  log: Awaited<ReturnType<typeof openServerLog>>,
): Promise<Postmaster> {
  const owner = await chooseClusterOwner(directory)
  const binaries = await prepareBinaries({
    owner,
    packageDirectory: options.packageDirectory ?? findBinariesPackage(),
    copiesDirectory: options.copiesDirectory ?? (owner === undefined ? dirname(directory) : ROOT_COPIES_DIRECTORY),
  })
  const { fsync } = settings
  await ensureCluster({ directory, password: options.password, owner, binaries, sync: fsync !== 'off' })
  await giveTo(directory, owner)
  return await startPostmaster({ directory, program: binaries.postgres, owner, settings, log, port: options.port })
}

function supervise(running: {
  postmaster: Postmaster
  url: string
  adopted: boolean
  options: EmbeddedDatabaseOptions
  stopLog: () => Promise<void>
}): EmbeddedDatabase {
  const { postmaster, url, adopted, options, stopLog } = running
  let stopping: Promise<void> | undefined
  const watch = setInterval(async () => {
    if (stopping !== undefined || (await isRunning(postmaster.identity))) return
    clearInterval(watch)
    if (stopping === undefined) options.onUnexpectedEnd?.()
  }, WATCH_INTERVAL_MS).unref()

  const stop = async () => {
    clearInterval(watch)
    try {
      await stopPostmaster(postmaster)
    } finally {
      await stopLog()
    }
  }
  return {
    url,
    adopted,
    stop: () => {
      stopping ??= stop()
      return stopping
    },
  }
}

/** Proves that the server takes our password, and makes the database when it is missing (a crash may have come first). */
async function ensureDatabase(url: string, directory: string): Promise<void> {
  const maintenanceUrl = new URL(url)
  maintenanceUrl.pathname = '/postgres'
  const client = new pg.Client({ connectionString: maintenanceUrl.href, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
  try {
    await client.connect()
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE_NAME])
    if (rowCount === 0) await client.query(`create database ${DATABASE_NAME}`)
  } catch (error) {
    if (!hasCode(error, '28P01')) throw error
    throw new Error(
      `The database in ${directory} does not accept its password. The password file in the data directory is not the ` +
        'one that this database was made with: restore both from the same backup.',
      { cause: error },
    )
  } finally {
    await client.end()
  }
}

function urlOf(postmaster: Postmaster, password: string): string {
  return `postgres://${CLUSTER_USER}:${encodeURIComponent(password)}@127.0.0.1:${postmaster.port}/${DATABASE_NAME}`
}

function assertSettingNames(settings: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(settings)) {
    if (!/^[a-z_][a-z0-9_.]*$/.test(name) || name === 'port')
      throw new Error(`"${name}" is not a setting that can be given.`)
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function ignore(): void {}
