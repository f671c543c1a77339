import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DialectGateway, openDialectGateway } from '../../../test/support/dialect-gateway.ts'
import { idOf, numberOf } from './ids.ts'
import { monetiflow } from './index.ts'

const payment = { amount: 25_000, currency: 'INR', payment_method: 'upi' }

let gateway: DialectGateway
beforeAll(async () => {
  gateway = await openDialectGateway([monetiflow], { trustProxy: ['10.0.0.0/8'] })
})
afterAll(() => gateway.close())

type Json = Record<string, unknown> & { readonly error: { code: string; message: string; param?: string } }

async function call(method: 'GET' | 'POST', path: string, payload?: object, headers: Record<string, string> = {}) {
  const authorization = `Bearer ${gateway.key(monetiflow, 'main')}`
  const url = `/monetiflow${path}`
  const sent = { method, url, headers: { authorization, ...headers } }
  const answer = await gateway.app.inject(payload ? { ...sent, payload } : sent)
  return { status: answer.statusCode, headers: answer.headers, body: answer.json() as Json }
}

/** Makes a payment and lets it be paid. */
async function paid(amount = 25_000): Promise<string> {
  const { body } = await call('POST', '/v2/payments/create', { ...payment, amount })
  const id = String(body['id'])
  const number = numberOf('payment', gateway.scope, id) ?? 0n
  const found = await gateway.engine.payments.find(gateway.scope, { number })
  await gateway.engine.payments.pay(gateway.scope, found?.id ?? '', {})
  return id
}

async function available(): Promise<number> {
  const { body } = await call('GET', '/v2/balance')
  return (body['available'] as { amount: number }[])[0]?.amount ?? 0
}

describe('a payment', () => {
  test('is read back as it was answered, and fields that the document does not know never come out', async () => {
    const created = await call('POST', '/v2/payments/create', { ...payment, secret: 's', id: 'pay_00000000', fee: 1 })
    expect(created.status).toBe(201)
    const { body } = created
    expect((await call('GET', `/v2/payments/${body['id']}`)).body).toEqual(body)
    expect(body).not.toHaveProperty('secret')
    expect(body).toMatchObject({ object: 'payment', status: 'pending', fee: 0, livemode: false, customer_id: null })
    expect(body['payment_url']).toMatch(/^http:\/\/localhost(:\d+)?\/pay\//)
    expect(Date.parse(String(body['expires_at'])) - Date.parse(String(body['created_at']))).toBe(30 * 60_000)
  })

  test('is refused with the name of the field and the reason', async () => {
    const wrong = [
      [{ amount: 0 }, 'amount', 'from 1 to 9000000000000000'],
      [{ amount: '250.00' }, 'amount', 'smallest unit'],
      [{ amount: 9_000_000_000_000_001 }, 'amount', '9000000000000000'],
      [{ currency: 'inr' }, 'currency', 'INR'],
      [{ payment_method: 'cash' }, 'payment_method', 'upi, card, bank_transfer'],
      [{ payment_method: undefined }, 'payment_method', 'required'],
      [{ success_url: 'javascript:alert(1)' }, 'success_url', 'http or https'],
      [{ callback_url: 'http://10.0.0.1/hook' }, 'callback_url', 'public internet'],
      [{ metadata: { a: { b: 1 } } }, 'metadata.a', 'text of at most 500'],
      [{ metadata: { simulate: 'explode' } }, 'metadata.simulate', 'scenario'],
      [{ customer_id: '' }, 'customer_id', 'at least 1'],
    ] as const
    const before = await gateway.rowCounts()
    for (const [change, param, reason] of wrong) {
      const { status, body } = await call('POST', '/v2/payments/create', { ...payment, ...change })
      expect(status, param).toBe(400)
      expect(body.error, param).toMatchObject({ code: 'invalid_parameters', param })
      expect(body.error.message, param).toContain(reason)
    }
    expect(await gateway.rowCounts()).toEqual(before)
  })

  test('takes null for what is left out, and the same customer twice', async () => {
    const given = { ...payment, success_url: null, callback_url: null, metadata: null, customer_id: 'usr_8x2k9Lm' }
    const first = await call('POST', '/v2/payments', given)
    const second = await call('POST', '/v2/payments', given)
    expect([first.status, second.status]).toEqual([201, 201])
    expect(second.body['customer_id']).toBe('usr_8x2k9Lm')
  })

  test('is found by metadata.order_ref as the merchant’s own reference', async () => {
    const { body } = await call('POST', '/v2/payments', { ...payment, metadata: { order_ref: 'ORD-2025-4892' } })
    const found = await gateway.engine.payments.find(gateway.scope, { reference: 'ORD-2025-4892' })
    expect(idOf('payment', gateway.scope, found?.number ?? 0n)).toBe(body['id'])
  })

  test('is created once under an idempotency key, however often and in whichever form it is sent', async () => {
    const key = { 'idempotency-key': 'order 7' }
    const json = await call('POST', '/v2/payments/create', payment, key)
    const form = await gateway.app.inject({
      method: 'POST',
      url: '/monetiflow/v2/payments',
      headers: {
        authorization: `Bearer ${gateway.key(monetiflow, 'main')}`,
        'content-type': 'application/x-www-form-urlencoded',
        ...key,
      },
      payload: 'amount=25000&currency=INR&payment_method=upi',
    })
    expect(json.headers['idempotent-replayed']).toBeUndefined()
    expect(form.headers['idempotent-replayed']).toBe('true')
    expect(form.json()).toEqual(json.body)
    gateway.testEngine.clocks.sandbox.advance(24 * 3_600_000 + 1)
    const later = await call('POST', '/v2/payments/create', payment, key)
    expect(later.body['id']).not.toBe(json.body['id'])
  })

  test('with a live key has no simulator: its scenario and its rail are refused', async () => {
    const authorization = { authorization: `Bearer ${gateway.key(monetiflow, 'live')}` }
    const scenario = { ...payment, metadata: { simulate: 'succeeded' } }
    const refused = await call('POST', '/v2/payments', scenario, authorization)
    expect(refused.body.error).toMatchObject({ param: 'metadata.simulate', code: 'invalid_parameters' })
    const noRail = await call('POST', '/v2/payments', payment, authorization)
    expect([noRail.status, noRail.body.error]).toMatchObject([400, { code: 'not_supported', param: 'payment_method' }])
  })
})

describe('plain HTTP', () => {
  test('is refused from anywhere but this machine, by name and without a redirect', async () => {
    const headers = { authorization: `Bearer ${gateway.key(monetiflow, 'main')}` }
    const from = (remoteAddress: string, more: Record<string, string> = {}) =>
      gateway.app.inject({ url: '/monetiflow/v2/balance', remoteAddress, headers: { ...headers, ...more } })
    for (const near of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1']) {
      expect((await from(near)).statusCode, near).toBe(200)
    }
    const far = await from('203.0.113.7', { 'x-forwarded-proto': 'https', 'x-forwarded-for': '127.0.0.1' })
    expect(far.statusCode).toBe(403)
    expect(far.json().error).toMatchObject({ code: 'https_required', message: expect.stringContaining('HTTPS') })
    expect((await from('10.1.1.1', { 'x-forwarded-proto': 'https' })).statusCode).toBe(200)
    expect((await from('10.1.1.1', { 'x-forwarded-proto': 'http', 'x-forwarded-for': '203.0.113.7' })).statusCode).toBe(
      403,
    )
  })
})

describe('a refund', () => {
  test('among a hundred at once of 500 each: a payment of 25000 gives exactly fifty, and the ledger sums to zero', async () => {
    const id = await paid(25_000)
    const before = await available()
    const refund = { payment_id: id, amount: 500 }
    const answers = await Promise.all(Array.from({ length: 100 }, () => call('POST', '/v2/refunds/create', refund)))
    const made = answers.filter(({ status }) => status === 201)
    expect(made).toHaveLength(50)
    expect(new Set(made.map(({ body }) => body['id'])).size).toBe(50)
    for (const { status, body } of answers.filter((answer) => answer.status !== 201)) {
      expect([status, body.error.code, body.error.param]).toEqual([400, 'limit_exceeded', 'amount'])
    }
    // The fee of two percent was given back with the refunds: what the merchant has is what it had before the payment.
    expect(await available()).toBe(before - 24_500)
    await gateway.submitAttempts()
    expect((await call('GET', `/v2/payments/${id}`)).body).toMatchObject({
      status: 'refunded',
      amount_refunded: 25_000,
    })
    expect(await gateway.ledgerSums()).toEqual({ INR: 0n })
  })

  test('without an amount gives back all that is left, and afterwards nothing is left', async () => {
    const id = await paid(1_000)
    await call('POST', '/v2/refunds/create', { payment_id: id, amount: 300 })
    const rest = await call('POST', '/v2/refunds/create', { payment_id: id, reason: 'returned' })
    expect(rest.body).toMatchObject({ amount: 700, status: 'pending', reason: 'returned', payment_id: id })
    await gateway.submitAttempts()
    expect((await call('GET', `/v2/refunds/${rest.body['id']}`)).body['status']).toBe('success')
    const more = await call('POST', '/v2/refunds/create', { payment_id: id })
    expect([more.status, more.body.error.code]).toEqual([400, 'limit_exceeded'])
  })

  test('of a part shows as partially_refunded once the rail has paid it', async () => {
    const id = await paid(1_000)
    await call('POST', '/v2/refunds/create', { payment_id: id, amount: 1 })
    expect((await call('GET', `/v2/payments/${id}`)).body).toMatchObject({ status: 'success', amount_refunded: 0 })
    await gateway.submitAttempts()
    expect((await call('GET', `/v2/payments/${id}`)).body).toMatchObject({
      status: 'partially_refunded',
      amount_refunded: 1,
    })
  })

  test('is refused for a payment that is not paid, is not there, or is in another currency', async () => {
    const open = (await call('POST', '/v2/payments', payment)).body['id']
    const notPaid = await call('POST', '/v2/refunds/create', { payment_id: open })
    expect([notPaid.status, notPaid.body.error]).toMatchObject([400, { code: 'invalid_state', param: 'payment_id' }])
    for (const missing of ['pay_9kL2mN4x', 'rfd_9kL2mN4x', 'nonsense']) {
      const { status, body } = await call('POST', '/v2/refunds/create', { payment_id: missing })
      expect([status, body.error], missing).toMatchObject([404, { code: 'not_found', param: 'payment_id' }])
    }
    const other = await call('POST', '/v2/refunds/create', { payment_id: await paid(), amount: 1, currency: 'USD' })
    expect([other.status, other.body.error.param]).toEqual([400, 'currency'])
  })

  test('that the rail declines goes back to the balance', async () => {
    const id = await paid(1_000)
    const before = await available()
    const refund = { payment_id: id, metadata: { simulate: 'declined:do_not_honor' } }
    const { body } = await call('POST', '/v2/refunds/create', refund)
    await gateway.submitAttempts()
    expect((await call('GET', `/v2/refunds/${body['id']}`)).body).toMatchObject({
      status: 'failed',
      failure_code: 'do_not_honor',
    })
    expect(await available()).toBe(before)
  })
})

describe('a payout', () => {
  const bank = { name: 'A Supplier', account_number: '000123456789', ifsc: 'HDFC0000001' }
  const payout = { amount: 100, currency: 'INR', beneficiary: bank }

  test('leaves the balance at once and is sent to a bank account or a UPI id', async () => {
    await paid()
    const before = await available()
    const toBank = await call('POST', '/v2/payouts/send', payout)
    const toUpi = await call('POST', '/v2/payouts/send', {
      ...payout,
      beneficiary: { name: 'B', upi_id: 'bob@okbank' },
    })
    expect([toBank.body['status'], toUpi.body['status']]).toEqual(['processing', 'processing'])
    expect(await available()).toBe(before - 200)
    await gateway.submitAttempts()
    for (const { body } of [toBank, toUpi]) {
      expect((await call('GET', `/v2/payouts/${body['id']}`)).body['status']).toBe('success')
    }
    expect(await gateway.ledgerSums()).toEqual({ INR: 0n })
  })

  test('is refused when the balance is too low or the beneficiary is not whole', async () => {
    const wrong = [
      [{ amount: 9_000_000_000 }, 'insufficient_balance', 'amount'],
      [{ currency: 'USD' }, 'insufficient_balance', 'amount'],
      [{ beneficiary: { name: 'A' } }, 'invalid_parameters', 'beneficiary.account_number'],
      [{ beneficiary: { name: 'A', account_number: '0001' } }, 'invalid_parameters', 'beneficiary.ifsc'],
      [{ beneficiary: { ...bank, upi_id: 'a@bank' } }, 'invalid_parameters', 'beneficiary.upi_id'],
      [{ beneficiary: { ...bank, ifsc: 'HDFC1' } }, 'invalid_parameters', 'beneficiary.ifsc'],
      [{ beneficiary: { name: 'A', upi_id: 'nobody' } }, 'invalid_parameters', 'beneficiary.upi_id'],
      [{ beneficiary: undefined }, 'invalid_parameters', 'beneficiary'],
    ] as const
    const before = await gateway.rowCounts()
    for (const [change, code, param] of wrong) {
      const { status, body } = await call('POST', '/v2/payouts/send', { ...payout, ...change })
      expect([status, body.error], JSON.stringify(change)).toMatchObject([400, { code, param }])
    }
    expect(await gateway.rowCounts()).toEqual(before)
  })
})
