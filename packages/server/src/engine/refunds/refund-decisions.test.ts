import { describe, expect, test } from 'vitest'
import { answersOf, createTestCommitter } from '../../../test/support/committer.ts'
import { accepted, announcedBy, decisionContext, refused, transfersOf } from '../../../test/support/decide.ts'
import { money } from '../../kernel/money.ts'
import { postedBalance } from '../../ledger/account.ts'
import type { RailOutcome } from '../../rails/rail.ts'
import { merchantKind } from '../access/merchant.ts'
import { accountKind } from '../commit/ledger-kinds.ts'
import { createMemoryStore } from '../commit/memory-store.ts'
import {
  sampleAccount,
  sampleAttempt,
  sampleFeePlan,
  sampleMerchant,
  samplePaid,
  samplePayment,
  sampleRefund,
  sampleScope,
} from '../commit/sample-rows.ts'
import { feePlanKind } from '../fees/fee-plan.ts'
import { createPayment } from '../payments/create-payment.ts'
import { type Payment, type PaymentStatus, paymentKind } from '../payments/payment.ts'
import { settlePayment } from '../payments/settle-payment.ts'
import { startPaymentAttempt } from '../payments/start-payment-attempt.ts'
import { type CreateRefund, createRefund } from './create-refund.ts'
import { type Refund, refundKind } from './refund.ts'
import { settleRefund } from './settle-refund.ts'

const scope = sampleScope
const wanted: CreateRefund = { scope, dialect: 'monetiflow', paymentId: 'pay_1', metadata: {}, instruction: {} }
const declined: RailOutcome = { outcome: 'declined', railReference: null, code: 'rail_error', message: 'No.' }
const paidOut = (minor: bigint): RailOutcome => ({
  outcome: 'succeeded',
  railReference: 'r',
  received: money(minor, 'INR'),
})

describe('creating a refund', () => {
  const creating = (facts: object, given: Partial<CreateRefund> = {}) =>
    createRefund.decide(
      {
        ...{ merchant: sampleMerchant(), payment: samplePaid(), sameReference: undefined },
        ...{ available: sampleAccount('available', { creditsPosted: 24_500n }), fees: sampleAccount('fees') },
        ...{ inFlight: sampleAccount('refunds_in_flight'), ...facts },
      },
      { ...wanted, ...given },
      decisionContext(),
    )
  const unpaid: PaymentStatus[] = ['created', 'awaiting_payer', 'processing', 'failed', 'cancelled', 'expired']

  test.each([
    ['a payment that does not exist', { payment: undefined }, {}, 'not_found payment_not_found'],
    ['a suspended merchant', { merchant: sampleMerchant({ status: 'suspended' }) }, {}, 'forbidden merchant_suspended'],
    ['a reference that was used', { sameReference: sampleRefund() }, {}, 'conflict reference_already_used'],
    ...unpaid.map((status) => [
      ...[
        `a payment that is ${status}`,
        { payment: samplePayment({ status }) },
        {},
        'invalid_state payment_not_refundable',
      ],
    ]),
    ['another currency', {}, { amount: money(1, 'USD') }, 'invalid_request currency_mismatch'],
    ['an amount of zero', {}, { amount: money(0, 'INR') }, 'invalid_request amount_out_of_range'],
    ['an amount below zero', {}, { amount: money(-1, 'INR') }, 'invalid_request amount_out_of_range'],
    ['one unit more than was captured', {}, { amount: money(25_001, 'INR') }, 'limit_exceeded refund_exceeds_payment'],
    [
      'one unit more than earlier refunds left',
      { payment: samplePaid({ refundReservedMinor: 20_000n }) },
      { amount: money(5_001, 'INR') },
      'limit_exceeded refund_exceeds_payment',
    ],
    [
      'a payment that was given back whole',
      { payment: samplePaid({ refundReservedMinor: 25_000n }) },
      {},
      'limit_exceeded refund_exceeds_payment',
    ],
    [
      'a balance that is one unit short',
      { available: sampleAccount('available', { creditsPosted: 24_499n }) },
      {},
      'insufficient_funds balance_insufficient',
    ],
  ] as [string, object, Partial<CreateRefund>, string][])('is refused for %s', (_title, facts, given, code) => {
    const error = refused(creating(facts, given))
    expect(`${error.kind} ${error.code}`).toBe(code)
  })

  test('without an amount gives back everything that is left, the fee from our own account', () => {
    const decision = creating({})
    expect(transfersOf(decision)).toEqual([
      'available > refunds_in_flight 24500 refund_reserved',
      'fees > refunds_in_flight 500 refund_fee_returned',
    ])
    expect(accepted(decision).result).toMatchObject({ amountMinor: 25_000n, feeReturnedMinor: 500n, status: 'pending' })
    expect(announcedBy(decision)).toEqual(['submit_attempt', 'refund.created'])
  })

  test('keeps the fee where the plan says so', () => {
    const feeTerms = { planVersion: 1, basisPoints: 200, fixedMinor: 0n, refundPolicy: 'kept' } as const
    const balance = sampleAccount('available', { creditsPosted: 25_000n })
    const decision = creating({ payment: samplePaid({ feeTerms }), available: balance })
    expect(transfersOf(decision)).toEqual(['available > refunds_in_flight 25000 refund_reserved'])
  })

  test('goes to the address of the payment unless it brings its own', () => {
    const payment = samplePaid({ notifyUrl: 'https://shop.example/pay' })
    expect(accepted(creating({ payment })).result.notifyUrl).toBe('https://shop.example/pay')
    const own = creating({ payment }, { notifyUrl: 'https://shop.example/refund' })
    expect(accepted(own).result.notifyUrl).toBe('https://shop.example/refund')
  })

  test('after a refund that failed never takes more or less from the fee than the refund itself can bear', () => {
    // Of three refunds the first failed: what the others returned is no longer the share of what they add up to.
    for (const feeReturnedMinor of [0n, 1n, 2n]) {
      for (const refundReservedMinor of [1n, 24n, 25n, 49n, 99n]) {
        const money100 = { amountMinor: 100n, capturedMinor: 100n, receivedMinor: 100n, feeMinor: 2n }
        const payment = samplePaid({ ...money100, refundReservedMinor, feeReturnedMinor })
        const { result } = accepted(creating({ payment }, { amount: money(1, 'INR') }))
        const share = result.feeReturnedMinor
        expect(share >= 0n && share <= 1n && share + feeReturnedMinor <= 2n, `share ${share}`).toBe(true)
      }
    }
  })
})

describe('settling a refund', () => {
  const settling = (outcome: RailOutcome, attempt = {}) =>
    settleRefund.decide(
      {
        ...{ refund: sampleRefund(), attempt: sampleAttempt({ id: 'att_2', ...attempt }) },
        payment: samplePaid({ refundReservedMinor: 500n, feeReturnedMinor: 10n }),
        ...{ available: sampleAccount('available'), fees: sampleAccount('fees') },
        inFlight: sampleAccount('refunds_in_flight', { creditsPosted: 500n }),
        clearing: sampleAccount('clearing:simulator'),
      },
      { scope, refundId: 're_1', paymentId: 'pay_1', attemptId: 'att_2', outcome },
      decisionContext(),
    )
  const paymentAfter = (decision: ReturnType<typeof settling>) =>
    accepted(decision).changes.flatMap((change) =>
      change.change === 'update' && change.kind.name === 'payment' ? [change.row as Payment] : [],
    )[0]

  test.each(['succeeded', 'declined'] as const)('an attempt that has %s hears no second answer', (status) => {
    for (const outcome of [paidOut(500n), declined]) expect(accepted(settling(outcome, { status })).changes).toEqual([])
  })

  test('money that was paid leaves by the clearing account, and stays reserved in the payment', () => {
    const decision = settling(paidOut(500n))
    expect(transfersOf(decision)).toEqual(['refunds_in_flight > clearing:simulator 500 refund_paid'])
    expect(paymentAfter(decision)).toMatchObject({ refundReservedMinor: 500n, refundedMinor: 500n })
    expect(announcedBy(decision)).toEqual(['refund.succeeded'])
  })

  test('a refund that was refused goes back to where it came from, and may be asked for again', () => {
    const decision = settling(declined)
    expect(transfersOf(decision)).toEqual([
      'refunds_in_flight > available 490 refund_returned',
      'refunds_in_flight > fees 10 refund_fee_charged_again',
    ])
    expect(paymentAfter(decision)).toMatchObject({ refundReservedMinor: 0n, refundedMinor: 0n, feeReturnedMinor: 0n })
    expect(announcedBy(decision)).toEqual(['refund.failed'])
  })

  test.each([
    { outcome: 'unknown', message: 'Lost.', pollAfterMs: 1_000 },
    { outcome: 'pending', railReference: 'r', pollAfterMs: 1_000 },
  ] as const)('while the outcome is $outcome the money stays in flight', (outcome) => {
    const decision = settling(outcome)
    expect([accepted(decision).result.status, transfersOf(decision)]).toEqual(['pending', []])
  })
})

describe('refunds through the committer', () => {
  async function withPaidPayment(minor: number, basisPoints = 200) {
    const store = createMemoryStore()
    const tx = await store.begin()
    const plan = sampleFeePlan({ basisPoints, fixed: {} })
    const rows = [
      [merchantKind, [sampleMerchant()]],
      [feePlanKind, [plan]],
    ]
    await tx.commit({ inserts: new Map(rows as never), updates: new Map(), jobs: [], outbox: [] })
    const under = createTestCommitter(store)
    const { committer } = under
    const { result: payment } = await committer.submit(createPayment, {
      ...{ scope, dialect: 'paylect', amount: money(minor, 'INR'), method: 'upi', rail: 'simulator', metadata: {} },
      ...{ expiresAfterMs: 60_000, attemptsMax: 1 },
    })
    const named = { scope, paymentId: payment.id }
    const { result } = await committer.submit(startPaymentAttempt, { ...named, instruction: {} })
    const outcome = paidOut(BigInt(minor))
    await committer.submit(settlePayment, { ...named, attemptId: result.attempt.id, outcome })
    const refund = (amount: number) =>
      committer.submit(createRefund, { ...wanted, paymentId: payment.id, amount: money(amount, 'INR') })
    const settle = ({ id, attemptId, paymentId }: Refund, answer: RailOutcome) =>
      committer.submit(settleRefund, { scope, refundId: id, paymentId, attemptId, outcome: answer })
    const balance = (code: string) => {
      const account = store.rows(accountKind).find((row) => row.code === code)
      return account ? postedBalance(account) : 0n
    }
    return { store, refund, settle, balance, defects: under.defects }
  }

  test('of a hundred refunds of 500 at once on 25000, exactly fifty are accepted and the balance is back at zero', async () => {
    const { store, refund, balance, defects } = await withPaidPayment(25_000)
    expect([balance('available'), balance('fees')]).toEqual([24_500n, 500n])
    const answers = await answersOf(Array.from({ length: 100 }, () => refund(500)))
    expect(answers.filter((answer) => answer === 'accepted')).toHaveLength(50)
    expect(answers.filter((answer) => answer === 'limit_exceeded refund_exceeds_payment')).toHaveLength(50)
    expect([balance('available'), balance('fees'), balance('refunds_in_flight')]).toEqual([0n, 0n, 25_000n])
    expect(store.rows(paymentKind)).toMatchObject([{ refundReservedMinor: 25_000n, feeReturnedMinor: 500n }])
    expect(defects).toEqual([])
  })

  test('refunds of uneven amounts return exactly the whole fee, whatever the steps', async () => {
    const { store, refund, balance } = await withPaidPayment(9_999, 333)
    for (const amount of [1, 17, 333, 1_000, 1, 4_321, 4_326]) await refund(amount)
    expect([balance('available'), balance('fees'), balance('refunds_in_flight')]).toEqual([0n, 0n, 9_999n])
    expect(store.rows(refundKind).reduce((sum, row) => sum + row.feeReturnedMinor, 0n)).toBe(333n)
  })

  test('when the first of several refunds fails, what is left can still be given back, and nothing stays in flight', async () => {
    const { refund, settle, balance, defects, store } = await withPaidPayment(100)
    const { result: first } = await refund(24)
    const { result: second } = await refund(1)
    await settle(first, declined)
    await settle(second, paidOut(1n))
    for (const amount of [1, 98]) {
      const { result } = await refund(amount)
      await settle(result, paidOut(BigInt(amount)))
    }
    expect([balance('available'), balance('fees'), balance('refunds_in_flight')]).toEqual([0n, 0n, 0n])
    expect(store.rows(refundKind).every((row) => row.feeReturnedMinor >= 0n)).toBe(true)
    expect(defects).toEqual([])
  })

  test('an answer that comes twice, or contradicts the first, moves the money once', async () => {
    const { store, refund, settle, balance } = await withPaidPayment(25_000)
    const { result } = await refund(500)
    await Promise.all([paidOut(500n), declined, paidOut(500n)].map((answer) => settle(result, answer)))
    expect(store.rows(refundKind)).toMatchObject([{ status: 'succeeded' }])
    expect([balance('clearing:simulator'), balance('refunds_in_flight')]).toEqual([24_500n, 0n])
  })
})
