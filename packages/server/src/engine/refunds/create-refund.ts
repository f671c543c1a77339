import { type Money, money } from '../../kernel/money.ts'
import type { Scope } from '../../kernel/scope.ts'
import { type Account, spendableBalance } from '../../ledger/account.ts'
import type { RailInstruction } from '../../rails/rail.ts'
import { merchantFact, refusalOf } from '../access/merchant.ts'
import { newAttempt, recordAttempt } from '../attempts/attempt.ts'
import { insert, postUnlessZero, record, update } from '../commit/changes.ts'
import { accept, type DecisionContext, defineCommand, present, refuse } from '../commit/command.ts'
import { accountFact } from '../commit/ledger-kinds.ts'
import { feeReturnedWith } from '../fees/fee-plan.ts'
import { type Payment, paymentFact, paymentKind, refundable } from '../payments/payment.ts'
import { type Refund, refundAmount, refundByReferenceFact, refundKind } from './refund.ts'

/** A merchant wants to give money back. Without an amount, everything that is left. */
export interface CreateRefund {
  readonly scope: Scope
  readonly dialect: string
  readonly paymentId: string
  readonly amount?: Money | undefined
  readonly reason?: string | undefined
  readonly reference?: string | undefined
  readonly notifyUrl?: string | undefined
  readonly metadata: Readonly<Record<string, unknown>>
  readonly instruction: RailInstruction
}

/**
 * Reserves a refund and asks the rail to pay it. What may be refunded shrinks in the same decision, so that refunds of
 * one payment never exceed what was captured, however many ask at once.
 */
export const createRefund = defineCommand({
  name: 'create_refund',
  facts: (c: CreateRefund) => ({
    merchant: merchantFact(c.scope),
    payment: paymentFact(c.scope, c.paymentId),
    sameReference: c.reference ? refundByReferenceFact(c.scope, c.reference) : undefined,
  }),
  more: ({ payment }, c) => ({
    available: payment && accountFact(c.scope, 'available', payment.currency),
    fees: payment && accountFact(c.scope, 'fees', payment.currency),
    inFlight: payment && accountFact(c.scope, 'refunds_in_flight', payment.currency),
  }),
  decide(facts, c, ctx) {
    const { merchant, payment, sameReference } = facts
    if (!payment) return refuse('not_found', 'payment_not_found', { field: 'payment_id' })
    const refused = refusalOf(merchant) ?? refusalOfRefund(payment, c, sameReference)
    if (refused) return refused

    const amount = c.amount ?? refundable(payment)
    const feeReturned = feeShareOf(payment, amount)
    const available = present(facts.available, 'available')
    const fromMerchant = money(amount.minor - feeReturned.minor, amount.currency)
    if (spendableBalance(available) < fromMerchant.minor) return tooLow(available)

    const refund = newRefund(payment, amount, feeReturned, c, ctx)
    const reserved: Payment = {
      ...payment,
      refundReservedMinor: payment.refundReservedMinor + amount.minor,
      feeReturnedMinor: payment.feeReturnedMinor + feeReturned.minor,
      updatedAt: ctx.now,
    }
    const inFlight = present(facts.inFlight, 'refunds_in_flight')
    const fees = present(facts.fees, 'fees')
    const subject = { kind: 'refund', id: refund.id }
    return accept(refund, [
      insert(refundKind, refund),
      update(paymentKind, reserved),
      ...postUnlessZero(available, inFlight, fromMerchant, { reason: 'refund_reserved', subject }),
      ...postUnlessZero(fees, inFlight, feeReturned, { reason: 'refund_fee_returned', subject }),
      ...recordAttempt(attemptOf(refund, payment, c, ctx)),
      record('refund.created', refundKind, refund),
    ])
  },
})

/** The rules that a refund must pass, in the order in which they are told; a new one is one more refusal here. */
function refusalOfRefund(payment: Payment, c: CreateRefund, sameReference: Refund | undefined) {
  if (sameReference) {
    return refuse('conflict', 'reference_already_used', {
      field: 'reference',
      message: 'A refund with this reference exists already. Use a new reference for a new refund.',
    })
  }
  if (payment.status !== 'succeeded') {
    return refuse('invalid_state', 'payment_not_refundable', {
      field: 'payment_id',
      status: payment.status,
      message: `Only a paid payment can be refunded; this one is ${payment.status.replace('_', ' ')}.`,
    })
  }
  const left = refundable(payment)
  const amount = c.amount ?? left
  if (amount.currency !== payment.currency) {
    return refuse('invalid_request', 'currency_mismatch', {
      field: 'currency',
      message: `The payment is in ${payment.currency}; refund it in the same currency.`,
    })
  }
  if (amount.minor > left.minor || left.minor === 0n) {
    return refuse('limit_exceeded', 'refund_exceeds_payment', {
      field: 'amount',
      refundable: left,
      message: `At most ${left.minor} (in ${left.currency} minor units) of this payment can still be refunded.`,
    })
  }
  if (amount.minor <= 0n) {
    return refuse('invalid_request', 'amount_out_of_range', {
      field: 'amount',
      message: 'The amount must be above zero.',
    })
  }
  return undefined
}

function feeShareOf(payment: Payment, amount: Money): Money {
  return feeReturnedWith(payment.feeTerms, money(payment.feeMinor, payment.currency), amount, {
    captured: payment.capturedMinor,
    reserved: payment.refundReservedMinor,
    feeReturned: payment.feeReturnedMinor,
  })
}

function tooLow(available: Account) {
  return refuse('insufficient_funds', 'balance_insufficient', {
    available: money(spendableBalance(available), available.currency),
    message: 'The available balance is too low for this refund.',
  })
}

function newRefund(payment: Payment, amount: Money, feeReturned: Money, c: CreateRefund, ctx: DecisionContext): Refund {
  return {
    ...ctx.scope,
    id: ctx.newId('re'),
    number: ctx.nextNumber(),
    dialect: c.dialect,
    paymentId: payment.id,
    paymentNumber: payment.number,
    status: 'pending',
    amountMinor: amount.minor,
    currency: amount.currency,
    feeReturnedMinor: feeReturned.minor,
    reason: c.reason ?? null,
    referenceKey: c.reference ?? null,
    metadata: c.metadata,
    notifyUrl: c.notifyUrl ?? payment.notifyUrl,
    attemptId: ctx.newId('att'),
    failureCode: null,
    failureMessage: null,
    createdAt: ctx.now,
    updatedAt: ctx.now,
    finishedAt: null,
    revision: 0,
  }
}

function attemptOf(refund: Refund, payment: Payment, c: CreateRefund, ctx: DecisionContext) {
  return newAttempt(
    refund.attemptId,
    {
      subjectKind: 'refund',
      subjectId: refund.id,
      rail: payment.rail,
      operation: 'refund',
      method: payment.method,
      amount: refundAmount(refund),
      instruction: c.instruction,
    },
    ctx,
  )
}
