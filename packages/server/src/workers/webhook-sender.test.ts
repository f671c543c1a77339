import { createHmac } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { createTestEngine, provisionTestMerchant, type TestEngine } from '../../test/support/engine.ts'
import {
  endpointFor,
  type MadeUpDialectOptions,
  madeUpDialect,
  type Receiver,
  startReceiver,
  testVault,
  testWebhookSecret,
  until,
} from '../../test/support/webhooks.ts'
import type { Delivery, WebhookEndpoint } from '../engine/index.ts'
import { systemClock } from '../kernel/clock.ts'
import { type RandomSource, systemRandom } from '../kernel/ids.ts'
import type { Mode, Scope } from '../kernel/scope.ts'
import { silentLog } from '../platform/log.ts'
import { createMetrics } from '../platform/metrics.ts'
import { createWebhookClients, type WebhookClients } from './webhook-clients.ts'
import { createSecretReader } from './webhook-secrets.ts'
import { startWebhookSender, type WebhookSender } from './webhook-sender.ts'

const dayMs = 24 * 60 * 60_000
let database: TestDatabase
let built: TestEngine
let clients: WebhookClients
let merchants = 0
const receivers: Receiver[] = []
const senders: WebhookSender[] = []

beforeAll(async () => {
  database = await createTestDatabase()
  built = await createTestEngine(database)
  clients = createWebhookClients({ allowLoopbackInSandbox: true, allowCidrs: [] })
})

afterEach(async () => {
  for (const receiver of receivers.splice(0)) await receiver.close()
  for (const sender of senders.splice(0)) await sender.stop()
  // What one test has left due must not be sent by the next one's sender.
  await built.database.pool.query('update deliveries set due_at = null')
  expect(built.defects).toEqual([])
})

afterAll(async () => {
  await clients.close()
  await built.close()
  await database.drop()
})

async function receiver(): Promise<Receiver> {
  const started = await startReceiver()
  receivers.push(started)
  return started
}

/** Half of the whole range: the wait is then the dialect's own. */
const middling: RandomSource = { bytes: (count) => Buffer.from([0, 0, 0, 0x80]).subarray(0, count) }

interface SenderOptions extends MadeUpDialectOptions {
  readonly random?: RandomSource
  /** Fails each record, as a process that dies between the POST and the record. */
  readonly losesRecords?: boolean
  readonly metrics?: ReturnType<typeof createMetrics>
}

function sender(options: SenderOptions = {}, on: TestEngine = built): WebhookSender {
  const { webhooks } = on.engine
  const lost = async () => Promise.reject(new Error('the process died'))
  const started = startWebhookSender({
    engine: { now: on.engine.now, webhooks: options.losesRecords ? { ...webhooks, recordAttempt: lost } : webhooks },
    dialects: new Map([['made-up', madeUpDialect(options)]]),
    http: clients,
    secretsOf: createSecretReader(testVault),
    realClock: systemClock,
    random: options.random ?? middling,
    metrics: options.metrics ?? createMetrics(),
    log: silentLog,
  })
  senders.push(started)
  return started
}

async function merchantWith(url: string, mode: Mode = 'sandbox'): Promise<{ scope: Scope; endpoint: WebhookEndpoint }> {
  merchants += 1
  const scope = { merchantId: `mer_${merchants}`, mode }
  await provisionTestMerchant(built, scope, { webhookEndpoints: [endpointFor(scope, url)] })
  const [endpoint] = await built.engine.webhooks.listeningEndpoints([scope])
  return { scope, endpoint: endpoint as WebhookEndpoint }
}

async function deliver(
  { scope, endpoint }: { scope: Scope; endpoint: WebhookEndpoint },
  number = 1n,
): Promise<Delivery> {
  const made = await built.engine.webhooks.deliver({
    scope,
    event: { id: `evt_${number}`, number, type: 'payment.succeeded', objectId: 'pay_1' },
    endpointId: endpoint.id,
    target: `endpoint:${endpoint.id}`,
    url: endpoint.url ?? '',
    lane: endpoint.id,
    dialect: 'made-up',
    body: `{"number":${number},"name":"Ünïcode ₹"}`,
    headers: { 'content-type': 'application/json' },
  })
  return made as Delivery
}

async function stateOf(delivery: Delivery): Promise<Delivery> {
  return (await built.engine.webhooks.delivery(delivery, delivery.id)) as Delivery
}

describe('a delivery', () => {
  test('reaches its receiver with its bytes, its id and a signature of its secret', async () => {
    const shop = await receiver()
    const delivery = await deliver(await merchantWith(`${shop.url}/hook?shop=7`))
    const metrics = createMetrics()
    expect(await sender({ metrics }).runAllDue('sandbox')).toBe(1)

    const [post] = shop.posts
    expect(post).toMatchObject({
      path: '/hook?shop=7',
      body: delivery.body,
      headers: {
        'content-type': 'application/json',
        'webhook-id': delivery.id,
        'webhook-signature': createHmac('sha256', testWebhookSecret).update(delivery.body).digest('hex'),
      },
    })
    expect(await stateOf(delivery)).toMatchObject({ status: 'delivered', dueAt: null, attemptsMade: 1 })
    expect(await built.engine.webhooks.attempts(delivery, delivery.id, 10)).toMatchObject([
      { number: 1, responseStatus: 200, error: null, responseExcerpt: 'thanks' },
    ])
    expect(await metrics.render()).toContain('paylect_webhook_attempts_total{result="delivered"} 1')
  })

  test('is tried again after the dialect wait, with the same bytes and id, until it is acknowledged', async () => {
    const shop = await receiver()
    shop.answerWith((_post, number) => (number < 3 ? 500 : 200))
    const delivery = await deliver(await merchantWith(shop.url))
    const posting = sender()
    await posting.runAllDue('sandbox')
    expect(await stateOf(delivery)).toMatchObject({ status: 'pending', lastOutcome: 'HTTP 500' })
    expect((await stateOf(delivery)).dueAt).toBe(built.clocks.sandbox.now() + 60_000)

    built.clocks.sandbox.advance(59_999)
    expect(await posting.runAllDue('sandbox')).toBe(0)
    built.clocks.sandbox.advance(1)
    expect(await posting.runAllDue('sandbox')).toBe(1)
    built.clocks.sandbox.advance(3_600_000)
    expect(await posting.runAllDue('sandbox')).toBe(1)

    expect(await stateOf(delivery)).toMatchObject({ status: 'delivered', attemptsMade: 3 })
    expect(new Set(shop.posts.map((post) => post.body))).toEqual(new Set([delivery.body]))
    expect(new Set(shop.posts.map((post) => post.headers['webhook-id']))).toEqual(new Set([delivery.id]))
    const attempts = await built.engine.webhooks.attempts(delivery, delivery.id, 10)
    expect(attempts.map((attempt) => attempt.responseStatus)).toEqual([500, 500, 200])
  })

  test('that nobody acknowledges is exhausted after about three days', async () => {
    const shop = await receiver()
    shop.answerWith(() => 503)
    const delivery = await deliver(await merchantWith(shop.url))
    const startedAt = built.clocks.sandbox.now()
    const posting = sender({ retryDelaysMs: [3_600_000, 23 * 3_600_000, dayMs, dayMs], random: systemRandom })
    for (let hour = 0; hour < 8 * 24; hour += 1) {
      await posting.runAllDue('sandbox')
      built.clocks.sandbox.advance(3_600_000)
    }
    const ended = await stateOf(delivery)
    expect(ended).toMatchObject({ status: 'exhausted', dueAt: null, attemptsMade: 5, lastOutcome: 'HTTP 503' })
    expect(shop.posts.length).toBe(5)
    // The waits are drawn between nothing and twice three days in all.
    expect((ended.finishedAt as number) - startedAt).toBeLessThan(6 * dayMs + 6 * 3_600_000)
  })

  test('whose receiver says 410 is not tried again, until a person sends it again', async () => {
    const shop = await receiver()
    shop.answerWith((_post, number) => (number === 1 ? 410 : 200))
    const delivery = await deliver(await merchantWith(shop.url))
    const posting = sender()
    await posting.runAllDue('sandbox')
    expect(await stateOf(delivery)).toMatchObject({ status: 'stopped', dueAt: null })
    built.clocks.sandbox.advance(30 * dayMs)
    expect(await posting.runAllDue('sandbox')).toBe(0)

    await built.engine.webhooks.resend(delivery, delivery.id)
    await posting.runAllDue('sandbox')
    expect(await stateOf(delivery)).toMatchObject({ status: 'delivered', attemptsMade: 2 })
    expect(shop.posts.map((post) => post.body)).toEqual([delivery.body, delivery.body])
  })

  test('waits as long as Retry-After asks', async () => {
    const shop = await receiver()
    shop.answerWith(() => ({ status: 429, headers: { 'retry-after': '7200' } }))
    const delivery = await deliver(await merchantWith(shop.url))
    await sender().runAllDue('sandbox')
    expect((await stateOf(delivery)).dueAt).toBe(built.clocks.sandbox.now() + 7_200_000)
  })

  test('in live mode never reaches this machine, and says why', async () => {
    const shop = await receiver()
    const delivery = await deliver(await merchantWith(shop.url, 'live'))
    const metrics = createMetrics()
    await sender({ metrics }).runAllDue('live')
    expect(shop.posts).toEqual([])
    expect(await stateOf(delivery)).toMatchObject({
      status: 'stopped',
      lastOutcome: 'not sent: the address is not on the public internet',
    })
    expect(await metrics.render()).toContain('paylect_webhook_attempts_total{result="blocked"} 1')
  })

  test('whose receiver does not answer in time is tried again', async () => {
    const shop = await receiver()
    shop.answerWith(() => 'hang')
    const delivery = await deliver(await merchantWith(shop.url))
    await sender({ timeoutMs: 100 }).runAllDue('sandbox')
    expect(await stateOf(delivery)).toMatchObject({ status: 'pending', lastOutcome: 'no answer: no reply in time' })
  })

  test('is not sent to an endpoint that was disabled meanwhile', async () => {
    const shop = await receiver()
    const merchant = await merchantWith(shop.url)
    const delivery = await deliver(merchant)
    await built.database.pool.query(`update webhook_endpoints set status = 'disabled' where merchant_id = $1`, [
      merchant.scope.merchantId,
    ])
    await sender().runAllDue('sandbox')
    expect(shop.posts).toEqual([])
    expect(await stateOf(delivery)).toMatchObject({
      status: 'stopped',
      lastOutcome: 'not sent: the endpoint is disabled',
    })
  })

  test('that a redirect would lead elsewhere goes nowhere else', async () => {
    const shop = await receiver()
    const elsewhere = await receiver()
    shop.answerWith(() => ({ status: 302, headers: { location: elsewhere.url } }))
    const delivery = await deliver(await merchantWith(shop.url))
    await sender().runAllDue('sandbox')
    expect(elsewhere.posts).toEqual([])
    expect(await stateOf(delivery)).toMatchObject({ status: 'pending', lastOutcome: 'HTTP 302' })
  })
})

describe('crashes and several processes', () => {
  test('a process that dies between the POST and the record makes the receiver hear it again, the same', async () => {
    const shop = await receiver()
    const delivery = await deliver(await merchantWith(shop.url))
    await sender({ losesRecords: true }).runAllDue('sandbox')
    expect(shop.posts.length).toBe(1)
    expect(await stateOf(delivery)).toMatchObject({ status: 'pending', attemptsMade: 0 })

    const survivor = sender()
    expect(await survivor.runAllDue('sandbox')).toBe(0)
    built.clocks.sandbox.advance(120_000)
    expect(await survivor.runAllDue('sandbox')).toBe(1)
    expect(await stateOf(delivery)).toMatchObject({ status: 'delivered' })
    const [first, second] = shop.posts
    expect(second?.body).toBe(first?.body)
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
    expect(second?.headers['webhook-signature']).toBe(first?.headers['webhook-signature'])
  })

  test('two senders on one database never send one delivery twice', async () => {
    const shop = await receiver()
    const merchant = await merchantWith(shop.url)
    const count = 200
    await Promise.all(Array.from({ length: count }, (_, index) => deliver(merchant, BigInt(index + 1))))
    const other = await createTestEngine(database, { clocks: built.clocks })
    try {
      const both = [sender(), sender({}, other)]
      await Promise.all(both.map((each) => each.runAllDue('sandbox')))
      await until(() => shop.posts.length >= count)
      expect(shop.posts.length).toBe(count)
      expect(new Set(shop.posts.map((post) => post.headers['webhook-id'])).size).toBe(count)
      for (const each of both) await each.stop()
    } finally {
      await other.close()
    }
  })

  test('a sender that is asked to stop sends what it holds', async () => {
    const shop = await receiver()
    shop.answerWith(async () => {
      await new Promise((resolve) => setTimeout(resolve, 50))
      return 200
    })
    const merchant = await merchantWith(shop.url)
    await Promise.all(Array.from({ length: 20 }, (_, index) => deliver(merchant, BigInt(index + 1))))
    const posting = sender()
    posting.wake('sandbox')
    await until(() => shop.posts.length > 0)
    await posting.stop()
    expect(shop.posts.length).toBe(20)
    expect(posting.readiness().held).toBe(0)
  })
})

describe('lanes', () => {
  test('a receiver that hangs does not delay another, whatever its backlog', async () => {
    const dead = await receiver()
    dead.answerWith(() => 'hang')
    const alive = await receiver()
    const deadMerchant = await merchantWith(dead.url)
    const aliveMerchant = await merchantWith(alive.url)
    await Promise.all(Array.from({ length: 500 }, (_, index) => deliver(deadMerchant, BigInt(index + 1))))
    const posting = sender({ timeoutMs: 1_500 })
    posting.wake('sandbox')
    await until(() => dead.posts.length > 0)

    for (let number = 1n; number <= 5n; number += 1n) {
      const delivery = await deliver(aliveMerchant, number)
      const startedMs = performance.now()
      posting.wake('sandbox')
      await until(async () => (await stateOf(delivery)).status === 'delivered')
      expect(performance.now() - startedMs).toBeLessThan(700)
    }
    expect(dead.busiest).toBeLessThanOrEqual(8)
    expect(posting.readiness().held).toBeLessThan(256)
  })

  test('many receivers that hang do not delay one that answers', async () => {
    const dead = await receiver()
    dead.answerWith(() => 'hang')
    const alive = await receiver()
    // Sixty endpoints, sixty lanes, each with a backlog: more than the places of the process.
    const deadMerchants = await Promise.all(Array.from({ length: 60 }, () => merchantWith(dead.url)))
    await Promise.all(
      deadMerchants.flatMap((each) => [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n].map((number) => deliver(each, number))),
    )
    const aliveMerchant = await merchantWith(alive.url)
    const posting = sender({ timeoutMs: 500 })
    posting.wake('sandbox')
    await until(() => dead.posts.length > 0)
    // By now every dead lane has failed, and each costs one place.
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    const delivery = await deliver(aliveMerchant)
    const startedMs = performance.now()
    posting.wake('sandbox')
    await until(async () => (await stateOf(delivery)).status === 'delivered')
    expect(performance.now() - startedMs).toBeLessThan(700)
  })

  test('a receiver that answers gets a large backlog without waiting for a poll', async () => {
    const shop = await receiver()
    const merchant = await merchantWith(shop.url)
    await Promise.all(Array.from({ length: 600 }, (_, index) => deliver(merchant, BigInt(index + 1))))
    const posting = sender()
    const startedMs = performance.now()
    posting.wake('sandbox')
    await until(() => shop.posts.length === 600)
    // Five polls would be needed for it, a second apart.
    expect(performance.now() - startedMs).toBeLessThan(3_000)
    expect(shop.busiest).toBeLessThanOrEqual(8)
  })

  test('a receiver that fails keeps its backlog in the table, not in memory', async () => {
    const dead = await receiver()
    dead.answerWith(() => 'hang')
    const merchant = await merchantWith(dead.url)
    await Promise.all(Array.from({ length: 150 }, (_, index) => deliver(merchant, BigInt(index + 1))))
    const posting = sender({ timeoutMs: 300 })
    posting.wake('sandbox')
    await until(() => posting.readiness().held > 100)
    await until(() => dead.posts.length > 8)
    expect(posting.readiness().held).toBeLessThanOrEqual(5)
  })

  test('a receiver that fails gets one POST at a time, and more once it answers', async () => {
    const shop = await receiver()
    const merchant = await merchantWith(shop.url)
    let isUp = false
    let failingBusiest = 0
    shop.answerWith(async () => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      failingBusiest = isUp ? failingBusiest : shop.busiest
      return isUp ? 200 : 500
    })
    await deliver(merchant)
    const posting = sender()
    await posting.runAllDue('sandbox')
    await Promise.all(Array.from({ length: 30 }, (_, index) => deliver(merchant, BigInt(index + 2))))
    await posting.runAllDue('sandbox')
    expect(failingBusiest).toBe(1)
    isUp = true
    built.clocks.sandbox.advance(120_000)
    await posting.runAllDue('sandbox')
    expect(shop.busiest).toBeGreaterThan(1)
  })
})
