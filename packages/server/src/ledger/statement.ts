import type { Transfer, TransferReason } from './transfer.ts'

/** What a transfer is to a merchant who reads its statement. */
export const statementTypes = [
  'payment',
  'fee',
  'refund',
  'fee_returned',
  'refund_returned',
  'payout',
  'payout_returned',
  'hold',
  'release',
  'opening_balance',
] as const

/** One of them. */
export type StatementType = (typeof statementTypes)[number]

/** The accounts that a merchant's balance consists of. Reserved is what pending debits hold in `available`. */
export const balanceAccounts = ['available', 'suspense', 'refunds_in_flight'] as const

/** One of them. */
export type BalanceAccount = (typeof balanceAccounts)[number]

interface Face {
  /** Null for a transfer that a merchant's balance does not feel. */
  readonly type: StatementType | null
  readonly touches: readonly BalanceAccount[]
  readonly description: string
}

/** Every reason as the merchant sees it. Total: a new reason does not compile until it has a face here. */
const faces: Readonly<Record<TransferReason, Face>> = {
  payment_captured: { type: 'payment', touches: ['available'], description: 'A payment was credited.' },
  payment_allocated: {
    type: 'payment',
    touches: ['available', 'suspense'],
    description: 'Parts that were received earlier were credited with their payment.',
  },
  payment_fee: { type: 'fee', touches: ['available'], description: 'The fee of a payment was charged.' },
  payment_unallocated: {
    type: 'hold',
    touches: ['suspense'],
    description: 'Money was received that belongs to no finished payment; it waits.',
  },
  refund_reserved: {
    type: 'refund',
    touches: ['available', 'refunds_in_flight'],
    description: 'A refund was taken out of the balance and waits for its rail.',
  },
  refund_fee_returned: {
    type: 'fee_returned',
    touches: ['refunds_in_flight'],
    description: 'A part of a fee was given back; it goes to the payer with the refund.',
  },
  refund_paid: { type: 'release', touches: ['refunds_in_flight'], description: 'A refund was paid to the payer.' },
  refund_returned: {
    type: 'refund_returned',
    touches: ['available', 'refunds_in_flight'],
    description: 'A refund failed; what it held came back.',
  },
  refund_fee_charged_again: {
    type: 'fee',
    touches: ['refunds_in_flight'],
    description: 'A refund failed; the part of the fee that it had given back was charged again.',
  },
  payout_reserved: {
    type: 'payout',
    touches: ['available'],
    description: 'A payout was taken out of the balance and is reserved until its rail has answered.',
  },
  payout_sent: {
    type: 'release',
    touches: ['available'],
    description: 'A payout was sent; nothing is reserved for it.',
  },
  payout_returned: {
    type: 'payout_returned',
    touches: ['available'],
    description: 'A payout failed; what was reserved came back.',
  },
  payout_paid: { type: null, touches: [], description: 'The rail has paid a payout.' },
  opening_balance: {
    type: 'opening_balance',
    touches: ['available'],
    description: 'What there was when the account was opened here.',
  },
}

const reasons = Object.keys(faces) as TransferReason[]

/** The reasons whose transfers are shown as one of these types; all that are shown where none is named. */
export function reasonsShownAs(type: StatementType | undefined): readonly TransferReason[] {
  return reasons.filter((reason) => faces[reason].type !== null && (type === undefined || faces[reason].type === type))
}

/** The reasons whose transfers may touch an account. */
export function reasonsTouching(account: BalanceAccount): readonly TransferReason[] {
  return reasons.filter((reason) => faces[reason].touches.includes(account))
}

/** What one transfer did to a merchant's balance, in minor units, signed. */
export interface BalanceChange {
  readonly availableMinor: bigint
  readonly pendingMinor: bigint
  readonly reservedMinor: bigint
}

/** One line of a merchant's statement. Changes are signed minor units of `currency`. */
export interface StatementEntry extends BalanceChange {
  readonly number: bigint
  readonly type: StatementType
  readonly currency: string
  /** What was available right after it. */
  readonly availableAfterMinor: bigint
  readonly subjectKind: string
  readonly subjectId: string
  readonly description: string
  readonly createdAt: number
}

/** What a transfer did to available, pending and reserved. Summed over a ledger this is the balance. */
export function balanceChangeOf(
  transfer: Pick<Transfer, 'type' | 'debitCode' | 'creditCode' | 'amountMinor'>,
): BalanceChange {
  const { type, debitCode, creditCode, amountMinor: amount } = transfer
  const held = (code: string) => (debitCode === code ? amount : 0n)
  const gained = (code: string) => (creditCode === code ? amount : 0n)
  // A reservation takes from what is available at once, so posting it later takes nothing more and voiding it gives back.
  const available = gained('available') - held('available')
  const pending = gained('suspense') + gained('refunds_in_flight') - held('suspense') - held('refunds_in_flight')
  switch (type) {
    case 'posted':
      return { availableMinor: available, pendingMinor: pending, reservedMinor: 0n }
    case 'pending':
      return { availableMinor: -held('available'), pendingMinor: 0n, reservedMinor: held('available') }
    case 'post_pending':
      return { availableMinor: gained('available'), pendingMinor: pending, reservedMinor: -held('available') }
    case 'void_pending':
      return { availableMinor: held('available'), pendingMinor: 0n, reservedMinor: -held('available') }
  }
}

/** The line of a transfer, or `undefined` for one that the merchant's balance does not feel. */
export function statementEntryOf(transfer: Transfer, availableAfterMinor: bigint): StatementEntry | undefined {
  const { type, description } = faces[transfer.reason]
  if (type === null) return undefined
  const { number, currency, subjectKind, subjectId, createdAt } = transfer
  return {
    ...{ number, type, currency, subjectKind, subjectId, description, createdAt, availableAfterMinor },
    ...balanceChangeOf(transfer),
  }
}

/** What a transfer was made for, in one sentence for people. */
export function describeReason(reason: TransferReason): string {
  return faces[reason].description
}
