import { createHmac } from 'node:crypto'
import type { Browser, Page } from 'playwright-core'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { type GatewayProcess, makeDataDirectory, runCommand, startGatewayProcess } from '../support/gateway-process.ts'
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts'

type Body = Record<string, unknown>

let directory: Awaited<ReturnType<typeof makeDataDirectory>>
let gateway: GatewayProcess
let receiver: WebhookReceiver
let browser: Browser
let page: Page

beforeAll(async () => {
  directory = await makeDataDirectory()
  receiver = await startWebhookReceiver()
  gateway = await startGatewayProcess({ dataDirectory: directory.path })
  browser = await launchBrowser()
  page = await (await browser.newContext({ javaScriptEnabled: false })).newPage()
})

afterAll(async () => {
  await browser?.close()
  await gateway?.stop()
  await receiver?.close()
  await directory?.remove()
})

const monetiflow = () => {
  const entry = gateway.sandbox.dialects['monetiflow']
  if (!entry) throw new Error('sandbox.json names no monetiflow')
  return entry
}

async function call(method: string, path: string, body?: string | Body): Promise<{ status: number; body: Body }> {
  const isForm = typeof body === 'string'
  const answer = await fetch(`${gateway.sandbox.baseUrl}${monetiflow().mount}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${monetiflow().apiKey}`,
      ...(body === undefined
        ? {}
        : { 'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json' }),
    },
    ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
  })
  return { status: answer.status, body: (await answer.json()) as Body }
}

async function house(path: string, body: Body): Promise<{ status: number; body: Body }> {
  const answer = await fetch(`${gateway.sandbox.baseUrl}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${gateway.sandbox.dialects['paylect']?.apiKey}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(body),
  })
  return { status: answer.status, body: (await answer.json()) as Body }
}

const sample = () => ({
  amount: 25000,
  currency: 'INR',
  customer_id: 'usr_8x2k9Lm',
  payment_method: 'upi',
  success_url: receiver.url.replace('/webhook', '/success'),
  callback_url: receiver.url,
})

/** The document's sample as its form body. */
function sampleForm(): string {
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(sample())) form.set(name, String(value))
  form.set('metadata[order_ref]', 'ORD-2025-4892')
  form.set('metadata[customer_email]', 'user@example.com')
  form.set('metadata[customer_phone]', '+91-9876543210')
  return form.toString()
}

async function available(): Promise<number> {
  const { body } = await call('GET', '/v2/balance')
  const entry = (body['available'] as { amount: number; currency: string }[]).find(({ currency }) => currency === 'INR')
  return entry?.amount ?? 0
}

async function paidPayment(): Promise<string> {
  const { body } = await call('POST', '/v2/payments/create', sample())
  const outcome = await house(`/v1/sandbox/payments/${body['id']}/outcome`, { outcome: 'succeeded' })
  expect(outcome.status).toBe(200)
  return String(body['id'])
}

describe('from an empty folder to a paid payment', () => {
  test('a form-encoded payment is paid in a browser, told of by a signed webhook, and in the books less the fee', async () => {
    const before = await available()
    const created = await call('POST', '/v2/payments/create', sampleForm())
    expect(created.status).toBe(201)
    expect(created.body['id']).toMatch(/^pay_[0-9A-Za-z]{8}$/)
    expect(created.body['metadata']).toMatchObject({ order_ref: 'ORD-2025-4892', customer_phone: '+91-9876543210' })

    await page.goto(String(created.body['payment_url']))
    const shown = await page.innerText('body')
    expect(shown).toContain('250.00')
    expect(shown).toContain('Demo Store')
    await page.getByRole('button', { name: /^Pay/ }).click()
    await page.waitForURL((url) => url.pathname === '/success', { waitUntil: 'commit' })

    const webhook = await receiver.waitFor('payment.success')
    expect(webhook.data).toMatchObject({ id: created.body['id'], amount: 25000, status: 'success' })
    const secret = String(monetiflow().webhookSecret)
    const header = String(webhook.headers['x-monetiflow-signature'])
    const [, sentAt, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header) ?? []
    expect(createHmac('sha256', secret).update(`${sentAt}.${webhook.body}`).digest('hex')).toBe(signature)
    expect(() => new Webhook(secret).verify(webhook.body, webhook.headers as Record<string, string>)).not.toThrow()

    const read = await call('GET', `/v2/payments/${created.body['id']}`)
    expect(read.body).toMatchObject({ status: 'success', amount: 25000 })
    const fee = Number(read.body['fee'])
    expect(fee).toBeGreaterThan(0)
    expect(await available()).toBe(before + 25000 - fee)
    const listed = await call('GET', '/v2/transactions')
    expect(listed.body['data']).toContainEqual(
      expect.objectContaining({ type: 'payment', source: created.body['id'], amount: 25000, status: 'success' }),
    )
  })

  test('the same payment as JSON gets the same answer, and declining in the browser tells the merchant', async () => {
    const created = await call('POST', '/v2/payments/create', { ...sample(), metadata: { order_ref: 'ORD-2' } })
    expect(created.status).toBe(201)
    await page.goto(String(created.body['payment_url']))
    await page.getByRole('button', { name: /Decline/ }).click()
    expect((await receiver.waitFor('payment.failed')).data['id']).toBe(created.body['id'])
    expect((await call('GET', `/v2/payments/${created.body['id']}`)).body['status']).toBe('failed')
  })

  test('a payment that nobody pays expires when the sandbox clock passes its time', async () => {
    const created = await call('POST', '/v2/payments/create', sample())
    const moved = await house('/v1/sandbox/clock', { advance: 'P1D' })
    expect(moved.status).toBe(200)
    expect((await call('GET', `/v2/payments/${created.body['id']}`)).body['status']).toBe('expired')
  })

  test('a part is refunded, and never more than the rest', async () => {
    const id = await paidPayment()
    expect((await call('POST', '/v2/refunds/create', { payment_id: id, amount: 10000 })).status).toBe(201)
    const tooMuch = await call('POST', '/v2/refunds/create', { payment_id: id, amount: 15001 })
    expect(tooMuch.status).toBe(400)
    expect(tooMuch.body['error']).toMatchObject({ param: 'amount' })
    expect((await call('POST', '/v2/refunds/create', { payment_id: id })).body['amount']).toBe(15000)
  })

  test('a hundred simultaneous refunds of 500 on a payment of 25000 give exactly fifty', async () => {
    const id = await paidPayment()
    const before = await available()
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => call('POST', '/v2/refunds/create', { payment_id: id, amount: 500 })),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(50)
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(50)
    expect(await available()).toBe(before - 24500)
  })

  test('a payout is sent, and the balance never goes below zero', async () => {
    await paidPayment()
    const beneficiary = { name: 'Asha Rao', account_number: '50100012345678', ifsc: 'HDFC0001234' }
    const left = await available()
    const sent = await call('POST', '/v2/payouts/send', {
      amount: left,
      currency: 'INR',
      beneficiary,
      reference: 'P-1',
    })
    expect(sent.status).toBe(201)
    const empty = await call('POST', '/v2/payouts/send', { amount: 1, currency: 'INR', beneficiary, reference: 'P-2' })
    expect(empty.status).toBe(400)
    expect(await available()).toBe(0)
  })

  test('afterwards the ledger verifies', async () => {
    await gateway.stop()
    const verified = await runCommand({ dataDirectory: directory.path, args: ['ledger', 'verify'] })
    expect(verified.output).toContain('No findings')
    expect(verified.code).toBe(0)
  })
})
