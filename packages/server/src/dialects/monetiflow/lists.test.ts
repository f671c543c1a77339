import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DialectGateway, openDialectGateway } from '../../../test/support/dialect-gateway.ts'
import { testStartAt } from '../../../test/support/engine.ts'
import { idOf } from './ids.ts'
import { monetiflow } from './index.ts'

interface List {
  readonly data: readonly Record<string, unknown>[]
  readonly has_more: boolean
  readonly total: number
}

const hourMs = 3_600_000
let gateway: DialectGateway

async function list(path: string, query: Record<string, string> = {}) {
  const authorization = `Bearer ${gateway.key(monetiflow, 'main')}`
  const url = `/monetiflow/v2/${path}?${new URLSearchParams(query)}`
  const answer = await gateway.app.inject({ url, headers: { authorization } })
  return { status: answer.statusCode, body: answer.json() as List & { error: { param?: string; message: string } } }
}

/** Five payments an hour apart (paid, paid in USD, declined, expired, open), a refund and a payout of the first. */
beforeAll(async () => {
  gateway = await openDialectGateway([monetiflow])
  const { engine, scope, testEngine } = gateway
  const create = async (currency: string) => {
    const common = { scope, dialect: 'monetiflow', method: 'upi', metadata: {}, attemptsMax: 1 } as const
    const amount = { minor: 1_000n, currency }
    return (await engine.payments.create({ ...common, amount, expiresAfterMs: 99 * hourMs })).result
  }
  const ends = [
    (id: string) => engine.payments.pay(scope, id, {}),
    (id: string) => engine.payments.pay(scope, id, {}),
    (id: string) => engine.payments.pay(scope, id, { simulate: 'declined' }),
    (id: string) => engine.payments.expire(scope, id, true),
  ]
  for (const [index, end] of ends.entries()) {
    const { id } = await create(index === 1 ? 'USD' : 'INR')
    await end(id)
    if (index === 0) {
      const amount = { minor: 100n, currency: 'INR' }
      const common = { scope, dialect: 'monetiflow', amount, metadata: {}, instruction: {} }
      await engine.refunds.create({ ...common, paymentId: id })
      const beneficiary = { name: 'A', accountNumber: '0001', bankCode: 'HDFC0000001', upiId: null }
      await engine.payouts.create({ ...common, method: 'bank_transfer', beneficiary })
      await gateway.submitAttempts()
    }
    testEngine.clocks.sandbox.advance(hourMs)
  }
  await create('INR')
})
afterAll(() => gateway.close())

const words = ({ data }: List) => data.map(({ type, object, status }) => `${type ?? object} ${status}`)

describe('a list', () => {
  test('of transactions holds payments, refunds and payouts, newest first', async () => {
    const { body } = await list('transactions')
    expect(words(body)).toEqual([
      'payment pending',
      'payment expired',
      'payment failed',
      'payment success',
      'payout success',
      'refund success',
      'payment partially_refunded',
    ])
    expect(body).toMatchObject({ object: 'list', has_more: false, total: 7 })
    expect(body.data.at(-1)).toMatchObject({
      object: 'transaction',
      amount: 1_000,
      fee: 20,
      source: idOf('payment', gateway.scope, 1n),
    })
    expect(body.data.at(-2)).toMatchObject({
      type: 'refund',
      amount: 100,
      fee: -2,
      source: idOf('refund', gateway.scope, 2n),
    })
    expect(body.data.at(-3)).toMatchObject({
      type: 'payout',
      amount: 100,
      fee: null,
      source: idOf('payout', gateway.scope, 3n),
    })
  })

  test('of payments holds payments only', async () => {
    const { body } = await list('payments')
    expect(body.data).toHaveLength(5)
    expect(body.total).toBe(5)
    expect(body.data.every(({ object, payment_url: url }) => object === 'payment' && typeof url === 'string')).toBe(
      true,
    )
  })

  test('is walked page by page without a gap or a repetition, whatever the page size', async () => {
    for (const path of ['transactions', 'payments']) {
      const whole = (await list(path)).body.data.map(({ id }) => id)
      for (let limit = 1; limit <= whole.length + 1; limit += 1) {
        const seen: unknown[] = []
        for (let page = 0; page <= whole.length; page += 1) {
          const after: Record<string, string> = seen.length > 0 ? { starting_after: String(seen.at(-1)) } : {}
          const { body } = await list(path, { limit: String(limit), ...after })
          expect(body.total).toBe(whole.length)
          seen.push(...body.data.map(({ id }) => id))
          expect(body.has_more).toBe(seen.length < whole.length)
          if (!body.has_more) break
        }
        expect(seen).toEqual(whole)
      }
    }
  })

  test('can be filtered by type, status, currency and time, and total counts the filtered', async () => {
    const at = (hours: number) => new Date(testStartAt + hours * hourMs).toISOString()
    const filters: readonly (readonly [Record<string, string>, readonly string[]])[] = [
      [{ type: 'refund' }, ['refund success']],
      [{ status: 'failed' }, ['payment failed']],
      [{ status: 'expired' }, ['payment expired']],
      [{ status: 'processing' }, []],
      [{ status: 'pending' }, ['payment pending']],
      [{ status: 'success' }, ['payment success', 'payout success', 'refund success']],
      [{ status: 'success', type: 'payment' }, ['payment success']],
      [{ status: 'partially_refunded' }, ['payment partially_refunded']],
      [{ status: 'refunded' }, []],
      [{ status: 'refunded', type: 'refund' }, []],
      [{ currency: 'USD' }, ['payment success']],
      [{ from: at(2), to: at(3) }, ['payment failed']],
      [{ from: String((testStartAt + 3 * hourMs) / 1000) }, ['payment pending', 'payment expired']],
      [{ to: at(0) }, []],
      [{ status: 'expired', type: 'payout' }, []],
    ]
    for (const [filter, expected] of filters) {
      const { body } = await list('transactions', filter)
      expect(words(body), JSON.stringify(filter)).toEqual(expected)
      expect(body.total, JSON.stringify(filter)).toBe(expected.length)
    }
  })

  test('refuses a filter that it cannot keep, by name', async () => {
    const wrong = [
      [{ limit: '0' }, 'limit'],
      [{ limit: '101' }, 'limit'],
      [{ limit: 'many' }, 'limit'],
      [{ starting_after: 'txn_9kL2mN4x' }, 'starting_after'],
      [{ starting_after: 'pay_9kL2mN4x' }, 'starting_after'],
      [{ status: 'succeeded' }, 'status'],
      [{ type: 'fee' }, 'type'],
      [{ currency: 'inr' }, 'currency'],
      [{ from: 'yesterday' }, 'from'],
      [{ from: '2026-11-22', to: '2026-11-21' }, 'to'],
    ] as const
    for (const [filter, param] of wrong) {
      const { status, body } = await list('transactions', filter)
      expect([status, body.error.param], JSON.stringify(filter)).toEqual([400, param])
    }
    expect((await list('payments', { type: 'refund' })).body.error.param).toBe('type')
  })
})

describe('the balance', () => {
  test('is empty without money, and tells available, pending and reserved by currency', async () => {
    const read = async (role: 'main' | 'other') => {
      const headers = { authorization: `Bearer ${gateway.key(monetiflow, role)}` }
      return (await gateway.app.inject({ url: '/monetiflow/v2/balance', headers })).json()
    }
    const empty = { object: 'balance', available: [], pending: [], reserved: [], livemode: false }
    expect(await read('other')).toEqual(empty)
    const none = [
      { amount: 0, currency: 'INR' },
      { amount: 0, currency: 'USD' },
    ]
    expect(await read('main')).toEqual({
      object: 'balance',
      available: [
        { amount: 1_000 - 20 - 98 - 100, currency: 'INR' },
        { amount: 980, currency: 'USD' },
      ],
      pending: none,
      reserved: none,
      livemode: false,
    })
  })

  test('above what a JavaScript number holds is written with all its digits', async () => {
    const { engine, scope } = gateway
    for (let made = 0; made < 3; made += 1) {
      const { result } = await engine.payments.create({
        scope,
        dialect: 'monetiflow',
        amount: { minor: 8_999_999_999_999_999n, currency: 'EUR' },
        method: 'upi',
        metadata: {},
        expiresAfterMs: hourMs,
        attemptsMax: 1,
      })
      await engine.payments.pay(scope, result.id, {})
    }
    const headers = { authorization: `Bearer ${gateway.key(monetiflow, 'main')}` }
    const answer = await gateway.app.inject({ url: '/monetiflow/v2/balance', headers })
    const [eur] = await engine.balances.list(scope)
    expect(eur?.availableMinor).toBeGreaterThan(BigInt(Number.MAX_SAFE_INTEGER))
    expect(answer.body).toContain(`{"amount":${eur?.availableMinor},"currency":"EUR"}`)
  })
})

describe('a payment that is refunded step by step', () => {
  test('is found under the word it shows, and under no other', async () => {
    const { engine, scope } = gateway
    const common = { scope, dialect: 'monetiflow', metadata: {} }
    const amount = { minor: 1_000n, currency: 'GBP' }
    const { result } = await engine.payments.create({
      ...common,
      amount,
      method: 'upi',
      expiresAfterMs: hourMs,
      attemptsMax: 1,
    })
    await engine.payments.pay(scope, result.id, {})
    const foundUnder = async () => {
      const found: string[] = []
      for (const status of ['success', 'partially_refunded', 'refunded', 'pending', 'failed']) {
        for (const path of ['payments', 'transactions']) {
          const { body } = await list(path, { status, type: 'payment', currency: 'GBP' })
          expect(body.total).toBe(body.data.length)
          found.push(...body.data.map((shown) => `${status}: ${path} ${shown['status']}`))
        }
      }
      return found
    }
    const onlyUnder = (word: string) => [`${word}: payments ${word}`, `${word}: transactions ${word}`]
    const refund = (minor: bigint) =>
      engine.refunds.create({ ...common, paymentId: result.id, amount: { ...amount, minor }, instruction: {} })
    expect(await foundUnder()).toEqual(onlyUnder('success'))
    await refund(400n)
    expect(await foundUnder(), 'no rail has paid the refund yet').toEqual(onlyUnder('success'))
    await gateway.submitAttempts()
    expect(await foundUnder()).toEqual(onlyUnder('partially_refunded'))
    await refund(600n)
    expect(await foundUnder()).toEqual(onlyUnder('partially_refunded'))
    await gateway.submitAttempts()
    expect(await foundUnder()).toEqual(onlyUnder('refunded'))
  })
})
