import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { createTestEngine, provisionTestMerchant, type TestEngine } from '../../test/support/engine.ts'
import {
  endpointFor,
  madeUpDialect,
  type Receiver,
  startReceiver,
  testVault,
  until,
} from '../../test/support/webhooks.ts'
import type { Payment } from '../engine/index.ts'
import { EngineError } from '../kernel/engine-error.ts'
import { money } from '../kernel/money.ts'
import type { Scope } from '../kernel/scope.ts'
import { silentLog } from '../platform/log.ts'
import { createMetrics } from '../platform/metrics.ts'
import { startWorkers, type Workers } from './start-workers.ts'
import { createWebhookClients, type WebhookClients } from './webhook-clients.ts'

const minuteMs = 60_000
let database: TestDatabase
let built: TestEngine
let workers: Workers
let clients: WebhookClients
let shop: Receiver
let scope: Scope
let merchants = 0

beforeAll(async () => {
  database = await createTestDatabase()
  built = await createTestEngine(database, { onCommitted: (writes) => workers.wake(writes) })
  clients = createWebhookClients({ allowLoopbackInSandbox: true, allowCidrs: [] })
  workers = startWorkers({
    engine: built.engine,
    store: built.store,
    databaseUrl: database.url,
    dialects: new Map([['made-up', madeUpDialect()]]),
    vault: testVault,
    http: clients,
    metrics: createMetrics(),
    log: silentLog,
    setSandboxClock: async (instant) => built.clocks.sandbox.set(instant),
  })
  await until(() => workers.readiness().ready)
})

beforeEach(async () => {
  shop = await startReceiver()
  merchants += 1
  scope = { merchantId: `mer_${merchants}`, mode: 'sandbox' }
  await provisionTestMerchant(built, scope, { webhookEndpoints: [endpointFor(scope, shop.url)] })
})

afterEach(async () => {
  await shop.close()
  await built.database.pool.query('update deliveries set due_at = null')
  expect(built.defects).toEqual([])
})

afterAll(async () => {
  await workers.stop()
  await clients.close()
  await built.close()
  await database.drop()
})

async function openPayment(expiresAfterMs = 15 * minuteMs): Promise<Payment> {
  const { result } = await built.engine.payments.create({
    scope,
    dialect: 'made-up',
    amount: money(25_000n, 'INR'),
    method: 'upi',
    metadata: {},
    expiresAfterMs,
    attemptsMax: 3,
  })
  return result
}

async function statusOf(payment: Payment): Promise<string | undefined> {
  return (await built.engine.payments.find(scope, { id: payment.id }))?.status
}

/** Types of the events that arrived, in the order of arrival. */
function heard(): unknown[] {
  return shop.posts.map((post) => (JSON.parse(post.body) as { type: unknown }).type)
}

async function moveBy(ms: number): Promise<void> {
  await workers.moveSandboxClock(built.clocks.sandbox.now() + ms)
}

describe('by themselves', () => {
  test('the receiver hears of a payment well before the next poll', async () => {
    await workers.runAllDue('sandbox')
    const startedMs = performance.now()
    const payment = await openPayment()
    await built.engine.payments.pay(scope, payment.id, {})
    await until(() => shop.posts.length === 2)
    expect(performance.now() - startedMs).toBeLessThan(800)
    expect(heard().toSorted()).toEqual(['payment.created', 'payment.succeeded'])
  })

  test('a payment expires when its time comes', async () => {
    const payment = await openPayment()
    built.clocks.sandbox.advance(15 * minuteMs)
    await until(async () => (await statusOf(payment)) === 'expired')
  })

  test('a refund is taken to its rail by a job', async () => {
    const payment = await openPayment()
    await built.engine.payments.pay(scope, payment.id, {})
    const { result } = await built.engine.refunds.create({
      scope,
      dialect: 'made-up',
      paymentId: payment.id,
      metadata: {},
      instruction: {},
    })
    await until(async () => (await built.engine.refunds.find(scope, { id: result.id }))?.status === 'succeeded')
  })
})

describe('moving the sandbox clock', () => {
  test('resolves only when what fell due has run and was delivered', async () => {
    const payment = await openPayment()
    await moveBy(15 * minuteMs)
    expect(await statusOf(payment)).toBe('expired')
    expect(heard()).toEqual(['payment.created', 'payment.expired'])
  })

  test('leaves what is not due yet', async () => {
    const payment = await openPayment()
    await moveBy(15 * minuteMs - 1)
    expect(await statusOf(payment)).toBe('awaiting_payer')
    await moveBy(1)
    expect(await statusOf(payment)).toBe('expired')
  })

  test('lets a late notification arrive at its own time, not at the end of the move', async () => {
    const payment = await openPayment()
    const startedAt = built.clocks.sandbox.now()
    await built.engine.payments.pay(scope, payment.id, { simulate: 'late:PT5M' })
    expect(await statusOf(payment)).toBe('processing')
    await moveBy(3 * 24 * 60 * minuteMs)
    const paid = await built.engine.payments.find(scope, { id: payment.id })
    expect(paid).toMatchObject({ status: 'succeeded', finishedAt: startedAt + 5 * minuteMs })
  })

  test('runs a timer that another timer has set at its own time', async () => {
    const payment = await openPayment()
    const startedAt = built.clocks.sandbox.now()
    // The first question is still unanswered; the second one, set by the first, finds the truth.
    await built.engine.payments.pay(scope, payment.id, { simulate: 'unknown' })
    await moveBy(24 * 60 * minuteMs)
    const paid = await built.engine.payments.find(scope, { id: payment.id })
    expect(paid?.status).toBe('succeeded')
    expect((paid?.finishedAt as number) - startedAt).toBeLessThan(5 * minuteMs)
  })

  test('retries deliveries on the way, each at its time, with the same bytes', async () => {
    shop.answerWith((_post, number) => (number <= 3 ? 500 : 200))
    await openPayment(60 * 24 * 60 * minuteMs)
    await moveBy(20 * 24 * 60 * minuteMs)
    expect(heard()).toEqual(Array(4).fill('payment.created'))
    expect(new Set(shop.posts.map(({ body, headers }) => `${headers['webhook-id']} ${body}`)).size).toBe(1)
  })

  test('keeps the order of what falls due, whatever it is', async () => {
    const second = await openPayment(20 * minuteMs)
    const first = await openPayment(10 * minuteMs)
    const late = await openPayment()
    await built.engine.payments.pay(scope, late.id, { simulate: 'late:PT15M' })
    await workers.runAllDue('sandbox')
    const before = shop.posts.length
    await moveBy(60 * minuteMs)
    const objects = shop.posts.slice(before).map(({ body }) => (JSON.parse(body) as { object: string }).object)
    expect(objects).toEqual([first.id, late.id, second.id])
  })

  test('ends where it was told to, also when nothing is due', async () => {
    const target = built.clocks.sandbox.now() + 90 * 24 * 60 * minuteMs
    await workers.moveSandboxClock(target)
    expect(built.clocks.sandbox.now()).toBe(target)
  })

  test('is refused backwards', async () => {
    await expect(moveBy(-1)).rejects.toThrow(EngineError)
  })

  test('twice at once comes to the farther target with everything done once', async () => {
    const payment = await openPayment()
    const now = built.clocks.sandbox.now()
    await Promise.all([workers.moveSandboxClock(now + 20 * minuteMs), workers.moveSandboxClock(now + 30 * minuteMs)])
    expect(built.clocks.sandbox.now()).toBe(now + 30 * minuteMs)
    expect(await statusOf(payment)).toBe('expired')
    expect(heard()).toEqual(['payment.created', 'payment.expired'])
  })

  test('does not move live time', async () => {
    const live: Scope = { merchantId: scope.merchantId, mode: 'live' }
    const before = built.clocks.live.now()
    await moveBy(60 * minuteMs)
    expect(built.engine.now(live.mode)).toBe(before)
  })
})
