import { type Money, minorMax } from '../../kernel/money.ts'
import type { Scope } from '../../kernel/scope.ts'
import type { PaymentMethod } from '../../rails/rail.ts'
import { merchantFact, refusalOf } from '../access/merchant.ts'
import { insert, record } from '../commit/changes.ts'
import { accept, type DecisionContext, defineCommand, refuse } from '../commit/command.ts'
import { type CustomerDetails, customerByReferenceFact, customerKind, newCustomer } from '../customers/customer.ts'
import { currentFeePlanFact, type FeeTerms, feeTermsOf } from '../fees/fee-plan.ts'
import { type Payment, paymentByReferenceFact, paymentKind } from './payment.ts'

/** What a merchant asks for. */
export interface CreatePayment {
  readonly scope: Scope
  readonly dialect: string
  readonly amount: Money
  readonly method: PaymentMethod
  /** The rail that will collect, chosen by the registry. */
  readonly rail: string
  readonly reference?: string | undefined
  /** Whether the dialect promises that a reference is used once. */
  readonly referenceUnique?: boolean | undefined
  readonly customer?: CustomerDetails | undefined
  readonly description?: string | undefined
  readonly successUrl?: string | undefined
  readonly failureUrl?: string | undefined
  readonly notifyUrl?: string | undefined
  readonly metadata: Readonly<Record<string, unknown>>
  /** How long the payer may take, in milliseconds. */
  readonly expiresAfterMs: number
  /** How many declined attempts end the payment. */
  readonly attemptsMax: number
}

/** Opens a payment and offers it to the payer. Refuses a suspended merchant, a bad amount and a reference used before. */
export const createPayment = defineCommand({
  name: 'create_payment',
  facts: (c: CreatePayment) => ({
    merchant: merchantFact(c.scope),
    feePlan: currentFeePlanFact(c.scope, c.method),
    customer: c.customer && customerByReferenceFact(c.scope, c.customer.reference),
    sameReference: c.referenceUnique && c.reference ? paymentByReferenceFact(c.scope, c.reference) : undefined,
  }),
  decide({ merchant, feePlan, customer, sameReference }, c, ctx) {
    const refused = refusalOf(merchant)
    if (refused) return refused
    if (c.amount.minor <= 0n || c.amount.minor > minorMax) {
      return refuse('invalid_request', 'amount_out_of_range', {
        field: 'amount',
        message: `The amount must be between 1 and ${minorMax} minor units.`,
      })
    }
    if (sameReference) {
      return refuse('conflict', 'reference_already_used', {
        field: 'reference',
        message: 'A payment with this reference exists already. Use a new reference for a new payment.',
      })
    }
    const added = c.customer && !customer ? newCustomer(c.customer, ctx) : undefined
    const payment = newPayment(c, feeTermsOf(feePlan, c.amount.currency), (customer ?? added)?.id ?? null, ctx)
    return accept(payment, [
      ...(added ? [insert(customerKind, added)] : []),
      insert(paymentKind, payment),
      record('payment.created', paymentKind, payment),
    ])
  },
})

function newPayment(c: CreatePayment, feeTerms: FeeTerms, customerId: string | null, ctx: DecisionContext): Payment {
  const expiresAt = ctx.now + c.expiresAfterMs
  return {
    ...ctx.scope,
    id: ctx.newId('pay'),
    number: ctx.nextNumber(),
    dialect: c.dialect,
    status: 'awaiting_payer',
    amountMinor: c.amount.minor,
    currency: c.amount.currency,
    method: c.method,
    rail: c.rail,
    reference: c.reference ?? null,
    referenceKey: c.referenceUnique ? (c.reference ?? null) : null,
    customerId,
    customerReference: c.customer?.reference ?? null,
    description: c.description ?? null,
    successUrl: c.successUrl ?? null,
    failureUrl: c.failureUrl ?? null,
    notifyUrl: c.notifyUrl ?? null,
    metadata: c.metadata,
    feeTerms,
    receivedMinor: 0n,
    capturedMinor: 0n,
    suspenseMinor: 0n,
    feeMinor: 0n,
    refundReservedMinor: 0n,
    refundedMinor: 0n,
    feeReturnedMinor: 0n,
    attemptsMax: c.attemptsMax,
    attemptsMade: 0,
    attemptId: null,
    failureCode: null,
    failureMessage: null,
    expiresAt,
    dueAt: expiresAt,
    createdAt: ctx.now,
    updatedAt: ctx.now,
    finishedAt: null,
    revision: 0,
  }
}
