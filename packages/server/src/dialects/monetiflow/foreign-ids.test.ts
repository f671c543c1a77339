import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DialectGateway, openDialectGateway } from '../../../test/support/dialect-gateway.ts'
import type { Scope } from '../../kernel/scope.ts'
import { paylect } from '../paylect/index.ts'
import { idOf } from './ids.ts'
import { monetiflow } from './index.ts'

let gateway: DialectGateway
beforeAll(async () => {
  gateway = await openDialectGateway([paylect, monetiflow])
  await makeOneOfEach(gateway.scope)
  await makeOneOfEach(gateway.otherScope)
})
afterAll(() => gateway.close())

/** A paid payment, a refund and a payout: the objects number 1, 2 and 3 of their merchant. */
async function makeOneOfEach(scope: Scope): Promise<void> {
  const { engine } = gateway
  const common = { scope, dialect: 'monetiflow', metadata: {} }
  const { result: payment } = await engine.payments.create({
    ...common,
    amount: { minor: 1_000n, currency: 'INR' },
    method: 'upi',
    expiresAfterMs: 60_000,
    attemptsMax: 1,
  })
  await engine.payments.pay(scope, payment.id, {})
  const part = { ...common, amount: { minor: 100n, currency: 'INR' }, instruction: {} }
  const { result: refund } = await engine.refunds.create({ ...part, paymentId: payment.id })
  const beneficiary = { name: 'A', accountNumber: '0001', bankCode: 'HDFC0000001', upiId: null }
  const { result: payout } = await engine.payouts.create({ ...part, method: 'bank_transfer', beneficiary })
  expect([payment.number, refund.number, payout.number]).toEqual([1n, 2n, 3n])
}

async function get(url: string, dialect = monetiflow) {
  const headers = { authorization: `Bearer ${gateway.key(dialect, 'main')}` }
  return (await gateway.app.inject({ url, headers })).statusCode
}

describe('the id of another merchant’s object with a number that we have too', () => {
  test.each([
    ['payment', 1n],
    ['refund', 2n],
    ['payout', 3n],
  ] as const)('names no %s of ours', async (kind, number) => {
    const path = (scope: Scope) => `/monetiflow/v2/${kind}s/${idOf(kind, scope, number)}`
    expect(await get(path(gateway.scope))).toBe(200)
    expect(await get(path(gateway.otherScope))).toBe(404)
  })

  test('gets no refund of ours', async () => {
    const before = await gateway.rowCounts()
    const answer = await gateway.app.inject({
      method: 'POST',
      url: '/monetiflow/v2/refunds/create',
      headers: { authorization: `Bearer ${gateway.key(monetiflow, 'main')}` },
      payload: { payment_id: idOf('payment', gateway.otherScope, 1n) },
    })
    expect([answer.statusCode, answer.json()]).toMatchObject([404, { error: { param: 'payment_id' } }])
    expect(await gateway.rowCounts()).toEqual(before)
  })

  test('is no place in our lists', async () => {
    const after = (scope: Scope, number: bigint) => `starting_after=${idOf('transaction', scope, number)}`
    expect(await get(`/monetiflow/v2/transactions?${after(gateway.scope, 2n)}`)).toBe(200)
    expect(await get(`/monetiflow/v2/transactions?${after(gateway.otherScope, 2n)}`)).toBe(400)
  })

  test('is not found through the house API either', async () => {
    const path = (scope: Scope) => `/v1/payments/${idOf('payment', scope, 1n)}`
    expect(await get(path(gateway.scope), paylect)).toBe(200)
    expect(await get(path(gateway.otherScope), paylect)).toBe(404)
  })
})
