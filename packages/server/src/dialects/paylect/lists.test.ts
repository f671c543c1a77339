import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DialectGateway, openDialectGateway } from '../../../test/support/dialect-gateway.ts'
import { houseCaller } from '../../../test/support/house-caller.ts'
import { monetiflow } from '../monetiflow/index.ts'
import { paylect } from './index.ts'

let gateway: DialectGateway
/** Seven payments, oldest first, one an hour; the third is in dollars, the last two are paid. */
let ids: readonly string[]
const references = ['ORD-0', 'ORD-1', 'ORD-2', 'ORD-3', 'ORD-4', 'ORD-5', 'ORD-6'] as const
const startAt = '2026-11-21T09:40:14.000Z'
const hourAt = (hours: number) => new Date(Date.parse(startAt) + hours * 3_600_000).toISOString()

beforeAll(async () => {
  gateway = await openDialectGateway([paylect, monetiflow])
  const made: string[] = []
  for (const [index, reference] of references.entries()) {
    const { result } = await gateway.engine.payments.create({
      ...{
        scope: gateway.scope,
        method: 'upi',
        reference,
        metadata: {},
        expiresAfterMs: 99 * 3_600_000,
        attemptsMax: 1,
      },
      dialect: index % 2 === 0 ? 'paylect' : 'monetiflow',
      amount: { minor: 1_000n, currency: index === 2 ? 'USD' : 'INR' },
    })
    made.push(result.id)
    gateway.testEngine.clocks.sandbox.advance(3_600_000)
  }
  for (const id of made.slice(5)) await gateway.engine.payments.pay(gateway.scope, id, {})
  ids = made
})
afterAll(() => gateway.close())

type Body = Record<string, unknown>

const call = houseCaller(() => gateway)

async function list(path: string, query: Record<string, string> = {}) {
  const answer = await call('GET', `${path}?${new URLSearchParams(query)}`)
  const body = answer.body as { data?: Body[]; has_more?: boolean } & Body
  const found = (body.data ?? []).map((object) => ids.indexOf(String(object['id'])))
  return { status: answer.status, body, found, hasMore: body.has_more }
}

const idOf = (index: number) => ids[index] ?? ''

describe('the list of payments', () => {
  test('is newest first and holds what every dialect made, as reading one shows it', async () => {
    const { found, hasMore, body } = await list('/payments')
    expect([found, hasMore]).toEqual([[6, 5, 4, 3, 2, 1, 0], false])
    expect(body.data?.[0]).toEqual((await list(`/payments/${idOf(6)}`)).body)
  })

  test('is read whole by pages in either direction, however large the pages are', async () => {
    for (const limit of ['1', '2', '3', '7', '100']) {
      const older: number[] = []
      for (let after: string | undefined, pages = 0; pages < 10; pages += 1) {
        const { found, hasMore } = await list('/payments', { limit, ...(after ? { after } : {}) })
        older.push(...found)
        after = idOf(found.at(-1) ?? -1)
        if (!hasMore) break
      }
      expect(older, `limit ${limit}`).toEqual([6, 5, 4, 3, 2, 1, 0])
      const newer: number[] = []
      for (let before = idOf(0), pages = 0; pages < 10; pages += 1) {
        const { found, hasMore } = await list('/payments', { limit, before })
        newer.unshift(...found)
        before = idOf(found[0] ?? -1)
        if (!hasMore) break
      }
      expect(newer, `limit ${limit}`).toEqual([6, 5, 4, 3, 2, 1])
    }
  })

  test.each<[Record<string, string>, number[]]>([
    [{ status: 'succeeded' }, [6, 5]],
    [{ status: 'awaiting_payer', currency: 'INR' }, [4, 3, 1, 0]],
    [{ currency: 'USD' }, [2]],
    [{ currency: 'EUR' }, []],
    [{ reference: 'ORD-3' }, [3]],
    [{ reference: 'ord-3' }, []],
    [{ reference: 'ORD-3', status: 'succeeded' }, []],
    [{ created_from: hourAt(2), created_to: hourAt(4) }, [3, 2]],
    [{ created_from: hourAt(5).replace('Z', '+00:00') }, [6, 5]],
    [{ created_to: hourAt(1) }, [0]],
    [{ created_from: hourAt(9) }, []],
  ])('filtered by %j holds %j', async (query, expected) => {
    expect((await list('/payments', query)).found).toEqual(expected)
    // Filters and positions go together.
    const [first, ...rest] = expected
    if (first !== undefined) expect((await list('/payments', { ...query, after: idOf(first) })).found).toEqual(rest)
  })

  test('takes an offset whose plus sign was not percent-encoded', async () => {
    const { body } = await call('GET', '/payments?created_from=2026-11-21T20:10:14+05:30')
    expect(body['data']).toHaveLength(2)
  })

  test.each<[Record<string, string>, string]>([
    [{ limit: '0' }, 'limit'],
    [{ limit: '101' }, 'limit'],
    [{ limit: 'all' }, 'limit'],
    [{ after: 'pay_0000000000000000000000none' }, 'after'],
    [{ before: 'ORD-3' }, 'before'],
    [{ status: 'paid' }, 'status'],
    [{ currency: 'inr' }, 'currency'],
    [{ created_from: 'yesterday' }, 'created_from'],
    [{ created_from: '+020000-01-01T00:00:00Z' }, 'created_from'],
    [{ created_from: hourAt(2), created_to: hourAt(1) }, 'created_to'],
    [{ reference: '' }, 'reference'],
    [{ offset: '20' }, 'offset'],
  ])('refuses %j by name', async (query, field) => {
    const { status, body } = await list('/payments', query)
    expect([status, body['field']]).toEqual([400, field])
  })

  test('refuses two positions at once', async () => {
    const { status, body } = await list('/payments', { after: idOf(6), before: idOf(0) })
    expect([status, body['field']]).toEqual([400, 'before'])
  })

  test('shows another merchant nothing of it, and does not take its ids as positions', async () => {
    const all = await call('GET', '/payments', undefined, { role: 'other' })
    expect(all.body).toEqual({ object: 'list', data: [], has_more: false })
    const positioned = await call('GET', `/payments?after=${idOf(3)}`, undefined, { role: 'other' })
    expect([positioned.status, positioned.body['field']]).toEqual([400, 'after'])
  })
})

describe('the lists of refunds and payouts', () => {
  test('are narrowed by status, reference and payment', async () => {
    const { engine, scope } = gateway
    const common = { scope, dialect: 'paylect', metadata: {}, instruction: {} }
    const made: string[] = []
    for (const [index, paymentId] of [idOf(5), idOf(6), idOf(6)].entries()) {
      const amount = { minor: 10n, currency: 'INR' }
      const { result } = await engine.refunds.create({ ...common, paymentId, amount, reference: `RF-${index}` })
      made.push(result.id)
    }
    const beneficiary = { name: 'A', accountNumber: null, bankCode: null, upiId: 'a.b@bank' }
    const amount = { minor: 10n, currency: 'INR' }
    const payout = await engine.payouts.create({ ...common, amount, method: 'upi', beneficiary, reference: 'PO-1' })
    const found = async (path: string, query: Record<string, string>) =>
      ((await list(path, query)).body.data ?? []).map((object) => made.indexOf(String(object['id'])))
    expect(await found('/refunds', {})).toEqual([2, 1, 0])
    expect(await found('/refunds', { payment_id: 'ORD-6' })).toEqual([2, 1])
    expect(await found('/refunds', { payment_id: idOf(6), after: made[2] ?? '' })).toEqual([1])
    expect(await found('/refunds', { reference: 'RF-0', status: 'pending', currency: 'INR' })).toEqual([0])
    expect(await found('/refunds', { status: 'failed' })).toEqual([])
    expect((await list('/refunds', { payment_id: 'nothing' })).status).toBe(404)
    const shown = (await list(`/payouts/${payout.result.id}`)).body
    expect((await list('/payouts', { status: 'processing', reference: 'PO-1' })).body.data).toEqual([shown])
    expect((await list('/payouts', { status: 'succeeded' })).body.data).toEqual([])
  })
})
