import type { Instant } from '../../kernel/clock.ts'
import { assertInvariant } from '../../kernel/engine-error.ts'
import { type Money, money } from '../../kernel/money.ts'
import type { Account } from '../../ledger/account.ts'
import { clearingCode } from '../../ledger/chart.ts'
import type { TransferReason } from '../../ledger/transfer.ts'
import { type Attempt, attemptAfter, attemptFact, attemptKind, type RailAnswer } from '../attempts/attempt.ts'
import { type Change, postUnlessZero, record, update } from '../commit/changes.ts'
import { accept, defineCommand, present } from '../commit/command.ts'
import { accountFact } from '../commit/ledger-kinds.ts'
import { feeOf } from '../fees/fee-plan.ts'
import { type Payment, paymentAmount, paymentFact, paymentKind } from './payment.ts'

/** A rail has said what became of an attempt to collect. */
export interface SettlePayment extends RailAnswer {
  readonly paymentId: string
}

/** The accounts that a collection may touch. */
interface CollectionAccounts {
  readonly clearing: Account
  readonly available: Account
  readonly fees: Account
  readonly suspense: Account
}

/**
 * Records the outcome of an attempt to collect. Repeated and late answers change nothing; money that the payment cannot
 * take is never lost and never the merchant's: it waits in suspense.
 */
export const settlePayment = defineCommand({
  name: 'settle_payment',
  facts: (c: SettlePayment) => ({
    payment: paymentFact(c.scope, c.paymentId),
    attempt: attemptFact(c.scope, c.attemptId),
  }),
  more: ({ payment }, c) => ({
    clearing: payment && accountFact(c.scope, clearingCode(payment.rail), payment.currency),
    available: payment && accountFact(c.scope, 'available', payment.currency),
    fees: payment && accountFact(c.scope, 'fees', payment.currency),
    suspense: payment && accountFact(c.scope, 'suspense', payment.currency),
  }),
  decide(facts, c, ctx) {
    const payment = present(facts.payment, 'payment')
    const attempt = present(facts.attempt, 'attempt')
    const settled = attemptAfter(attempt, c, ctx.now)
    if (!settled) return accept(payment, [])
    if (c.outcome.outcome === 'pending' || c.outcome.outcome === 'unknown') {
      return accept(payment, [update(attemptKind, settled)])
    }
    const accounts: CollectionAccounts = {
      clearing: present(facts.clearing, 'clearing'),
      available: present(facts.available, 'available'),
      fees: present(facts.fees, 'fees'),
      suspense: present(facts.suspense, 'suspense'),
    }
    const after =
      c.outcome.outcome === 'declined'
        ? declined(payment, settled, ctx.now)
        : received(payment, c.outcome.received, accounts, ctx.now)
    return accept(after.payment, [
      update(attemptKind, settled),
      update(paymentKind, after.payment),
      ...after.changes,
      record(after.event, paymentKind, after.payment, { attempt: settled }),
    ])
  },
})

interface After {
  readonly payment: Payment
  readonly event: string
  readonly changes: readonly Change[]
}

function declined(payment: Payment, attempt: Attempt, now: Instant): After {
  const failure = { failureCode: attempt.code, failureMessage: attempt.message, updatedAt: now }
  if (payment.attemptsMade < payment.attemptsMax) {
    const retrying: Payment = { ...payment, ...failure, status: 'awaiting_payer', dueAt: payment.expiresAt }
    return { payment: retrying, event: 'payment.attempt_declined', changes: [] }
  }
  const failed: Payment = { ...payment, ...failure, status: 'failed', dueAt: null, finishedAt: now }
  return { payment: failed, event: 'payment.failed', changes: [] }
}

function received(payment: Payment, amount: Money, accounts: CollectionAccounts, now: Instant): After {
  assertInvariant(amount.currency === payment.currency && amount.minor > 0n, 'received_amount_invalid')
  if (payment.status !== 'processing') return unallocated(payment, amount, accounts, now)
  const missing = payment.amountMinor - payment.suspenseMinor
  return amount.minor < missing
    ? partly(payment, amount, accounts, now)
    : wholly(payment, amount, missing, accounts, now)
}

/** The payment is complete: everything up to its amount is the merchant's, less our fee; what is too much waits in suspense. */
function wholly(payment: Payment, amount: Money, missing: bigint, accounts: CollectionAccounts, now: Instant): After {
  const { currency, suspenseMinor: earlier } = payment
  const excess = amount.minor - missing
  const fee = feeOf(paymentAmount(payment), payment.feeTerms)
  const paid: Payment = {
    ...payment,
    status: 'succeeded',
    receivedMinor: payment.receivedMinor + amount.minor,
    capturedMinor: payment.amountMinor,
    suspenseMinor: excess,
    feeMinor: fee.minor,
    failureCode: null,
    failureMessage: null,
    dueAt: null,
    updatedAt: now,
    finishedAt: now,
  }
  const { clearing, available, fees, suspense } = accounts
  return {
    payment: paid,
    event: 'payment.succeeded',
    changes: [
      ...moved(payment, clearing, available, money(missing, currency), 'payment_captured'),
      ...moved(payment, suspense, available, money(earlier, currency), 'payment_allocated'),
      ...moved(payment, clearing, suspense, money(excess, currency), 'payment_unallocated'),
      ...moved(payment, available, fees, fee, 'payment_fee'),
    ],
  }
}

/** A part came in: it waits in suspense until the rest comes. Having paid a part does not use up an attempt. */
function partly(payment: Payment, amount: Money, accounts: CollectionAccounts, now: Instant): After {
  const waiting: Payment = {
    ...withSuspense(payment, amount, now),
    status: 'awaiting_payer',
    attemptsMade: payment.attemptsMade - 1,
    dueAt: payment.expiresAt,
  }
  const changes = moved(payment, accounts.clearing, accounts.suspense, amount, 'payment_unallocated')
  return { payment: waiting, event: 'payment.partially_paid', changes }
}

/** Money for a payment that takes none any more. */
function unallocated(payment: Payment, amount: Money, accounts: CollectionAccounts, now: Instant): After {
  const changes = moved(payment, accounts.clearing, accounts.suspense, amount, 'payment_unallocated')
  return { payment: withSuspense(payment, amount, now), event: 'payment.funds_unallocated', changes }
}

function withSuspense(payment: Payment, amount: Money, now: Instant): Payment {
  return {
    ...payment,
    receivedMinor: payment.receivedMinor + amount.minor,
    suspenseMinor: payment.suspenseMinor + amount.minor,
    updatedAt: now,
  }
}

function moved(payment: Payment, debit: Account, credit: Account, amount: Money, reason: TransferReason): Change[] {
  return postUnlessZero(debit, credit, amount, { reason, subject: { kind: 'payment', id: payment.id } })
}
