import * as z from 'zod'
import { type Payment, paymentMethods, paymentTransitions } from '../../engine/index.ts'
import { statesOf } from '../../kernel/transitions.ts'
import { amountShown, instantShown } from './wire.ts'

/** A payment in the house form: the engine's own words. */
export const paymentObject = z.object({
  id: z.string(),
  object: z.literal('payment'),
  dialect: z.string(),
  status: z.enum(statesOf(paymentTransitions)),
  amount: amountShown,
  currency: z.string(),
  amount_received: amountShown,
  amount_captured: amountShown,
  amount_in_suspense: amountShown,
  amount_refunded: amountShown,
  fee: amountShown,
  method: z.enum(paymentMethods),
  rail: z.string(),
  reference: z.string().nullable(),
  customer_reference: z.string().nullable(),
  description: z.string().nullable(),
  success_url: z.string().nullable(),
  failure_url: z.string().nullable(),
  notify_url: z.string().nullable(),
  metadata: z.record(z.string(), z.unknown()),
  attempts_made: z.int(),
  attempts_max: z.int(),
  failure_code: z.string().nullable(),
  failure_message: z.string().nullable(),
  livemode: z.boolean(),
  expires_at: instantShown,
  created_at: instantShown,
  updated_at: instantShown,
  finished_at: instantShown.nullable(),
})

/** The house form of a payment. */
export function paymentShown(payment: Payment): z.output<typeof paymentObject> {
  return {
    id: payment.id,
    object: 'payment',
    dialect: payment.dialect,
    status: payment.status,
    amount: payment.amountMinor,
    currency: payment.currency,
    amount_received: payment.receivedMinor,
    amount_captured: payment.capturedMinor,
    amount_in_suspense: payment.suspenseMinor,
    amount_refunded: payment.refundedMinor,
    fee: payment.feeMinor,
    method: payment.method,
    rail: payment.rail,
    reference: payment.reference,
    customer_reference: payment.customerReference,
    description: payment.description,
    success_url: payment.successUrl,
    failure_url: payment.failureUrl,
    notify_url: payment.notifyUrl,
    metadata: { ...payment.metadata },
    attempts_made: payment.attemptsMade,
    attempts_max: payment.attemptsMax,
    failure_code: payment.failureCode,
    failure_message: payment.failureMessage,
    livemode: payment.mode === 'live',
    expires_at: payment.expiresAt,
    created_at: payment.createdAt,
    updated_at: payment.updatedAt,
    finished_at: payment.finishedAt,
  }
}

/** What the sandbox's clock shows. */
export const clockObject = z.object({ now: instantShown })
