import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts'
import { createTestEngine, provisionTestMerchant, type TestEngine } from '../../../test/support/engine.ts'
import { endpointFor } from '../../../test/support/webhooks.ts'
import type { Scope } from '../../kernel/scope.ts'
import type { Delivery } from './delivery.ts'
import type { WebhookEndpoint } from './webhook-endpoint.ts'
import { endpointsServedMax } from './webhook-queries.ts'

const scopes: readonly Scope[] = [
  { merchantId: 'mer_a', mode: 'sandbox' },
  { merchantId: 'mer_a', mode: 'live' },
  { merchantId: 'mer_b', mode: 'sandbox' },
]
const [own, ownLive, stranger] = scopes as readonly [Scope, Scope, Scope]
let database: TestDatabase
let built: TestEngine

beforeAll(async () => {
  database = await createTestDatabase()
  built = await createTestEngine(database)
  for (const scope of scopes) {
    const webhookEndpoints = [1, 2].map((shop) => endpointFor(scope, `https://${scope.mode}-${shop}.example`))
    await provisionTestMerchant(built, scope, { webhookEndpoints })
  }
})

afterAll(async () => {
  expect(built.defects).toEqual([])
  await built.close()
  await database.drop()
})

async function endpointOf(scope: Scope): Promise<WebhookEndpoint> {
  const [endpoint] = await built.engine.webhooks.listeningEndpoints([scope])
  return endpoint as WebhookEndpoint
}

async function deliver(scope: Scope, number: bigint, lane = 'lane', target = 'object'): Promise<Delivery> {
  const made = await built.engine.webhooks.deliver({
    scope,
    event: { id: `evt_${number}`, number, type: 'payment.succeeded', objectId: 'pay_1' },
    endpointId: (await endpointOf(scope)).id,
    target,
    url: 'https://shop.example/hook',
    lane,
    dialect: 'made-up',
    body: '{}',
    headers: {},
  })
  return made as Delivery
}

describe('endpoints', () => {
  test('are read for the asked scopes only, each with its own', async () => {
    const both = await built.engine.webhooks.listeningEndpoints([own, stranger])
    expect(both.map(({ merchantId, mode }) => `${merchantId} ${mode}`).toSorted()).toEqual([
      'mer_a sandbox',
      'mer_a sandbox',
      'mer_b sandbox',
      'mer_b sandbox',
    ])
    expect((await built.engine.webhooks.listeningEndpoints([ownLive])).map(({ mode }) => mode)).toEqual([
      'live',
      'live',
    ])
    expect(await built.engine.webhooks.listeningEndpoints([])).toEqual([])
  })

  test('are bounded for each merchant, so that one cannot make an event cost without end', async () => {
    const many: Scope = { merchantId: 'mer_many', mode: 'sandbox' }
    const webhookEndpoints = Array.from({ length: endpointsServedMax + 5 }, () =>
      endpointFor(many, 'https://x.example'),
    )
    await provisionTestMerchant(built, many, { webhookEndpoints })
    expect((await built.engine.webhooks.listeningEndpoints([many, own])).length).toBe(endpointsServedMax + 2)
  })
})

describe('deliveries', () => {
  test('belong to their merchant and mode', async () => {
    const delivery = await deliver(own, 1n)
    const { webhooks } = built.engine
    for (const scope of [ownLive, stranger]) {
      expect(await webhooks.delivery(scope, delivery.id)).toBeUndefined()
      expect(await webhooks.deliveriesOfObject(scope, 'pay_1', 10)).toEqual([])
      expect(await webhooks.deliveriesOfEvent(scope, 1n, 10)).toEqual([])
      expect(await webhooks.attempts(scope, delivery.id, 10)).toEqual([])
      await expect(webhooks.resend(scope, delivery.id)).rejects.toMatchObject({ kind: 'not_found' })
    }
    expect(await webhooks.deliveriesOfObject(own, 'pay_1', 10)).toEqual([delivery])
  })

  test('are listed oldest first, and no more than asked', async () => {
    const made = [
      await deliver(own, 2n, 'lane', 'a'),
      await deliver(own, 2n, 'lane', 'b'),
      await deliver(own, 2n, 'lane', 'c'),
    ]
    const listed = await built.engine.webhooks.deliveriesOfEvent(own, 2n, 2)
    expect(listed).toEqual(made.slice(0, 2))
  })

  test('of an endpoint that is unknown are not made', async () => {
    const made = await built.engine.webhooks.deliver({
      scope: own,
      event: { id: 'evt_9', number: 9n, type: 'payment.succeeded', objectId: 'pay_9' },
      endpointId: (await endpointOf(stranger)).id,
      target: 'object',
      url: 'https://shop.example/hook',
      lane: 'lane',
      dialect: 'made-up',
      body: '{}',
      headers: {},
    })
    expect(made).toBeNull()
  })

  test('are claimed earliest first, once, around full lanes, and again when the lease ends', async () => {
    await built.database.pool.query('update deliveries set due_at = null')
    const first = await deliver(own, 20n, 'quiet')
    built.clocks.sandbox.advance(1_000)
    await deliver(own, 21n, 'full')
    built.clocks.sandbox.advance(1_000)
    const third = await deliver(stranger, 22n, 'quiet')
    const now = built.clocks.sandbox.now()
    const claim = { mode: 'sandbox', dueBy: now, leaseUntil: now + 60_000, limit: 1, fullLanes: ['full'] } as const
    const { webhooks } = built.engine
    expect((await webhooks.claim(claim)).map(({ id }) => id)).toEqual([first.id])
    expect((await webhooks.claim(claim)).map(({ id }) => id)).toEqual([third.id])
    expect(await webhooks.claim(claim)).toEqual([])
    const later = await webhooks.claim({ ...claim, dueBy: now + 60_000, leaseUntil: now + 120_000, limit: 10 })
    expect(later.map(({ id }) => id).toSorted()).toEqual([first.id, third.id].toSorted())
    expect(later.every(({ dueAt }) => dueAt === now + 120_000)).toBe(true)
    expect(await webhooks.claim({ ...claim, mode: 'live' })).toEqual([])
  })
})
