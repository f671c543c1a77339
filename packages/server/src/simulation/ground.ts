import type { Job } from '../engine/commit/changes.ts'
import type { Committer } from '../engine/commit/committer.ts'
import type { Kind, ScopedRow } from '../engine/commit/kind.ts'
import type { Store } from '../engine/commit/store.ts'
import type { Engine, EngineParts } from '../engine/create-engine.ts'
import type { Instant } from '../kernel/clock.ts'
import type { Mode, Scope } from '../kernel/scope.ts'
import type { Chance } from './chance.ts'
import type { Scheduler, SimulatedProcess } from './scheduler.ts'

/** What lies in the shared store, as an observer outside every process sees it. */
export interface SharedState {
  /** Takes one consistent look, at these kinds alone if told; `rows` answers from it until the next. In memory every answer is of now. */
  look(scopes: readonly Scope[], kinds?: readonly Kind[]): Promise<void>
  rows<Row extends ScopedRow>(kind: Kind<Row>): Row[]
  /** Takes the jobs that were added since the last call, in order, and as `fanOutJob`s what was put into the outbox. */
  takeJobs(): Promise<readonly Job[]>
  nextDue(kind: Kind, mode: Mode): Promise<Instant | undefined>
}

/** One process's own way to the shared store. */
export interface Footing {
  readonly store: Store
  readonly pool: EngineParts['pool']
  /** The engine with every read that this ground answers in its own way. */
  finish(engine: Engine, committer: Committer): Engine
  /** The store notices that the process is gone: what was open is rolled back. */
  lose(): Promise<void>
  /** The process ends in good order. */
  close(): Promise<void>
}

/** What a simulation stands on: the in-memory store under a scheduler that replays, or a real database. */
export interface Ground {
  readonly scheduler: Scheduler
  readonly shared: SharedState
  /** Operations from one look at the rules to the next. */
  readonly checkEvery: number
  /** Commits so far, where they can be seen one by one: the rules are held after each of them, too. */
  commits(): number
  /** When the engine gives a rail's answer up, in real milliseconds: never where time is simulated. */
  readonly railTimeoutMs: number
  /** Faults that only this ground has, at random moments; undefined where it has none. */
  readonly disturb: ((chance: Chance) => Promise<void>) | undefined
  open(process: SimulatedProcess): Promise<Footing>
  /** What this ground can prove about the books beside the rules; empty when they are sound. */
  prove(scopes: readonly Scope[]): Promise<readonly string[]>
}

/** What stands for a row of the event outbox among the simulated jobs. */
export const fanOutJobName = 'fan_out_events'

/** A row of the event outbox as a job, so that chance mixes it with the others. */
export function fanOutJob(events: readonly unknown[]): Job {
  return { name: fanOutJobName, payload: { events } }
}
