import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { createClient, statusesOf } from '../support/gateway-client.ts'
import { type GatewayProcess, makeDataDirectory, runCommand, startGatewayProcess } from '../support/gateway-process.ts'
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts'

// Two servers on one database, as an operator runs them behind a load balancer. Callers must not be able to tell.

const crowd = 100
const callsAMinute = 1_000
let testDatabase: TestDatabase
let directories: Awaited<ReturnType<typeof makeDataDirectory>>[]
let servers: GatewayProcess[]
let receiver: WebhookReceiver
let environment: Record<string, string>

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  receiver = await startWebhookReceiver()
  environment = { DATABASE_URL: testDatabase.url, PAYLECT_MASTER_KEY: randomBytes(32).toString('hex') }
  directories = await Promise.all([makeDataDirectory(), makeDataDirectory()])
  servers = await Promise.all(directories.map(({ path }) => startGatewayProcess({ dataDirectory: path, environment })))
})

afterAll(async () => {
  await Promise.all((servers ?? []).map((server) => server.stop()))
  await receiver?.close()
  await Promise.all((directories ?? []).map((directory) => directory.remove()))
  await testDatabase?.drop()
})

function server(index: number): GatewayProcess {
  const found = servers[index % servers.length]
  if (!found) throw new Error('no server was started')
  return found
}

/** The second server's address with the first server's keys: a key is good at either. */
const client = (index: number) => createClient(() => ({ ...server(0).sandbox, baseUrl: server(index).sandbox.baseUrl }))
const payment = () => ({ amount: 25_000, currency: 'INR', payment_method: 'upi', callback_url: receiver.url })
const all = <Answer>(act: (index: number) => Promise<Answer>) =>
  Promise.all(Array.from({ length: crowd }, (_, index) => act(index)))

test('a hundred refunds over both give exactly fifty, and one idempotency key makes one payment', async () => {
  const created = await all((index) => client(index).post('/v2/payments/create', payment(), 'both'))
  expect(statusesOf(created)).toEqual({ 201: crowd })
  expect(new Set(created.map(({ body }) => body['id'])).size).toBe(1)
  const id = String(created[0]?.body['id'])
  const path = `/v1/sandbox/payments/${id}/outcome`
  const outcomes = await all((index) => client(index).house(path, { outcome: 'succeeded' }))
  expect(Object.keys(statusesOf(outcomes)).every((status) => ['200', '409'].includes(status))).toBe(true)
  const refund = { payment_id: id, amount: 500, callback_url: receiver.url }
  const refunds = await all((index) => client(index).post('/v2/refunds/create', refund))
  expect(statusesOf(refunds)).toEqual({ 201: 50, 400: 50 })
})

test('each webhook is sent once, by one of them', async () => {
  // The payment's and those of its fifty refunds.
  await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(51)
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(51)
})

test('a clock that is moved at one has moved at the other', async () => {
  const moved = await client(0).house('/v1/sandbox/clock', { advance: 'P1D' })
  expect(moved.status).toBe(200)
  const goesBack = async () => (await client(1).house('/v1/sandbox/clock', { set: new Date().toISOString() })).status
  await expect.poll(goesBack, { timeout: 5_000 }).toBe(400)
  // A day has passed for both, and neither had anything left to send.
  expect(receiver.received).toHaveLength(51)
})

test('when one is stopped under load, nothing that was acknowledged is lost', async () => {
  const acknowledged: string[] = []
  let isRunning = true
  const trade = async (index: number) => {
    while (isRunning) {
      const reference = randomUUID()
      const body = { ...payment(), metadata: { order_ref: reference } }
      // A balancer sends what one server refuses to the other.
      for (const turn of [index, index + 1]) {
        const answer = await client(turn)
          .post('/v2/payments/create', body, reference)
          .catch(() => undefined)
        if (answer && answer.status !== 503) expect(answer.status).toBe(201)
        if (answer?.status === 201) {
          acknowledged.push(String(answer.body['id']))
          break
        }
      }
    }
  }
  const trading = Promise.all([0, 1, 2, 3].map(trade))
  await expect.poll(() => acknowledged.length).toBeGreaterThan(20)
  expect(await server(1).stop()).toBe(0)
  isRunning = false
  await trading
  const listed = await client(0).get('/v2/payments?limit=1')
  expect(listed.body['total']).toBe(acknowledged.length + 1)
})

test('one key has a thousand calls a minute over both, to the call', async () => {
  const [directory] = directories.slice(1)
  if (!directory) throw new Error('no directory was made')
  servers[1] = await startGatewayProcess({ dataDirectory: directory.path, environment })
  const key = server(1).sandbox
  const calls: number[] = []
  for (let sent = 0; sent < callsAMinute + 100; sent += crowd) {
    const call = (index: number) =>
      createClient(() => ({ ...key, baseUrl: server(index).sandbox.baseUrl })).get('/v2/balance')
    calls.push(...(await all(call)).map(({ status }) => status))
  }
  expect(statusesOf(calls.map((status) => ({ status })))).toEqual({ 200: callsAMinute, 429: 100 })
})

test('afterwards the ledger verifies', async () => {
  const [directory] = directories
  if (!directory) throw new Error('no directory was made')
  const verified = await runCommand({ dataDirectory: directory.path, environment, args: ['ledger', 'verify'] })
  expect(verified.output).toContain('No findings')
})
