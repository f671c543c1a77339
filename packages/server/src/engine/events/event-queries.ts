import type { Scope } from '../../kernel/scope.ts'
import { type EngineEvent, eventKind } from '../commit/event.ts'
import { columnsOf, rowFromValues } from '../commit/kind-sql.ts'
import type { ReadPool } from '../transactions/transaction-queries.ts'

/** The merchant's events with a number above `after`, in their order, at most `limit`. */
export async function eventsAfter(
  pool: ReadPool,
  scope: Scope,
  after: bigint,
  limit: number,
): Promise<readonly EngineEvent[]> {
  const result = await pool.query({
    name: 'events_after',
    rowMode: 'array',
    text: `select ${columnsOf(eventKind, 'e')} from events e
      where e.merchant_id = $1 and e.mode = $2 and e.number > $3 order by e.number limit $4`,
    values: [scope.merchantId, scope.mode, after, limit],
  })
  return result.rows.map((values) => rowFromValues(eventKind, values))
}

/**
 * The place of each event among those about its object, from 1 and without gaps, in the order of the events. One
 * statement for all of them; each place is counted in the index of an object's events.
 */
export async function objectSequences(
  pool: ReadPool,
  events: readonly Pick<EngineEvent, 'merchantId' | 'mode' | 'objectId' | 'number'>[],
): Promise<readonly number[]> {
  if (events.length === 0) return []
  const { rows } = await pool.query({
    name: 'object_sequences',
    rowMode: 'array',
    // crosses merchants: the fan-out renders events of several merchants, each counted in its own scope.
    text: `select (select count(*)::integer from events e
        where e.object_id = k.object_id and e.merchant_id = k.merchant_id and e.mode = k.mode and e.number <= k.number)
      from unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) with ordinality
        as k(merchant_id, mode, object_id, number, place)
      order by k.place`,
    values: [
      events.map((event) => event.merchantId),
      events.map((event) => event.mode),
      events.map((event) => event.objectId),
      events.map((event) => event.number),
    ],
  })
  return rows.map(([count]) => count as number)
}

/** The event of a type that a change of an object to a revision was told by, or `undefined`. */
export async function eventOfRevision(
  pool: ReadPool,
  scope: Scope,
  objectId: string,
  type: string,
  objectRevision: number,
): Promise<EngineEvent | undefined> {
  const { rows } = await pool.query({
    name: 'event_of_revision',
    rowMode: 'array',
    text: `select ${columnsOf(eventKind, 'e')} from events e
      where e.object_id = $3 and e.merchant_id = $1 and e.mode = $2 and e.type = $4 and e.object_revision = $5
      order by e.number limit 1`,
    values: [scope.merchantId, scope.mode, objectId, type, objectRevision],
  })
  return rows.map((values) => rowFromValues(eventKind, values))[0]
}
