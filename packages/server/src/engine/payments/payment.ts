import type { Instant } from '../../kernel/clock.ts'
import { type Money, money } from '../../kernel/money.ts'
import type { Scope } from '../../kernel/scope.ts'
import { canReach, defineTransitions } from '../../kernel/transitions.ts'
import type { PaymentMethod } from '../../rails/rail.ts'
import { defineKind, type FactRef, factByKey, factByUnique, type RevisedRow } from '../commit/kind.ts'
import type { FeeTerms } from '../fees/fee-plan.ts'

/** Refunded amounts are sums beside the status, not states of their own. */
export type PaymentStatus =
  | 'created'
  | 'awaiting_payer'
  | 'processing'
  | 'succeeded'
  | 'failed'
  | 'cancelled'
  | 'expired'

/** What can happen to a payment. */
export type PaymentEvent = 'offer' | 'attempt' | 'retry' | 'settle' | 'fail' | 'cancel' | 'expire'

/** The life of a payment. */
export const paymentTransitions = defineTransitions<PaymentStatus, PaymentEvent>({
  name: 'payment',
  initial: 'created',
  moves: {
    created: { offer: 'awaiting_payer', cancel: 'cancelled', expire: 'expired' },
    awaiting_payer: { attempt: 'processing', cancel: 'cancelled', expire: 'expired' },
    // An open attempt keeps the payment here: it is never cancelled or expired while money may be on its way.
    processing: { settle: 'succeeded', retry: 'awaiting_payer', fail: 'failed' },
    succeeded: {},
    failed: {},
    cancelled: {},
    expired: {},
  },
})

/** A merchant's request to be paid a sum, over its whole life. Amounts are minor units of `currency`. */
export interface Payment extends RevisedRow {
  readonly id: string
  /** The merchant's object number; dialects derive their short ids from it. */
  readonly number: bigint
  /** The dialect through which it was made; its events speak that dialect. */
  readonly dialect: string
  readonly status: PaymentStatus
  readonly amountMinor: bigint
  readonly currency: string
  readonly method: PaymentMethod
  readonly rail: string
  /** The merchant's own name for it, for searching; not necessarily unique. */
  readonly reference: string | null
  /** The same where the dialect promises that a reference is used once. */
  readonly referenceKey: string | null
  readonly customerId: string | null
  readonly customerReference: string | null
  readonly description: string | null
  readonly successUrl: string | null
  readonly failureUrl: string | null
  /** Where this payment's events go instead of the merchant's standing endpoint. */
  readonly notifyUrl: string | null
  readonly metadata: Readonly<Record<string, unknown>>
  readonly feeTerms: FeeTerms
  /** Everything that rails have received for it: captured and suspense together. */
  readonly receivedMinor: bigint
  /** What the merchant was credited: zero until it succeeded, then the whole amount. */
  readonly capturedMinor: bigint
  /** Received, but not the merchant's: parts of an unfinished payment, too much, too late. */
  readonly suspenseMinor: bigint
  readonly feeMinor: bigint
  /** The sum of all refunds that were not refused: what may no longer be refunded. */
  readonly refundReservedMinor: bigint
  /** The sum of the refunds that a rail has paid. */
  readonly refundedMinor: bigint
  readonly feeReturnedMinor: bigint
  /** How many declined attempts end the payment. */
  readonly attemptsMax: number
  readonly attemptsMade: number
  readonly attemptId: string | null
  readonly failureCode: string | null
  readonly failureMessage: string | null
  readonly expiresAt: Instant
  /** When the expiry timer falls due; null while an attempt is open and after the end. */
  readonly dueAt: Instant | null
  readonly createdAt: Instant
  readonly updatedAt: Instant
  readonly finishedAt: Instant | null
}

/** Payments as a kind; its rules are the CHECKs of the migration. */
export const paymentKind = defineKind<Payment>({
  name: 'payment',
  table: 'payments',
  order: 60,
  columns: {
    merchantId: 'text',
    mode: 'text',
    id: 'text',
    number: 'bigint',
    dialect: 'text',
    status: 'text',
    amountMinor: 'bigint',
    currency: 'text',
    method: 'text',
    rail: 'text',
    reference: 'text',
    referenceKey: 'text',
    customerId: 'text',
    customerReference: 'text',
    description: 'text',
    successUrl: 'text',
    failureUrl: 'text',
    notifyUrl: 'text',
    metadata: 'json',
    feeTerms: 'json',
    receivedMinor: 'bigint',
    capturedMinor: 'bigint',
    suspenseMinor: 'bigint',
    feeMinor: 'bigint',
    refundReservedMinor: 'bigint',
    refundedMinor: 'bigint',
    feeReturnedMinor: 'bigint',
    attemptsMax: 'integer',
    attemptsMade: 'integer',
    attemptId: 'text',
    failureCode: 'text',
    failureMessage: 'text',
    expiresAt: 'instant',
    dueAt: 'instant',
    createdAt: 'instant',
    updatedAt: 'instant',
    finishedAt: 'instant',
    revision: 'integer',
  },
  primaryKey: ['merchantId', 'mode', 'id'],
  fixed: [
    'number',
    'dialect',
    'amountMinor',
    'currency',
    'method',
    'rail',
    'reference',
    'referenceKey',
    'customerId',
    'customerReference',
    'successUrl',
    'failureUrl',
    'notifyUrl',
    'metadata',
    'feeTerms',
    'attemptsMax',
    'createdAt',
  ],
  uniques: {
    number: ['merchantId', 'mode', 'number'],
    reference_key: ['merchantId', 'mode', 'referenceKey'],
  },
  rules: [
    { name: 'payments_captured_at_most_amount', holds: (p) => p.capturedMinor <= p.amountMinor },
    { name: 'payments_received_is_explained', holds: (p) => p.capturedMinor + p.suspenseMinor === p.receivedMinor },
    { name: 'payments_refunds_at_most_captured', holds: (p) => p.refundReservedMinor <= p.capturedMinor },
    { name: 'payments_refunded_was_reserved', holds: (p) => p.refundedMinor <= p.refundReservedMinor },
    { name: 'payments_fee_returned_at_most_fee', holds: (p) => p.feeReturnedMinor <= p.feeMinor },
    {
      name: 'payments_captured_when_succeeded',
      holds: (p) => (p.status === 'succeeded') === (p.capturedMinor === p.amountMinor),
    },
    { name: 'payments_attempts_at_most_max', holds: (p) => p.attemptsMade <= p.attemptsMax },
  ],
  canMove: canReach(paymentTransitions),
  dueProperty: 'dueAt',
})

/** Names a payment by its house id. */
export function paymentFact(scope: Scope, id: string): FactRef<Payment> {
  return factByKey(paymentKind, [scope.merchantId, scope.mode, id])
}

/** Names a payment by its object number. */
export function paymentByNumberFact(scope: Scope, number: bigint): FactRef<Payment> {
  return factByUnique(paymentKind, 'number', [scope.merchantId, scope.mode, number])
}

/** Names a payment by a reference that its dialect promised to use once. */
export function paymentByReferenceFact(scope: Scope, reference: string): FactRef<Payment> {
  return factByUnique(paymentKind, 'reference_key', [scope.merchantId, scope.mode, reference])
}

/** What the payer owes in all. */
export function paymentAmount(payment: Payment): Money {
  return money(payment.amountMinor, payment.currency)
}

/** What may still be refunded. */
export function refundable(payment: Payment): Money {
  return money(payment.capturedMinor - payment.refundReservedMinor, payment.currency)
}

/** What the payer still has to pay: the amount less what earlier parts have brought. */
export function outstanding(payment: Payment): Money {
  const open = payment.status === 'succeeded' ? 0n : payment.amountMinor - payment.suspenseMinor
  return money(open > 0n ? open : 0n, payment.currency)
}
