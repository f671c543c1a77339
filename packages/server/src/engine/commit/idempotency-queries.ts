import { type Instant, isoFromInstant } from '../../kernel/clock.ts'
import type { Mode } from '../../kernel/scope.ts'

/** The part of a database pool that the purge needs. */
export interface PurgePool {
  query(config: { name: string; text: string; values: unknown[] }): Promise<{ rowCount: number | null }>
}

/**
 * Deletes idempotency records whose time is over, oldest first, at most `limit` of them; answers how many. A record that a
 * command holds right now is left for the next round.
 */
export async function purgeIdempotency(pool: PurgePool, mode: Mode, now: Instant, limit: number): Promise<number> {
  const result = await pool.query({
    name: 'purge_idempotency',
    // crosses merchants: housekeeping of the shard; it deletes what no command may read any more.
    text: `delete from idempotency_records where (merchant_id, mode, operation, key) in (
      select merchant_id, mode, operation, key from idempotency_records
      where mode = $1 and expires_at <= $2::timestamptz order by expires_at limit $3 for update skip locked)`,
    values: [mode, isoFromInstant(now), limit],
  })
  return result.rowCount ?? 0
}
