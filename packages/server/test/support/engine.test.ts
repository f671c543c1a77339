import { afterAll, beforeAll, expect, test } from 'vitest'
import { money } from '../../src/kernel/money.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'
import { createTestEngine, provisionTestMerchant, type TestEngine } from './engine.ts'

let database: TestDatabase
let built: TestEngine

beforeAll(async () => {
  database = await createTestDatabase()
  built = await createTestEngine(database)
})

afterAll(async () => {
  await built.close()
  await database.drop()
})

test('a test engine takes a payment on real PostgreSQL', async () => {
  const scope = await provisionTestMerchant(built, { merchantId: 'mer_a', mode: 'sandbox' })
  const { result } = await built.engine.payments.create({
    scope,
    dialect: 'paylect',
    amount: money(25_000n, 'INR'),
    method: 'upi',
    metadata: {},
    expiresAfterMs: 900_000,
    attemptsMax: 3,
  })
  const paid = await built.engine.payments.pay(scope, result.id, {})
  expect(paid.status).toBe('succeeded')
  expect(built.defects).toEqual([])
})

test('what the simulator will send later is kept as a due row', async () => {
  const scope = await provisionTestMerchant(built, { merchantId: 'mer_b', mode: 'sandbox' })
  const { result } = await built.engine.payments.create({
    scope,
    dialect: 'paylect',
    amount: money(25_000n, 'INR'),
    method: 'upi',
    metadata: {},
    expiresAfterMs: 900_000,
    attemptsMax: 3,
  })
  const pending = await built.engine.payments.pay(scope, result.id, { simulate: 'late:PT5M' })
  expect(pending.status).toBe('processing')
  const { rows } = await built.database.pool.query('select rail, due_at from scheduled_notifications')
  expect(rows).toEqual([{ rail: 'simulator', due_at: built.clocks.sandbox.now() + 300_000 }])
})
