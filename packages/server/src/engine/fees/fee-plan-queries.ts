import type { Scope } from '../../kernel/scope.ts'
import { columnsOf, rowFromValues } from '../commit/kind-sql.ts'
import type { ReadPool } from '../transactions/transaction-queries.ts'
import { type FeePlan, feePlanKind } from './fee-plan.ts'

/** Which versions of a merchant's fee plans are wanted. */
export interface FeePlanFilter {
  /** The versions that were replaced, too. */
  readonly history: boolean
  readonly method?: string | undefined
  /** Only what stands behind this version of this method's plan. */
  readonly after?: { readonly method: string; readonly version: number } | undefined
  /** At most this many. */
  readonly limit: number
}

/** A page of fee plans, by method, oldest version first. */
export interface FeePlanPage {
  readonly items: readonly FeePlan[]
  readonly hasMore: boolean
}

/** Lists a merchant's fee plans by primary key. */
export async function listFeePlans(pool: ReadPool, scope: Scope, filter: FeePlanFilter): Promise<FeePlanPage> {
  const { history, method, after, limit } = filter
  const { rows } = await pool.query({
    name: 'list_fee_plans',
    rowMode: 'array',
    text: `select ${columnsOf(feePlanKind, 't')} from fee_plans t
      where t.merchant_id = $1 and t.mode = $2 and ($3::boolean or t.current is not null)
        and ($4::text is null or t.method = $4::text) and (t.method, t.version) > ($5::text, $6::integer)
      order by t.method, t.version limit $7`,
    values: [
      scope.merchantId,
      scope.mode,
      history,
      method ?? null,
      after?.method ?? '',
      after?.version ?? 0,
      limit + 1,
    ],
  })
  const items = rows.slice(0, limit).map((values) => rowFromValues(feePlanKind, values))
  return { items, hasMore: rows.length > limit }
}
