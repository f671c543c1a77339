import * as z from 'zod'
import { type PaymentExplanation, paymentTransitions } from '../../engine/index.ts'
import { statesOf } from '../../kernel/transitions.ts'
import { amountShown, instantShown } from './wire.ts'

/** Why a payment is as it is. Every part has a plain sentence beside its figures. */
export const explanationObject = z
  .object({
    object: z.literal('payment_explanation'),
    payment_id: z.string(),
    currency: z.string(),
    state: z.object({ status: z.enum(statesOf(paymentTransitions)), since: instantShown, why: z.string() }),
    timeline: z.array(z.object({ at: instantShown, what: z.string(), by: z.string() })),
    fee: z.object({
      amount: amountShown,
      plan_version: z.int(),
      basis_points: z.int(),
      fixed: amountShown,
      sentence: z.string(),
    }),
    decline: z
      .object({
        code: z.string(),
        message: z.string().nullable(),
        meaning: z.string(),
        retryable: z.boolean(),
        what_to_do: z.string(),
      })
      .nullable(),
    money: z.object({
      lines: z.array(
        z.object({
          number: amountShown,
          at: instantShown,
          from: z.string(),
          to: z.string(),
          amount: amountShown,
          why: z.string(),
        }),
      ),
      sentence: z.string(),
    }),
    refunds: z.object({
      count: z.int(),
      amount_paid: amountShown,
      amount_pending: amountShown,
      amount_failed: amountShown,
      amount_refundable: amountShown,
      sentence: z.string(),
    }),
    next: z.array(z.object({ at: instantShown.nullable(), what: z.string() })),
  })
  .meta({ id: 'PaymentExplanation' })

/** The house form of an explanation. */
export function explanationShown(explanation: PaymentExplanation): z.output<typeof explanationObject> {
  const { payment, state, timeline, fee, decline, money, refunds, next } = explanation
  return {
    object: 'payment_explanation',
    payment_id: payment.id,
    currency: payment.currency,
    state: { ...state },
    timeline: timeline.map((entry) => ({ ...entry })),
    fee: {
      amount: fee.amountMinor,
      plan_version: fee.planVersion,
      basis_points: fee.basisPoints,
      fixed: fee.fixedMinor,
      sentence: fee.sentence,
    },
    decline: decline && {
      code: decline.code,
      message: decline.message,
      meaning: decline.meaning,
      retryable: decline.retryable,
      what_to_do: decline.whatToDo,
    },
    money: {
      lines: money.lines.map(({ number, at, from, to, amountMinor, why }) => {
        return { number, at, from, to, amount: amountMinor, why }
      }),
      sentence: money.sentence,
    },
    refunds: {
      count: refunds.count,
      amount_paid: refunds.paidMinor,
      amount_pending: refunds.pendingMinor,
      amount_failed: refunds.failedMinor,
      amount_refundable: refunds.refundableMinor,
      sentence: refunds.sentence,
    },
    next: next.map((step) => ({ ...step })),
  }
}
