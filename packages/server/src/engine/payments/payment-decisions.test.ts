import { describe, expect, test } from 'vitest'
import { accepted, announcedBy, decisionContext, refused, transfersOf } from '../../../test/support/decide.ts'
import { minorMax, money } from '../../kernel/money.ts'
import type { RailOutcome } from '../../rails/rail.ts'
import {
  sampleAccount,
  sampleAttempt,
  sampleFeePlan,
  sampleInstant,
  sampleMerchant,
  samplePaid,
  samplePayment,
  sampleScope,
} from '../commit/sample-rows.ts'
import { type CreatePayment, createPayment } from './create-payment.ts'
import { cancelPayment, expirePayment } from './end-payment.ts'
import { outstanding, type Payment, type PaymentStatus, refundable } from './payment.ts'
import { settlePayment } from './settle-payment.ts'
import { startPaymentAttempt } from './start-payment-attempt.ts'

const scope = sampleScope
const statuses: PaymentStatus[] = [
  ...(['created', 'awaiting_payer', 'processing', 'succeeded', 'failed', 'cancelled', 'expired'] as const),
]
const wanted: CreatePayment = {
  ...{ scope, dialect: 'monetiflow', amount: money(25_000, 'INR'), method: 'upi', rail: 'simulator', metadata: {} },
  ...{ expiresAfterMs: 900_000, attemptsMax: 3 },
}
const creating = (facts: object, given: Partial<CreatePayment> = {}) =>
  createPayment.decide(
    { merchant: sampleMerchant(), feePlan: undefined, customer: undefined, sameReference: undefined, ...facts },
    { ...wanted, ...given },
    decisionContext(),
  )

describe('creating a payment', () => {
  test.each([
    ['a merchant that nobody knows', { merchant: undefined }, {}, 'not_found merchant_unknown'],
    ['a suspended merchant', { merchant: sampleMerchant({ status: 'suspended' }) }, {}, 'forbidden merchant_suspended'],
    ['an amount of zero', {}, { amount: money(0, 'INR') }, 'invalid_request amount_out_of_range'],
    ['an amount below zero', {}, { amount: money(-1, 'INR') }, 'invalid_request amount_out_of_range'],
    [
      'an amount above the largest',
      {},
      { amount: { minor: minorMax + 1n, currency: 'INR' } },
      'invalid_request amount_out_of_range',
    ],
    ['a reference that was used', { sameReference: samplePayment() }, {}, 'conflict reference_already_used'],
  ])('is refused for %s', (_title, facts, given, code) => {
    const error = refused(creating(facts, given))
    expect(`${error.kind} ${error.code}`).toBe(code)
  })

  test('offers it to the payer under the fee plan of that day, with its event', () => {
    const decision = creating({ feePlan: sampleFeePlan({ version: 4 }) })
    expect(accepted(decision).result).toMatchObject({
      ...{ status: 'awaiting_payer', number: 101n, dueAt: sampleInstant + 901_000, expiresAt: sampleInstant + 901_000 },
      feeTerms: { planVersion: 4, basisPoints: 200, fixedMinor: 300n, refundPolicy: 'returned' },
    })
    expect(announcedBy(decision)).toEqual(['payment.created'])
    expect(transfersOf(decision)).toEqual([])
  })

  test('takes no fee where no plan stands, and none in a currency that the plan does not name beyond its share', () => {
    expect(accepted(creating({})).result.feeTerms).toMatchObject({ basisPoints: 0, fixedMinor: 0n })
    const inDollars = creating({ feePlan: sampleFeePlan() }, { amount: money(100, 'USD') })
    expect(accepted(inDollars).result.feeTerms).toMatchObject({ basisPoints: 200, fixedMinor: 0n })
  })

  test('keeps the reference for searching, and as a key only where the dialect promises that', () => {
    const kept = accepted(creating({}, { reference: 'order-1' })).result
    const promised = accepted(creating({}, { reference: 'order-1', referenceUnique: true })).result
    expect([kept.reference, kept.referenceKey]).toEqual(['order-1', null])
    expect([promised.reference, promised.referenceKey]).toEqual(['order-1', 'order-1'])
  })
})

describe('starting an attempt', () => {
  const starting = (payment: Payment | undefined, now?: number) =>
    startPaymentAttempt.decide({ payment }, { scope, paymentId: 'pay_1', instruction: {} }, decisionContext(now))

  test.each(statuses.filter((status) => status !== 'awaiting_payer'))(
    'is refused while the payment is %s',
    (status) => {
      const error = refused(starting(samplePayment({ status })))
      expect([error.kind, error.code]).toEqual(['invalid_state', 'payment_not_payable'])
    },
  )

  test('is refused for a payment that does not exist, and from the very moment of its expiry', () => {
    expect(refused(starting(undefined)).code).toBe('payment_not_found')
    const payment = samplePayment()
    expect(refused(starting(payment, payment.expiresAt)).code).toBe('payment_expired')
    expect(accepted(starting(payment, payment.expiresAt - 1)).result.payment.status).toBe('processing')
  })

  test('asks for what is outstanding, and stops the expiry timer; the caller calls the rail', () => {
    const decision = starting(samplePayment({ receivedMinor: 4_000n, suspenseMinor: 4_000n }))
    const { payment, attempt } = accepted(decision).result
    expect(attempt).toMatchObject({ status: 'pending', amountMinor: 21_000n, subjectId: 'pay_1', operation: 'collect' })
    expect(payment).toMatchObject({ status: 'processing', attemptsMade: 1, dueAt: null, attemptId: attempt.id })
    expect(announcedBy(decision)).toEqual([])
  })
})

describe('ending a payment', () => {
  const named = { scope, paymentId: 'pay_1' }
  const cancelling = (payment?: Payment) => cancelPayment.decide({ payment }, named, decisionContext())
  const expiring = (payment: Payment | undefined, force: boolean, now?: number) =>
    expirePayment.decide({ payment }, { ...named, force }, decisionContext(now))
  const open: PaymentStatus[] = ['created', 'awaiting_payer']

  test.each(statuses.filter((status) => !open.includes(status)))('is refused while it is %s', (status) => {
    const payment = status === 'succeeded' ? samplePaid() : samplePayment({ status })
    expect(refused(cancelling(payment)).code).toBe('payment_not_cancellable')
    expect(refused(expiring(payment, true)).code).toBe('payment_not_expirable')
  })

  test('is refused for a payment that does not exist', () => {
    expect(refused(cancelling(undefined)).code).toBe('payment_not_found')
    expect(refused(expiring(undefined, false)).code).toBe('payment_not_found')
  })

  test.each(open)('is possible while it is %s, and is announced', (status) => {
    const cancelled = cancelling(samplePayment({ status }))
    expect(accepted(cancelled).result).toMatchObject({ status: 'cancelled', dueAt: null })
    expect(announcedBy(cancelled)).toEqual(['payment.cancelled'])
    const expired = expiring(samplePayment({ status }), true)
    expect(accepted(expired).result.status).toBe('expired')
    expect(announcedBy(expired)).toEqual(['payment.expired'])
  })

  test('the timer leaves a payment alone whose time has not come, or that is being paid', () => {
    const payment = samplePayment()
    const early = accepted(expiring(payment, false, payment.expiresAt - 1))
    expect([early.result.status, early.changes]).toEqual(['awaiting_payer', []])
    expect(accepted(expiring(payment, false, payment.expiresAt)).result.status).toBe('expired')
    const paying = accepted(expiring(samplePayment({ status: 'processing' }), false, payment.expiresAt + 1))
    expect([paying.result.status, paying.changes]).toEqual(['processing', []])
  })
})

describe('settling an attempt to collect', () => {
  const accounts = {
    clearing: sampleAccount('clearing:simulator'),
    available: sampleAccount('available'),
    fees: sampleAccount('fees'),
    suspense: sampleAccount('suspense'),
  }
  const processing = (given: Partial<Payment> = {}) =>
    samplePayment({ status: 'processing', attemptsMade: 1, attemptId: 'att_1', dueAt: null, ...given })
  const settling = (payment: Payment, outcome: RailOutcome, attempt = {}, polled = false) =>
    settlePayment.decide(
      { payment, attempt: sampleAttempt(attempt), ...accounts },
      { scope, paymentId: 'pay_1', attemptId: 'att_1', outcome, polled },
      decisionContext(),
    )
  const received = (minor: number, currency = 'INR'): RailOutcome => {
    return { outcome: 'succeeded', railReference: 'rail-1', received: money(minor, currency) }
  }
  const declined: RailOutcome = { outcome: 'declined', railReference: null, code: 'do_not_honor', message: 'No.' }

  test.each([
    ['nothing', received(0)],
    ['less than nothing', received(-1)],
    ['another currency', received(25_000, 'USD')],
  ])('a rail that says it received %s is a defect, and moves nothing', (_title, outcome) => {
    expect(() => settling(processing(), outcome)).toThrow('received_amount_invalid')
  })

  test.each(['succeeded', 'declined'] as const)('an attempt that has %s hears no second answer', (status) => {
    for (const outcome of [received(25_000), declined]) {
      expect(accepted(settling(processing(), outcome, { status })).changes).toEqual([])
    }
  })

  test('the exact amount is captured, less the fee', () => {
    const decision = settling(processing(), received(25_000))
    expect(transfersOf(decision)).toEqual([
      'clearing:simulator > available 25000 payment_captured',
      'available > fees 500 payment_fee',
    ])
    expect(accepted(decision).result).toMatchObject({
      ...{ status: 'succeeded', receivedMinor: 25_000n, capturedMinor: 25_000n, suspenseMinor: 0n, feeMinor: 500n },
      finishedAt: sampleInstant + 1_000,
    })
    expect(announcedBy(decision)).toEqual(['payment.succeeded'])
  })

  test('too much is captured up to the amount; the rest waits in suspense', () => {
    const decision = settling(processing(), received(25_001))
    expect(transfersOf(decision)).toEqual([
      'clearing:simulator > available 25000 payment_captured',
      'clearing:simulator > suspense 1 payment_unallocated',
      'available > fees 500 payment_fee',
    ])
    expect(accepted(decision).result).toMatchObject({
      receivedMinor: 25_001n,
      capturedMinor: 25_000n,
      suspenseMinor: 1n,
    })
  })

  test('a part waits in suspense, costs no attempt, and the payer may go on', () => {
    const decision = settling(processing(), received(24_999))
    expect(transfersOf(decision)).toEqual(['clearing:simulator > suspense 24999 payment_unallocated'])
    const waiting = accepted(decision).result
    expect(waiting).toMatchObject({
      status: 'awaiting_payer',
      capturedMinor: 0n,
      suspenseMinor: 24_999n,
      attemptsMade: 0,
    })
    expect(waiting.dueAt).toBe(waiting.expiresAt)
    expect(outstanding(waiting)).toEqual(money(1, 'INR'))
    expect(announcedBy(decision)).toEqual(['payment.partially_paid'])
  })

  test('the missing part completes it: what waited in suspense is captured with it, and the fee is taken once', () => {
    const decision = settling(processing({ receivedMinor: 24_999n, suspenseMinor: 24_999n }), received(3))
    expect(transfersOf(decision)).toEqual([
      'clearing:simulator > available 1 payment_captured',
      'suspense > available 24999 payment_allocated',
      'clearing:simulator > suspense 2 payment_unallocated',
      'available > fees 500 payment_fee',
    ])
    expect(accepted(decision).result).toMatchObject({
      receivedMinor: 25_002n,
      capturedMinor: 25_000n,
      suspenseMinor: 2n,
    })
  })

  test.each(statuses.filter((status) => status !== 'processing'))(
    'money that comes late, when the payment is %s, waits in suspense and changes nothing else',
    (status) => {
      const payment = status === 'succeeded' ? samplePaid() : samplePayment({ status })
      const decision = settling(payment, received(25_000))
      expect(transfersOf(decision)).toEqual(['clearing:simulator > suspense 25000 payment_unallocated'])
      const after = accepted(decision).result
      expect(after).toMatchObject({ status, capturedMinor: payment.capturedMinor, suspenseMinor: 25_000n })
      expect(refundable(after)).toEqual(refundable(payment))
      expect(announcedBy(decision)).toEqual(['payment.funds_unallocated'])
    },
  )

  test('a decline lets the payer try again until the attempts are used up', () => {
    const again = settling(processing({ attemptsMade: 2 }), declined)
    expect(accepted(again).result).toMatchObject({ status: 'awaiting_payer', failureCode: 'do_not_honor' })
    expect(announcedBy(again)).toEqual(['payment.attempt_declined'])
    const last = settling(processing({ attemptsMade: 3 }), declined)
    expect(accepted(last).result).toMatchObject({ status: 'failed', dueAt: null })
    expect(announcedBy(last)).toEqual(['payment.failed'])
    expect([...transfersOf(again), ...transfersOf(last)]).toEqual([])
  })

  test.each([
    ['pending', { outcome: 'pending', railReference: 'r', pollAfterMs: 1_000 }, 'processing'],
    ['unknown', { outcome: 'unknown', message: 'Lost.', pollAfterMs: 1_000 }, 'unknown'],
  ] as const)('an outcome that is %s leaves the payment as it is and asks again later', (_title, outcome, status) => {
    const decision = accepted(settling(processing(), outcome, { polls: 2 }, true))
    expect(decision.result).toEqual(processing())
    const next = { status, polls: 3, dueAt: sampleInstant + 1_000 + 8_000 }
    expect(decision.changes).toMatchObject([{ change: 'update', row: next }])
  })

  test('an outcome that was unknown is settled by the answer that comes at last', () => {
    const decision = settling(processing(), received(25_000), { status: 'unknown' })
    expect(accepted(decision).result.status).toBe('succeeded')
  })
})
