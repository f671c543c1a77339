import type { Job } from './changes.ts'
import type { EventAddress } from './event.ts'
import { type FactRef, factByKey, type Kind, type RevisedRow, type ScopedRow } from './kind.ts'
import { journalFact } from './ledger-kinds.ts'
import { sampleScope } from './sample-rows.ts'
import type { GroupWrites, Store } from './store.ts'

/** A fresh, empty store and what the suite needs to look behind it. */
export interface StoreUnderTest {
  readonly store: Store
  /** The jobs that were added since the last call, in order. */
  takeJobs(): Promise<Job[]>
  /** What was put into the outbox since the last call: the events of each group, in order. */
  takeOutbox(): Promise<(readonly EventAddress[])[]>
  close(): Promise<void>
}

/** What a case of the suite writes. */
export interface Wanted {
  readonly inserts?: readonly (readonly [Kind, ...ScopedRow[]])[]
  readonly updates?: readonly (readonly [Kind, RevisedRow, number])[]
  readonly jobs?: readonly Job[]
  readonly outbox?: readonly EventAddress[]
}

/** A group's writes. */
export function writesOf({ inserts = [], updates = [], jobs = [], outbox = [] }: Wanted): GroupWrites {
  return {
    inserts: new Map(inserts.map(([kind, ...rows]) => [kind, rows])),
    updates: new Map(updates.map(([kind, row, fromRevision]) => [kind, [{ row, fromRevision }]])),
    jobs,
    outbox,
  }
}

/** Commits a group of its own. */
export async function write(store: Store, wanted: Wanted): Promise<void> {
  const tx = await store.begin()
  await tx.load([journalFact(sampleScope)])
  await tx.commit(writesOf(wanted))
}

/** New rows of one kind. */
export const put = (kind: Kind, ...rows: ScopedRow[]): Wanted => ({ inserts: [[kind, ...rows]] })
/** A row in its new form, decided on `fromRevision`. */
export const change = (kind: Kind, row: RevisedRow, fromRevision = 0): Wanted => ({
  updates: [[kind, { ...row, revision: fromRevision + 1 } as RevisedRow, fromRevision]],
})
/** Names a row by its primary key. */
export const rowRef = (kind: Kind, row: ScopedRow): FactRef =>
  factByKey(
    kind,
    kind.primaryKey.map((property) => (row as unknown as Record<string, string | bigint>)[property] ?? ''),
  )
