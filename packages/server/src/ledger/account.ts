import type { Mode } from '../kernel/scope.ts'

/** The side on which an account grows. Assets grow by debits; what we owe to others, and what we earned, by credits. */
export type AccountSide = 'debit' | 'credit'

/**
 * A ledger account: four running totals in minor units of one currency, after TigerBeetle's model. `pending` totals
 * belong to reservations that are neither posted nor voided. An account belongs to one merchant and one mode.
 */
export interface Account {
  readonly merchantId: string
  readonly mode: Mode
  /** The chart's name for the account, for example `available` or `clearing:simulator`. */
  readonly code: string
  readonly currency: string
  readonly side: AccountSide
  /** Whether what is left after reservations may never fall below zero. The database holds the same rule as a CHECK. */
  readonly bounded: boolean
  readonly debitsPosted: bigint
  readonly creditsPosted: bigint
  readonly debitsPending: bigint
  readonly creditsPending: bigint
  /** The number of the last transfer that touched the account: the row that explains its totals. */
  readonly lastTransfer: bigint
  readonly revision: number
}

/** The account's balance in minor units, positive on the side where it grows; reservations are not counted. */
export function postedBalance(account: Account): bigint {
  const credits = account.creditsPosted - account.debitsPosted
  return account.side === 'credit' ? credits : -credits
}

/** What may still leave the account in minor units: the posted balance less what reservations hold. */
export function spendableBalance(account: Account): bigint {
  return account.side === 'credit'
    ? account.creditsPosted - account.debitsPosted - account.debitsPending
    : account.debitsPosted - account.creditsPosted - account.creditsPending
}

/** What reservations hold in the account, in minor units. */
export function reservedBalance(account: Account): bigint {
  return account.side === 'credit' ? account.debitsPending : account.creditsPending
}
