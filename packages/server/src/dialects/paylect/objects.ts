import * as z from 'zod'
import {
  type Attempt,
  attemptTransitions,
  type Balance,
  type Payment,
  type Payout,
  paymentMethods,
  paymentTransitions,
  payoutTransitions,
  type Refund,
  refundTransitions,
} from '../../engine/index.ts'
import { statesOf } from '../../kernel/transitions.ts'
import { amountShown, instantShown, sumShown } from './wire.ts'

/** What payments, refunds and payouts have in common. */
const sharedFields = {
  dialect: z.string(),
  amount: amountShown,
  currency: z.string(),
  reference: z.string().nullable(),
  notify_url: z.string().nullable(),
  metadata: z.record(z.string(), z.unknown()),
  failure_code: z.string().nullable(),
  failure_message: z.string().nullable(),
  livemode: z.boolean(),
  created_at: instantShown,
  updated_at: instantShown,
  finished_at: instantShown.nullable(),
}

function sharedOf(object: Payment | Refund | Payout) {
  return {
    dialect: object.dialect,
    amount: object.amountMinor,
    currency: object.currency,
    reference: 'reference' in object ? object.reference : object.referenceKey,
    notify_url: object.notifyUrl,
    metadata: { ...object.metadata },
    failure_code: object.failureCode,
    failure_message: object.failureMessage,
    livemode: object.mode === 'live',
    created_at: object.createdAt,
    updated_at: object.updatedAt,
    finished_at: object.finishedAt,
  }
}

/** A payment in the house form: the engine's own words. */
export const paymentObject = z
  .object({
    id: z.string(),
    object: z.literal('payment'),
    status: z.enum(statesOf(paymentTransitions)),
    ...sharedFields,
    amount_received: amountShown,
    amount_captured: amountShown,
    amount_in_suspense: amountShown,
    amount_refunded: amountShown,
    fee: amountShown,
    method: z.enum(paymentMethods),
    rail: z.string(),
    customer_id: z.string().nullable(),
    customer_reference: z.string().nullable(),
    description: z.string().nullable(),
    success_url: z.string().nullable(),
    failure_url: z.string().nullable(),
    attempts_made: z.int(),
    attempts_max: z.int(),
    expires_at: instantShown,
  })
  .meta({ id: 'Payment' })

/** The house form of a payment. */
export function paymentShown(payment: Payment): z.output<typeof paymentObject> {
  return {
    id: payment.id,
    object: 'payment',
    status: payment.status,
    ...sharedOf(payment),
    amount_received: payment.receivedMinor,
    amount_captured: payment.capturedMinor,
    amount_in_suspense: payment.suspenseMinor,
    amount_refunded: payment.refundedMinor,
    fee: payment.feeMinor,
    method: payment.method,
    rail: payment.rail,
    customer_id: payment.customerId,
    customer_reference: payment.customerReference,
    description: payment.description,
    success_url: payment.successUrl,
    failure_url: payment.failureUrl,
    attempts_made: payment.attemptsMade,
    attempts_max: payment.attemptsMax,
    expires_at: payment.expiresAt,
  }
}

/** One try to collect a payment on a rail. */
export const attemptObject = z
  .object({
    id: z.string(),
    object: z.literal('attempt'),
    payment_id: z.string(),
    status: z.enum(statesOf(attemptTransitions)),
    amount: amountShown,
    currency: z.string(),
    amount_received: amountShown,
    method: z.enum(paymentMethods),
    rail: z.string(),
    rail_reference: z.string().nullable(),
    failure_code: z.string().nullable(),
    message: z.string().nullable(),
    polls: z.int(),
    livemode: z.boolean(),
    created_at: instantShown,
    updated_at: instantShown,
  })
  .meta({ id: 'Attempt' })

/** The house form of an attempt to collect. `message` is the rail's, also while the outcome is unknown. */
export function attemptShown(attempt: Attempt): z.output<typeof attemptObject> {
  return {
    id: attempt.id,
    object: 'attempt',
    payment_id: attempt.subjectId,
    status: attempt.status,
    amount: attempt.amountMinor,
    currency: attempt.currency,
    amount_received: attempt.receivedMinor,
    method: attempt.method,
    rail: attempt.rail,
    rail_reference: attempt.railReference,
    failure_code: attempt.code,
    message: attempt.message,
    polls: attempt.polls,
    livemode: attempt.mode === 'live',
    created_at: attempt.createdAt,
    updated_at: attempt.updatedAt,
  }
}

/** A payment as creating answers with it: with the page where its payer pays. */
export const paymentWithUrl = paymentObject.extend({ checkout_url: z.string() }).meta({ id: 'PaymentWithUrl' })

/** A refund in the house form. */
export const refundObject = z
  .object({
    id: z.string(),
    object: z.literal('refund'),
    payment_id: z.string(),
    status: z.enum(statesOf(refundTransitions)),
    ...sharedFields,
    fee_returned: amountShown,
    reason: z.string().nullable(),
  })
  .meta({ id: 'Refund' })

/** The house form of a refund. */
export function refundShown(refund: Refund): z.output<typeof refundObject> {
  return {
    id: refund.id,
    object: 'refund',
    payment_id: refund.paymentId,
    status: refund.status,
    ...sharedOf(refund),
    fee_returned: refund.feeReturnedMinor,
    reason: refund.reason,
  }
}

/** A payout in the house form. */
export const payoutObject = z
  .object({
    id: z.string(),
    object: z.literal('payout'),
    status: z.enum(statesOf(payoutTransitions)),
    ...sharedFields,
    method: z.enum(paymentMethods),
    rail: z.string(),
    beneficiary: z.object({
      name: z.string(),
      account_number: z.string().nullable(),
      bank_code: z.string().nullable(),
      upi_id: z.string().nullable(),
    }),
    description: z.string().nullable(),
  })
  .meta({ id: 'Payout' })

/** The house form of a payout. */
export function payoutShown(payout: Payout): z.output<typeof payoutObject> {
  const { name, accountNumber, bankCode, upiId } = payout.beneficiary
  return {
    id: payout.id,
    object: 'payout',
    status: payout.status,
    ...sharedOf(payout),
    method: payout.method,
    rail: payout.rail,
    beneficiary: { name, account_number: accountNumber, bank_code: bankCode, upi_id: upiId },
    description: payout.description,
  }
}

/** What the merchant has, by currency. */
export const balanceObject = z
  .object({
    object: z.literal('balance'),
    livemode: z.boolean(),
    balances: z.array(z.object({ currency: z.string(), available: sumShown, pending: sumShown, reserved: sumShown })),
  })
  .meta({ id: 'Balance' })

/** The house form of all balances. */
export function balanceShown(balances: readonly Balance[], livemode: boolean): z.output<typeof balanceObject> {
  return {
    object: 'balance',
    livemode,
    balances: balances.map(({ currency, availableMinor, pendingMinor, reservedMinor }) => {
      return { currency, available: availableMinor, pending: pendingMinor, reserved: reservedMinor }
    }),
  }
}

/** A page of objects. `has_more` tells whether more follow in the direction of the page. */
export function listObject<Item extends z.ZodType>(item: Item) {
  return z.object({ object: z.literal('list'), data: z.array(item), has_more: z.boolean() })
}

/** What the sandbox's clock shows. */
export const clockObject = z.object({ now: instantShown }).meta({ id: 'Clock' })
