import { createHmac } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DialectGateway, openDialectGateway } from '../../../test/support/dialect-gateway.ts'
import { type EngineEvent, eventFact } from '../../engine/index.ts'
import { systemClock } from '../../kernel/clock.ts'
import { idOf } from './ids.ts'
import { monetiflow } from './index.ts'

let gateway: DialectGateway
beforeAll(async () => {
  gateway = await openDialectGateway([monetiflow])
})
afterAll(() => gateway.close())

function openPayment(amountMinor = 25_000n) {
  return gateway.engine.payments.create({
    scope: gateway.scope,
    dialect: 'monetiflow',
    amount: { minor: amountMinor, currency: 'INR' },
    method: 'upi',
    metadata: { order_ref: 'ORD-1', $bigint: '7' },
    expiresAfterMs: 60_000,
    attemptsMax: 1,
  })
}

/** Every event of the merchant so far, as a worker reads it. */
async function events(): Promise<EngineEvent[]> {
  const found: EngineEvent[] = []
  for (let number = 1n; ; number += 1n) {
    const [event] = await gateway.testEngine.store.read([eventFact(gateway.scope, number)])
    if (!event) return found
    found.push(event as EngineEvent)
  }
}

async function lastRendered(type: string) {
  const event = (await events()).filter((candidate) => candidate.type === type).at(-1)
  if (!event) throw new Error(`no event ${type} was recorded`)
  const rendered = monetiflow.renderEvent(event, { payload: 'full', apiVersion: '2026-11-01', objectSequence: 1 })
  if (!rendered) throw new Error(`${type} was not rendered`)
  return { event, rendered, body: JSON.parse(rendered.body) as { event: string; data: Record<string, unknown> } }
}

async function shown(path: string): Promise<Record<string, unknown>> {
  const authorization = `Bearer ${gateway.key(monetiflow, 'main')}`
  return (await gateway.app.inject({ url: `/monetiflow${path}`, headers: { authorization } })).json()
}

describe('a webhook', () => {
  test('about a paid payment holds what the sample handler reads, and what the API answers', async () => {
    const { result } = await openPayment()
    await gateway.engine.payments.pay(gateway.scope, result.id, {})
    const { event, body } = await lastRendered('payment.succeeded')
    const { payment_url: _, ...answered } = await shown(`/v2/payments/${idOf('payment', result, result.number)}`)
    expect(body).toEqual({
      id: idOf('event', event, event.number),
      event: 'payment.success',
      created: Math.floor(event.createdAt / 1000),
      livemode: false,
      data: answered,
    })
    expect(body.data).toMatchObject({
      amount: 25_000,
      status: 'success',
      metadata: { order_ref: 'ORD-1', $bigint: '7' },
    })
  })

  test('about a payment that ended unpaid is payment.failed, and the status says how it ended', async () => {
    const { engine, scope } = gateway
    const ends = [
      ['payment.failed', 'failed', (id: string) => engine.payments.pay(scope, id, { simulate: 'declined' })],
      ['payment.expired', 'expired', (id: string) => engine.payments.expire(scope, id, true)],
      ['payment.cancelled', 'failed', (id: string) => engine.payments.cancel(scope, id)],
    ] as const
    for (const [type, status, end] of ends) {
      await end((await openPayment()).result.id)
      const { body, rendered } = await lastRendered(type)
      expect([rendered.type, body.event, body.data['status']], type).toEqual([
        'payment.failed',
        'payment.failed',
        status,
      ])
      expect(body.data['failure_code'], type).toBeTypeOf('string')
    }
  })

  test('tells the end of refunds and payouts, with the object as the API answers with it', async () => {
    const { engine, scope } = gateway
    const { result: payment } = await openPayment()
    await engine.payments.pay(scope, payment.id, {})
    const common = { scope, dialect: 'monetiflow', metadata: {} }
    const amount = { minor: 500n, currency: 'INR' }
    const beneficiary = { name: 'A', accountNumber: '0001', bankCode: 'HDFC0000001', upiId: null }
    const cases = [
      ['refund', 'succeeded', 'success'],
      ['refund', 'declined', 'failed'],
      ['payout', 'succeeded', 'success'],
      ['payout', 'declined', 'failed'],
    ] as const
    for (const [kind, simulate, word] of cases) {
      const { result } =
        kind === 'refund'
          ? await engine.refunds.create({ ...common, paymentId: payment.id, amount, instruction: { simulate } })
          : await engine.payouts.create({
              ...common,
              method: 'bank_transfer',
              amount,
              beneficiary,
              instruction: { simulate },
            })
      await gateway.submitAttempts()
      const { body } = await lastRendered(`${kind}.${word === 'success' ? 'succeeded' : 'failed'}`)
      expect(body.event).toBe(`${kind}.${word}`)
      expect(body.data).toEqual(await shown(`/v2/${kind}s/${idOf(kind, result, result.number)}`))
      expect(body.data).toMatchObject({ status: word, amount: 500 })
    }
  })

  test('is not sent for what the document has no word for', async () => {
    const silent = (await events())
      .filter(
        (event) =>
          monetiflow.renderEvent(event, { payload: 'full', apiVersion: '2026-11-01', objectSequence: 1 }) === undefined,
      )
      .map(({ type }) => type)
    expect(new Set(silent)).toEqual(new Set(['payment.created', 'refund.created', 'payout.created']))
  })
})

describe('a signature', () => {
  const { webhookSecret } = monetiflow.newCredentials('sandbox')
  const secret = webhookSecret ?? ''

  test('of the dialect verifies with the whole secret as the key', () => {
    const sentAt = 1_698_765_432_999
    const headers = monetiflow.sign({ deliveryId: 'del_1', body: '{"a":"é"}', secret, sentAt })
    const digest = createHmac('sha256', Buffer.from(secret, 'utf8')).update('1698765432.{"a":"é"}').digest('hex')
    expect(headers['x-monetiflow-signature']).toBe(`t=1698765432,v1=${digest}`)
  })

  test('of Standard Webhooks verifies with an off-the-shelf verifier, and not for another body or secret', () => {
    const body = '{"event":"payment.success"}'
    const headers = monetiflow.sign({ deliveryId: 'del_1', body, secret, sentAt: systemClock.now() })
    expect(new Webhook(secret).verify(body, headers)).toEqual({ event: 'payment.success' })
    expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow('No matching signature')
    const other = monetiflow.newCredentials('sandbox').webhookSecret ?? ''
    expect(() => new Webhook(other).verify(body, headers)).toThrow('No matching signature')
  })
})

describe('the plan of retries', () => {
  test('spans about three days and takes every 2xx for an answer', () => {
    const days = monetiflow.webhooks.retryDelaysMs.reduce((sum, delayMs) => sum + delayMs, 0) / 86_400_000
    expect(days).toBeGreaterThan(2.9)
    expect(days).toBeLessThan(3.1)
    const answered = [100, 199, 200, 201, 204, 299, 300, 302, 400, 410, 500]
    expect(answered.filter((status) => monetiflow.webhooks.acknowledges(status))).toEqual([200, 201, 204, 299])
  })
})

describe('new credentials', () => {
  test('have the form of the document, tell the mode and never repeat', () => {
    const made = Array.from({ length: 100 }, () => monetiflow.newCredentials('live'))
    for (const { apiKey, webhookSecret } of made) {
      expect(apiKey).toMatch(/^mk_live_[0-9A-Za-z]{32}$/)
      expect(webhookSecret).toMatch(/^whsec_[A-Za-z0-9+/]{32}$/)
    }
    expect(new Set(made.map(({ apiKey }) => apiKey)).size).toBe(100)
    expect(monetiflow.newCredentials('sandbox').apiKey).toMatch(/^mk_test_/)
  })
})
