import type { Instant } from '../../kernel/clock.ts'
import { type Money, money } from '../../kernel/money.ts'
import type { Scope } from '../../kernel/scope.ts'
import { canReach, defineTransitions } from '../../kernel/transitions.ts'
import { defineKind, type FactRef, factByKey, factByUnique, type RevisedRow } from '../commit/kind.ts'

/** `pending` until the rail has said yes or no for good; an unknown outcome keeps it pending. */
export type RefundStatus = 'pending' | 'succeeded' | 'failed'

/** What can happen to a refund. */
export type RefundEvent = 'settle' | 'fail'

/** The life of a refund. */
export const refundTransitions = defineTransitions<RefundStatus, RefundEvent>({
  name: 'refund',
  initial: 'pending',
  moves: { pending: { settle: 'succeeded', fail: 'failed' }, succeeded: {}, failed: {} },
})

/** Money on its way back to the payer; a payment may have many. Amounts are minor units of `currency`. */
export interface Refund extends RevisedRow {
  readonly id: string
  readonly number: bigint
  readonly dialect: string
  readonly paymentId: string
  /** The payment's object number, from which dialects derive the id they show. */
  readonly paymentNumber: bigint
  readonly status: RefundStatus
  readonly amountMinor: bigint
  readonly currency: string
  /** The part of `amountMinor` that came out of our fee rather than the merchant's balance. */
  readonly feeReturnedMinor: bigint
  readonly reason: string | null
  readonly referenceKey: string | null
  readonly metadata: Readonly<Record<string, unknown>>
  readonly notifyUrl: string | null
  readonly attemptId: string
  readonly failureCode: string | null
  readonly failureMessage: string | null
  readonly createdAt: Instant
  readonly updatedAt: Instant
  readonly finishedAt: Instant | null
}

/** Refunds as a kind. */
export const refundKind = defineKind<Refund>({
  name: 'refund',
  table: 'refunds',
  order: 65,
  columns: {
    merchantId: 'text',
    mode: 'text',
    id: 'text',
    number: 'bigint',
    dialect: 'text',
    paymentId: 'text',
    paymentNumber: 'bigint',
    status: 'text',
    amountMinor: 'bigint',
    currency: 'text',
    feeReturnedMinor: 'bigint',
    reason: 'text',
    referenceKey: 'text',
    metadata: 'json',
    notifyUrl: 'text',
    attemptId: 'text',
    failureCode: 'text',
    failureMessage: 'text',
    createdAt: 'instant',
    updatedAt: 'instant',
    finishedAt: 'instant',
    revision: 'integer',
  },
  primaryKey: ['merchantId', 'mode', 'id'],
  fixed: [
    'number',
    'dialect',
    'paymentId',
    'paymentNumber',
    'amountMinor',
    'currency',
    'feeReturnedMinor',
    'reason',
    'referenceKey',
    'metadata',
    'notifyUrl',
    'createdAt',
  ],
  uniques: {
    number: ['merchantId', 'mode', 'number'],
    reference_key: ['merchantId', 'mode', 'referenceKey'],
  },
  canMove: canReach(refundTransitions),
})

/** Names a refund by its house id. */
export function refundFact(scope: Scope, id: string): FactRef<Refund> {
  return factByKey(refundKind, [scope.merchantId, scope.mode, id])
}

/** Names a refund by its object number. */
export function refundByNumberFact(scope: Scope, number: bigint): FactRef<Refund> {
  return factByUnique(refundKind, 'number', [scope.merchantId, scope.mode, number])
}

/** Names a refund by a reference that is used once. */
export function refundByReferenceFact(scope: Scope, reference: string): FactRef<Refund> {
  return factByUnique(refundKind, 'reference_key', [scope.merchantId, scope.mode, reference])
}

/** What the payer gets back. */
export function refundAmount(refund: Refund): Money {
  return money(refund.amountMinor, refund.currency)
}
