import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts'
import { createTestEngine, provisionTestMerchant, type TestEngine } from '../../../test/support/engine.ts'
import type { Scope } from '../../kernel/scope.ts'
import type { TransactionFilter } from './transaction-queries.ts'

const scope: Scope = { merchantId: 'mer_of_lists', mode: 'sandbox' }
const common = { scope, dialect: 'made-up', metadata: {} }
const inr = (minor: bigint) => ({ minor, currency: 'INR' })
let database: TestDatabase
let testEngine: TestEngine

/** Payments of 1000 that were paid, by what was given back of them and paid out: 0, 1, 999, 1000; and a refund of 500 that waits. */
const refundsPaid = [[], [1n], [400n, 599n], [999n, 1n]]
const names = new Map<string, string>()

beforeAll(async () => {
  database = await createTestDatabase()
  testEngine = await createTestEngine(database)
  const { engine } = testEngine
  await provisionTestMerchant(testEngine, scope)
  const refund = async (paymentId: string, minor: bigint) => {
    const { result } = await engine.refunds.create({ ...common, paymentId, amount: inr(minor), instruction: {} })
    names.set(result.id, `refund of ${minor}`)
    return result
  }
  for (const refunds of refundsPaid) {
    const id = await paidPayment(`returned ${refunds.reduce((sum, minor) => sum + minor, 0n)}`)
    for (const minor of refunds) await engine.attempts.submit(scope, (await refund(id, minor)).attemptId)
  }
  await refund(await paidPayment('return waits'), 500n)
})
afterAll(async () => {
  await testEngine.close()
  await database.drop()
})

async function paidPayment(name: string): Promise<string> {
  const { payments } = testEngine.engine
  const terms = { method: 'upi', expiresAfterMs: 60_000, attemptsMax: 1 } as const
  const { result } = await payments.create({ ...common, ...terms, amount: inr(1_000n) })
  await payments.pay(scope, result.id, {})
  names.set(result.id, name)
  return result.id
}

async function list(filter: Partial<TransactionFilter>) {
  const page = await testEngine.engine.transactions.list(scope, { statuses: { payment: [] }, limit: 100, ...filter })
  return { ...page, found: page.items.map(({ object }) => names.get(object.id)) }
}

describe('a list of payments by how far they are refunded', () => {
  test.each([
    ['none', ['return waits', 'returned 0']],
    ['partly', ['returned 999', 'returned 1']],
    ['wholly', ['returned 1000']],
    [undefined, ['return waits', 'returned 1000', 'returned 999', 'returned 1', 'returned 0']],
  ] as const)('%s counts only what rails have paid back', async (refunds, expected) => {
    const { found, total } = await list({ refunds })
    expect(found).toEqual(expected)
    expect(total).toBe(expected.length)
  })

  test('is walked in pages like any other', async () => {
    const first = await list({ refunds: 'partly', limit: 1 })
    expect([first.found, first.hasMore, first.total]).toEqual([['returned 999'], true, 2])
    const second = await list({ refunds: 'partly', limit: 1, beforeId: first.items[0]?.object.id })
    expect([second.found, second.hasMore, second.total]).toEqual([['returned 1'], false, 2])
  })

  test('leaves refunds in the list as they are', async () => {
    const { found, total } = await list({
      refunds: 'wholly',
      statuses: { payment: ['succeeded'], refund: ['pending'] },
    })
    expect([found, total]).toEqual([['refund of 500', 'returned 1000'], 2])
    expect((await list({ refunds: 'wholly', statuses: { refund: [] } })).total).toBe(6)
  })
})
