import { randomBytes } from 'node:crypto'
import { type AddressInfo, createServer } from 'node:net'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { passesLuhn } from '../../src/kernel/card-number.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { type GatewayProcess, makeDataDirectory, startGatewayProcess } from '../support/gateway-process.ts'
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts'

// Marked card numbers and secrets are sent through every place that takes text, to a gateway that logs all it can. Then
// everything that it wrote is searched for them: answers, log, metrics, webhooks, and every column of every table.

let testDatabase: TestDatabase
let directory: Awaited<ReturnType<typeof makeDataDirectory>>
let receiver: WebhookReceiver
let gateway: GatewayProcess
let webhookSecret = ''
let metrics = ''
let metricsPort = 0
const answers: string[] = []
const created: string[] = []

const card = madeUpCard()
const grouped = card.replace(/(\d{4})(?=\d)/g, '$1 ')
const securityCode = `cvv${randomBytes(6).toString('hex')}`
const password = `password-${randomBytes(6).toString('hex')}`
const wrongKey = `sk_test_${randomBytes(16).toString('hex')}wrong00`

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  metricsPort = await freePort()
  receiver = await startWebhookReceiver()
  directory = await makeDataDirectory()
  gateway = await startGatewayProcess({
    dataDirectory: directory.path,
    environment: {
      DATABASE_URL: testDatabase.url,
      PAYLECT_MASTER_KEY: randomBytes(32).toString('hex'),
      PAYLECT_LOG_LEVEL: 'trace',
      PAYLECT_METRICS_PORT: String(metricsPort),
    },
  })
  await sendEverything()
}, 60_000)

afterAll(async () => {
  await gateway?.stop()
  await receiver?.close()
  await directory?.remove()
  await testDatabase?.drop()
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A Visa number that nobody has, different in every run. */
function madeUpCard(): string {
  const start = `4929${String(randomBytes(6).readUIntBE(0, 6)).padStart(15, '0').slice(0, 11)}`
  const last = '0123456789'.split('').find((digit) => passesLuhn(start + digit))
  return start + last
}

interface Sent {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly dialect?: string
}

async function send({ method, path, body, headers = {}, dialect = 'paylect' }: Sent) {
  const { baseUrl, dialects } = gateway.sandbox
  const answer = await fetch(`${baseUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${dialects[dialect]?.apiKey}`, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await answer.text()
  answers.push(text)
  return { status: answer.status, text, json: text.startsWith('{') ? JSON.parse(text) : undefined }
}

const house = { amount: 25_000, currency: 'INR', method: 'upi' }
const other = { amount: 25_000, currency: 'INR', payment_method: 'upi' }
const toMonetiflow = { method: 'POST', path: '/monetiflow/v2/payments/create', dialect: 'monetiflow' }

/** Every place that takes text, with card data in it. All of them must be refused. */
function placesOf(number: string): readonly Sent[] {
  const post = { method: 'POST' }
  const payments = { ...post, path: '/v1/payments' }
  return [
    { ...payments, body: { ...house, reference: `order ${number}` } },
    { ...payments, body: { ...house, description: number } },
    { ...payments, body: { ...house, metadata: { note: `paid with ${number} today` } } },
    { ...payments, body: { ...house, metadata: { [number]: 'x' } } },
    { ...payments, body: { ...house, metadata: { cvv: securityCode } } },
    { ...payments, body: { ...house, metadata: { card_cvc: securityCode } } },
    { ...payments, body: { ...house, return_url: `https://shop.example/?card=${encodeURIComponent(number)}` } },
    { ...payments, body: { ...house, card: { number, cvv: securityCode } } },
    { ...payments, body: house, headers: { 'idempotency-key': number } },
    { ...payments, body: `{"amount":1,"note":"${number}","cvv":"${securityCode}"` },
    { ...payments, body: `card=${number}`, headers: { 'content-type': 'text/plain' } },
    { ...post, path: '/v1/customers', body: { name: number } },
    { ...post, path: '/v1/customers', body: { name: 'A', email: `${number.replaceAll(' ', '-')}@example.com` } },
    { ...post, path: '/v1/customers', body: { name: 'A', reference: number } },
    { ...post, path: '/v1/webhook_endpoints', body: { url: receiver.url, description: number } },
    { ...post, path: '/v1/api_keys', body: { name: number, scopes: ['payments:read'] } },
    { ...post, path: '/v1/refunds', body: { payment_id: number } },
    { ...post, path: '/v1/refunds', body: { payment_id: 'pay_0', reason: number } },
    { ...toMonetiflow, body: { ...other, customer_id: number } },
    { ...toMonetiflow, body: { ...other, metadata: { card: number } } },
    { ...toMonetiflow, body: { ...other, callback_url: `https://shop.example/${encodeURIComponent(number)}/x` } },
    { ...post, path: '/monetiflow/v2/refunds/create', dialect: 'monetiflow', body: { payment_id: number } },
    { method: 'GET', path: `/v1/payments/${encodeURIComponent(number)}` },
    { method: 'GET', path: `/v1/payments?limit=${encodeURIComponent(number)}` },
    { method: 'GET', path: `/v1/payments?${encodeURIComponent(number)}=1` },
    { method: 'GET', path: `/v1/${encodeURIComponent(number)}` },
    { method: 'GET', path: `/pay/${encodeURIComponent(number)}` },
    { method: 'GET', path: '/v1/balance', headers: { authorization: `Bearer ${wrongKey}` } },
    { method: 'GET', path: '/v1/balance', headers: { authorization: `Basic ${btoa(`user:${password}`)}` } },
    { method: 'GET', path: `/v1/balance?api_key=${wrongKey}` },
  ]
}

const accepted: string[] = []

async function sendEverything(): Promise<void> {
  const endpoint = await send({ method: 'POST', path: '/v1/webhook_endpoints', body: { url: receiver.url } })
  webhookSecret = String(endpoint.json.secret)
  const made = await send({ method: 'POST', path: '/v1/api_keys', body: { name: 'made', scopes: ['payments:read'] } })
  created.push(String(made.json.key))
  const rotated = await send({ method: 'POST', path: `/v1/api_keys/${made.json.id}/rotate`, body: { overlap: 'PT0S' } })
  created.push(String(rotated.json.key))
  answers.length = 0
  for (const number of [card, grouped, card.replace(/(\d{4})(?=\d)/g, '$1-')]) {
    for (const sent of placesOf(number)) {
      const { status } = await send(sent)
      if (status < 400) accepted.push(`${sent.method} ${sent.path} ${JSON.stringify(sent.body)}`)
    }
  }
  const metadata = { note: 'an ordinary payment', last4: card.slice(-4), number_of_order: '1795254014123' }
  const paid = await send({ method: 'POST', path: '/v1/payments', body: { ...house, metadata } })
  await send({ method: 'POST', path: `/v1/sandbox/payments/${paid.json.id}/outcome`, body: { outcome: 'succeeded' } })
  await vi.waitFor(() => expect(receiver.received.length).toBeGreaterThan(0), { timeout: 10_000 })
  metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
}

function secrets(): readonly string[] {
  const keys = Object.values(gateway.sandbox.dialects).flatMap(({ apiKey, webhookSecret: secret }) => [apiKey, secret])
  const known = [...keys.flatMap((secret) => secret ?? []), ...created, webhookSecret]
  return [
    ...known,
    card,
    grouped,
    grouped.replaceAll(' ', '-'),
    grouped.replaceAll(' ', '%20'),
    securityCode,
    password,
    wrongKey,
    btoa(`user:${password}`),
  ]
}

const heldIn = (text: string) => secrets().filter((secret) => text.includes(secret))

test('card data is refused wherever it stands, and what is like it is taken', () => {
  expect(accepted).toEqual([])
  expect(answers.filter((text) => text.includes('"card_data_not_allowed"')).length).toBeGreaterThan(40)
})

test('no answer repeats a card number or a secret', () => {
  expect(answers.filter((text) => heldIn(text).length > 0)).toEqual([])
})

test('the log at its most talkative holds none of them', () => {
  const lines = gateway
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
  expect(lines.length).toBeGreaterThan(50)
  expect(lines.filter((line) => heldIn(line).length > 0)).toEqual([])
})

test('webhooks and metrics hold none of them', async () => {
  expect(receiver.received.filter(({ body, headers }) => heldIn(body + JSON.stringify(headers)).length > 0)).toEqual([])
  expect(metrics).toContain('paylect_')
  expect(heldIn(metrics)).toEqual([])
})

test('no column of any table holds one of them', async () => {
  const client = new pg.Client({ connectionString: testDatabase.url })
  await client.connect()
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
        where schemaname not in ('pg_catalog', 'information_schema')`,
    )
    const found: string[] = []
    let rowsRead = 0
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(`select t::text as row from ${name} t`)
      rowsRead += rows.length
      // Bytes are shown in hexadecimal: a secret that stands in them in the clear is looked for in that form too.
      const inHex = secrets().map((secret) => Buffer.from(secret).toString('hex'))
      const holds = ({ row }: { readonly row: string }) =>
        heldIn(row).length > 0 || inHex.some((secret) => row.includes(secret))
      found.push(...rows.filter(holds).map(({ row }) => `${name}: ${row.slice(0, 200)}`))
    }
    expect(rowsRead).toBeGreaterThan(20)
    expect(found).toEqual([])
  } finally {
    await client.end()
  }
})
