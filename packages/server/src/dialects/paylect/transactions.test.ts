import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type DialectGateway, openDialectGateway } from '../../../test/support/dialect-gateway.ts'
import { houseCaller, walkList } from '../../../test/support/house-caller.ts'
import { paylect } from './index.ts'

type Body = Record<string, unknown>
interface Line {
  readonly number: number
  readonly type: string
  readonly amount: number
  readonly amount_pending: number
  readonly amount_reserved: number
  readonly currency: string
  readonly balance_after: number
  readonly source: { readonly object: string; readonly id: string }
  readonly created_at: string
}

let gateway: DialectGateway
/** What `GET /balance` answered after each step of the history, and when. */
const moments: { readonly at: string; readonly balance: unknown }[] = []
/** Every line, oldest first. */
let lines: readonly Line[]
const objects: Record<string, string> = {}

const call = houseCaller(() => gateway)
const clockText = () => new Date(gateway.testEngine.clocks.sandbox.now()).toISOString()

async function pay(name: string, amount: number, currency: string, outcome: object): Promise<void> {
  const { body } = await call('POST', '/payments', { amount, currency, method: 'upi', reference: name })
  objects[name] = String(body['id'])
  const { status } = await call('POST', `/sandbox/payments/${body['id']}/outcome`, outcome)
  expect(status).toBe(200)
}

async function send(path: string, name: string, fields: object): Promise<void> {
  const { status, body } = await call('POST', path, { ...fields, reference: name })
  expect([status, body['field']]).toEqual([201, undefined])
  objects[name] = String(body['id'])
}

const upi = { name: 'A Supplier', upi_id: 'supplier@bank' }
const submit = () => gateway.submitAttempts()
/** A history in which everything happens that a balance can feel, one step a minute. */
const steps: readonly (() => Promise<void>)[] = [
  async () => {},
  () => pay('P-1', 25_000, 'INR', { outcome: 'succeeded' }),
  () => pay('P-2', 1_000, 'INR', { outcome: 'partial', amount: 400 }),
  () => pay('P-3', 1_000, 'INR', { outcome: 'over', amount: 1_500 }),
  () => send('/refunds', 'R-1', { payment_id: 'P-1', amount: 5_000 }),
  submit,
  () => send('/refunds', 'R-2', { payment_id: 'P-1', metadata: { simulate: 'declined:invalid_account' } }),
  submit,
  () => send('/payouts', 'O-1', { amount: 3_000, currency: 'INR', beneficiary: upi }),
  submit,
  () => pay('P-4', 777, 'USD', { outcome: 'succeeded' }),
  async () => {
    const metadata = { simulate: 'declined:invalid_account' }
    await send('/payouts', 'O-2', { amount: 200, currency: 'USD', beneficiary: upi, metadata })
  },
  submit,
  async () => void (await call('POST', '/sandbox/payments/P-2/outcome', { outcome: 'succeeded' })),
]

beforeAll(async () => {
  gateway = await openDialectGateway([paylect])
  for (const step of steps) {
    await step()
    moments.push({ at: clockText(), balance: (await call('GET', '/balance')).body })
    gateway.testEngine.clocks.sandbox.advance(60_000)
    gateway.forgetCalls()
  }
  lines = await walk({ order: 'created_at.asc' }, { side: 'after' })
})
afterAll(() => gateway.close())
beforeEach(() => gateway.forgetCalls())

async function walk(query: Record<string, string>, from: { side: 'after' | 'before'; from?: string }) {
  return (await walkList(call, '/transactions', query, { ...from, position: 'number' })) as unknown as Line[]
}

describe('the transactions', () => {
  test('sum to the balance, and each says what was available after it', async () => {
    const sums: Record<string, { available: number; pending: number; reserved: number }> = {}
    for (const line of lines) {
      sums[line.currency] ??= { available: 0, pending: 0, reserved: 0 }
      const sum = sums[line.currency] ?? { available: 0, pending: 0, reserved: 0 }
      sum.available += line.amount
      sum.pending += line.amount_pending
      sum.reserved += line.amount_reserved
      expect(line.balance_after, `after ${line.number}`).toBe(sum.available)
      expect(line.amount !== 0 || line.amount_pending !== 0 || line.amount_reserved !== 0).toBe(true)
    }
    const balances = Object.entries(sums).map(([currency, sum]) => ({ currency, ...sum }))
    expect((await call('GET', '/balance')).body['balances']).toEqual(balances)
    expect(balances).toEqual([
      // 25,000 + 1,000 + 1,000, less 2 % of each, less a refund of 5,000 of which 100 came out of the fee, less 3,000.
      { currency: 'INR', available: 18_560, pending: 500, reserved: 0 },
      { currency: 'USD', available: 761, pending: 0, reserved: 0 },
    ])
  })

  test('tell the story of each object by type and signed amount', () => {
    const storyOf = (name: string) =>
      lines
        .filter(({ source }) => source.id === objects[name])
        .map(({ type, amount, amount_pending: pending, amount_reserved: reserved }) => [
          type,
          amount,
          pending,
          reserved,
        ])
    expect(storyOf('P-1')).toEqual([
      ['payment', 25_000, 0, 0],
      ['fee', -500, 0, 0],
    ])
    expect(storyOf('O-1')).toEqual([
      ['payout', -3_000, 0, 3_000],
      ['release', 0, 0, -3_000],
    ])
    expect(storyOf('O-2')).toEqual([
      ['payout', -200, 0, 200],
      ['payout_returned', 200, 0, -200],
    ])
    expect(storyOf('R-1')).toEqual([
      ['refund', -4_900, 4_900, 0],
      ['fee_returned', 0, 100, 0],
      ['release', 0, -5_000, 0],
    ])
    const failed = storyOf('R-2').map(([, amount, pending]) => [Number(amount), Number(pending)])
    expect(failed.reduce(([a = 0, b = 0], [c = 0, d = 0]) => [a + c, b + d], [0, 0])).toEqual([0, 0])
  })

  test('are read whole by pages in both orders and both directions', async () => {
    const oldestFirst = lines.map(({ number }) => number)
    expect(new Set(oldestFirst).size).toBe(oldestFirst.length)
    for (const order of ['created_at.asc', 'created_at.desc']) {
      const wanted = order === 'created_at.asc' ? oldestFirst : oldestFirst.toReversed()
      for (const limit of ['1', '3', '100']) {
        gateway.forgetCalls()
        const forward = await walk({ order, limit }, { side: 'after' })
        expect(forward.map(({ number }) => number)).toEqual(wanted)
        const back = await walk({ order, limit }, { side: 'before', from: String(wanted.at(-1)) })
        expect(back.map(({ number }) => number)).toEqual(wanted.slice(0, -1))
      }
    }
  })

  test('are narrowed by type, currency, object and time, alone and together', async () => {
    const at = moments[4]?.at ?? ''
    const until = moments[9]?.at ?? ''
    const between = ({ created_at: time }: Line) => time >= at && time < until
    const tries: [Record<string, string>, (line: Line) => boolean][] = [
      ...[...new Set(lines.map(({ type }) => type))].map((type): [Record<string, string>, (line: Line) => boolean] => [
        { type },
        (line) => line.type === type,
      ]),
      [{ type: 'opening_balance' }, () => false],
      [{ currency: 'USD' }, ({ currency }) => currency === 'USD'],
      [{ currency: 'EUR' }, () => false],
      [{ object_id: objects['P-2'] ?? '' }, ({ source }) => source.id === objects['P-2']],
      [{ object_id: objects['R-1'] ?? '' }, ({ source }) => source.id === objects['R-1']],
      [
        { object_id: objects['O-2'] ?? '', type: 'payout' },
        (l) => l.source.id === objects['O-2'] && l.type === 'payout',
      ],
      [{ object_id: objects['O-2'] ?? '', currency: 'INR' }, () => false],
      [{ created_from: at, created_to: until }, between],
      [{ created_from: at, created_to: until, type: 'refund' }, (line) => between(line) && line.type === 'refund'],
      [{ created_from: at, created_to: at }, () => false],
      [{ created_from: '2030-01-01T00:00:00Z' }, () => false],
    ]
    for (const [query, fits] of tries) {
      const expected = lines.filter(fits)
      const read = await walk({ ...query, limit: '2', order: 'created_at.asc' }, { side: 'after' })
      expect(read, JSON.stringify(query)).toEqual(expected)
      expect(await walk({ ...query, limit: '100' }, { side: 'after' })).toEqual(expected.toReversed())
    }
  })

  test('are read one by one by number, and nobody else’s are found', async () => {
    const [line] = lines
    expect((await call('GET', `/transactions/${line?.number}`)).body).toEqual(line)
    const lastNumber = await gateway.engine.statement.lastNumber(gateway.scope)
    const shown = new Set(lines.map(({ number }) => number))
    const hidden = Array.from({ length: Number(lastNumber) }, (_, index) => index + 1).filter((n) => !shown.has(n))
    expect(hidden.length).toBeGreaterThan(0)
    for (const number of [hidden[0], lastNumber + 1n, '999999999999999999']) {
      const { status, body } = await call('GET', `/transactions/${number}`)
      expect([status, body['code'], body['field']]).toEqual([404, 'transaction_not_found', 'number'])
    }
    expect((await call('GET', `/transactions/${line?.number}`, undefined, { role: 'other' })).status).toBe(404)
    for (const number of ['0', '-1', '1.0', 'last']) {
      const { status, body } = await call('GET', `/transactions/${number}`)
      expect([status, body['field']], number).toEqual([400, 'number'])
    }
  })

  test.each<[Record<string, string>, number, string]>([
    [{ type: 'payment_captured' }, 400, 'type'],
    [{ object_id: 'P-1' }, 400, 'object_id'],
    [{ object_id: 'pay_00000000000000000000000001' }, 404, 'object_id'],
    [{ after: '0' }, 400, 'after'],
    [{ after: '99999' }, 400, 'after'],
    [{ after: '1', before: '2' }, 400, 'before'],
    [{ order: 'number' }, 400, 'order'],
    [{ created_from: '2026-12-01T00:00:00Z', created_to: '2026-11-01T00:00:00Z' }, 400, 'created_to'],
    [{ number: '1' }, 400, 'number'],
  ])('refuse %j by name', async (query, status, field) => {
    const answer = await call('GET', `/transactions?${new URLSearchParams(query)}`)
    expect([answer.status, answer.body['field']]).toEqual([status, field])
  })

  test('of another merchant’s object are not found, and its own list is empty', async () => {
    const answer = await call('GET', `/transactions?object_id=${objects['P-1']}`, undefined, { role: 'other' })
    expect([answer.status, answer.body['field']]).toEqual([404, 'object_id'])
    expect((await call('GET', '/transactions', undefined, { role: 'other' })).body['data']).toEqual([])
  })
})

describe('the balance at a time', () => {
  test('is what reading it showed at that moment, up to the millisecond before the next step', async () => {
    expect(new Set(moments.map(({ balance }) => JSON.stringify(balance))).size).toBeGreaterThan(10)
    for (const { at, balance } of moments) {
      const lastMoment = new Date(Date.parse(at) + 59_999).toISOString()
      for (const time of [at, lastMoment]) {
        expect((await call('GET', `/balance?at=${time}`)).body, time).toEqual(balance)
      }
    }
  })

  test('with an offset is the same moment, before the first transfer nothing, and now what it is now', async () => {
    const { at, balance } = moments[5] ?? { at: '', balance: {} }
    const india = `${new Date(Date.parse(at) + 5.5 * 3_600_000).toISOString().slice(0, -1)}+05:30`
    expect((await call('GET', `/balance?at=${india}`)).body).toEqual(balance)
    expect((await call('GET', '/balance?at=1999-01-01T00:00:00Z')).body['balances']).toEqual([])
    expect((await call('GET', `/balance?at=${clockText()}`)).body).toEqual((await call('GET', '/balance')).body)
    const foreign = await call('GET', `/balance?at=${at}`, undefined, { role: 'other' })
    expect(foreign.body['balances']).toEqual([])
  })

  test('in the future, or in no time at all, is refused by field', async () => {
    const soon = new Date(gateway.testEngine.clocks.sandbox.now() + 1).toISOString()
    for (const query of [`at=${soon}`, 'at=yesterday', 'at=2026-11-21', 'at=']) {
      const { status, body } = await call('GET', `/balance?${query}`)
      expect([status, body['field']], query).toEqual([400, 'at'])
    }
    const unknown: Body = (await call('GET', '/balance?until=now')).body
    expect(unknown['field']).toBe('until')
  })
})
