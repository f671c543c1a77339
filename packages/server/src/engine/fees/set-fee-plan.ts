import type { Scope } from '../../kernel/scope.ts'
import { merchantFact } from '../access/merchant.ts'
import { insert, update } from '../commit/changes.ts'
import { accept, defineCommand, refuse } from '../commit/command.ts'
import { currentFeePlanFact, type FeePlan, feePlanKind } from './fee-plan.ts'

/** New terms for a method. */
export interface SetFeePlan {
  readonly scope: Scope
  readonly method: string
  readonly basisPoints: number
  /** The fixed part by currency, in minor units. */
  readonly fixed: FeePlan['fixed']
  readonly refundPolicy: FeePlan['refundPolicy']
}

const basisPointsMax = 10_000

/**
 * Puts a new version of a merchant's fee plan into force. Payments that exist keep the terms they were made under; the
 * replaced version stays readable.
 */
export const setFeePlan = defineCommand({
  name: 'set_fee_plan',
  facts: (c: SetFeePlan) => ({ merchant: merchantFact(c.scope), current: currentFeePlanFact(c.scope, c.method) }),
  decide({ merchant, current }, c, ctx) {
    if (!merchant) return refuse('not_found', 'merchant_unknown', { message: 'There is no such merchant.' })
    const isWhole = Number.isInteger(c.basisPoints) && c.basisPoints >= 0 && c.basisPoints <= basisPointsMax
    if (!isWhole || Object.values(c.fixed).some((minor) => minor < 0n)) {
      return refuse('invalid_request', 'fee_plan_out_of_range', {
        field: isWhole ? 'fixed' : 'basis_points',
        message: `Basis points are whole and between 0 and ${basisPointsMax}; fixed parts are not negative.`,
      })
    }
    const plan: FeePlan = {
      ...ctx.scope,
      method: c.method,
      version: (current?.version ?? 0) + 1,
      current: 'current',
      basisPoints: c.basisPoints,
      fixed: c.fixed,
      refundPolicy: c.refundPolicy,
      createdAt: ctx.now,
      revision: 0,
    }
    const replaced = current ? [update(feePlanKind, { ...current, current: null })] : []
    return accept(plan, [...replaced, insert(feePlanKind, plan)])
  },
})
