import type { Instant } from '../../kernel/clock.ts'
import { type Money, money } from '../../kernel/money.ts'
import type { Scope } from '../../kernel/scope.ts'
import { canReach, defineTransitions } from '../../kernel/transitions.ts'
import type { Beneficiary, PaymentMethod } from '../../rails/rail.ts'
import { defineKind, type FactRef, factByKey, factByUnique, type RevisedRow } from '../commit/kind.ts'

/** `processing` until the rail has said yes or no for good; an unknown outcome keeps it processing. */
export type PayoutStatus = 'processing' | 'succeeded' | 'failed'

/** What can happen to a payout. */
export type PayoutEvent = 'settle' | 'fail'

/** The life of a payout. */
export const payoutTransitions = defineTransitions<PayoutStatus, PayoutEvent>({
  name: 'payout',
  initial: 'processing',
  moves: { processing: { settle: 'succeeded', fail: 'failed' }, succeeded: {}, failed: {} },
})

/** Money out to a beneficiary. Amounts are minor units of `currency`. */
export interface Payout extends RevisedRow {
  readonly id: string
  readonly number: bigint
  readonly dialect: string
  readonly status: PayoutStatus
  readonly amountMinor: bigint
  readonly currency: string
  readonly method: PaymentMethod
  readonly rail: string
  readonly beneficiary: Beneficiary
  readonly reference: string | null
  readonly referenceKey: string | null
  readonly description: string | null
  readonly metadata: Readonly<Record<string, unknown>>
  readonly notifyUrl: string | null
  readonly attemptId: string
  readonly failureCode: string | null
  readonly failureMessage: string | null
  readonly createdAt: Instant
  readonly updatedAt: Instant
  readonly finishedAt: Instant | null
}

/** Payouts as a kind. */
export const payoutKind = defineKind<Payout>({
  name: 'payout',
  table: 'payouts',
  order: 66,
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
    beneficiary: 'json',
    reference: 'text',
    referenceKey: 'text',
    description: 'text',
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
    'amountMinor',
    'currency',
    'method',
    'rail',
    'beneficiary',
    'reference',
    'referenceKey',
    'metadata',
    'notifyUrl',
    'createdAt',
  ],
  uniques: {
    number: ['merchantId', 'mode', 'number'],
    reference_key: ['merchantId', 'mode', 'referenceKey'],
  },
  canMove: canReach(payoutTransitions),
})

/** Names a payout by its house id. */
export function payoutFact(scope: Scope, id: string): FactRef<Payout> {
  return factByKey(payoutKind, [scope.merchantId, scope.mode, id])
}

/** Names a payout by its object number. */
export function payoutByNumberFact(scope: Scope, number: bigint): FactRef<Payout> {
  return factByUnique(payoutKind, 'number', [scope.merchantId, scope.mode, number])
}

/** Names a payout by a reference that is used once. */
export function payoutByReferenceFact(scope: Scope, reference: string): FactRef<Payout> {
  return factByUnique(payoutKind, 'reference_key', [scope.merchantId, scope.mode, reference])
}

/** What the beneficiary gets. */
export function payoutAmount(payout: Payout): Money {
  return money(payout.amountMinor, payout.currency)
}
