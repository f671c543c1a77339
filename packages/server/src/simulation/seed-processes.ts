import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { SimulationResult } from './simulate.ts'
import type { RunSeed } from './simulate-seeds.ts'

/** Child processes that run seeds. */
export interface SeedProcesses {
  /** One a process; each runs one seed at a time. */
  readonly runners: readonly RunSeed[]
  /** Ends the processes. */
  close(): void
}

/** What a child is asked. */
export interface SeedQuestion {
  readonly seed: number
  readonly operations: number
  /** A migrated database that the process has to itself; without it, the run is in memory. */
  readonly url?: string
}

const childFile = fileURLToPath(new URL('./seed-process.ts', import.meta.url))

/**
 * Starts `count` processes, each with a database of its own if `urls` has one for it. A runner rejects when its process
 * ends before it has answered.
 */
export function startSeedProcesses(count: number, urls: readonly string[] = []): SeedProcesses {
  const children = Array.from({ length: count }, () => fork(childFile, { stdio: 'inherit' }))
  const runnerOf = (child: ChildProcess, url: string | undefined): RunSeed => {
    return (seed, operations) => ask(child, { seed, operations, ...(url === undefined ? {} : { url }) })
  }
  return {
    runners: children.map((child, index) => runnerOf(child, urls[index])),
    close: () => {
      for (const child of children) child.kill('SIGKILL')
    },
  }
}

async function ask(child: ChildProcess, question: SeedQuestion): Promise<SimulationResult> {
  const settled = new AbortController()
  const { signal } = settled
  const answer = once(child, 'message', { signal }).then(([result]) => result as SimulationResult)
  const ended = once(child, 'exit', { signal }).then((): never => {
    throw new Error(`the process that ran seed ${question.seed} has ended`)
  })
  child.send(question)
  try {
    return await Promise.race([answer, ended])
  } finally {
    // Whichever lost the race is told that nobody waits for it any more.
    answer.catch(() => undefined)
    ended.catch(() => undefined)
    settled.abort()
  }
}
