import type {
  Payment,
  PaymentStatus,
  Payout,
  PayoutStatus,
  Refund,
  RefundStatus,
  TransactionFilter,
  TransactionType,
} from '../../engine/index.ts'

/** The status words of this dialect. `success` and `failed` follow from the document's event names. */
export const words = {
  payment: ['pending', 'processing', 'success', 'failed', 'expired', 'refunded', 'partially_refunded'],
  refund: ['pending', 'success', 'failed'],
  payout: ['processing', 'success', 'failed'],
} as const

/** A payment's word. */
export type PaymentWord = (typeof words.payment)[number]

const paymentWords: Readonly<Record<PaymentStatus, PaymentWord>> = {
  created: 'pending',
  awaiting_payer: 'pending',
  processing: 'processing',
  succeeded: 'success',
  failed: 'failed',
  cancelled: 'failed',
  expired: 'expired',
}
const refundWords: Readonly<Record<RefundStatus, (typeof words.refund)[number]>> = {
  pending: 'pending',
  succeeded: 'success',
  failed: 'failed',
}
const payoutWords: Readonly<Record<PayoutStatus, (typeof words.payout)[number]>> = {
  processing: 'processing',
  succeeded: 'success',
  failed: 'failed',
}

/** The word for a payment: refunds that were paid out turn a success into one of the two refunded words. */
export function paymentWord({ status, refundedMinor, amountMinor }: Payment): PaymentWord {
  if (status !== 'succeeded' || refundedMinor === 0n) return paymentWords[status]
  return refundedMinor >= amountMinor ? 'refunded' : 'partially_refunded'
}

/** The word for a refund. */
export function refundWord({ status }: Refund): (typeof words.refund)[number] {
  return refundWords[status]
}

/** The word for a payout. */
export function payoutWord({ status }: Payout): (typeof words.payout)[number] {
  return payoutWords[status]
}

/** What the words of a payment that succeeded say about its refunds: to the engine these are sums, not states. */
const refundsOf = { success: 'none', partially_refunded: 'partly', refunded: 'wholly' } as const

/** How far refunded the payments behind a word are; `undefined` where the word does not say. */
export function refundsBehind(word: PaymentWord | undefined): TransactionFilter['refunds'] {
  return word !== undefined && isOfSuccess(word) ? refundsOf[word] : undefined
}

function isOfSuccess(word: PaymentWord): word is keyof typeof refundsOf {
  return Object.hasOwn(refundsOf, word)
}

/** The engine's statuses behind a word, by type; a type that has no such word is left out. An absent word means all statuses. */
export function statusesBehind(
  word: PaymentWord | undefined,
  types: readonly TransactionType[],
): { [Type in TransactionType]?: readonly string[] } {
  const tables = { payment: paymentWords, refund: refundWords, payout: payoutWords }
  const statuses: { [Type in TransactionType]?: readonly string[] } = {}
  for (const type of types) {
    // The refunded words are payments' own: behind them stands the status of a success.
    const sought = type === 'payment' && word !== undefined && isOfSuccess(word) ? 'success' : word
    const behind = Object.entries(tables[type]).flatMap(([status, shown]) => (shown === sought ? [status] : []))
    if (word === undefined) statuses[type] = []
    else if (behind.length > 0) statuses[type] = behind
  }
  return statuses
}
