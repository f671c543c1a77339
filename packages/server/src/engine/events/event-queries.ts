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
