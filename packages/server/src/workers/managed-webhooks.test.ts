import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type DialectGateway, openDialectGateway } from '../../test/support/dialect-gateway.ts'
import { houseCaller } from '../../test/support/house-caller.ts'
import { type Receiver, startReceiver, testVault } from '../../test/support/webhooks.ts'
import { paylect } from '../dialects/paylect/index.ts'
import { systemClock } from '../kernel/clock.ts'
import { systemRandom } from '../kernel/ids.ts'
import { silentLog } from '../platform/log.ts'
import { createMetrics } from '../platform/metrics.ts'
import { createFanOut } from './fan-out-events.ts'
import { createReleaseTask } from './release-deliveries.ts'
import { createWebhookClients, type WebhookClients } from './webhook-clients.ts'
import { createSecretReader } from './webhook-secrets.ts'
import { startWebhookSender, type WebhookSender } from './webhook-sender.ts'

const dayMs = 24 * 3_600_000
let gateway: DialectGateway
let clients: WebhookClients
let sender: WebhookSender
let shop: Receiver
let other: Receiver
let fannedOut = 0n
type Body = Record<string, unknown>
const call = houseCaller(() => gateway)

beforeAll(async () => {
  gateway = await openDialectGateway([paylect])
  clients = createWebhookClients({ allowLoopbackInSandbox: true, allowCidrs: [] })
  sender = startWebhookSender({
    engine: gateway.engine,
    dialects: new Map([[paylect.name, paylect]]),
    http: clients,
    secretsOf: createSecretReader(testVault),
    realClock: systemClock,
    random: systemRandom,
    metrics: createMetrics(),
    log: silentLog,
  })
})
beforeEach(async () => {
  const { data } = (await call('GET', '/webhook_endpoints?limit=100')).body as { data: Body[] }
  for (const { id } of data) await call('DELETE', `/webhook_endpoints/${id}`)
  await fanOut()
  await sender.runAllDue('sandbox')
  await shop?.close()
  await other?.close()
  shop = await startReceiver()
  other = await startReceiver()
})
afterAll(async () => {
  await sender.stop()
  await shop.close()
  await other.close()
  await clients.close()
  expect(gateway.failures).toEqual([])
  await gateway.close()
})

/** Runs the fan-out for every event that has none yet. */
async function fanOut(): Promise<void> {
  const { engine, scope } = gateway
  const { items } = await engine.events.feed(scope, { after: fannedOut, limit: 1_000, waitMs: 0 })
  const dialects = new Map([[paylect.name, paylect]])
  const task = createFanOut({ engine, store: gateway.testEngine.store, dialects, log: silentLog })
  await task(items.map(({ number }) => [scope.merchantId, scope.mode, String(number)]))
  fannedOut = items.at(-1)?.number ?? fannedOut
}

async function deliverAll(): Promise<void> {
  await fanOut()
  await sender.runAllDue('sandbox')
}

async function endpoint(url: string, more: object = {}): Promise<Body> {
  const { status, body } = await call('POST', '/webhook_endpoints', { url, ...more })
  expect(status, JSON.stringify(body)).toBe(201)
  return body
}

const newPayment = async () =>
  (await call('POST', '/payments', { amount: 100, currency: 'INR', method: 'upi' })).body['id'] as string

function verifies({ body, headers }: Receiver['posts'][number], secret: unknown): boolean {
  try {
    new Webhook(String(secret)).verify(body, headers as Record<string, string>)
    return true
  } catch {
    return false
  }
}

const last = (receiver: Receiver) => receiver.posts.at(-1) as Receiver['posts'][number]

describe('webhook endpoints', () => {
  test('sign with both secrets while a rotation overlaps, and then only with the new one', async () => {
    const made = await endpoint(shop.url)
    const rotated = (await call('POST', `/webhook_endpoints/${made['id']}/rotate_secret`, { overlap: 'P2D' })).body
    await newPayment()
    await deliverAll()
    expect([verifies(last(shop), made['secret']), verifies(last(shop), rotated['secret'])]).toEqual([true, true])
    gateway.testEngine.clocks.sandbox.advance(2 * dayMs)
    await newPayment()
    await deliverAll()
    expect([verifies(last(shop), made['secret']), verifies(last(shop), rotated['secret'])]).toEqual([false, true])
    expect((await call('GET', `/webhook_endpoints/${made['id']}`)).body).not.toHaveProperty('secret')
  })

  test('that are paused lose nothing: each event comes once after the resume, the oldest first', async () => {
    const { id } = await endpoint(shop.url)
    const early = await newPayment()
    await fanOut()
    await call('POST', `/webhook_endpoints/${id}/pause`)
    const payments = [early]
    for (let made = 0; made < 5; made += 1) payments.push(await newPayment())
    await deliverAll()
    expect(shop.posts).toEqual([])
    expect((await call('POST', `/webhook_endpoints/${id}/resume`)).body).toMatchObject({ status: 'enabled' })
    const release = createReleaseTask(gateway.engine)
    await Promise.all([1, 2].map(() => release({ ...gateway.scope, endpointId: id })))
    await sender.runAllDue('sandbox')
    expect(shop.posts.map(({ body }) => JSON.parse(body).object_id).toSorted()).toEqual(payments.toSorted())
  })

  test('that a fan-out has read as paused miss nothing when they are resumed at that moment', async () => {
    const { id } = await endpoint(shop.url)
    await call('POST', `/webhook_endpoints/${id}/pause`)
    await newPayment()
    await Promise.all([
      fanOut(),
      call('POST', `/webhook_endpoints/${id}/resume`).then(() =>
        createReleaseTask(gateway.engine)({ ...gateway.scope, endpointId: id }),
      ),
    ])
    await sender.runAllDue('sandbox')
    expect(shop.posts).toHaveLength(1)
  })

  test('that nothing reached for five days are disabled, and the others hear of it', async () => {
    const { id } = await endpoint(shop.url)
    await endpoint(other.url, { event_types: ['webhook_endpoint.disabled'] })
    shop.answerWith(() => 500)
    for (let day = 0; day < 7; day += 1) {
      await newPayment()
      await deliverAll()
      gateway.testEngine.clocks.sandbox.advance(dayMs)
    }
    await deliverAll()
    const { body } = await call('GET', `/webhook_endpoints/${id}`)
    expect(body).toMatchObject({ status: 'disabled', disabled_reason: expect.any(String) })
    const told = other.posts.map((post) => JSON.parse(post.body))
    expect(told).toMatchObject([{ type: 'webhook_endpoint.disabled', object_id: id, data: { status: 'disabled' } }])
    expect(last(other).body).not.toMatch(/secret":"/)
    const resumed = await call('POST', `/webhook_endpoints/${id}/resume`)
    expect(resumed.body).toMatchObject({ status: 'enabled', failing_since: null })
  })

  test('that answer once in between are not disabled', async () => {
    const { id } = await endpoint(shop.url)
    for (let day = 0; day < 7; day += 1) {
      shop.answerWith(() => (day === 3 ? 200 : 500))
      await newPayment()
      await deliverAll()
      gateway.testEngine.clocks.sandbox.advance(dayMs)
    }
    expect((await call('GET', `/webhook_endpoints/${id}`)).body).toMatchObject({ status: 'enabled' })
  })

  test('with thin payloads get no more than the id, and count the events of an object without gaps', async () => {
    await endpoint(shop.url, { payload: 'thin' })
    const id = await newPayment()
    await call('POST', `/payments/${id}/cancel`)
    await deliverAll()
    const told = shop.posts.map(({ body }) => JSON.parse(body)).toSorted((a, b) => a.number - b.number)
    expect(told).toMatchObject([{ object_sequence: 1 }, { object_sequence: 2 }])
    expect(told.map(({ data }) => data)).toEqual([
      { id, object: 'payment' },
      { id, object: 'payment' },
    ])
  })

  test('are tested by an event that comes to them alone, whatever they ask for', async () => {
    const { id } = await endpoint(shop.url, { event_types: ['payout.failed'] })
    await endpoint(other.url)
    const { body, status } = await call('POST', `/webhook_endpoints/${id}/test`)
    expect([status, body['type']]).toEqual([201, 'webhook_endpoint.test'])
    await deliverAll()
    expect([shop.posts.length, other.posts.length]).toEqual([1, 0])
    expect(JSON.parse(last(shop).body)).toEqual(body)
  })
})

describe('the log of deliveries', () => {
  test('shows what was sent and what came back, and sends again all that failed', async () => {
    const { id } = await endpoint(shop.url)
    shop.answerWith(() => 410)
    for (let made = 0; made < 3; made += 1) await newPayment()
    await deliverAll()
    const { data } = (await call('GET', `/deliveries?endpoint_id=${id}&status=stopped`)).body as { data: Body[] }
    expect(data).toHaveLength(3)
    const { body } = await call('GET', `/deliveries/${data[0]?.['id']}`)
    expect(body).toMatchObject({ request: { method: 'POST', url: shop.url } })
    expect((body['attempts'] as Body[])[0]).toMatchObject({
      number: 1,
      response_status: 410,
      response_excerpt: 'thanks',
      request_headers: { 'webhook-id': data[0]?.['id'], 'webhook-signature': expect.stringMatching(/^v1,/) },
      response_headers: { date: expect.any(String) },
    })
    shop.answerWith(() => 200)
    const later = new Date(gateway.engine.now('sandbox') + 1).toISOString()
    expect((await call('POST', '/deliveries/resend', { endpoint_id: id, from: later })).body).toMatchObject({
      resent: 0,
    })
    const resent = await call('POST', '/deliveries/resend', { endpoint_id: id })
    expect(resent.body).toEqual({ resent: 3, has_more: false })
    await sender.runAllDue('sandbox')
    expect(shop.posts).toHaveLength(6)
    const foreign = await call('POST', '/deliveries/resend', { ids: [data[0]?.['id']] }, { role: 'other' })
    expect([foreign.status, foreign.body['field']]).toEqual([404, 'ids'])
  })
})
