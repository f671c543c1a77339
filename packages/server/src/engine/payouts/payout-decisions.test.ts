import { describe, expect, test } from 'vitest'
import { answersOf, createTestCommitter } from '../../../test/support/committer.ts'
import { accepted, announcedBy, decisionContext, refused, transfersOf } from '../../../test/support/decide.ts'
import { minorMax, money } from '../../kernel/money.ts'
import { reservedBalance, spendableBalance } from '../../ledger/account.ts'
import type { Transfer } from '../../ledger/transfer.ts'
import type { RailOutcome } from '../../rails/rail.ts'
import { merchantKind } from '../access/merchant.ts'
import { accountFact, accountKind, journalKind, transferKind } from '../commit/ledger-kinds.ts'
import { createMemoryStore } from '../commit/memory-store.ts'
import {
  sampleAccount,
  sampleAttempt,
  sampleMerchant,
  sampleOpening,
  samplePayout,
  sampleScope,
} from '../commit/sample-rows.ts'
import { type CreatePayout, createPayout } from './create-payout.ts'
import { payoutKind } from './payout.ts'
import { settlePayout } from './settle-payout.ts'

const scope = sampleScope
const wanted: CreatePayout = {
  ...{ scope, dialect: 'monetiflow', amount: money(1_000, 'INR'), method: 'bank_transfer', rail: 'simulator' },
  ...{ beneficiary: samplePayout().beneficiary, metadata: {}, instruction: {} },
}
const funded = (minor: bigint) => sampleAccount('available', { creditsPosted: minor })
const declined: RailOutcome = { outcome: 'declined', railReference: null, code: 'invalid_account', message: 'No.' }
const sent: RailOutcome = { outcome: 'succeeded', railReference: 'r', received: money(1_000, 'INR') }

describe('creating a payout', () => {
  const creating = (facts: object, given: Partial<CreatePayout> = {}) =>
    createPayout.decide(
      {
        ...{ merchant: sampleMerchant(), available: funded(1_000n), inFlight: sampleAccount('payouts_in_flight') },
        ...{ sameReference: undefined, ...facts },
      },
      { ...wanted, ...given },
      decisionContext(),
    )

  test.each([
    ['a suspended merchant', { merchant: sampleMerchant({ status: 'suspended' }) }, {}, 'forbidden merchant_suspended'],
    ['a reference that was used', { sameReference: samplePayout() }, {}, 'conflict reference_already_used'],
    ['an amount of zero', {}, { amount: money(0, 'INR') }, 'invalid_request amount_out_of_range'],
    ['an amount below zero', {}, { amount: money(-5, 'INR') }, 'invalid_request amount_out_of_range'],
    [
      'an amount above the largest',
      {},
      { amount: { minor: minorMax + 1n, currency: 'INR' } },
      'invalid_request amount_out_of_range',
    ],
    ['one unit more than the balance', {}, { amount: money(1_001, 'INR') }, 'insufficient_funds balance_insufficient'],
    [
      'a balance that another payout holds',
      { available: sampleAccount('available', { creditsPosted: 1_500n, debitsPending: 501n }) },
      {},
      'insufficient_funds balance_insufficient',
    ],
  ])('is refused for %s', (_title, facts, given, code) => {
    const error = refused(creating(facts, given))
    expect(`${error.kind} ${error.code}`).toBe(code)
  })

  test('reserves the whole balance if asked to, and calls the rail by a job', () => {
    const decision = creating({}, { reference: 'salary-1' })
    expect(transfersOf(decision)).toEqual(['available > payouts_in_flight 1000 payout_reserved (pending)'])
    expect(accepted(decision).result).toMatchObject({ status: 'processing', number: 101n, referenceKey: 'salary-1' })
    expect(announcedBy(decision)).toEqual(['submit_attempt', 'payout.created'])
  })
})

describe('settling a payout', () => {
  const reservation = { amountMinor: 1_000n, currency: 'INR', reservation: 'po_1' } as Transfer
  const settling = (outcome: RailOutcome, attempt = {}) =>
    settlePayout.decide(
      {
        ...{ payout: samplePayout(), attempt: sampleAttempt({ id: 'att_3', ...attempt }), reservation },
        ...{ available: funded(1_000n), inFlight: sampleAccount('payouts_in_flight') },
        clearing: sampleAccount('clearing:simulator'),
      },
      { scope, payoutId: 'po_1', attemptId: 'att_3', outcome },
      decisionContext(),
    )

  test.each(['succeeded', 'declined'] as const)('an attempt that has %s hears no second answer', (status) => {
    for (const outcome of [sent, declined]) expect(accepted(settling(outcome, { status })).changes).toEqual([])
  })

  test('money that was sent leaves the reservation and the clearing account', () => {
    const decision = settling(sent)
    expect(transfersOf(decision)).toEqual([
      'available > payouts_in_flight 1000 payout_sent (post_pending)',
      'payouts_in_flight > clearing:simulator 1000 payout_paid',
    ])
    expect(accepted(decision).result.status).toBe('succeeded')
    expect(announcedBy(decision)).toEqual(['payout.succeeded'])
  })

  test('a payout that was refused gives the reservation back, whole', () => {
    const decision = settling(declined)
    expect(transfersOf(decision)).toEqual(['available > payouts_in_flight 1000 payout_returned (void_pending)'])
    expect(accepted(decision).result).toMatchObject({ status: 'failed', failureCode: 'invalid_account' })
    expect(announcedBy(decision)).toEqual(['payout.failed'])
  })

  test.each([
    { outcome: 'unknown', message: 'Lost.', pollAfterMs: 1_000 },
    { outcome: 'pending', railReference: 'r', pollAfterMs: 1_000 },
  ] as const)('while the outcome is $outcome the money stays reserved', (outcome) => {
    const decision = settling(outcome)
    expect([accepted(decision).result.status, transfersOf(decision)]).toEqual(['processing', []])
  })
})

describe('payouts through the committer', () => {
  async function withBalance(minor: bigint) {
    const store = createMemoryStore()
    const { transfer, debit, credit, chain } = sampleOpening(minor)
    const journal = { ...scope, objectNumber: 0n, eventNumber: 0n, ...chain, revision: 0 }
    const rows = [
      [merchantKind, [sampleMerchant()]],
      [transferKind, [transfer]],
      [accountKind, [debit, credit]],
      [journalKind, [journal]],
    ] as const
    const tx = await store.begin()
    await tx.commit({ inserts: new Map(rows as never), updates: new Map(), jobs: [], outbox: [] })
    return { store, ...createTestCommitter(store) }
  }
  const available = async (store: ReturnType<typeof createMemoryStore>) => {
    const [account] = await store.read([accountFact(scope, 'available', 'INR')] as never)
    return account as unknown as Parameters<typeof spendableBalance>[0]
  }

  test('a hundred at once never send more than the balance', async () => {
    const { store, committer } = await withBalance(25_500n)
    const answers = await answersOf(Array.from({ length: 100 }, () => committer.submit(createPayout, wanted)))
    expect(answers.filter((answer) => answer === 'accepted')).toHaveLength(25)
    expect(answers.filter((answer) => answer === 'insufficient_funds balance_insufficient')).toHaveLength(75)
    const account = await available(store)
    expect([spendableBalance(account), reservedBalance(account)]).toEqual([500n, 25_000n])
  })

  test('each is settled once, however often and in whatever order its rail answers', async () => {
    const { store, committer, defects } = await withBalance(3_000n)
    const made = [1, 2, 3].map(async () => (await committer.submit(createPayout, wanted)).result)
    const [first, second, third] = await Promise.all(made)
    const settle = (payout: typeof first, outcome: RailOutcome) =>
      committer.submit(settlePayout, { scope, payoutId: payout?.id ?? '', attemptId: payout?.attemptId ?? '', outcome })
    const answers = [sent, declined, sent].map((outcome) => settle(first, outcome))
    await Promise.all([...answers, settle(second, declined), settle(second, sent), settle(third, sent)])
    expect(store.rows(payoutKind).map((row) => row.status)).toEqual(['succeeded', 'failed', 'succeeded'])
    const account = await available(store)
    expect([spendableBalance(account), reservedBalance(account)]).toEqual([1_000n, 0n])
    expect(defects).toEqual([])
  })
})
