import type { Instant } from '../../kernel/clock.ts'
import type { Scope } from '../../kernel/scope.ts'
import { accountsAt } from '../../ledger/statement-queries.ts'
import type { ReadPool } from '../transactions/transaction-queries.ts'

/** What a merchant has in one currency, in minor units. */
export interface Balance {
  readonly currency: string
  /** What may be paid out now. */
  readonly availableMinor: bigint
  /** What waits: money received that belongs to no finished payment, and refunds that no rail has answered. */
  readonly pendingMinor: bigint
  /** What payouts under way hold. */
  readonly reservedMinor: bigint
}

const currenciesMax = 200

/** The merchant's balances, one per currency that ever moved, in the order of currency codes. */
export async function readBalances(pool: ReadPool, scope: Scope): Promise<Balance[]> {
  const result = await pool.query({
    name: 'read_balances',
    rowMode: 'array',
    text: `select currency,
        coalesce(sum(credits_posted - debits_posted - debits_pending) filter (where code = 'available'), 0)::bigint,
        coalesce(sum(credits_posted - debits_posted) filter (where code in ('suspense', 'refunds_in_flight')), 0)::bigint,
        coalesce(sum(debits_pending) filter (where code = 'available'), 0)::bigint
      from ledger_accounts where merchant_id = $1 and mode = $2
      group by currency order by currency limit $3`,
    values: [scope.merchantId, scope.mode, currenciesMax],
  })
  return result.rows.map(([currency, availableMinor, pendingMinor, reservedMinor]) => ({
    currency: currency as string,
    availableMinor: availableMinor as bigint,
    pendingMinor: pendingMinor as bigint,
    reservedMinor: reservedMinor as bigint,
  }))
}

/**
 * The merchant's balances as the last transfer at or before an instant left them, in the order of currency codes; without
 * the currencies that had not moved by then. In one decision's transfers, in one moment, the last one counts.
 */
export async function readBalancesAt(pool: ReadPool, scope: Scope, at: Instant): Promise<Balance[]> {
  const balances = new Map<string, Balance>()
  for (const { code, currency, postedMinor, pendingMinor } of await accountsAt(pool, scope, at)) {
    const balance = balances.get(currency) ?? { currency, availableMinor: 0n, pendingMinor: 0n, reservedMinor: 0n }
    // Both are credits less debits: what is pending in `available` are the debits that payouts hold there.
    const after =
      code === 'available'
        ? { ...balance, availableMinor: postedMinor + pendingMinor, reservedMinor: -pendingMinor }
        : { ...balance, pendingMinor: balance.pendingMinor + postedMinor }
    balances.set(currency, after)
  }
  return [...balances.values()]
}
