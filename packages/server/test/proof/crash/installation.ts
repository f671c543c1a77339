/*
 * A gateway that is to be killed, in one of three forms. Each of its processes is run as a service manager runs it: what
 * was killed is started again at once, on the same port and data directory. States of a process: running → killed →
 * starting → running.
 */
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import {
  type EmbeddedDatabase,
  findRunningDatabase,
  startEmbeddedDatabase,
} from '../../../src/platform/embedded-database.ts'
import {
  type GatewayProcess,
  makeDataDirectory,
  runCommand,
  startGatewayProcess,
  startWorkerProcess,
} from '../../support/gateway-process.ts'
import { type FlakyProxy, startFlakyProxy } from './flaky-proxy.ts'

/**
 * - `embedded`: one process (`--role all`) with its embedded database.
 * - `separate`: `--role api` and `--role worker` on a PostgreSQL server of their own.
 * - `network`: as `separate`, with a proxy between both and the server.
 */
export type CrashForm = 'embedded' | 'separate' | 'network'

/** A process of ours that can be killed; it is started again at once. */
export interface Restartable {
  /** Kills it with SIGKILL and begins to start it again. Resolves when it is dead. */
  kill(): Promise<void>
  /** Sends it a signal that does not end it. */
  signal(name: NodeJS.Signals): void
}

/** A running gateway. */
export interface CrashInstallation {
  readonly form: CrashForm
  readonly baseUrl: string
  readonly processes: Readonly<Record<string, Restartable>>
  /** The folder of the database's cluster. */
  readonly clusterDirectory: string
  readonly proxy: FlakyProxy | undefined
  /** Begins to start the database again after its postmaster was killed; the embedded one is looked after by its gateway. */
  reviveDatabase(): void
  /** The database's address, not by way of the proxy. */
  databaseUrl(): Promise<string>
  /** Runs a verb of the command line beside the gateway. Throws when it ends with another code than these, 0 unless given. */
  runVerb(args: readonly string[], codes?: readonly number[]): Promise<string>
  /** Resolves when everything that was killed has been started again; rejects when something could not be. */
  settled(): Promise<void>
  /** What the processes printed since they were last started. */
  output(): string
  stop(): Promise<void>
}

/** Starts the form. Undoes everything when a step fails. */
export async function startInstallation(form: CrashForm): Promise<CrashInstallation> {
  const undo: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (let step = undo.pop(); step; step = undo.pop()) await step()
  }
  try {
    return form === 'embedded' ? await startOne(undo, stop) : await startSeveral(form, undo, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

type Undo = (() => Promise<unknown>)[]

interface Running {
  readonly child: ChildProcess
  output(): string
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** One process that is started again whenever it is killed. */
interface Service<Process extends Running> extends Restartable {
  readonly first: Process
  starting(): Promise<unknown>
  output(): string
}

async function runService<Process extends Running>(
  start: () => Promise<Process>,
  undo: Undo,
): Promise<Service<Process>> {
  const first = await start()
  let current: Promise<Process> = Promise.resolve(first)
  let last: Process = first
  undo.push(async () => (await current.catch(() => undefined))?.stop('SIGTERM'))
  return {
    first,
    kill: async () => {
      await (await current).stop('SIGKILL')
      current = start().then((started) => {
        last = started
        return started
      })
      // Heard of in `starting`.
      current.catch(() => undefined)
    },
    signal: (name) => void last.child.kill(name),
    starting: () => current,
    output: () => last.output(),
  }
}

async function startOne(undo: Undo, stop: () => Promise<void>): Promise<CrashInstallation> {
  const directory = await makeDataDirectory()
  undo.push(directory.remove)
  const port = String(await freePort())
  const environment = { PORT: port, PAYLECT_METRICS_ENABLED: 'false' }
  const options = { dataDirectory: directory.path, environment }
  const server = await runService<GatewayProcess>(() => startGatewayProcess(options), undo)
  const clusterDirectory = join(directory.path, 'postgresql')
  return {
    form: 'embedded',
    baseUrl: server.first.sandbox.baseUrl,
    processes: { server },
    clusterDirectory,
    proxy: undefined,
    reviveDatabase: () => undefined,
    databaseUrl: async () => {
      const password = (await readFile(join(directory.path, 'database.password'), 'utf8')).trim()
      const url = await findRunningDatabase(clusterDirectory, password)
      if (url === undefined) throw new Error('the embedded database does not run')
      return url
    },
    runVerb: (args, codes) => runVerb({ dataDirectory: directory.path, args }, codes),
    settled: async () => void (await server.starting()),
    output: server.output,
    stop,
  }
}

async function startSeveral(form: CrashForm, undo: Undo, stop: () => Promise<void>): Promise<CrashInstallation> {
  const [database, apiDirectory, workerDirectory] = await Promise.all([
    startDatabase(undo),
    makeDataDirectory(),
    makeDataDirectory(),
  ])
  undo.push(apiDirectory.remove, workerDirectory.remove)
  const proxy = form === 'network' ? await startFlakyProxy(database.url) : undefined
  if (proxy) undo.push(proxy.close)
  const secrets = { PAYLECT_MASTER_KEY: randomBytes(32).toString('hex') }
  const environment = { ...secrets, DATABASE_URL: proxy?.url ?? database.url }
  const [port, metricsPort] = await Promise.all([freePort(), freePort()])
  const apiEnvironment = { ...environment, PORT: String(port), PAYLECT_METRICS_ENABLED: 'false' }
  const apiOptions = { dataDirectory: apiDirectory.path, environment: apiEnvironment, args: ['start', '--role', 'api'] }
  const workerOptions = { dataDirectory: workerDirectory.path, environment, metricsPort }
  const api = await runService<GatewayProcess>(() => startGatewayProcess(apiOptions), undo)
  const worker = await runService(() => startWorkerProcess(workerOptions), undo)
  const direct = { ...secrets, DATABASE_URL: database.url }
  return {
    form,
    baseUrl: api.first.sandbox.baseUrl,
    processes: { api, worker },
    clusterDirectory: database.clusterDirectory,
    proxy,
    reviveDatabase: database.revive,
    databaseUrl: async () => database.url,
    runVerb: (args, codes) => runVerb({ dataDirectory: apiDirectory.path, environment: direct, args }, codes),
    settled: async () => {
      await Promise.all([api.starting(), worker.starting(), database.starting()])
    },
    output: () => `${api.output()}${worker.output()}`,
    stop,
  }
}

/** A PostgreSQL server with durable settings, as an operator has one beside the gateway. */
async function startDatabase(undo: Undo) {
  const directory = await makeDataDirectory()
  undo.push(directory.remove)
  const clusterDirectory = join(directory.path, 'postgresql')
  const options = { directory: clusterDirectory, password: randomBytes(16).toString('hex') }
  const first = await startEmbeddedDatabase(options)
  let current: Promise<EmbeddedDatabase> = Promise.resolve(first)
  undo.push(async () => (await current.catch(() => undefined))?.stop())
  const port = Number(new URL(first.url).port)
  return {
    url: first.url,
    clusterDirectory,
    starting: () => current,
    revive: () => {
      current = current.then(async (dead) => {
        await dead.stop()
        return startEmbeddedDatabase({ ...options, port })
      })
      current.catch(() => undefined)
    },
  }
}

async function runVerb(options: Parameters<typeof runCommand>[0], codes: readonly number[] = [0]): Promise<string> {
  const { code, output } = await runCommand(options)
  if (code === null || !codes.includes(code))
    throw new Error(`paylect ${options.args?.join(' ')} ended with ${code}:\n${output}`)
  return output
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
