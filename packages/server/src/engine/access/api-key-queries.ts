import { type Instant, isoFromInstant } from '../../kernel/clock.ts'
import type { Mode } from '../../kernel/scope.ts'
import type { PurgePool } from '../commit/idempotency-queries.ts'

/** A use of a key. */
export interface KeyUse {
  readonly merchantId: string
  readonly mode: Mode
  readonly id: string
  readonly usedAt: Instant
}

/**
 * Writes when keys were used, in one statement, where what is written lags behind by `lagMs` or more; answers how many
 * rows that changed. A row that a command holds right now is passed over, so that nothing waits for this and this waits
 * for nothing. The revision stays: a decision about the key need not be taken again because the key was used.
 */
export async function recordKeyUses(pool: PurgePool, uses: readonly KeyUse[], lagMs: number): Promise<number> {
  const result = await pool.query({
    name: 'record_key_uses',
    // crosses merchants: one statement for all keys that were used at this process, each matched by its full key.
    text: `with used as materialized (
        select k.merchant_id, k.mode, k.id, u.used_at
        from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) as u(merchant_id, mode, id, used_at)
        join api_keys k on k.merchant_id = u.merchant_id and k.mode = u.mode and k.id = u.id
        where k.last_used_at is null or k.last_used_at <= u.used_at - make_interval(secs => $5)
        for update of k skip locked
      )
      update api_keys k set last_used_at = used.used_at from used
      where k.merchant_id = used.merchant_id and k.mode = used.mode and k.id = used.id`,
    values: [
      uses.map(({ merchantId }) => merchantId),
      uses.map(({ mode }) => mode),
      uses.map(({ id }) => id),
      uses.map(({ usedAt }) => isoFromInstant(usedAt)),
      lagMs / 1000,
    ],
  })
  return result.rowCount ?? 0
}
