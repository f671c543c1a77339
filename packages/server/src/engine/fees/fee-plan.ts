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

/**
 * The part of the fee that goes back with a refund that brings the refunded sum to `refundedAfter`. It is the difference
 * of cumulated shares, so that refunding everything in any number of steps returns exactly the whole fee.
 */
export function feeReturnedWith(
  terms: FeeTerms,
  fee: Money,
  returnedBefore: bigint,
  refundedAfter: bigint,
  captured: bigint,
): Money {
  if (terms.refundPolicy === 'kept') return money(0n, fee.currency)
  const returnedAfter = proportionOf(fee, refundedAfter, captured, 'half_up')
  return money(returnedAfter.minor - returnedBefore, fee.currency)
}
