import type { Scope } from '../../kernel/scope.ts'
import type { ReadPool } from '../transactions/transaction-queries.ts'

/** The newest payment with a reference; where a dialect does not promise uniqueness there may be several. */
export async function latestPaymentIdByReference(
  pool: ReadPool,
  scope: Scope,
  reference: string,
): Promise<string | undefined> {
  const result = await pool.query({
    name: 'latest_payment_by_reference',
    rowMode: 'array',
    text: `select id from payments where merchant_id = $1 and mode = $2 and reference = $3 order by id desc limit 1`,
    values: [scope.merchantId, scope.mode, reference],
  })
  return result.rows[0]?.[0] as string | undefined
}
