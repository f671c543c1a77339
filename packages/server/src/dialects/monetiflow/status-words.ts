import type {
  Payment,
  PaymentStatus,
  Payout,
  PayoutStatus,
  Refund,
  RefundStatus,
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

/** The words that lists can be filtered by: those that are statuses of the engine. */
export const filterWords = ['pending', 'processing', 'success', 'failed', 'expired'] as const

/** Words that are sums, not states; the engine keeps no index of them. */
export const derivedWords = ['refunded', 'partially_refunded'] as const

/** A word that lists can be filtered by. */
export type FilterWord = (typeof filterWords)[number]

/** The engine's statuses behind a word, by type; a type that has no such word is left out. An absent word means all statuses. */
export function statusesBehind(
  word: FilterWord | undefined,
  types: readonly TransactionType[],
): { [Type in TransactionType]?: readonly string[] } {
  const tables = { payment: paymentWords, refund: refundWords, payout: payoutWords }
  const statuses: { [Type in TransactionType]?: readonly string[] } = {}
  for (const type of types) {
    const behind = Object.entries(tables[type]).flatMap(([status, shown]) => (shown === word ? [status] : []))
    if (word === undefined) statuses[type] = []
    else if (behind.length > 0) statuses[type] = behind
  }
  return statuses
}
