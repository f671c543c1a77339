import type { Instant } from '../../kernel/clock.ts'
import { basisPointsOf, type Money, minimum, money, proportionOf } from '../../kernel/money.ts'
import type { Scope } from '../../kernel/scope.ts'
import { defineKind, type FactRef, factByUnique, type RevisedRow } from '../commit/kind.ts'

/** What happens to our fee when a payment is refunded: given back in proportion, or kept. */
export type FeeRefundPolicy = 'returned' | 'kept'

/** A version of what a merchant pays for a method. Versions are never edited; a payment keeps the terms it was made under. */
export interface FeePlan extends RevisedRow {
  readonly method: string
  readonly version: number
  /** `current` for the version in force, `null` for the ones it replaced. */
  readonly current: 'current' | null
  readonly basisPoints: number
  /** The fixed part by currency, in minor units. */
  readonly fixed: Readonly<Record<string, bigint>>
  readonly refundPolicy: FeeRefundPolicy
  readonly createdAt: Instant
}

/** The terms that a payment was made under: the plan's version and what it says for the payment's currency. */
export interface FeeTerms {
  readonly planVersion: number
  readonly basisPoints: number
  readonly fixedMinor: bigint
  readonly refundPolicy: FeeRefundPolicy
}

/** Fee plans as a kind. */
export const feePlanKind = defineKind<FeePlan>({
  name: 'fee_plan',
  table: 'fee_plans',
  order: 40,
  columns: {
    merchantId: 'text',
    mode: 'text',
    method: 'text',
    version: 'integer',
    current: 'text',
    basisPoints: 'integer',
    fixed: 'json',
    refundPolicy: 'text',
    createdAt: 'instant',
    revision: 'integer',
  },
  primaryKey: ['merchantId', 'mode', 'method', 'version'],
  uniques: { current: ['merchantId', 'mode', 'method', 'current'] },
})

/** Names the plan in force for a method. */
export function currentFeePlanFact(scope: Scope, method: string): FactRef<FeePlan> {
  return factByUnique(feePlanKind, 'current', [scope.merchantId, scope.mode, method, 'current'])
}

/** The terms of a plan for one currency; no plan means no fee (version 0). */
export function feeTermsOf(plan: FeePlan | undefined, currency: string): FeeTerms {
  if (!plan) return { planVersion: 0, basisPoints: 0, fixedMinor: 0n, refundPolicy: 'kept' }
  const { version: planVersion, basisPoints, refundPolicy } = plan
  return { planVersion, basisPoints, fixedMinor: plan.fixed[currency] ?? 0n, refundPolicy }
}

/** Our fee for a captured amount: basis points rounded half up, plus the fixed part, never more than the amount. */
export function feeOf(captured: Money, terms: FeeTerms): Money {
  const share = basisPointsOf(captured, terms.basisPoints, 'half_up')
  return minimum(captured, money(share.minor + terms.fixedMinor, captured.currency))
}

/** A payment's refunds so far: what is reserved or paid back of `captured`, and how much of the fee went with it. */
export interface RefundedSoFar {
  readonly captured: bigint
  readonly reserved: bigint
  readonly feeReturned: bigint
}

/**
 * The part of the fee that goes back with a refund of `amount`: what the cumulated share of the fee grows by, so that
 * refunding everything in any number of steps returns exactly the whole fee. Refunds that failed meanwhile can leave
 * earlier shares above or below that line; the bounds keep every share within what the refund itself can bear, and what
 * is left of the fee within what is left to refund, so the last refund always comes out even.
 */
export function feeReturnedWith(terms: FeeTerms, fee: Money, amount: Money, soFar: RefundedSoFar): Money {
  if (terms.refundPolicy === 'kept') return money(0n, fee.currency)
  const { captured, reserved, feeReturned } = soFar
  const cumulated = proportionOf(fee, reserved + amount.minor, captured, 'half_up')
  const feeLeft = fee.minor - feeReturned
  const leftAfterwards = captured - reserved - amount.minor
  const least = larger(0n, feeLeft - leftAfterwards)
  const most = smaller(amount.minor, feeLeft)
  return money(smaller(most, larger(least, cumulated.minor - feeReturned)), fee.currency)
}

function larger(left: bigint, right: bigint): bigint {
  return left > right ? left : right
}

function smaller(left: bigint, right: bigint): bigint {
  return left < right ? left : right
}
