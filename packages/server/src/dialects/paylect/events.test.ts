import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DialectGateway, openDialectGateway } from '../../../test/support/dialect-gateway.ts'
import { houseCaller } from '../../../test/support/house-caller.ts'
import { monetiflow } from '../monetiflow/index.ts'
import { paylect } from './index.ts'

let gateway: DialectGateway
beforeAll(async () => {
  gateway = await openDialectGateway([paylect, monetiflow])
})
afterAll(() => gateway.close())

type Body = Record<string, unknown>
const call = houseCaller(() => gateway)

async function feed(query: Record<string, string>, role: 'main' | 'other' = 'main') {
  const { status, body } = await call('GET', `/events?${new URLSearchParams(query)}`, undefined, { role })
  expect(status, JSON.stringify(body)).toBe(200)
  return body as { data: Body[]; has_more: boolean; next: number }
}

async function newPayment(dialect = 'paylect') {
  const { result } = await gateway.engine.payments.create({
    ...{ scope: gateway.scope, dialect, amount: { minor: 1_000n, currency: 'INR' }, method: 'upi', metadata: {} },
    ...{ expiresAfterMs: 3_600_000, attemptsMax: 1 },
  })
  return result
}

const end = async () => (await feed({ limit: '100' })).next

describe('the feed of events', () => {
  test('is empty at first, and then the complete record in order, whatever dialect it happened through', async () => {
    expect(await feed({})).toEqual({ object: 'list', data: [], has_more: false, next: 0 })
    const payment = await newPayment('monetiflow')
    await gateway.engine.payments.pay(gateway.scope, payment.id, {})
    const refund = (await call('POST', '/refunds', { payment_id: payment.id, amount: 100 })).body
    const beneficiary = { name: 'A Supplier', upi_id: 'supplier@bank' }
    const payout = (await call('POST', '/payouts', { amount: 100, currency: 'INR', beneficiary })).body
    await gateway.submitAttempts()
    const { data, next } = await feed({})
    const told = data.map(({ number, type, object_id: id }) => [number, type, id])
    expect(told.slice(0, 4)).toEqual([
      [1, 'payment.created', payment.id],
      [2, 'payment.succeeded', payment.id],
      [3, 'refund.created', refund['id']],
      [4, 'payout.created', payout['id']],
    ])
    expect(
      told
        .slice(4)
        .map(([, type]) => type)
        .toSorted(),
    ).toEqual(['payout.succeeded', 'refund.succeeded'])
    expect([data.length, next]).toEqual([6, 6])
    // What happened last to an object is what reading it shows, and what happened first is how it was then.
    for (const object of ['payments', 'refunds', 'payouts']) {
      const id = { payments: payment.id, refunds: refund['id'], payouts: payout['id'] }[object]
      const events = data.filter(({ object_id: about }) => about === id)
      const now = (await call('GET', `/${object}/${id}`)).body
      // What refunds have brought back since is told by the refunds' own events.
      const later = { amount_refunded: expect.any(Number), updated_at: expect.any(String) }
      expect(events.at(-1)?.['data']).toEqual(object === 'payments' ? { ...now, ...later } : now)
      const first = events[0]?.['data'] as Body | undefined
      expect(first?.['status']).not.toBe(now['status'])
      const revisions = events.map((event) => Number(event['object_revision']))
      expect(revisions).toEqual(revisions.toSorted((a, b) => a - b))
    }
  })

  test('goes on where its reader stopped, page by page, and misses nothing', async () => {
    for (let made = 0; made < 5; made += 1) await newPayment()
    const seen: unknown[] = []
    let after = 0
    for (let pages = 0; pages < 20; pages += 1) {
      const page = await feed({ after: String(after), limit: '3' })
      seen.push(...page.data.map(({ number }) => number))
      after = page.next
      if (!page.has_more) break
    }
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, index) => index + 1))
    expect(seen).toHaveLength(await end())
  })

  test('waits for what happens next, and tells of it soon', async () => {
    const after = String(await end())
    const startedAt = performance.now()
    const waiting = Promise.all([feed({ after, wait: '20' }), feed({ after, wait: '20' })])
    await new Promise((resolve) => setTimeout(resolve, 300))
    const { id } = await newPayment()
    for (const { data, next } of await waiting) {
      expect([data.map((event) => event['object_id']), next]).toEqual([[id], Number(after) + 1])
    }
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })

  test('answers with nothing when nothing happened while it waited, and at once where it was not asked to wait', async () => {
    const after = String(await end())
    const startedAt = performance.now()
    expect((await feed({ after })).data).toEqual([])
    expect(performance.now() - startedAt).toBeLessThan(500)
    const answer = await feed({ after, wait: '1' })
    expect(answer).toEqual({ object: 'list', data: [], has_more: false, next: Number(after) })
    expect(performance.now() - startedAt).toBeGreaterThan(900)
  })

  test.each([
    ['after=-1', 'after'],
    ['after=evt_1', 'after'],
    ['after=999999', 'after'],
    ['after=9999999999999999999', 'after'],
    ['wait=31', 'wait'],
    ['wait=0.5', 'wait'],
    ['limit=0', 'limit'],
    ['before=3', 'before'],
  ])('refuses %s by name', async (query, field) => {
    const { status, body } = await call('GET', `/events?${query}`)
    expect([status, body['field']]).toEqual([400, field])
  })

  test('is each merchant’s own', async () => {
    await newPayment()
    expect((await feed({}, 'other')).data).toEqual([])
    const [event] = (await feed({})).data
    const own = await call('GET', `/events/${event?.['id']}`)
    expect([own.status, own.body]).toEqual([200, event])
    for (const role of ['other', 'live'] as const) {
      expect((await call('GET', `/events/${event?.['id']}`, undefined, { role })).status).toBe(404)
    }
    expect((await call('GET', '/events/evt_nothing')).body).toMatchObject({ code: 'event_not_found', field: 'id' })
  })
})

describe('webhooks of the house API', () => {
  test('are the events of the feed, byte for byte what reading the event shows', async () => {
    const { items } = await gateway.engine.events.feed(gateway.scope, { after: 0n, limit: 100, waitMs: 0 })
    expect(new Set(items.map(({ objectKind }) => objectKind))).toEqual(new Set(['payment', 'refund', 'payout']))
    const headers = { authorization: `Bearer ${gateway.key(paylect, 'main')}` }
    for (const event of items) {
      const [objectSequence = 0] = await gateway.engine.events.objectSequences([event])
      const rendered = paylect.renderEvent(event, { payload: 'full', apiVersion: '2026-11-01', objectSequence })
      const read = await gateway.app.inject({ method: 'GET', url: `/v1/events/${event.id}`, headers })
      expect([rendered?.type, rendered?.body]).toEqual([event.type, read.body])
    }
  })
})
