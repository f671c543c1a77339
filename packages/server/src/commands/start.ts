import type { AddressInfo } from 'node:net'
import closeWithGrace from 'close-with-grace'
import { createGateway, type Gateway } from '../app.ts'
import { type Config, type Role, readConfig } from '../config.ts'
import { type Instant, isoFromInstant } from '../kernel/clock.ts'
import { readOrCreateSecret } from '../platform/data-directory.ts'
import { installJobSchema } from '../platform/job-schema.ts'
import { createLog, type Log } from '../platform/log.ts'
import { type MetricsServer, startMetricsServer } from '../platform/metrics-server.ts'
import { migrate } from '../platform/migrations.ts'
import { prepareSandboxFile, type SandboxFile } from './demo-merchant.ts'
import { printLoadedFixtures } from './fixtures-load.ts'
import { masterKeyBytes, masterKeyFile, requireRightKey } from './master-key.ts'
import { type OpenedDatabase, openDatabase } from './open-database.ts'

/** A shutdown that takes longer is cut off; the database recovers by itself. */
const shutdownTimeoutMs = 60_000

/** What the command line says beside the configuration. */
export interface StartOptions {
  /** Where the clock of a fresh sandbox begins. */
  readonly beginAt?: Instant
  readonly role?: Role
  /** A fixture file to load before anything is served. */
  readonly fixtures?: string
  /** Goes on although the master key does not open what the database holds. */
  readonly newMasterKey?: boolean
}

/** `paylect start`: starts everything, prints a banner, and ends cleanly on Ctrl-C and SIGTERM. */
export async function runStart(options: StartOptions): Promise<void> {
  const configured = readConfig()
  const config = { ...configured, role: options.role ?? configured.role }
  const log = createLog({ level: config.logLevel, pretty: process.stdout.isTTY === true })
  for (const warning of config.warnings) log.warn(warning)
  const running = await startGateway(config, log, options)
  process.stdout.write(banner(running))
  // With a certificate, SIGHUP means to look at its files; without one it is the terminal that went away.
  const skip = config.tls === undefined ? [] : (['SIGHUP'] as const).slice()
  if (config.tls !== undefined) process.on('SIGHUP', () => void running.gateway.reloadCertificate())
  const delay = shutdownTimeoutMs + config.drainSeconds * 1000
  // A second signal ends the process at once.
  closeWithGrace({ delay, skip, logger: false, onSecondSignal: () => undefined }, async ({ err }) => {
    if (err) log.fatal({ err }, 'the process is going down after an error that nobody caught')
    await running.close()
  })
}

/** A gateway that listens. */
interface RunningGateway {
  readonly config: Config
  readonly gateway: Gateway
  readonly database: OpenedDatabase
  /** Undefined where no HTTP is served. */
  readonly sandbox: SandboxFile | undefined
  readonly sandboxFilePath: string
  /** Where metrics and health pages are. */
  readonly metricsUrl: string | undefined
  close(): Promise<void>
}

/** Opens the database, migrates it, builds the gateway, listens, and writes `sandbox.json`. Undoes all of it when one step fails. */
async function startGateway(config: Config, log: Log, options: StartOptions): Promise<RunningGateway> {
  const undo: (() => Promise<void>)[] = []
  const close = async () => {
    for (let step = undo.pop(); step; step = undo.pop()) await step()
  }
  try {
    const database = await openDatabase(config, log)
    undo.push(database.close)
    await migrate(database.url)
    await installJobSchema(database.url)
    const masterKey = config.masterKey ?? (await readOrCreateSecret(database.directory, masterKeyFile, masterKeyBytes))
    if (options.newMasterKey !== true) await requireRightKey(database.url, masterKey, log)
    const gateway = await createGateway(config, database.url, masterKey, log)
    undo.push(gateway.close)
    if (options.beginAt !== undefined) await gateway.sandboxClock.beginAt(options.beginAt)
    if (options.fixtures !== undefined) await printLoadedFixtures(gateway, config, options.fixtures)
    const sandboxFilePath = database.directory.file('sandbox.json')
    const page = await openMetricsPage(config, gateway, log)
    // Below the gateway: the health page tells of the stop until the stop is over.
    if (page) undo.splice(-1, 0, page.close)
    const metricsUrl = page && `http://${config.metricsHost}:${page.port}`
    if (config.role !== 'worker') await listen(config, gateway)
    const sandbox =
      config.role === 'worker'
        ? undefined
        : await prepareSandboxFile(gateway, sandboxFilePath, baseUrlOf(config, gateway))
    return { config, gateway, database, sandbox, sandboxFilePath, metricsUrl, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** A default port may be another process's on the same machine; a port that somebody chose must be free. */
async function openMetricsPage(config: Config, gateway: Gateway, log: Log): Promise<MetricsServer | undefined> {
  const { metricsHost: host, metricsPort: port, metricsPortIsChosen } = config
  if (port === undefined) return undefined
  try {
    return await startMetricsServer(gateway.metrics, host, port, gateway.readiness)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    const advice = `Port ${port} for metrics is in use. Set PAYLECT_METRICS_PORT (metrics.port) to another one, 0 for any.`
    if (metricsPortIsChosen) throw new Error(advice)
    log.warn(`${advice} Going on without metrics.`)
    return undefined
  }
}

async function listen(config: Config, { server }: Gateway): Promise<void> {
  try {
    await server.listen({ host: config.host, port: config.port })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    throw new Error(`Port ${config.port} is in use by another program. Stop it, or set PORT to another one.`)
  }
}

function baseUrlOf(config: Config, { server }: Gateway): string {
  if (config.publicUrl !== undefined) return config.publicUrl
  const { port } = server.server.address() as AddressInfo
  const anywhere = ['0.0.0.0', '::'].includes(config.host)
  const scheme = config.tls === undefined ? 'http' : 'https'
  return `${scheme}://${anywhere ? 'localhost' : config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`
}

function banner({ config, gateway, database, sandbox, sandboxFilePath, metricsUrl }: RunningGateway): string {
  const where = database.kind === 'embedded' ? `embedded PostgreSQL in ${config.dataDirectory}` : 'DATABASE_URL'
  const facts = [
    ...(config.role === 'all' ? [] : [`  role          ${config.role}`]),
    `  database      ${where}`,
    ...(sandbox === undefined ? [] : [`  credentials   ${sandboxFilePath}`]),
    ...(config.role === 'all' || metricsUrl === undefined ? [] : [`  metrics       ${metricsUrl}/metrics`]),
    `  sandbox time  ${isoFromInstant(gateway.sandboxClock.now())}`,
  ]
  const opening =
    sandbox === undefined
      ? ["Paylect's background workers are running."]
      : ['Paylect is running in sandbox mode: no real money moves.', '', ...mountLines(sandbox)]
  return ['', ...opening, '', ...facts, '', '  Stop with Ctrl-C.', '', ''].join('\n')
}

function mountLines({ baseUrl, dialects }: SandboxFile): readonly string[] {
  const names = Object.entries(dialects)
  const width = Math.max(...names.map(([name]) => name.length))
  return names.map(([name, { mount, apiKey }]) => `  ${name.padEnd(width)}  ${baseUrl}${mount}  key ${apiKey}`)
}
