import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts'
import { createTestEngine, provisionTestMerchant, type TestEngine } from '../../../test/support/engine.ts'
import { minorMax, money } from '../../kernel/money.ts'
import type { Scope } from '../../kernel/scope.ts'
import type { Payment } from '../payments/payment.ts'

const scope: Scope = { merchantId: 'mer_outcomes', mode: 'sandbox' }
let database: TestDatabase
let built: TestEngine

beforeAll(async () => {
  database = await createTestDatabase()
  built = await createTestEngine(database)
  await provisionTestMerchant(built, scope)
})

afterAll(async () => {
  expect(built.defects).toEqual([])
  await built.close()
  await database.drop()
})

async function openPayment(minor: bigint): Promise<Payment> {
  const { result } = await built.engine.payments.create({
    scope,
    dialect: 'made-up',
    amount: money(minor, 'INR'),
    method: 'upi',
    metadata: {},
    expiresAfterMs: 900_000,
    attemptsMax: 3,
  })
  return result
}

describe('an outcome of the sandbox', () => {
  test('is the attempt and its answer in one commit, and a replay is the same payment', async () => {
    const payment = await openPayment(25_000n)
    const key = { operation: 'test', key: 'k-1', keptMs: 60_000 }
    const apply = () => built.engine.sandbox.applyOutcome(scope, payment, { outcome: 'succeeded' }, key)
    const { result, replayed } = await apply()
    expect([result.status, result.attemptsMade, replayed]).toEqual(['succeeded', 1, false])
    const { items } = await built.engine.payments.attempts(scope, payment.id, { limit: 10 })
    expect(items).toMatchObject([{ status: 'succeeded', receivedMinor: 25_000n, dueAt: null }])
    expect(await apply()).toMatchObject({ result: { id: payment.id, status: 'succeeded' }, replayed: true })
  })

  test('leaves the attempts that the payment has left when it is declined', async () => {
    const payment = await openPayment(25_000n)
    const decline = () => built.engine.sandbox.applyOutcome(scope, payment, { outcome: 'declined' })
    expect((await decline()).result.status).toBe('awaiting_payer')
    expect((await decline()).result.status).toBe('awaiting_payer')
    expect((await decline()).result).toMatchObject({ status: 'failed', attemptsMade: 3, failureCode: 'do_not_honor' })
  })

  test('that would bring more than a payment can hold is refused by name, and changes nothing', async () => {
    const payment = await openPayment(minorMax)
    for (const wanted of [{ outcome: 'over' }, { outcome: 'over', amountMinor: minorMax + 1n }] as const) {
      const refused = built.engine.sandbox.applyOutcome(scope, payment, wanted)
      await expect(refused).rejects.toMatchObject({ kind: 'invalid_request', detail: { field: 'amount' } })
    }
    expect(await built.engine.payments.find(scope, { id: payment.id })).toMatchObject({ status: 'awaiting_payer' })
  })
})
