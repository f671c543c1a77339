import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A child that has not ended this long after its time is a fault. */
const graceMs = 120_000

/**
 * Runs a script of this folder in a process of its own, so that it competes with the gateway as a client does and not
 * inside one event loop. It gets `input` as one JSON argument and answers with one JSON text a line; the last one is the
 * answer, and `onOutput` gets each as it comes. Throws when the script fails or does not end in time.
 */
export async function runChild<Output>(
  script: string,
  input: unknown,
  seconds: number,
  onOutput: (output: Output) => void = () => {},
): Promise<Output> {
  const child = startScript(script, input)
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  let last: Output | undefined
  lines.on('line', (line) => {
    last = JSON.parse(line) as Output
    onOutput(last)
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1000 + graceMs)
  const [[code]] = (await Promise.all([once(child, 'close'), once(lines, 'close')])) as [[number | null], unknown]
  clearTimeout(timer)
  if (code !== 0 || last === undefined) throw new Error(`${script} ended with ${code}`)
  return last
}

/** The receiver of webhooks, in a process of its own. */
export interface ReceiverProcess {
  readonly pid: number
  readonly url: string
  /** POSTs so far, and when the first and the last came, in milliseconds of the epoch. */
  stats(): Promise<ReceiverStats>
  /** Forgets what came so far. */
  reset(): Promise<void>
  stop(): Promise<void>
}

/** What the receiver saw. */
export interface ReceiverStats {
  readonly count: number
  readonly firstAtMs: number
  readonly lastAtMs: number
}

/** Starts `webhook-receiver.ts` and waits until it listens. */
export async function startReceiver(): Promise<ReceiverProcess> {
  const child = startScript('webhook-receiver.ts', {})
  const [first] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  const url = first.toString('utf8').trim()
  return {
    pid: child.pid ?? 0,
    url,
    stats: async () => (await (await fetch(`${url}/stats`)).json()) as ReceiverStats,
    reset: async () => {
      await fetch(`${url}/stats`, { method: 'DELETE' })
    },
    stop: async () => {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

function startScript(script: string, input: unknown): ChildProcess {
  const path = join(import.meta.dirname, script)
  return spawn(process.execPath, [path, JSON.stringify(input)], { stdio: ['ignore', 'pipe', 'inherit'] })
}
