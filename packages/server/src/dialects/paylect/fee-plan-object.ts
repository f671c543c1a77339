import * as z from 'zod'
import type { FeePlan } from '../../engine/index.ts'
import { amountShown, instantShown } from './wire.ts'

/** A version of what a merchant pays for a method. `fixed` holds minor units by currency. */
export const feePlanObject = z
  .object({
    id: z.string(),
    object: z.literal('fee_plan'),
    method: z.string(),
    version: z.int(),
    in_force: z.boolean(),
    basis_points: z.int(),
    fixed: z.record(z.string(), amountShown),
    refund_policy: z.enum(['returned', 'kept']),
    livemode: z.boolean(),
    created_at: instantShown,
  })
  .meta({ id: 'FeePlan' })

/** The house form of a fee plan; its id is `upi:3`, the method and the version. */
export function feePlanShown(plan: FeePlan): z.output<typeof feePlanObject> {
  return {
    id: `${plan.method}:${plan.version}`,
    object: 'fee_plan',
    method: plan.method,
    version: plan.version,
    in_force: plan.current !== null,
    basis_points: plan.basisPoints,
    fixed: { ...plan.fixed },
    refund_policy: plan.refundPolicy,
    livemode: plan.mode === 'live',
    created_at: plan.createdAt,
  }
}
