import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient, type GatewayClient, statusesOf } from '../support/gateway-client.ts'
import { type GatewayProcess, makeDataDirectory, runCommand, startGatewayProcess } from '../support/gateway-process.ts'
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts'

// Bad input and crowds, against a gateway in a process of its own. Whatever is sent, the answer names what is wrong and
// nothing has changed; however many press at once, money moves once.

let directory: Awaited<ReturnType<typeof makeDataDirectory>>
let gateway: GatewayProcess
let client: GatewayClient
let receiver: WebhookReceiver

beforeAll(async () => {
  directory = await makeDataDirectory()
  receiver = await startWebhookReceiver()
  const environment = { PAYLECT_LOG_LEVEL: 'trace' }
  gateway = await startGatewayProcess({ dataDirectory: directory.path, environment })
  client = createClient(() => gateway.sandbox)
})

afterAll(async () => {
  await gateway?.stop()
  await receiver?.close()
  await directory?.remove()
})

const payment = { amount: 25_000, currency: 'INR', payment_method: 'upi' }
const beneficiary = { name: 'Asha Rao', account_number: '50100012345678', ifsc: 'HDFC0001234' }
const payout = { amount: 100, currency: 'INR', beneficiary }
const crowd = 100

const all = <Answer>(act: (index: number) => Promise<Answer>) =>
  Promise.all(Array.from({ length: crowd }, (_, index) => act(index)))
const create = (given: object = {}, key?: string) => client.post('/v2/payments/create', { ...payment, ...given }, key)
const newId = async (given: object = {}) => String((await create(given)).body['id'])
const outcome = (id: string, wanted: string) => client.house(`/v1/sandbox/payments/${id}/outcome`, { outcome: wanted })

async function paidId(given: object = {}): Promise<string> {
  const id = await newId(given)
  expect((await outcome(id, 'succeeded')).status).toBe(200)
  return id
}

/** Everything that a call could have changed, as the API shows it. */
async function state(): Promise<string> {
  const [balance, transactions] = await Promise.all([client.get('/v2/balance'), client.get('/v2/transactions?limit=1')])
  return JSON.stringify([balance.body, transactions.body])
}

const notAmounts = [null, true, 0, -1, 1.5, 9_000_000_000_000_001, '', '-1', '1e3', '0x10', '٣', [], [1], {}]
const notTexts = [1, true, [], {}, '', 'x'.repeat(2_100), 'a\u0000b', '\ud800']
const notUrls = [1, {}, '', 'http://', 'ftp://example.com/', 'javascript:alert(1)', 'https://a:b@example.com/']
const notReachable = [
  'http://169.254.169.254/latest/meta-data',
  'http://2852039166/',
  'http://0xa9.0xfe.0xa9.0xfe/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://[fd00::1]/',
  'http://10.0.0.1/',
  'http://0.0.0.0/',
]

const bad: readonly (readonly [path: string, valid: object, field: string, values: readonly unknown[]])[] = [
  ['/v2/payments/create', payment, 'amount', [undefined, ...notAmounts]],
  ['/v2/payments/create', payment, 'currency', [undefined, null, 'inr', 'XYZ', 'RUPEES', ...notTexts]],
  ['/v2/payments/create', payment, 'payment_method', [undefined, null, 'cash', ...notTexts]],
  ['/v2/payments/create', payment, 'customer_id', notTexts],
  ['/v2/payments/create', payment, 'success_url', notUrls],
  ['/v2/payments/create', payment, 'callback_url', [...notUrls, ...notReachable]],
  [
    '/v2/payments/create',
    payment,
    'metadata',
    [1, 'x', [1], { a: { b: 1 } }, { a: '\u0000' }, { simulate: 'nothing' }],
  ],
  ['/v2/refunds/create', { payment_id: 'pay_00000000' }, 'payment_id', [undefined, null, 1, {}, '', 'x', '\u0000']],
  ['/v2/refunds/create', { payment_id: 'pay_00000000' }, 'amount', notAmounts.slice(1)],
  ['/v2/payouts/send', payout, 'amount', [undefined, ...notAmounts]],
  ['/v2/payouts/send', payout, 'beneficiary', [undefined, null, 1, 'x', [], {}, { name: 'A' }]],
  ['/v2/payouts/send', payout, 'reference', notTexts],
]

describe('bad input', () => {
  test('every wrong field is refused by its name, and changes nothing', async () => {
    await paidId()
    const before = await state()
    for (const [path, valid, field, values] of bad) {
      for (const value of values) {
        const { status, body } = await client.post(path, { ...valid, [field]: value })
        const error = body['error'] as { readonly param?: string } | undefined
        const said = `${path} ${field}=${JSON.stringify(value)?.slice(0, 40)} → ${status} ${error?.param}`
        expect([400, 404], said).toContain(status)
        expect(error?.param, said).toMatch(new RegExp(`^${field}`))
      }
    }
    expect(await state()).toBe(before)
  })

  test('bodies that cannot be read are refused and change nothing', async () => {
    const before = await state()
    const form = 'application/x-www-form-urlencoded'
    const json = 'application/json'
    const bodies: readonly (readonly [body: string | Buffer, type: string])[] = [
      ['', json],
      ['{', json],
      ['[]', json],
      ['null', json],
      ['['.repeat(50_000) + ']'.repeat(50_000), json],
      [`{"metadata":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_001)}`, json],
      [Buffer.from('{"amount":1,"currency":"INR","payment_method":"upi","customer_id":"\xff"}', 'latin1'), json],
      [`{"a":"${'x'.repeat(2_000_000)}"}`, json],
      ['amount=%ff&currency=%zz', form],
      ['a[b'.repeat(20_000), form],
      ['metadata[__proto__][x]=1&amount=1&currency=INR&payment_method=upi', form],
      [JSON.stringify(payment), 'text/plain'],
      [JSON.stringify(payment), 'multipart/form-data; boundary=x'],
      [JSON.stringify(payment), ';;;'],
    ]
    for (const [body, type] of bodies) {
      const answer = await client.raw('/v2/payments/create', body, type)
      const said = `${type} ${body.toString().slice(0, 40)} → ${answer.status}`
      expect([400, 413], said).toContain(answer.status)
      expect(answer.body, said).toHaveProperty('error.code')
    }
    expect(await state()).toBe(before)
  })

  test('list parameters that make no sense are refused by their names', async () => {
    const queries = [
      'limit=0',
      'limit=101',
      'limit=1e1',
      'limit=%00',
      'starting_after=x',
      'status=paid',
      'currency=inr',
    ]
    const times = ['from=yesterday', 'from=9999999999999999', 'to=0001-01-01', 'from=2026-02-30']
    for (const list of ['/v2/payments', '/v2/transactions']) {
      for (const query of [...queries, ...times]) {
        const { status, body } = await client.get(`${list}?${query}`)
        expect(status, query).toBe(400)
        expect(body, query).toHaveProperty('error.param', query.split('=')[0])
      }
    }
  })

  test('payer pages take no token but the right one, and no form but their own', async () => {
    const { body } = await create({ customer_id: '<script>alert(1)</script>' })
    const url = String(body['payment_url'])
    const tokens = [url.slice(0, -1), `${url}0`, url.toUpperCase(), `${url}/x`, url.replace(/.$/, '%00')]
    for (const wrong of tokens) {
      const path = wrong.replace(/^HTTP/, 'http').replace('/PAY/', '/pay/')
      const shown = await fetch(path)
      expect(shown.status, path).toBe(404)
      expect(await shown.text()).not.toContain('250.00')
    }
    for (const form of ['', 'action=', 'action=steal', 'action=pay&action=decline', 'action[x]=pay', 'action=%ff']) {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      expect((await fetch(url, { method: 'POST', body: form, headers, redirect: 'manual' })).status, form).toBe(400)
    }
    const shown = await fetch(url)
    expect(await shown.text()).not.toContain('<script>alert')
    expect((await client.get(`/v2/payments/${body['id']}`)).body['status']).toBe('pending')
  })
})

describe('a hundred at once', () => {
  test('with one idempotency key make one payment, and with other bodies are refused', async () => {
    const same = await all(() => create({}, 'crowd-1'))
    expect(statusesOf(same)).toEqual({ 201: crowd })
    expect(new Set(same.map(({ body }) => body['id'])).size).toBe(1)
    const others = await all((index) => create({ amount: 1_000 + index }, 'crowd-2'))
    expect(statusesOf(others)).toEqual({ 201: 1, 400: crowd - 1 })
  })

  test('with every outcome on one payment bring about one', async () => {
    const before = await available()
    const id = await newId()
    const wanted = ['succeeded', 'declined', 'expired', 'partial', 'over']
    const answers = await all((index) => outcome(id, wanted[index % wanted.length] ?? ''))
    expect(Object.keys(statusesOf(answers)).every((status) => ['200', '409'].includes(status))).toBe(true)
    const { body } = await client.get(`/v2/payments/${id}`)
    expect(await available()).toBe(before + (body['status'] === 'success' ? 25_000 - Number(body['fee']) : 0))
  })

  test('pressing Pay on one page pay once', async () => {
    const before = await available()
    const { body } = await create()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const press = { method: 'POST', body: 'action=pay&after=', headers, redirect: 'manual' } as const
    expect(statusesOf(await all(() => fetch(String(body['payment_url']), press)))).toEqual({ 303: crowd })
    const paid = (await client.get(`/v2/payments/${body['id']}`)).body
    expect(paid['status']).toBe('success')
    expect(await available()).toBe(before + 25_000 - Number(paid['fee']))
  })

  test('sending payouts never take more than there is, and one reference is used once', async () => {
    await paidId()
    const once = await all(() => client.post('/v2/payouts/send', { ...payout, reference: 'once' }))
    expect(statusesOf(once)).toEqual({ 201: 1, 400: crowd - 1 })
    const fiftieth = Math.floor((await available()) / 50)
    const left = (await available()) - 50 * fiftieth
    const answers = await all(() => client.post('/v2/payouts/send', { ...payout, amount: fiftieth }))
    expect(statusesOf(answers)).toEqual({ 201: 50, 400: 50 })
    expect(await available()).toBe(left)
  })
})

test('receivers that hang, break or lead elsewhere delay nobody else, and are not followed', async () => {
  let followed = 0
  const bait = await listening((_, response) => {
    followed += 1
    response.end()
  })
  const bad = await Promise.all([
    listening(() => {}),
    listening((request) => request.socket.destroy()),
    listening((_, response) => response.writeHead(500).end()),
    listening((_, response) => response.writeHead(307, { location: bait.url }).end()),
  ])
  await Promise.all(bad.flatMap(({ url }) => Array.from({ length: 5 }, () => paidId({ callback_url: url }))))
  const startedAt = performance.now()
  const id = await paidId({ callback_url: receiver.url })
  expect((await receiver.waitFor('payment.success')).data['id']).toBe(id)
  expect(performance.now() - startedAt).toBeLessThan(5_000)
  expect(followed).toBe(0)
  for (const server of [...bad, bait]) server.close()
})

test('afterwards nothing failed on our side, no log line holds a secret, and the ledger verifies', async () => {
  await gateway.stop()
  const lines = gateway
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
  expect(lines.length).toBeGreaterThan(0)
  expect(lines.filter((line) => /"level":[56]0/.test(line))).toEqual([])
  for (const { apiKey, webhookSecret } of Object.values(gateway.sandbox.dialects)) {
    for (const secret of [apiKey, webhookSecret]) {
      expect(lines.filter((line) => secret !== undefined && line.includes(secret))).toEqual([])
    }
  }
  const verified = await runCommand({ dataDirectory: directory.path, args: ['ledger', 'verify'] })
  expect(verified.output).toContain('No findings')
})

async function available(): Promise<number> {
  const { body } = await client.get('/v2/balance')
  const entries = body['available'] as { readonly amount: number; readonly currency: string }[]
  return entries.find(({ currency }) => currency === 'INR')?.amount ?? 0
}

/** A server on loopback that answers every request in this way. */
async function listening(answer: Parameters<typeof createServer>[1]) {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhook`, close }
}
