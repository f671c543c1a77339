import type { Instant } from '../../kernel/clock.ts'
import { type Money, money } from '../../kernel/money.ts'
import { nextState } from '../../kernel/transitions.ts'
import type { Account } from '../../ledger/account.ts'
import { clearingCode } from '../../ledger/chart.ts'
import type { TransferReason } from '../../ledger/transfer.ts'
import { attemptAfter, attemptFact, attemptKind, isSettled, type RailAnswer } from '../attempts/attempt.ts'
import { type Change, postUnlessZero, record, update } from '../commit/changes.ts'
import { accept, defineCommand, present } from '../commit/command.ts'
import { accountFact } from '../commit/ledger-kinds.ts'
import { type Payment, paymentFact, paymentKind } from '../payments/payment.ts'
import { type Refund, refundAmount, refundFact, refundKind, refundTransitions } from './refund.ts'

/** A rail has said what became of a refund. */
export interface SettleRefund extends RailAnswer {
  readonly refundId: string
  readonly paymentId: string
}

/** Records the outcome of a refund: paid out of what was in flight, or given back to the balance it came from. */
export const settleRefund = defineCommand({
  name: 'settle_refund',
  facts: (c: SettleRefund) => ({
    refund: refundFact(c.scope, c.refundId),
    payment: paymentFact(c.scope, c.paymentId),
    attempt: attemptFact(c.scope, c.attemptId),
  }),
  more: ({ payment }, c) => ({
    clearing: payment && accountFact(c.scope, clearingCode(payment.rail), payment.currency),
    available: payment && accountFact(c.scope, 'available', payment.currency),
    fees: payment && accountFact(c.scope, 'fees', payment.currency),
    inFlight: payment && accountFact(c.scope, 'refunds_in_flight', payment.currency),
  }),
  decide(facts, c, ctx) {
    const refund = present(facts.refund, 'refund')
    const payment = present(facts.payment, 'payment')
    const attempt = present(facts.attempt, 'attempt')
    const settled = attemptAfter(attempt, c, ctx.now)
    if (!settled) return accept(refund, [])
    if (!isSettled(settled)) {
      return accept(refund, [update(attemptKind, settled)])
    }
    const inFlight = present(facts.inFlight, 'refunds_in_flight')
    const status = nextState(refundTransitions, refund.status, settled.status === 'succeeded' ? 'settle' : 'fail')
    const ended: Refund = {
      ...refund,
      status: status ?? refund.status,
      failureCode: settled.code,
      failureMessage: settled.message,
      updatedAt: ctx.now,
      finishedAt: ctx.now,
    }
    const moves =
      settled.status === 'succeeded'
        ? paid(refund, inFlight, present(facts.clearing, 'clearing'))
        : returned(refund, inFlight, present(facts.available, 'available'), present(facts.fees, 'fees'))
    return accept(ended, [
      update(attemptKind, settled),
      update(refundKind, ended),
      update(paymentKind, paymentAfter(payment, ended, ctx.now)),
      ...moves,
      record(`refund.${ended.status}`, refundKind, ended),
    ])
  },
})

function paymentAfter(payment: Payment, refund: Refund, now: Instant): Payment {
  if (refund.status === 'succeeded') {
    return { ...payment, refundedMinor: payment.refundedMinor + refund.amountMinor, updatedAt: now }
  }
  return {
    ...payment,
    refundReservedMinor: payment.refundReservedMinor - refund.amountMinor,
    feeReturnedMinor: payment.feeReturnedMinor - refund.feeReturnedMinor,
    updatedAt: now,
  }
}

function paid(refund: Refund, inFlight: Account, clearing: Account): Change[] {
  return moved(refund, inFlight, clearing, refundAmount(refund), 'refund_paid')
}

function returned(refund: Refund, inFlight: Account, available: Account, fees: Account): Change[] {
  const { currency, feeReturnedMinor, amountMinor } = refund
  return [
    ...moved(refund, inFlight, available, money(amountMinor - feeReturnedMinor, currency), 'refund_returned'),
    ...moved(refund, inFlight, fees, money(feeReturnedMinor, currency), 'refund_fee_charged_again'),
  ]
}

function moved(refund: Refund, debit: Account, credit: Account, amount: Money, reason: TransferReason): Change[] {
  return postUnlessZero(debit, credit, amount, { reason, subject: { kind: 'refund', id: refund.id } })
}
