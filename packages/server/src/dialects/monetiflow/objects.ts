import * as z from 'zod'
import type { Balance, Payment, Payout, Refund, Transaction } from '../../engine/index.ts'
import { idOf } from './ids.ts'
import { paymentWord, payoutWord, refundWord, words } from './status-words.ts'
import { amountShown, instantShown, sumShown } from './wire.ts'

const metadataShown = z.record(z.string(), z.unknown())
const failureShown = { failure_code: z.string().nullable(), failure_message: z.string().nullable() }
const stampsShown = { livemode: z.boolean(), created_at: instantShown, updated_at: instantShown }

/** A payment as webhooks tell of it. */
export const paymentObject = z
  .object({
    id: z.string(),
    object: z.literal('payment'),
    amount: amountShown,
    currency: z.string(),
    status: z.enum(words.payment),
    customer_id: z.string().nullable(),
    payment_method: z.string(),
    success_url: z.string().nullable(),
    callback_url: z.string().nullable(),
    metadata: metadataShown,
    ...failureShown,
    amount_refunded: amountShown,
    fee: amountShown,
    expires_at: instantShown,
    ...stampsShown,
  })
  .meta({ id: 'Payment' })

/** A payment as the API answers with it: the same, and where its payer goes to pay. */
export const paymentWithUrl = paymentObject.extend({ payment_url: z.string() }).meta({ id: 'PaymentWithUrl' })

/** A refund. */
export const refundObject = z
  .object({
    id: z.string(),
    object: z.literal('refund'),
    payment_id: z.string(),
    amount: amountShown,
    currency: z.string(),
    status: z.enum(words.refund),
    reason: z.string().nullable(),
    callback_url: z.string().nullable(),
    metadata: metadataShown,
    ...failureShown,
    ...stampsShown,
  })
  .meta({ id: 'Refund' })

/** A payout. */
export const payoutObject = z
  .object({
    id: z.string(),
    object: z.literal('payout'),
    amount: amountShown,
    currency: z.string(),
    status: z.enum(words.payout),
    beneficiary: z.object({
      name: z.string(),
      account_number: z.string().nullable(),
      ifsc: z.string().nullable(),
      upi_id: z.string().nullable(),
    }),
    reference: z.string().nullable(),
    callback_url: z.string().nullable(),
    metadata: metadataShown,
    ...failureShown,
    ...stampsShown,
  })
  .meta({ id: 'Payout' })

/** One line of the list of everything that moved money. */
export const transactionObject = z
  .object({
    id: z.string(),
    object: z.literal('transaction'),
    type: z.enum(['payment', 'refund', 'payout']),
    source: z.string(),
    amount: amountShown,
    currency: z.string(),
    status: z.enum([...new Set([...words.payment, ...words.refund, ...words.payout])]),
    fee: amountShown.nullable(),
    ...stampsShown,
  })
  .meta({ id: 'Transaction' })

const sumsShown = z.array(z.object({ amount: sumShown, currency: z.string() }))

/** What the merchant has, by currency. */
export const balanceObject = z
  .object({
    object: z.literal('balance'),
    available: sumsShown,
    pending: sumsShown,
    reserved: sumsShown,
    livemode: z.boolean(),
  })
  .meta({ id: 'Balance' })

/** A page of objects. `total` counts what the filters hold in all, up to 10,000. */
export function listObject<Item extends z.ZodType>(item: Item) {
  return z.object({ object: z.literal('list'), data: z.array(item), has_more: z.boolean(), total: z.int() })
}

function stampsOf({ mode, createdAt, updatedAt }: Payment | Refund | Payout) {
  return { livemode: mode === 'live', created_at: createdAt, updated_at: updatedAt }
}

/** The document's form of a payment. */
export function paymentShown(payment: Payment): z.output<typeof paymentObject> {
  return {
    id: idOf('payment', payment, payment.number),
    object: 'payment',
    amount: payment.amountMinor,
    currency: payment.currency,
    status: paymentWord(payment),
    customer_id: payment.customerReference,
    payment_method: payment.method,
    success_url: payment.successUrl,
    callback_url: payment.notifyUrl,
    metadata: { ...payment.metadata },
    ...failureOf(payment),
    amount_refunded: payment.refundedMinor,
    fee: payment.feeMinor,
    expires_at: payment.expiresAt,
    ...stampsOf(payment),
  }
}

/** An end without a decline has no code of a rail; its own word stands in for it. */
function failureOf({ status, failureCode, failureMessage }: Payment) {
  if (status === 'expired') return { failure_code: 'expired', failure_message: 'The payer did not pay in time.' }
  if (status === 'cancelled') return { failure_code: 'cancelled', failure_message: 'The payment was cancelled.' }
  return { failure_code: failureCode, failure_message: failureMessage }
}

/** The document's style for a refund. */
export function refundShown(refund: Refund): z.output<typeof refundObject> {
  return {
    id: idOf('refund', refund, refund.number),
    object: 'refund',
    payment_id: idOf('payment', refund, refund.paymentNumber),
    amount: refund.amountMinor,
    currency: refund.currency,
    status: refundWord(refund),
    reason: refund.reason,
    callback_url: refund.notifyUrl,
    metadata: { ...refund.metadata },
    failure_code: refund.failureCode,
    failure_message: refund.failureMessage,
    ...stampsOf(refund),
  }
}

/** The document's style for a payout. */
export function payoutShown(payout: Payout): z.output<typeof payoutObject> {
  const { name, accountNumber, bankCode, upiId } = payout.beneficiary
  return {
    id: idOf('payout', payout, payout.number),
    object: 'payout',
    amount: payout.amountMinor,
    currency: payout.currency,
    status: payoutWord(payout),
    beneficiary: { name, account_number: accountNumber, ifsc: bankCode, upi_id: upiId },
    reference: payout.reference,
    callback_url: payout.notifyUrl,
    metadata: { ...payout.metadata },
    failure_code: payout.failureCode,
    failure_message: payout.failureMessage,
    ...stampsOf(payout),
  }
}

/** One line of the list. A payment's fee is what we charged; a refund's is negative: what of it we gave back. */
export function transactionShown(transaction: Transaction): z.output<typeof transactionObject> {
  const { type, object } = transaction
  return {
    id: idOf('transaction', object, object.number),
    object: 'transaction',
    type,
    source: idOf(type, object, object.number),
    amount: object.amountMinor,
    currency: object.currency,
    ...statusAndFeeOf(transaction),
    ...stampsOf(object),
  }
}

function statusAndFeeOf({ type, object }: Transaction): Pick<z.output<typeof transactionObject>, 'status' | 'fee'> {
  switch (type) {
    case 'payment':
      return { status: paymentWord(object), fee: object.status === 'succeeded' ? object.feeMinor : null }
    case 'refund':
      return { status: refundWord(object), fee: -object.feeReturnedMinor }
    case 'payout':
      return { status: payoutWord(object), fee: null }
  }
}

/** The balances of all currencies, sorted into what may be used, what waits and what payouts hold. */
export function balanceShown(balances: readonly Balance[], livemode: boolean): z.output<typeof balanceObject> {
  const listed = (minorOf: (balance: Balance) => bigint) =>
    balances.map((balance) => ({ amount: minorOf(balance), currency: balance.currency }))
  return {
    object: 'balance',
    available: listed((balance) => balance.availableMinor),
    pending: listed((balance) => balance.pendingMinor),
    reserved: listed((balance) => balance.reservedMinor),
    livemode,
  }
}
