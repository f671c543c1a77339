import type { Instant } from '../kernel/clock.ts'
import { assertInvariant, EngineError } from '../kernel/engine-error.ts'
import { type Account, spendableBalance } from './account.ts'
import {
  type Transfer,
  type TransferReason,
  type TransferSubject,
  type TransferType,
  transferHash,
} from './transfer.ts'

/** The end of a merchant's chain of transfers. */
export interface ChainEnd {
  readonly transferNumber: bigint
  readonly chainHash: string
}

/** A transfer before it has a place in the chain. */
export interface TransferDraft {
  readonly debit: Account
  readonly credit: Account
  readonly amountMinor: bigint
  readonly type: TransferType
  readonly reason: TransferReason
  readonly subject: TransferSubject
  readonly reservation: string | null
}

/** What a transfer leaves behind. */
export interface Posted {
  readonly debit: Account
  readonly credit: Account
  readonly transfer: Transfer
  readonly chain: ChainEnd
}

type Totals = Pick<Account, 'debitsPosted' | 'creditsPosted' | 'debitsPending' | 'creditsPending'>

/** What a total may grow to in minor units: the most that the database holds. */
const totalMax = 2n ** 63n - 1n

/**
 * Applies one transfer to its two accounts and the chain. Pure. Throws `insufficient_funds` when a bounded account would
 * fall below zero, `limit_exceeded` when a total would outgrow what can be stored, and `internal` for a transfer that
 * could never be right (zero, two currencies, two merchants).
 */
export function applyTransfer(draft: TransferDraft, chain: ChainEnd, now: Instant): Posted {
  assertSane(draft)
  const { amountMinor, type } = draft
  const number = chain.transferNumber + 1n
  const debit = withTotals(draft.debit, totalsAfter(draft.debit, 'debit', type, amountMinor), number)
  const credit = withTotals(draft.credit, totalsAfter(draft.credit, 'credit', type, amountMinor), number)
  assertBounds(draft.debit, debit)
  assertBounds(draft.credit, credit)
  const opens = type === 'pending'
  const unhashed = {
    merchantId: debit.merchantId,
    mode: debit.mode,
    number,
    type,
    debitCode: debit.code,
    creditCode: credit.code,
    currency: debit.currency,
    amountMinor,
    reason: draft.reason,
    subjectKind: draft.subject.kind,
    subjectId: draft.subject.id,
    reservation: opens ? draft.reservation : null,
    resolves: opens || type === 'posted' ? null : draft.reservation,
    debitPostedAfter: debit.creditsPosted - debit.debitsPosted,
    debitPendingAfter: debit.creditsPending - debit.debitsPending,
    creditPostedAfter: credit.creditsPosted - credit.debitsPosted,
    creditPendingAfter: credit.creditsPending - credit.debitsPending,
    createdAt: now,
  }
  const hash = transferHash(chain.chainHash, unhashed)
  return { debit, credit, transfer: { ...unhashed, hash }, chain: { transferNumber: number, chainHash: hash } }
}

/** The four totals after one side of a transfer. Shared with `paylect ledger verify`, which folds history with it. */
export function totalsAfter(totals: Totals, side: 'debit' | 'credit', type: TransferType, amountMinor: bigint): Totals {
  const posted = type === 'posted' || type === 'post_pending' ? amountMinor : 0n
  const pending = type === 'pending' ? amountMinor : type === 'posted' ? 0n : -amountMinor
  const { debitsPosted, creditsPosted, debitsPending, creditsPending } = totals
  return side === 'debit'
    ? { debitsPosted: debitsPosted + posted, debitsPending: debitsPending + pending, creditsPosted, creditsPending }
    : { debitsPosted, debitsPending, creditsPosted: creditsPosted + posted, creditsPending: creditsPending + pending }
}

function withTotals(account: Account, totals: Totals, number: bigint): Account {
  return { ...account, ...totals, lastTransfer: number }
}

function assertSane(draft: TransferDraft): void {
  const { debit, credit, amountMinor, type, reservation } = draft
  const detail = { debit: debit.code, credit: credit.code, reason: draft.reason }
  assertInvariant(amountMinor > 0n, 'transfer_not_positive', detail)
  assertInvariant(debit.currency === credit.currency, 'transfer_across_currencies', detail)
  assertInvariant(
    debit.merchantId === credit.merchantId && debit.mode === credit.mode,
    'transfer_across_merchants',
    detail,
  )
  assertInvariant(debit.code !== credit.code, 'transfer_to_itself', detail)
  assertInvariant((type === 'posted') === (reservation === null), 'reservation_name_missing', detail)
}

function assertBounds(before: Account, after: Account): void {
  assertInvariant(after.debitsPending >= 0n && after.creditsPending >= 0n, 'reservation_below_zero', {
    code: after.code,
  })
  const totals = [after.debitsPosted, after.creditsPosted, after.debitsPending, after.creditsPending]
  if (totals.some((total) => total > totalMax)) {
    throw new EngineError('limit_exceeded', 'ledger_total_too_large', {
      message: `The ${before.code} account has taken in all that an account can hold in ${before.currency}.`,
      account: before.code,
    })
  }
  if (!after.bounded || spendableBalance(after) >= 0n) return
  throw new EngineError('insufficient_funds', 'balance_insufficient', {
    message: `The ${before.code} balance is too low for this.`,
    account: before.code,
    availableMinor: spendableBalance(before).toString(),
    currency: before.currency,
  })
}
