import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SandboxFile } from '../../src/commands/demo-merchant.ts'

const launcher = join(import.meta.dirname, '../../bin/paylect.js')
const readyTimeoutMs = 60_000
const pollMs = 25

/** A gateway started as a person starts it: the command line in a process of its own. */
export interface GatewayProcess {
  readonly child: ChildProcess
  readonly dataDirectory: string
  readonly sandbox: SandboxFile
  /** From the start of the process until `/readyz` answered 200, in milliseconds. */
  readonly readyAfterMs: number
  /** Everything it printed so far. */
  output(): string
  /** Sends the signal and waits for the end; resolves with the exit code, or null when the signal itself ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** How the process is started. */
export interface GatewayProcessOptions {
  readonly dataDirectory: string
  readonly args?: readonly string[]
  readonly environment?: NodeJS.ProcessEnv
  readonly cwd?: string
}

/** An empty folder for a data directory, and what removes it with the database that may still run in it. */
export async function makeDataDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
  const parent = await mkdtemp(join(tmpdir(), 'paylect-journey-'))
  return {
    path: join(parent, 'data'),
    remove: async () => {
      await stopLeftPostmaster(join(parent, 'data', 'postgresql'))
      // A process that was killed while it made its database may still write.
      await rm(parent, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    },
  }
}

/** Starts `paylect start` on a free port and waits until it is ready. Rejects with its output when it ends before that. */
export async function startGatewayProcess(options: GatewayProcessOptions): Promise<GatewayProcess> {
  const startedAt = performance.now()
  const { child, output } = launch(options)
  const sandbox = await waitForReady(child, options.dataDirectory, output)
  return {
    child,
    dataDirectory: options.dataDirectory,
    sandbox,
    readyAfterMs: performance.now() - startedAt,
    output,
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      const ended = once(child, 'exit')
      child.kill(signal)
      await ended
      return child.exitCode
    },
  }
}

/** Starts `paylect start --role worker` and waits until the health page on its metrics port says that it is ready. */
export async function startWorkerProcess(
  options: GatewayProcessOptions & { readonly metricsPort: number },
): Promise<Pick<GatewayProcess, 'child' | 'output' | 'stop'>> {
  const environment = { ...options.environment, PAYLECT_METRICS_PORT: String(options.metricsPort) }
  const { child, output } = launch({ ...options, args: ['start', '--role', 'worker'], environment })
  const deadline = performance.now() + readyTimeoutMs
  const isReady = async () => (await fetch(`http://127.0.0.1:${options.metricsPort}/readyz`)).status === 200
  while (!(await isReady().catch(() => false))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`the worker was not ready in time:\n${output()}`)
    }
    await sleep(pollMs)
  }
  return { child, output, stop: (signal) => stopChild(child, signal) }
}

async function stopChild(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
  return child.exitCode
}

/** Runs the command line to its end and answers what came of it. */
export async function runCommand(
  options: GatewayProcessOptions,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const { child, output } = launch(options)
  await once(child, 'close')
  return { code: child.exitCode, output: output() }
}

function launch({ dataDirectory, args = ['start'], environment = {}, cwd }: GatewayProcessOptions) {
  const child = spawn(process.execPath, [launcher, ...args], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, PORT: '0', PAYLECT_DATA: dataDirectory, PAYLECT_LOG_LEVEL: 'warn', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  const collect = (chunk: Buffer) => {
    text += chunk.toString('utf8')
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  return { child, output: () => text }
}

async function waitForReady(child: ChildProcess, directory: string, output: () => string): Promise<SandboxFile> {
  const deadline = performance.now() + readyTimeoutMs
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the gateway ended:\n${output()}`)
    // The banner comes last: by then sandbox.json is this run's.
    if (output().includes('Stop with Ctrl-C')) {
      const sandbox = JSON.parse(await readFile(join(directory, 'sandbox.json'), 'utf8')) as SandboxFile
      const answer = await fetch(`${sandbox.baseUrl}/readyz`).catch(() => undefined)
      if (answer?.status === 200) return sandbox
    }
    await sleep(pollMs)
  }
  child.kill('SIGKILL')
  throw new Error(`the gateway was not ready in time:\n${output()}`)
}

/** After a `kill -9` the database lives on, as it must; a test that ends there has to stop it. */
async function stopLeftPostmaster(directory: string): Promise<void> {
  const pidFile = await readFile(join(directory, 'postmaster.pid'), 'utf8').catch(() => '')
  const pid = Number(pidFile.split('\n')[0])
  if (!Number.isSafeInteger(pid) || pid <= 1) return
  try {
    process.kill(pid, 'SIGQUIT')
    for (let waited = 0; waited < 5_000; waited += pollMs) {
      process.kill(pid, 0)
      await sleep(pollMs)
    }
  } catch {
    // It has ended.
  }
}
