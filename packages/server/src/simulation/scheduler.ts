/*
 * The scheduler owns every moment at which something could happen between two steps of a program. Whatever waits for the
 * outside (the store, a rail, a receiver) waits here instead; chance picks who goes on. Between two picks everything runs
 * until nothing can run without the outside, so a seed replays the same run, await by await.
 *
 * States of a wait: parked (nobody knows when) → resumed (chance picked it) or dropped (its process crashed: the code
 * behind it never runs again, as after `kill -9`).
 */
import { createHash, type Hash } from 'node:crypto'
import { setImmediate as afterMicrotasks } from 'node:timers/promises'
import type { Chance } from './chance.ts'

/** One process of the simulated installation. A crash ends it for good; a restart is a new one. */
export interface SimulatedProcess {
  readonly name: string
  isAlive: boolean
}

/** Decides what goes on next. */
export interface Scheduler {
  /** Parks the caller until chance picks it; never resolves once its process has crashed. */
  pause(process: SimulatedProcess, label: string): Promise<void>
  /** Knows of work that somebody has begun, so that `rest` waits for it; a crash of its process ends it. */
  follow(process: SimulatedProcess, work: Promise<unknown>): void
  /** Resumes one of those parked and lets everything run until it waits again. False when nobody is parked. */
  step(): Promise<boolean>
  /** Lets what runs run until it waits. */
  settle(): Promise<void>
  /** Goes on until nobody is parked any more, or until `goesOn` says no. It is asked after every step, where there are steps. */
  rest(goesOn?: () => Promise<boolean>): Promise<void>
  /** Ends a process: nothing of it goes on. */
  crash(process: SimulatedProcess): void
  /** Notes a fact of the run: part of the trace and of its hash. */
  note(text: string): void
  /** SHA-256 over everything noted so far: two runs of a seed agree in it. */
  traceHash(): string
  /** The last notes, oldest first. */
  readonly trace: readonly string[]
  readonly parked: number
}

interface Wait {
  readonly process: SimulatedProcess
  readonly label: string
  readonly resume: () => void
}

/** Creates a scheduler. `traceMax` bounds the notes that are kept; the hash covers all of them. */
export function createScheduler(chance: Chance, traceMax: number): Scheduler {
  let waits: Wait[] = []
  const trace: string[] = []
  const hash: Hash = createHash('sha256')
  const note = (text: string) => {
    hash.update(text).update('\n')
    trace.push(text)
    if (trace.length > traceMax) trace.shift()
  }
  const settle = async () => {
    await afterMicrotasks()
  }
  const step = async () => {
    if (waits.length === 0) return false
    const [wait] = waits.splice(chance.below(waits.length), 1)
    if (!wait) return false
    note(`${wait.process.name} ${wait.label}`)
    wait.resume()
    await settle()
    return true
  }
  return {
    pause: (process, label) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      if (process.isAlive) waits.push({ process, label, resume: resolve })
      return promise
    },
    // Whatever goes on waits in `pause`, so nothing else need be known of it.
    follow: () => {},
    step,
    settle,
    rest: async (goesOn = async () => true) => {
      await settle()
      while ((await step()) && (await goesOn()));
    },
    crash: (process) => {
      process.isAlive = false
      waits = waits.filter((wait) => wait.process !== process)
      note(`${process.name} crashes`)
    },
    note,
    traceHash: () => hash.copy().digest('hex'),
    trace,
    get parked() {
      return waits.length
    },
  }
}
