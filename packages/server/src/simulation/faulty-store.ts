import { type GroupWrites, type Store, StoreError, type StoreTransaction } from '../engine/commit/store.ts'
import type { Chance } from './chance.ts'
import type { Scheduler, SimulatedProcess } from './scheduler.ts'

/** How likely the store misbehaves, as one in so many operations; 0 means never. */
export interface StoreFaults {
  /** A begin, load or commit that never reached the store. */
  unavailableOneIn: number
  /** A commit whose answer is lost, with or without its effect. */
  lostReplyOneIn: number
  /** A commit that the store asks to be run again, as after a deadlock. */
  retryOneIn: number
}

/** A process's connection to the shared store. */
export interface StoreConnection {
  readonly store: Store
  /** The store notices that the process is gone: what was open is rolled back. */
  disconnect(): Promise<void>
}

/** What a connection is made with. */
export interface ConnectionParts {
  readonly shared: Store
  readonly scheduler: Scheduler
  readonly chance: Chance
  readonly process: SimulatedProcess
  readonly faults: StoreFaults
}

/**
 * The shared store as one process reaches it: every call waits for the scheduler before and after its effect, and may
 * fail on either side of it. A failure keeps the store contract's promise about what was committed.
 */
export function connect(parts: ConnectionParts): StoreConnection {
  const { shared, scheduler, process } = parts
  const open = new Set<StoreTransaction>()
  const reach = async (label: string) => {
    await scheduler.pause(process, label)
    failSometimes(parts, label)
  }
  const store: Store = {
    begin: async () => {
      await reach('begin')
      const tx = await shared.begin()
      open.add(tx)
      if (!process.isAlive) await rollBack(open, tx)
      await scheduler.pause(process, 'begun')
      return guarded(parts, open, tx, reach)
    },
    read: async (refs) => {
      await reach('read')
      const rows = await shared.read(refs)
      await scheduler.pause(process, 'has read')
      return rows
    },
    claimDue: async (claim) => {
      await reach('claim')
      const rows = await shared.claimDue(claim)
      await scheduler.pause(process, 'has claimed')
      return rows
    },
    nextDue: async (kind, mode) => {
      await reach('next due')
      return shared.nextDue(kind, mode)
    },
    close: async () => {},
  }
  return {
    store,
    disconnect: async () => {
      for (const tx of [...open]) await rollBack(open, tx)
    },
  }
}

function guarded(
  parts: ConnectionParts,
  open: Set<StoreTransaction>,
  tx: StoreTransaction,
  reach: (label: string) => Promise<void>,
): StoreTransaction {
  const { scheduler, process, chance, faults } = parts
  return {
    load: async (refs) => {
      await reach('load')
      const rows = await tx.load(refs)
      await scheduler.pause(process, 'has loaded')
      return rows
    },
    commit: async (writes) => {
      await scheduler.pause(process, 'commit')
      if (!open.has(tx)) throw new StoreError('unavailable', 'the connection was lost before the commit')
      await failBefore(parts, open, tx)
      open.delete(tx)
      await tx.commit(writes)
      scheduler.note(`committed ${describe(writes)}`)
      await scheduler.pause(process, 'has committed')
      if (happens(chance, faults.lostReplyOneIn)) {
        scheduler.note('the reply to the commit is lost')
        throw new StoreError('in_doubt', 'the reply to the commit was lost')
      }
    },
    rollback: async () => {
      await rollBack(open, tx)
      await scheduler.pause(process, 'has rolled back')
    },
  }
}

/** A commit that fails with no effect: lost on the way, or refused for a deadlock. */
async function failBefore(parts: ConnectionParts, open: Set<StoreTransaction>, tx: StoreTransaction): Promise<void> {
  const { chance, faults, scheduler } = parts
  const failure = happens(chance, faults.lostReplyOneIn)
    ? 'in_doubt'
    : happens(chance, faults.retryOneIn)
      ? 'retry'
      : happens(chance, faults.unavailableOneIn)
        ? 'unavailable'
        : undefined
  if (failure === undefined) return
  await rollBack(open, tx)
  scheduler.note(`the commit fails without effect: ${failure}`)
  throw new StoreError(failure, 'the commit failed without effect')
}

function failSometimes({ chance, faults, scheduler }: ConnectionParts, label: string): void {
  if (!happens(chance, faults.unavailableOneIn)) return
  scheduler.note(`${label} fails: the store is unavailable`)
  throw new StoreError('unavailable', 'the store cannot be reached')
}

async function rollBack(open: Set<StoreTransaction>, tx: StoreTransaction): Promise<void> {
  if (open.delete(tx)) await tx.rollback()
}

function happens(chance: Chance, oneIn: number): boolean {
  return oneIn > 0 && chance.oneIn(oneIn)
}

function describe({ inserts, updates, jobs, outbox }: GroupWrites): string {
  const parts = [
    ...[...inserts].map(([kind, rows]) => `+${rows.length} ${kind.name}`),
    ...[...updates].map(([kind, rows]) => `~${rows.length} ${kind.name}`),
    ...(jobs.length > 0 ? [`${jobs.length} jobs`] : []),
    ...(outbox.length > 0 ? [`${outbox.length} to fan out`] : []),
  ]
  return parts.join(', ')
}
