import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { createTestEngine, provisionTestMerchant, type TestEngine } from '../../test/support/engine.ts'
import { until } from '../../test/support/webhooks.ts'
import type { Engine, Payment } from '../engine/index.ts'
import { money } from '../kernel/money.ts'
import type { Scope } from '../kernel/scope.ts'
import { silentLog } from '../platform/log.ts'
import { startTimers, type Timers } from './timers.ts'

const minuteMs = 60_000
const scope: Scope = { merchantId: 'mer_a', mode: 'sandbox' }
let database: TestDatabase
let built: TestEngine
const running: Timers[] = []

beforeAll(async () => {
  database = await createTestDatabase()
  built = await createTestEngine(database)
  await provisionTestMerchant(built, scope)
})

afterEach(async () => {
  for (const timers of running.splice(0)) await timers.stop()
  expect(built.defects).toEqual([])
})

afterAll(async () => {
  await built.close()
  await database.drop()
})

function timers(payments: Partial<Engine['payments']> = {}): Timers {
  const engine = { ...built.engine, payments: { ...built.engine.payments, ...payments } }
  const started = startTimers({ engine, store: built.store, log: silentLog })
  running.push(started)
  return started
}

async function openPayment(instruction?: { simulate: string }): Promise<Payment> {
  const { result } = await built.engine.payments.create({
    scope,
    dialect: 'made-up',
    amount: money(25_000n, 'INR'),
    method: 'upi',
    metadata: {},
    expiresAfterMs: 15 * minuteMs,
    attemptsMax: 3,
  })
  return instruction ? built.engine.payments.pay(scope, result.id, instruction) : result
}

async function statusOf(payment: Payment): Promise<string | undefined> {
  return (await built.engine.payments.find(scope, { id: payment.id }))?.status
}

test('a row whose work fails holds nobody up and is tried again when its lease ends', async () => {
  const bad = await openPayment()
  const good = await Promise.all(Array.from({ length: 50 }, () => openPayment()))
  built.clocks.sandbox.advance(15 * minuteMs)
  let isBroken = true
  const flaky = timers({
    expire: async (own, paymentId, force) => {
      if (isBroken && paymentId === bad.id) throw new Error('a defect')
      return built.engine.payments.expire(own, paymentId, force)
    },
  })
  await flaky.runAllDue('sandbox')
  for (const payment of good) expect(await statusOf(payment)).toBe('expired')
  expect(await statusOf(bad)).toBe('awaiting_payer')

  isBroken = false
  expect(await flaky.runAllDue('sandbox')).toBe(0)
  built.clocks.sandbox.advance(2 * minuteMs)
  expect(await flaky.runAllDue('sandbox')).toBe(1)
  expect(await statusOf(bad)).toBe('expired')
})

test('slow work of one kind does not delay another kind', async () => {
  const slow = await openPayment()
  const { promise, resolve } = Promise.withResolvers<void>()
  const paid = await openPayment({ simulate: 'late:PT15M' })
  built.clocks.sandbox.advance(15 * minuteMs)
  timers({
    expire: async (own, paymentId, force) => {
      await promise
      return built.engine.payments.expire(own, paymentId, force)
    },
  })
  await until(async () => (await statusOf(paid)) === 'succeeded')
  expect(await statusOf(slow)).toBe('awaiting_payer')
  resolve()
  await until(async () => (await statusOf(slow)) === 'expired')
})

test('two processes run each row once', async () => {
  const payments = await Promise.all(Array.from({ length: 100 }, () => openPayment()))
  built.clocks.sandbox.advance(15 * minuteMs)
  const runs: string[] = []
  const expire: Engine['payments']['expire'] = async (own, paymentId, force) => {
    runs.push(paymentId)
    return built.engine.payments.expire(own, paymentId, force)
  }
  const other = await createTestEngine(database, { clocks: built.clocks })
  try {
    const engine = { ...other.engine, payments: { ...other.engine.payments, expire } }
    const second = startTimers({ engine, store: other.store, log: silentLog })
    await Promise.all([timers({ expire }).runAllDue('sandbox'), second.runAllDue('sandbox')])
    await second.stop()
  } finally {
    await other.close()
  }
  expect(runs.toSorted()).toEqual(payments.map(({ id }) => id).toSorted())
})

test('a notification that its rail refuses is finished, not repeated for ever', async () => {
  await built.engine.sandbox.scheduleNotification(scope, 'simulator', { headers: {}, body: 'forged' }, 0)
  const reading = timers()
  await reading.runAllDue('sandbox')
  const { rows } = await built.database.pool.query(
    `select due_at from scheduled_notifications where body = 'forged' and merchant_id = $1`,
    [scope.merchantId],
  )
  expect(rows).toEqual([{ due_at: null }])
})

test('the same notification for the same moment is kept once', async () => {
  const notification = { headers: {}, body: 'twice' }
  await built.engine.sandbox.scheduleNotification(scope, 'simulator', notification, 1_000)
  await built.engine.sandbox.scheduleNotification(scope, 'simulator', notification, 1_000)
  await built.engine.sandbox.scheduleNotification(scope, 'simulator', notification, 2_000)
  const { rows } = await built.database.pool.query(`select id from scheduled_notifications where body = 'twice'`)
  expect(rows.length).toBe(2)
})

test('stopping waits for what is under way', async () => {
  const payment = await openPayment()
  built.clocks.sandbox.advance(15 * minuteMs)
  let begun = false
  const stopping = timers({
    expire: async (own, paymentId, force) => {
      begun = true
      await new Promise((resolve) => setTimeout(resolve, 200))
      return built.engine.payments.expire(own, paymentId, force)
    },
  })
  await until(() => begun)
  await stopping.stop()
  expect(await statusOf(payment)).toBe('expired')
})
