import type { Mode } from '../kernel/scope.ts'
import type { Account, AccountSide } from './account.ts'
import type { LedgerReader } from './ledger-queries.ts'

/** Which accounts are listed: all that fit every given condition. */
export interface AccountFilter {
  readonly merchantId?: string | undefined
  readonly mode?: Mode | undefined
  readonly currency?: string | undefined
}

/** The place of an account in the order of a list. */
export type AccountCursor = Pick<Account, 'merchantId' | 'mode' | 'code' | 'currency'>

/** An account's totals, as a list of balances shows them. */
export interface AccountTotals extends AccountCursor {
  readonly side: AccountSide
  readonly debitsPosted: bigint
  readonly creditsPosted: bigint
  readonly debitsPending: bigint
  readonly creditsPending: bigint
}

/**
 * The next `limit` accounts behind a cursor, by merchant, mode, code and currency. The primary key answers it. Values
 * arrive as `platform/database-types.ts` says.
 */
export async function readAccountPage(
  reader: LedgerReader,
  { merchantId, mode, currency }: AccountFilter,
  after: AccountCursor | undefined,
  limit: number,
): Promise<readonly AccountTotals[]> {
  // crosses merchants: the operator reads the balances of the installation, unless one merchant is named.
  const text = `select merchant_id as "merchantId", mode, code, currency, side, debits_posted as "debitsPosted",
      credits_posted as "creditsPosted", debits_pending as "debitsPending", credits_pending as "creditsPending"
    from ledger_accounts
    where (merchant_id, mode, code, currency) > ($1, $2, $3, $4) and ($5::text is null or merchant_id = $5)
      and ($6::text is null or mode = $6) and ($7::text is null or currency = $7)
    order by merchant_id, mode, code, currency limit $8`
  const { merchantId: fromMerchant = '', mode: fromMode = '', code = '', currency: fromCurrency = '' } = after ?? {}
  const filter = [merchantId ?? null, mode ?? null, currency ?? null]
  const { rows } = await reader.query<AccountTotals>(text, [
    fromMerchant,
    fromMode,
    code,
    fromCurrency,
    ...filter,
    limit,
  ])
  return rows
}
