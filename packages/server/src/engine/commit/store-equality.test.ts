import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { answersOf, createTestCommitter, type TestCommitter } from '../../../test/support/committer.ts'
import { createTestDatabase } from '../../../test/support/database.ts'
import { money } from '../../kernel/money.ts'
import type { Scope } from '../../kernel/scope.ts'
import { createDatabase, type Database } from '../../platform/database.ts'
import type { RailOutcome } from '../../rails/rail.ts'
import { merchantKind } from '../access/merchant.ts'
import { provisionMerchant } from '../access/provision-merchant.ts'
import { attemptKind } from '../attempts/attempt.ts'
import { customerKind } from '../customers/customer.ts'
import { feePlanKind } from '../fees/fee-plan.ts'
import { createPayment } from '../payments/create-payment.ts'
import { cancelPayment, expirePayment } from '../payments/end-payment.ts'
import { paymentKind } from '../payments/payment.ts'
import { settlePayment } from '../payments/settle-payment.ts'
import { startPaymentAttempt } from '../payments/start-payment-attempt.ts'
import { createPayout } from '../payouts/create-payout.ts'
import { payoutKind } from '../payouts/payout.ts'
import { settlePayout } from '../payouts/settle-payout.ts'
import { createRefund } from '../refunds/create-refund.ts'
import { refundKind } from '../refunds/refund.ts'
import { settleRefund } from '../refunds/settle-refund.ts'
import { eventKind } from './event.ts'
import { idempotencyKind } from './idempotency.ts'
import type { Kind, ScopedRow } from './kind.ts'
import { columnsOf, rowFromValues } from './kind-sql.ts'
import { accountKind, journalKind, transferKind } from './ledger-kinds.ts'
import { createMemoryStore, type MemoryStore } from './memory-store.ts'
import { createPostgresStore } from './postgres-store.ts'

const kinds = [
  ...[merchantKind, feePlanKind, customerKind, paymentKind, attemptKind, refundKind, payoutKind],
  ...[idempotencyKind, eventKind, transferKind, accountKind, journalKind],
] as unknown as readonly Kind[]
const scopes = ['mer_a', 'mer_b', 'mer_c'].map((merchantId): Scope => ({ merchantId, mode: 'sandbox' }))

/** One random step. `pick` chooses among the objects that exist by then; numbers that fit nothing are refused, in both stores alike. */
interface Step {
  readonly verb:
    | 'pay'
    | 'attempt'
    | 'settle'
    | 'refund'
    | 'settle_refund'
    | 'payout'
    | 'settle_payout'
    | 'cancel'
    | 'expire'
  readonly merchant: number
  readonly pick: number
  readonly amount: number
  readonly outcome: 'exact' | 'part' | 'over' | 'declined' | 'pending' | 'unknown'
  readonly key: number
}

const step = fc.record<Step>({
  verb: fc.constantFrom<Step['verb'][]>(
    ...(['pay', 'pay', 'pay', 'attempt', 'attempt', 'attempt', 'attempt', 'settle', 'settle', 'settle'] as const),
    ...(['settle', 'refund', 'refund', 'refund', 'refund', 'settle_refund', 'settle_refund'] as const),
    ...(['payout', 'settle_payout', 'cancel', 'expire'] as const),
  ),
  merchant: fc.nat({ max: 2 }),
  pick: fc.nat({ max: 30 }),
  amount: fc.integer({ min: 0, max: 3_000 }),
  outcome: fc.constantFrom<Step['outcome'][]>(
    'exact',
    'exact',
    'exact',
    'part',
    'over',
    'declined',
    'pending',
    'unknown',
  ),
  key: fc.nat({ max: 12 }),
})
/** Each inner list is submitted at once and becomes one group. */
const script = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { minLength: 5, maxLength: 25 })

interface Known {
  readonly payments: { scope: Scope; id: string; attemptId?: string; amountMinor: bigint }[]
  readonly paid: { scope: Scope; id: string }[]
  readonly refunds: { scope: Scope; id: string; paymentId: string; attemptId: string; amountMinor: bigint }[]
  readonly payouts: { scope: Scope; id: string; attemptId: string; amountMinor: bigint }[]
}

function outcomeOf({ outcome, pick }: Step, amountMinor: bigint): RailOutcome {
  const railReference = `rail-${pick}`
  const received = (minor: bigint): RailOutcome => {
    return { outcome: 'succeeded', railReference, received: money(minor > 0n ? minor : 1n, 'INR') }
  }
  if (outcome === 'exact') return received(amountMinor)
  if (outcome === 'part') return received(amountMinor / 2n)
  if (outcome === 'over') return received(amountMinor + 7n)
  if (outcome === 'declined') return { outcome, railReference, code: 'do_not_honor', message: 'No.' }
  if (outcome === 'pending') return { outcome, railReference, pollAfterMs: 1_000 }
  return { outcome, message: 'Nobody knows.', pollAfterMs: 1_000 }
}

const missing = { id: 'none', attemptId: 'none', paymentId: 'none', amountMinor: 1n }
const chosen = <Item>(list: readonly Item[], pick: number) => list[pick % Math.max(list.length, 1)]

async function runPayments({ committer }: TestCommitter, known: Known, it: Step): Promise<unknown> {
  const own = scopes[it.merchant] as Scope
  if (it.verb === 'pay') {
    const { result } = await committer.submit(
      createPayment,
      {
        ...{ scope: own, dialect: 'paylect', amount: money(it.amount, 'INR'), method: 'upi', rail: 'simulator' },
        ...{
          reference: `order-${it.pick}`,
          referenceUnique: it.pick % 2 === 0,
          metadata: { pick: it.pick, $odd: null },
        },
        ...{ customer: { reference: `customer-${it.pick % 3}` }, expiresAfterMs: 60_000, attemptsMax: 2 },
      },
      it.key < 4 ? { operation: 'pay', key: `key-${it.key}`, keptMs: 60_000 } : undefined,
    )
    known.payments.push({ scope: own, id: result.id, amountMinor: result.amountMinor })
    return result
  }
  // Mostly one that the step can do something with; now and then any.
  const attempted = known.payments.filter((payment) => payment.attemptId !== undefined)
  const likely = it.verb === 'settle' && it.pick > 2 ? attempted.slice(-4) : known.payments.slice(-8)
  const payment = chosen(likely, it.pick) ?? { scope: own, ...missing }
  const named = { scope: payment.scope, paymentId: payment.id }
  if (it.verb === 'cancel') return (await committer.submit(cancelPayment, named)).result
  if (it.verb === 'expire')
    return (await committer.submit(expirePayment, { ...named, force: it.pick % 2 === 0 })).result
  if (it.verb === 'attempt') {
    const { result } = await committer.submit(startPaymentAttempt, { ...named, instruction: { pick: it.pick } })
    payment.attemptId = result.attempt.id
    return result
  }
  const outcome = outcomeOf(it, payment.amountMinor)
  const settle = { ...named, attemptId: payment.attemptId ?? 'none', outcome }
  const { result } = await committer.submit(settlePayment, settle)
  if (result.status === 'succeeded') known.paid.push({ scope: payment.scope, id: result.id })
  return result
}

async function runMoneyOut({ committer }: TestCommitter, known: Known, it: Step): Promise<unknown> {
  const own = scopes[it.merchant] as Scope
  const common = { dialect: 'paylect', metadata: {}, instruction: {} }
  if (it.verb === 'refund') {
    const payment = chosen(it.pick > 2 ? known.paid : known.payments, it.pick) ?? { scope: own, ...missing }
    const amount = it.amount % 5 === 0 ? undefined : money(it.amount % 300, 'INR')
    const wanted = {
      ...common,
      scope: payment.scope,
      paymentId: payment.id,
      amount,
      reference: it.key < 2 ? `r-${it.key}` : undefined,
    }
    const { result } = await committer.submit(createRefund, wanted)
    known.refunds.push({ scope: payment.scope, ...result })
    return result
  }
  if (it.verb === 'payout') {
    const beneficiary = { name: 'Asha', accountNumber: null, bankCode: null, upiId: 'asha@upi' }
    const wanted = { ...common, scope: own, amount: money(it.amount, 'INR'), method: 'upi', rail: 'simulator' } as const
    const { result } = await committer.submit(createPayout, { ...wanted, beneficiary })
    known.payouts.push({ scope: own, ...result })
    return result
  }
  if (it.verb === 'settle_refund') {
    const refund = chosen(known.refunds.slice(-5), it.pick) ?? { scope: own, ...missing }
    const named = { scope: refund.scope, refundId: refund.id, paymentId: refund.paymentId, attemptId: refund.attemptId }
    return (await committer.submit(settleRefund, { ...named, outcome: outcomeOf(it, refund.amountMinor) })).result
  }
  const payout = chosen(known.payouts.slice(-3), it.pick) ?? { scope: own, ...missing }
  const named = { scope: payout.scope, payoutId: payout.id, attemptId: payout.attemptId }
  return (await committer.submit(settlePayout, { ...named, outcome: outcomeOf(it, payout.amountMinor) })).result
}

const paymentVerbs: readonly Step['verb'][] = ['pay', 'attempt', 'settle', 'cancel', 'expire']

async function play(under: TestCommitter, groups: readonly (readonly Step[])[]): Promise<string[]> {
  for (const scope of scopes) {
    const plan = { method: 'upi', basisPoints: 200, fixed: { INR: 3n }, refundPolicy: 'returned' } as const
    const provision = { scope, name: scope.merchantId, apiKeys: [], webhookEndpoints: [], feePlans: [plan] }
    await under.committer.submit(provisionMerchant, provision)
  }
  const known: Known = { payments: [], paid: [], refunds: [], payouts: [] }
  const answers: string[] = []
  for (const group of groups) {
    const run = (it: Step) => (paymentVerbs.includes(it.verb) ? runPayments : runMoneyOut)(under, known, it)
    answers.push(...(await answersOf(group.map(run))))
    under.clock.advance(5_000)
  }
  await under.committer.drain()
  return answers
}

const sortKey = (kind: Kind) => (row: ScopedRow) =>
  kind.primaryKey.map((property) => String((row as unknown as Record<string, unknown>)[property]).padStart(20)).join()

function inOrder(kind: Kind, rows: readonly ScopedRow[]): ScopedRow[] {
  const keyOf = sortKey(kind)
  return [...rows].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

const memoryState = (store: MemoryStore) => kinds.map((kind) => inOrder(kind, store.rows(kind)))

async function postgresState({ pool }: Database): Promise<ScopedRow[][]> {
  const state: ScopedRow[][] = []
  for (const kind of kinds) {
    const { rows } = await pool.query({ text: `select ${columnsOf(kind, 't')} from ${kind.table} t`, rowMode: 'array' })
    state.push(
      inOrder(
        kind,
        rows.map((values) => rowFromValues(kind, values as unknown[])),
      ),
    )
  }
  return state
}

async function playOnPostgres(groups: readonly (readonly Step[])[]) {
  const testDatabase = await createTestDatabase()
  const { url } = testDatabase
  const database = await createDatabase({ url, applicationName: 'paylect-test', onError: () => {} })
  const store = createPostgresStore({ url, pool: database.pool, flightTimeoutMs: 10_000, inDoubtTimeoutMs: 5_000 })
  const under = createTestCommitter(store)
  const answers = await play(under, groups)
  const state = await postgresState(database)
  await store.close()
  await database.close()
  await testDatabase.drop()
  return { answers, state, defects: under.defects }
}

/** What holds for every history: nothing is made or lost, and no rule of any kind is broken. */
function expectInvariants(store: MemoryStore): void {
  const sum = store.rows(accountKind).reduce((total, row) => total + row.creditsPosted - row.debitsPosted, 0n)
  expect(sum).toBe(0n)
  for (const kind of kinds) {
    for (const row of store.rows(kind)) for (const rule of kind.rules) expect(rule.holds(row), rule.name).toBe(true)
  }
  for (const payment of store.rows(paymentKind)) {
    const refunds = store
      .rows(refundKind)
      .filter((refund) => refund.paymentId === payment.id && refund.status !== 'failed')
    const reserved = refunds.reduce((total, refund) => total + refund.amountMinor, 0n)
    expect(reserved).toBe(payment.refundReservedMinor)
    const feeReturned = refunds.reduce((total, refund) => total + refund.feeReturnedMinor, 0n)
    expect(feeReturned).toBe(payment.feeReturnedMinor)
    for (const refund of refunds) {
      expect(refund.feeReturnedMinor >= 0n && refund.feeReturnedMinor <= refund.amountMinor).toBe(true)
    }
  }
}

describe('memory and PostgreSQL', () => {
  test('come to the same answers and the same rows for any history', { timeout: 120_000 }, async () => {
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(script, async (groups) => {
        const store = createMemoryStore()
        const under = createTestCommitter(store)
        const answers = await play(under, groups)
        const onPostgres = await playOnPostgres(groups)
        expect(onPostgres.answers).toEqual(answers)
        expect(onPostgres.defects.length).toBe(under.defects.length)
        expect(onPostgres.state).toEqual(memoryState(store))
        expectInvariants(store)
        accepted += answers.filter((answer) => answer === 'accepted').length
      }),
      { numRuns: 25, endOnFailure: true },
    )
    expect(accepted).toBeGreaterThan(100)
  })

  test('in memory alone, a long history keeps every rule and makes no defect of the gateway', {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { minLength: 60, maxLength: 90 }),
        async (groups) => {
          const store = createMemoryStore()
          const under = createTestCommitter(store)
          const answers = await play(under, groups)
          expectInvariants(store)
          expect(answers.filter((answer) => answer.startsWith('internal') && !answer.endsWith('fact_missing'))).toEqual(
            [],
          )
        },
      ),
      { numRuns: 40, endOnFailure: true },
    )
  })
})
