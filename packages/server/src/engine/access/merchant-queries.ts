import type { Mode, Scope } from '../../kernel/scope.ts'
import { columnsOf, rowFromValues } from '../commit/kind-sql.ts'
import type { ObjectPage } from '../lists/list-queries.ts'
import type { ReadPool } from '../transactions/transaction-queries.ts'
import { type Merchant, merchantKind } from './merchant.ts'

/** Which merchants a list shows. */
export interface MerchantFilter {
  /** A merchant stands in the list once for each mode, unless one is asked for. */
  readonly mode?: Mode | undefined
  /** Only what stands behind this merchant in this mode: older ones. */
  readonly after?: Scope | undefined
  /** At most this many. */
  readonly limit: number
}

/** Lists the merchants of the installation, newest first, by the primary key. */
export async function listMerchants(pool: ReadPool, filter: MerchantFilter): Promise<ObjectPage<Merchant>> {
  const { mode = null, after, limit } = filter
  const { rows } = await pool.query({
    name: 'list_merchants',
    rowMode: 'array',
    // crosses merchants: for the operator of the installation, who sees all of them.
    text: `select ${columnsOf(merchantKind, 't')} from merchants t
      where ($1::text is null or t.mode = $1) and ($2::text is null or (t.merchant_id, t.mode) < ($2, $3))
      order by t.merchant_id desc, t.mode desc limit $4`,
    values: [mode, after?.merchantId ?? null, after?.mode ?? null, limit + 1],
  })
  const items = rows.slice(0, limit).map((values) => rowFromValues(merchantKind, values))
  return { items, hasMore: rows.length > limit }
}
