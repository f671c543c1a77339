import type { AddressInfo } from 'node:net'
import closeWithGrace from 'close-with-grace'
import { createGateway, type Gateway } from '../app.ts'
import { type Config, readConfig } from '../config.ts'
import { type Instant, isoFromInstant } from '../kernel/clock.ts'
import { readOrCreateSecret } from '../platform/data-directory.ts'
import { installJobSchema } from '../platform/job-schema.ts'
import { createLog, type Log } from '../platform/log.ts'
import { startMetricsServer } from '../platform/metrics-server.ts'
import { migrate } from '../platform/migrations.ts'
import { prepareSandboxFile, type SandboxFile } from './demo-merchant.ts'
import { type OpenedDatabase, openDatabase } from './open-database.ts'

const masterKeyBytes = 32
/** A shutdown that takes longer is cut off; the database recovers by itself. */
const shutdownTimeoutMs = 60_000

/** `paylect start`: starts everything, prints a banner, and ends cleanly on Ctrl-C and SIGTERM. */
export async function runStart(beginAt: Instant | undefined): Promise<void> {
  const config = readConfig()
  const log = createLog({ level: config.logLevel, pretty: process.stdout.isTTY === true })
  const running = await startGateway(config, log, beginAt)
  process.stdout.write(banner(running))
  closeWithGrace({ delay: shutdownTimeoutMs, logger: false, onSecondSignal: () => undefined }, async ({ err }) => {
    if (err) log.fatal({ err }, 'the process is going down after an error that nobody caught')
    await running.close()
  })
}

/** A gateway that listens. */
interface RunningGateway {
  readonly config: Config
  readonly gateway: Gateway
  readonly database: OpenedDatabase
  readonly sandbox: SandboxFile
  readonly sandboxFilePath: string
  close(): Promise<void>
}

/** Opens the database, migrates it, builds the gateway, listens, and writes `sandbox.json`. Undoes all of it when one step fails. */
async function startGateway(config: Config, log: Log, beginAt: Instant | undefined): Promise<RunningGateway> {
  const undo: (() => Promise<void>)[] = []
  const close = async () => {
    for (let step = undo.pop(); step; step = undo.pop()) await step()
  }
  try {
    const database = await openDatabase(config, log)
    undo.push(database.close)
    await migrate(database.url)
    await installJobSchema(database.url)
    const masterKey = config.masterKey ?? (await readOrCreateSecret(database.directory, 'master.key', masterKeyBytes))
    const gateway = await createGateway(config, database.url, masterKey, log)
    undo.push(gateway.close)
    if (beginAt !== undefined) await gateway.sandboxClock.beginAt(beginAt)
    const sandboxFilePath = database.directory.file('sandbox.json')
    await listen(config, gateway)
    if (config.metricsPort !== undefined) {
      const page = await startMetricsServer(gateway.metrics, config.host, config.metricsPort)
      undo.push(page.close)
    }
    const sandbox = await prepareSandboxFile(gateway, sandboxFilePath, baseUrlOf(config, gateway))
    return { config, gateway, database, sandbox, sandboxFilePath, close }
  } catch (error) {
    await close()
    throw error
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
  return `http://${anywhere ? 'localhost' : config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`
}

function banner({ config, gateway, database, sandbox, sandboxFilePath }: RunningGateway): string {
  const names = Object.entries(sandbox.dialects)
  const width = Math.max(...names.map(([name]) => name.length))
  const rows = names.map(([name, { mount, apiKey }]) => {
    return `  ${name.padEnd(width)}  ${sandbox.baseUrl}${mount}  key ${apiKey}`
  })
  const where = database.kind === 'embedded' ? `embedded PostgreSQL in ${config.dataDirectory}` : 'DATABASE_URL'
  return [
    '',
    'Paylect is running in sandbox mode: no real money moves.',
    '',
    ...rows,
    '',
    `  database      ${where}`,
    `  credentials   ${sandboxFilePath}`,
    `  sandbox time  ${isoFromInstant(gateway.sandboxClock.now())}`,
    '',
    '  Stop with Ctrl-C.',
    '',
    '',
  ].join('\n')
}
