/*
 * The feed is the complete, ordered record of what happened to a merchant's objects. Every command holds its merchant's
 * journal row until it has committed, so events become visible in the order of their numbers and without gaps: who has
 * read up to a number has seen everything up to it.
 *
 * States of a read: looking (at the journal's last number) → waiting (nothing is new and time is left) → looking … →
 * answered. It waits by looking again, because another process may write the event; the looks of all who wait at
 * the same moment share one statement (`grouped-reads.ts`).
 */
import { EngineError } from '../../kernel/engine-error.ts'
import type { Scope } from '../../kernel/scope.ts'
import type { EngineEvent } from '../commit/event.ts'
import { type Journal, journalFact } from '../commit/ledger-kinds.ts'
import type { Store } from '../commit/store.ts'
import type { ReadPool } from '../transactions/transaction-queries.ts'
import { eventsAfter } from './event-queries.ts'

/** The part of the record that is asked for. */
export interface FeedQuery {
  /** The number of the last event that the reader has seen; 0 from the start. */
  readonly after: bigint
  readonly limit: number
  /** How long to wait for a first event where there is none, in milliseconds of real time; at most `feedWaitMaxMs`. */
  readonly waitMs: number
}

/** Events in their order. */
export interface FeedPage {
  readonly items: readonly EngineEvent[]
  /** Whether more are there already. */
  readonly hasMore: boolean
}

/** The longest wait. */
export const feedWaitMaxMs = 30_000

/** Between two looks, in milliseconds. */
const lookEveryMs = 200

/**
 * Reads the merchant's events after a number, waiting for the first one where asked to. Refuses `event_cursor_ahead`
 * for a number that no event has yet: the cursor is another server's, and waiting for it would miss events.
 */
export async function readFeed(
  { pool, store, closing }: { readonly pool: ReadPool; readonly store: Store; readonly closing?: AbortSignal },
  scope: Scope,
  { after, limit, waitMs }: FeedQuery,
): Promise<FeedPage> {
  let last = await lastNumber(store, scope)
  if (after > last) throw cursorAhead(after, last)
  let leftMs = Math.min(waitMs, feedWaitMaxMs)
  // A process that stops answers early: its caller asks the next one.
  while (last === after && leftMs > 0 && !closing?.aborted) {
    await sleep(Math.min(leftMs, lookEveryMs))
    leftMs -= lookEveryMs
    last = await lastNumber(store, scope)
  }
  if (last === after) return { items: [], hasMore: false }
  const events = await eventsAfter(pool, scope, after, limit + 1)
  return { items: events.slice(0, limit), hasMore: events.length > limit }
}

async function lastNumber(store: Store, scope: Scope): Promise<bigint> {
  const [journal] = (await store.read([journalFact(scope)])) as readonly (Journal | undefined)[]
  return journal?.eventNumber ?? 0n
}

function cursorAhead(after: bigint, last: bigint): EngineError {
  return new EngineError('invalid_request', 'event_cursor_ahead', {
    field: 'after',
    message: `There is no event ${after}: the last one has the number ${last}.`,
  })
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
