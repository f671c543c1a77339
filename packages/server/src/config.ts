import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parse } from 'smol-toml'
import { nearestName } from './kernel/nearest-name.ts'
import {
  choice,
  list,
  matching,
  path,
  type Setting,
  setting,
  shownValue,
  text,
  truth,
  webAddress,
  whole,
} from './kernel/setting.ts'

/** Which part of the gateway a process runs: the HTTP interfaces, the background workers, or both. */
export type Role = 'all' | 'api' | 'worker'

/** Everything that may be configured, parsed and complete. */
export interface Config {
  readonly role: Role
  /** Where requests are taken: `localhost` means both loopback addresses. */
  readonly host: string
  readonly port: number
  /** Absolute path of the data directory. */
  readonly dataDirectory: string
  /** The address under which payers and merchants reach the server, without a final slash; undefined means host and port. */
  readonly publicUrl: string | undefined
  /** Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses or networks. */
  readonly trustProxy: readonly string[]
  /** How long `/readyz` says 503 before connections are refused, in seconds. */
  readonly drainSeconds: number
  /** Absolute paths of a certificate chain and its key, both PEM; undefined means plain HTTP. */
  readonly tls: { readonly certificate: string; readonly key: string } | undefined
  /** An existing PostgreSQL 15 or newer; undefined means the embedded one. */
  readonly databaseUrl: string | undefined
  /** Connections of the process for reading and for writing groups; workers have a few of their own. */
  readonly databasePoolMax: number
  /** 64 hexadecimal digits; undefined means the key file in the data directory. */
  readonly masterKey: string | undefined
  /** Private networks that webhooks may be sent to, in CIDR notation. */
  readonly webhookNetworks: readonly string[]
  /** Where `GET /metrics` is served; a port of undefined means nowhere. */
  readonly metricsHost: string
  readonly metricsPort: number | undefined
  /** Somebody chose the port: then it must be free. The default port may be another process's. */
  readonly metricsPortIsChosen: boolean
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
  /** How many groups may be in flight at once; see docs/decisions. */
  readonly committerGroupsInFlight: number
  /** What is odd but no reason to refuse, one sentence each. */
  readonly warnings: readonly string[]
}

/** The configuration is wrong; the message names every key at fault and what it may be. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ConfigError'
  }
}

const port = whole(0, 65_535)
const databaseAddress = matching(/^postgres(ql)?:\/\//, 'an address that starts with postgres://')
const keyText = matching(/^[0-9a-f]{64}$/i, '64 hexadecimal digits (32 bytes)')
const levels = choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])

const settings = {
  role: setting(
    'role',
    'PAYLECT_ROLE',
    choice<Role>(['all', 'api', 'worker']),
    'all',
    'what the process does: serve HTTP, run the background work, or both',
  ),
  host: setting('server.host', 'HOST', text, 'localhost', 'where it listens'),
  port: setting('server.port', 'PORT', port, '8080', 'the port; 0 takes a free one'),
  data: setting('server.data', 'PAYLECT_DATA', path, './.paylect', 'the data directory: one for each process'),
  publicUrl: setting(
    'server.public_url',
    'PAYLECT_PUBLIC_URL',
    webAddress,
    'host and port',
    'the address under which payers and merchants reach it',
  ),
  trustProxy: setting(
    'server.trust_proxy',
    'PAYLECT_TRUST_PROXY',
    list,
    'none',
    'proxies whose `X-Forwarded-…` headers are believed: addresses or networks',
  ),
  drainSeconds: setting(
    'server.drain_seconds',
    'PAYLECT_DRAIN_SECONDS',
    whole(0, 600),
    '0',
    'how long `/readyz` says 503 before a stopping process refuses connections',
  ),
  certificate: setting('tls.certificate', 'PAYLECT_TLS_CERTIFICATE', path, 'plain HTTP', 'the certificate chain, PEM'),
  certificateKey: setting('tls.key', 'PAYLECT_TLS_KEY', path, '', 'the private key of the certificate, PEM'),
  databaseUrl: {
    ...setting(
      'database.url',
      'DATABASE_URL',
      databaseAddress,
      'the embedded one',
      'an existing PostgreSQL 15 or newer',
    ),
    isSecret: true,
  },
  databaseUrlFile: setting('database.url_file', 'DATABASE_URL_FILE', path, '', 'a file that holds this address'),
  poolMax: setting(
    'database.pool_max',
    'PAYLECT_DATABASE_POOL_MAX',
    whole(2, 200),
    '8',
    'connections for reads; the write path and workers add about 12',
  ),
  masterKey: {
    ...setting(
      undefined,
      'PAYLECT_MASTER_KEY',
      keyText,
      '`master.key` in the data directory',
      'the master key, 64 hexadecimal digits; processes on one database share it',
    ),
    isSecret: true,
  },
  masterKeyFile: setting(
    'security.master_key_file',
    'PAYLECT_MASTER_KEY_FILE',
    path,
    '',
    'a file that holds the master key',
  ),
  webhookNetworks: setting(
    'webhooks.allow_networks',
    'PAYLECT_WEBHOOK_NETWORKS',
    list,
    'none',
    'private networks that webhooks may be sent to (CIDR)',
  ),
  metricsEnabled: setting(
    'metrics.enabled',
    'PAYLECT_METRICS_ENABLED',
    truth,
    'true',
    'whether `GET /metrics` (Prometheus) and the health pages have a port of their own',
  ),
  metricsHost: setting('metrics.host', 'PAYLECT_METRICS_HOST', text, '127.0.0.1', 'where that port listens'),
  metricsPort: setting(
    'metrics.port',
    'PAYLECT_METRICS_PORT',
    port,
    '9464',
    'that port; when it was chosen it must be free',
  ),
  logLevel: setting(
    'log.level',
    'PAYLECT_LOG_LEVEL',
    levels,
    'warn',
    '`trace` to `fatal`, or `silent`; `info` has one line a request',
  ),
  groupsInFlight: setting(
    'committer.groups_in_flight',
    'PAYLECT_COMMITTER_GROUPS_IN_FLIGHT',
    whole(1, 16),
    '2',
    'groups of commands in flight at once, when enough wait',
  ),
} as const

/** Every setting, in the order of the documentation. */
export const configSettings: readonly Setting[] = Object.values(settings)

const fileVariable = 'PAYLECT_CONFIG'
const fileDefault = 'paylect.toml'
/** Variables of ours that are no settings: the file's own, and those of other programs of this project. */
const otherVariables = [fileVariable, 'PAYLECT_URL', 'PAYLECT_API_KEY']
const otherPrefixes = ['PAYLECT_TEST_', 'PAYLECT_BENCH_']

interface Given {
  readonly environment: Readonly<Record<string, string>>
  /** The file's keys, flattened to `section.name`. */
  readonly file: ReadonlyMap<string, unknown>
  readonly filePath: string
  readonly problems: string[]
}

/** Makes the commands of this process read this configuration file, as `PAYLECT_CONFIG` would. */
export function chooseConfigFile(filePath: string): void {
  process.env[fileVariable] = filePath
}

/** What the command line needs to speak to a gateway as a merchant does. */
export interface ClientConfig {
  /** The gateway's address, without a final slash; undefined unless PAYLECT_URL names it. */
  readonly url: string | undefined
  /** A secret key for it; undefined unless PAYLECT_API_KEY holds it. */
  readonly apiKey: string | undefined
  readonly dataDirectory: string
  /** The folder of the user's settings (XDG Base Directory). */
  readonly configHome: string
}

/** Reads what a client needs: PAYLECT_URL, PAYLECT_API_KEY, XDG_CONFIG_HOME and the data directory. Throws `ConfigError`. */
export function readClientConfig(environment: NodeJS.ProcessEnv = process.env): ClientConfig {
  const { PAYLECT_URL: url, PAYLECT_API_KEY: apiKey, XDG_CONFIG_HOME: configHome } = environment
  const address = url ? webAddress.read(url, '') : undefined
  if (url && address === undefined) throw new ConfigError(`PAYLECT_URL: give ${webAddress.expected}.`)
  return {
    url: address,
    apiKey: apiKey || undefined,
    dataDirectory: readConfig(environment).dataDirectory,
    configHome: configHome || join(homedir(), '.config'),
  }
}

/**
 * Reads the configuration file (`PAYLECT_CONFIG`, or `paylect.toml` in the working directory if it exists) and the
 * environment, which wins over the file. An empty variable counts as unset. Throws `ConfigError`.
 */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const set = Object.entries(environment).filter((entry): entry is [string, string] => Boolean(entry[1]))
  const given = readGiven(Object.fromEntries(set))
  const config = configFrom(given)
  if (given.problems.length > 0) {
    throw new ConfigError(`The configuration is not usable:\n${given.problems.map((line) => `  ${line}`).join('\n')}`)
  }
  return config
}

function configFrom(given: Given): Config {
  const get = <Value>(wanted: Setting<Value>): Value | undefined => valueGiven(given, wanted)
  const metricsPort = get(settings.metricsPort)
  const isMeasured = get(settings.metricsEnabled) ?? true
  return {
    role: get(settings.role) ?? 'all',
    host: get(settings.host) ?? 'localhost',
    port: get(settings.port) ?? 8080,
    dataDirectory: get(settings.data) ?? resolve('./.paylect'),
    publicUrl: get(settings.publicUrl),
    trustProxy: get(settings.trustProxy) ?? [],
    drainSeconds: get(settings.drainSeconds) ?? 0,
    tls: tlsOf(given),
    databaseUrl: valueOrFile(given, settings.databaseUrl, settings.databaseUrlFile),
    databasePoolMax: get(settings.poolMax) ?? 8,
    masterKey: valueOrFile(given, settings.masterKey, settings.masterKeyFile),
    webhookNetworks: get(settings.webhookNetworks) ?? [],
    metricsHost: get(settings.metricsHost) ?? '127.0.0.1',
    metricsPort: isMeasured ? (metricsPort ?? 9464) : undefined,
    metricsPortIsChosen: metricsPort !== undefined,
    logLevel: get(settings.logLevel) ?? 'warn',
    committerGroupsInFlight: get(settings.groupsInFlight) ?? 2,
    warnings: unknownVariables(given),
  }
}

function readGiven(environment: Given['environment']): Given {
  const chosen = environment[fileVariable]
  const filePath = resolve(chosen ?? fileDefault)
  const problems: string[] = []
  const file = new Map<string, unknown>()
  const source = readText(filePath, (code) => {
    if (chosen !== undefined || code !== 'ENOENT') problems.push(`${filePath} cannot be read (${code}).`)
  })
  try {
    flatten(parse(source ?? ''), '', file)
  } catch (error) {
    problems.push(`${filePath} is not TOML: ${error instanceof Error ? error.message.trim() : String(error)}`)
  }
  const keys = configSettings.flatMap(({ key }) => key ?? [])
  for (const key of file.keys()) {
    if (keys.includes(key)) continue
    const near = nearestName(key, keys) ?? keys.find((known) => known.endsWith(`.${key.split('.').at(-1)}`))
    problems.push(`${key} in ${filePath}: there is no such key${near === undefined ? '' : `; did you mean ${near}?`}`)
  }
  return { environment, file, filePath, problems }
}

function flatten(table: object, prefix: string, into: Map<string, unknown>): void {
  for (const [name, value] of Object.entries(table)) {
    const isTable = typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
    if (isTable) flatten(value, `${prefix}${name}.`, into)
    else into.set(`${prefix}${name}`, value)
  }
}

function valueGiven<Value>(given: Given, wanted: Setting<Value>): Value | undefined {
  const fromEnvironment = given.environment[wanted.variable]
  const fromFile = wanted.key === undefined ? undefined : given.file.get(wanted.key)
  const raw = fromEnvironment ?? fromFile
  if (raw === undefined) return undefined
  const value = wanted.read(raw, fromEnvironment === undefined ? dirname(given.filePath) : resolve('.'))
  if (value === undefined) {
    const shown = wanted.isSecret ? 'The value' : shownValue(raw)
    given.problems.push(`${nameOf(given, wanted)}: ${shown} will not do; give ${wanted.expected}.`)
  }
  return value
}

/** A secret may stand in a file of its own, which the environment of a container or of systemd can name. */
function valueOrFile(given: Given, direct: Setting<string>, file: Setting<string>): string | undefined {
  const value = valueGiven(given, direct)
  const filePath = valueGiven(given, file)
  if (filePath === undefined) return value
  if (value !== undefined) {
    given.problems.push(`${nameOf(given, direct)} and ${nameOf(given, file)} are both set; keep one of them.`)
    return value
  }
  const name = nameOf(given, file)
  const content = readText(filePath, (code) => given.problems.push(`${name}: ${filePath} cannot be read (${code}).`))
  if (content === undefined) return undefined
  const read = direct.read(content.trim(), '')
  if (read === undefined) given.problems.push(`${name}: ${filePath} should hold ${direct.expected}.`)
  return read
}

function tlsOf(given: Given): Config['tls'] {
  const certificate = valueGiven(given, settings.certificate)
  const key = valueGiven(given, settings.certificateKey)
  if (certificate !== undefined && key !== undefined) return { certificate, key }
  const [has, lacks] =
    certificate === undefined
      ? (['certificateKey', 'certificate'] as const)
      : (['certificate', 'certificateKey'] as const)
  if (certificate !== key) {
    given.problems.push(
      `${nameOf(given, settings[has])} is set but ${spellings(settings[lacks])} is not; TLS needs both.`,
    )
  }
  return undefined
}

function spellings({ key, variable }: Setting): string {
  return key === undefined ? variable : `${variable} (${key} in the file)`
}

/** Names a setting by the place where it was set. */
function nameOf(given: Given, wanted: Setting): string {
  if (given.environment[wanted.variable] !== undefined) return spellings(wanted)
  return `${wanted.key} in ${given.filePath} (variable ${wanted.variable})`
}

function unknownVariables({ environment }: Given): readonly string[] {
  const known = [...configSettings.map(({ variable }) => variable), ...otherVariables]
  const strange = Object.keys(environment).filter(
    (name) => name.startsWith('PAYLECT_') && !known.includes(name) && !otherPrefixes.some((it) => name.startsWith(it)),
  )
  return strange.map((name) => {
    const near = nearestName(name, known)
    return `The variable ${name} means nothing to Paylect${near === undefined ? '' : `; did you mean ${near}?`}`
  })
}

function readText(filePath: string, onFailure: (code: string) => void): string | undefined {
  try {
    return readFileSync(filePath, 'utf8')
  } catch (error) {
    onFailure(error instanceof Error && 'code' in error ? String(error.code) : String(error))
    return undefined
  }
}
