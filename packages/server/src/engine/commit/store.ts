import type { Instant } from '../../kernel/clock.ts'
import type { Mode } from '../../kernel/scope.ts'
import type { Job } from './changes.ts'
import type { EventAddress } from './event.ts'
import type { FactRef, Kind, RevisedRow, ScopedRow } from './kind.ts'

/** A changed row together with the revision it was decided on: the write is refused when the row has moved since. */
export interface RowUpdate {
  readonly row: RevisedRow
  readonly fromRevision: number
}

/** All writes of a group, by kind. A row stands in it once, in its final form. */
export interface GroupWrites {
  readonly inserts: ReadonlyMap<Kind, readonly ScopedRow[]>
  readonly updates: ReadonlyMap<Kind, readonly RowUpdate[]>
  readonly jobs: readonly Job[]
  /** Events that become webhooks once the group is durable; what a past is made of stays out of it. */
  readonly outbox: readonly EventAddress[]
}

/** One transaction. After `commit` or `rollback` has settled it is over. */
export interface StoreTransaction {
  /**
   * Loads and locks the rows, kinds in their order, rows in key order; the answer is in the order of `refs`, with
   * `undefined` where no row exists. Immutable kinds are read without a lock.
   */
  load(refs: readonly FactRef[]): Promise<readonly (ScopedRow | undefined)[]>
  /** Writes everything and commits; resolves only once the writes are durable. Throws a `StoreError`. */
  commit(writes: GroupWrites): Promise<void>
  /** Gives up without writing. Never throws. */
  rollback(): Promise<void>
}

/** Rows whose time has come are claimed by moving their due time forward, so that two workers never hold one row at once. */
export interface DueClaim {
  readonly kind: Kind
  readonly mode: Mode
  /** Rows due at or before this instant are claimed. */
  readonly dueBy: Instant
  /** The new due time: if the worker dies, the row falls due again then. */
  readonly leaseUntil: Instant
  readonly limit: number
}

/** Where the engine's rows live. Two implementations, PostgreSQL and memory, are held equal by `store-conformance.ts`. */
export interface Store {
  begin(): Promise<StoreTransaction>
  /** Reads rows without locks, outside a transaction: for answers and workers, never for decisions. */
  read(refs: readonly FactRef[]): Promise<readonly (ScopedRow | undefined)[]>
  /** Claims rows that are due, earliest first. */
  claimDue(claim: DueClaim): Promise<readonly RevisedRow[]>
  /** The earliest due time of a kind in a mode, or `undefined` when nothing waits. */
  nextDue(kind: Kind, mode: Mode): Promise<Instant | undefined>
  close(): Promise<void>
}

/**
 * Why a store did not commit:
 * - `lost_race`: a unique key was taken, or a row moved between decision and write: decide again on fresh facts.
 * - `retry`: the store asked for the transaction to be run again (deadlock, serialization failure, lock timeout).
 * - `vetoed`: a rule of the database refused the write although the decision allowed it: a defect of ours.
 * - `unavailable`: the store could not be reached; nothing was committed.
 * - `in_doubt`: the connection was lost while committing and the store could not say within its bound what happened.
 */
export type StoreFailure = 'lost_race' | 'retry' | 'vetoed' | 'unavailable' | 'in_doubt'

/** A failed load or commit. `constraint` names the rule or key where the store knows it. */
export class StoreError extends Error {
  readonly failure: StoreFailure
  readonly constraint: string | undefined

  constructor(failure: StoreFailure, message: string, constraint?: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'StoreError'
    this.failure = failure
    this.constraint = constraint
  }
}
