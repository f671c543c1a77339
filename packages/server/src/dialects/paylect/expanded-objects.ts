import * as z from 'zod'
import type { Attempt } from '../../engine/index.ts'
import { customerObject } from './customer-object.ts'
import { attemptObject, attemptShown, paymentObject, payoutObject, refundObject } from './objects.ts'

/** A payment with what `expand` asked for. */
export const paymentExpanded = paymentObject
  .extend({
    attempts: z.array(attemptObject).optional(),
    checkout_url: z.string().optional(),
    refunds: z.array(refundObject).optional(),
    customer: customerObject.nullable().optional(),
  })
  .meta({ id: 'PaymentExpanded' })

/** A refund with what `expand` asked for. */
export const refundExpanded = refundObject.extend({ payment: paymentObject.optional() }).meta({ id: 'RefundExpanded' })

/** One try to send a payout. */
const payoutAttemptObject = attemptObject
  .omit({ payment_id: true })
  .extend({ payout_id: z.string() })
  .meta({ id: 'PayoutAttempt' })

/** A payout with what `expand` asked for. */
export const payoutExpanded = payoutObject
  .extend({ attempts: z.array(payoutAttemptObject).optional() })
  .meta({ id: 'PayoutExpanded' })

/** The house form of an attempt to send. */
export function payoutAttemptShown(attempt: Attempt): z.output<typeof payoutAttemptObject> {
  const { payment_id: payoutId, ...shown } = attemptShown(attempt)
  return { ...shown, payout_id: payoutId }
}
