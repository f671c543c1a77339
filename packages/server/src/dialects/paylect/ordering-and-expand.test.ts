import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type DialectGateway, openDialectGateway } from '../../../test/support/dialect-gateway.ts'
import { houseCaller, walkList } from '../../../test/support/house-caller.ts'
import { paylect } from './index.ts'

type Body = Record<string, unknown>

let gateway: DialectGateway
const call = houseCaller(() => gateway)
const ids: Record<string, string> = {}

async function make(path: string, name: string, fields: object): Promise<void> {
  const { status, body } = await call('POST', path, { ...fields, reference: name })
  expect([status, body['field']]).toEqual([201, undefined])
  ids[name] = String(body['id'])
}

beforeAll(async () => {
  gateway = await openDialectGateway([paylect])
  const order = { amount: 1_000, currency: 'INR', method: 'upi' }
  for (let index = 0; index < 5; index += 1) {
    await make('/payments', `P-${index}`, { ...order, ...(index < 2 ? { customer: { reference: `C-${index}` } } : {}) })
    // Some of one moment: their ids decide.
    if (index % 2 === 0) gateway.testEngine.clocks.sandbox.advance(60_000)
  }
  for (const outcome of ['declined', 'succeeded']) {
    await call('POST', '/sandbox/payments/P-0/outcome', { outcome })
    gateway.testEngine.clocks.sandbox.advance(1_000)
  }
  const beneficiary = { name: 'A Supplier', upi_id: 'supplier@bank' }
  for (let index = 0; index < 4; index += 1) {
    await make('/refunds', `R-${index}`, { payment_id: 'P-0', amount: 10 })
    await make('/payouts', `O-${index}`, { amount: 10, currency: 'INR', beneficiary })
    await make('/customers', `K-${index}`, { name: 'A' })
  }
  await gateway.submitAttempts()
})
afterAll(() => gateway.close())
beforeEach(() => gateway.forgetCalls())

const idsOf = (objects: readonly Body[]) => objects.map(({ id }) => id)

describe('a list with order=created_at.asc', () => {
  test.each([
    ['/payments', 5],
    ['/refunds', 4],
    ['/payouts', 4],
    ['/customers', 6],
    ['/payments/P-0/attempts', 2],
  ])('of %s is the usual list turned round, and is read whole by pages either way', async (path, count) => {
    const newestFirst = idsOf(await walkList(call, path, {}, { side: 'after' }))
    expect(newestFirst).toHaveLength(count)
    expect(idsOf(await walkList(call, path, { order: 'created_at.desc' }, { side: 'after' }))).toEqual(newestFirst)
    const wanted = newestFirst.toReversed()
    const order = 'created_at.asc'
    for (const limit of ['1', '2', '3', '100']) {
      gateway.forgetCalls()
      expect(idsOf(await walkList(call, path, { order, limit }, { side: 'after' })), limit).toEqual(wanted)
      const from = String(wanted.at(-1))
      const back = await walkList(call, path, { order, limit }, { side: 'before', from })
      expect(idsOf(back), limit).toEqual(wanted.slice(0, -1))
      const middle = String(wanted[1])
      const rest = await walkList(call, path, { order, limit }, { side: 'after', from: middle })
      expect(idsOf(rest), limit).toEqual(wanted.slice(2))
    }
  })

  test('goes together with filters, and another order is refused by name', async () => {
    const created = new Map((await walkList(call, '/payments', {}, { side: 'after' })).map((p) => [p['id'], p]))
    const from = String(created.get(ids['P-3'])?.['created_at'])
    const query = { order: 'created_at.asc', created_from: from, status: 'awaiting_payer', limit: '1' }
    const found = await walkList(call, '/payments', query, { side: 'after' })
    expect(idsOf(found)).toEqual(['P-3', 'P-4'].map((name) => ids[name]))
    for (const path of ['/payments', '/refunds', '/payouts', '/customers', '/payments/P-0/attempts']) {
      const { status, body } = await call('GET', `${path}?order=amount`)
      expect([status, body['field']], path).toEqual([400, 'order'])
    }
  })
})

describe('expand', () => {
  const read = async (path: string) => (await call('GET', path)).body

  test('adds to a payment just what it names, as reading that shows it', async () => {
    const bare = await read('/payments/P-0')
    for (const added of ['attempts', 'checkout_url', 'refunds', 'customer']) expect(bare).not.toHaveProperty(added)
    const attempts = (await read('/payments/P-0/attempts'))['data']
    const refunds = (await read('/refunds?payment_id=P-0'))['data']
    expect([attempts, refunds]).toMatchObject([
      [{ status: 'succeeded' }, { status: 'declined' }],
      [{}, {}, {}, {}],
    ])
    const customer = await read('/customers/C-0')
    expect(await read('/payments/P-0?expand=attempts')).toEqual({ ...bare, attempts })
    expect(await read('/payments/P-0?expand=refunds,customer')).toEqual({ ...bare, refunds, customer })
    const all = await read('/payments/P-0?expand=customer,attempts,checkout_url,refunds')
    expect(all).toEqual({
      ...bare,
      attempts,
      refunds,
      customer,
      checkout_url: expect.stringContaining(String(bare['id'])),
    })
  })

  test('of what a payment does not have is empty, not absent', async () => {
    const bare = await read('/payments/P-4')
    const expanded = await read('/payments/P-4?expand=attempts,refunds,customer')
    expect(expanded).toEqual({ ...bare, attempts: [], refunds: [], customer: null })
  })

  test('adds its payment to a refund, and its tries to a payout', async () => {
    const refund = await read('/refunds/R-0')
    expect(refund).toMatchObject({ status: 'succeeded', payment_id: ids['P-0'] })
    const payment = await read('/payments/P-0')
    expect(await read('/refunds/R-0?expand=payment')).toEqual({ ...refund, payment })
    const payout = await read('/payouts/O-0')
    const attempt = { object: 'attempt', payout_id: payout['id'], status: 'succeeded', amount: 10, currency: 'INR' }
    const expanded = await read('/payouts/O-0?expand=attempts')
    expect(expanded).toMatchObject({ ...payout, attempts: [attempt] })
    expect(expanded['attempts']).toHaveLength(1)
    expect((expanded['attempts'] as Body[])[0]).not.toHaveProperty('payment_id')
  })

  test.each([
    '/payments/P-0?expand=everything',
    '/payments/P-0?expand=attempts,everything',
    '/payments/P-0?expand=',
    '/payments/P-0?expand=attempts;refunds',
    '/refunds/R-0?expand=attempts',
    '/payouts/O-0?expand=payment',
    '/customers/C-0?expand=payments',
    '/payments?expand=attempts',
  ])('refuses %s by the parameter’s name', async (path) => {
    const { status, body } = await call('GET', path)
    expect([status, body['field']]).toEqual([400, 'expand'])
  })
})

describe('fee plans', () => {
  const listed = async (query: Record<string, string> = {}) => walkList(call, '/fee_plans', query, { side: 'after' })

  test('show what is in force, and with history all that was, by method and version, page by page', async () => {
    expect(idsOf(await listed())).toEqual(['bank_transfer:1', 'card:1', 'upi:1'])
    const { engine, scope, testEngine } = gateway
    const madeAt = testEngine.clocks.sandbox.now()
    const terms = { scope, method: 'upi', fixed: { INR: 300n }, refundPolicy: 'kept' } as const
    for (let version = 2; version <= 12; version += 1)
      await engine.fees.setPlan({ ...terms, basisPoints: 100 + version })
    const latest = { id: 'upi:12', method: 'upi', version: 12, in_force: true, basis_points: 112, fixed: { INR: 300 } }
    const shown = { ...latest, object: 'fee_plan', refund_policy: 'kept', livemode: false }
    expect(await listed({ method: 'upi' })).toEqual([{ ...shown, created_at: new Date(madeAt).toISOString() }])
    const versions = Array.from({ length: 12 }, (_, index) => `upi:${index + 1}`)
    for (const limit of ['1', '5', '100']) {
      const history = await listed({ history: 'true', limit })
      expect(idsOf(history), limit).toEqual(['bank_transfer:1', 'card:1', ...versions])
      expect(history.filter((plan) => plan['in_force']).map(({ id }) => id)).toEqual([
        'bank_transfer:1',
        'card:1',
        'upi:12',
      ])
      expect(idsOf(await listed({ limit, history: 'false' })), limit).toEqual(['bank_transfer:1', 'card:1', 'upi:12'])
    }
    expect(idsOf(await listed({ history: 'true', method: 'card' }))).toEqual(['card:1'])
    const old = (await listed({ history: 'true', method: 'upi', limit: '1' }))[0]
    expect(old).toMatchObject({ in_force: false, basis_points: 200, fixed: {}, refund_policy: 'returned' })
  })

  test('refuse a position or a filter that is none, by name, and are a merchant’s own', async () => {
    for (const [query, field] of [
      ['after=upi', 'after'],
      ['after=upi:0', 'after'],
      ['method=cash', 'method'],
      ['history=yes', 'history'],
      ['limit=0', 'limit'],
      ['before=upi:1', 'before'],
    ]) {
      const { status, body } = await call('GET', `/fee_plans?${query}`)
      expect([status, body['field']], query).toEqual([400, field])
    }
    const other = await call('GET', '/fee_plans?history=true', undefined, { role: 'other' })
    expect(idsOf(other.body['data'] as Body[])).toEqual(['bank_transfer:1', 'card:1', 'upi:1'])
  })
})
