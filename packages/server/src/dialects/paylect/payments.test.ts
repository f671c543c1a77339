import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type DialectGateway, openDialectGateway } from '../../../test/support/dialect-gateway.ts'
import { houseCaller, refusalCheck } from '../../../test/support/house-caller.ts'
import { monetiflow } from '../monetiflow/index.ts'
import { paylect } from './index.ts'

let gateway: DialectGateway
beforeAll(async () => {
  gateway = await openDialectGateway([paylect, monetiflow])
})
beforeEach(() => gateway.forgetCalls())
afterAll(() => gateway.close())

type Body = Record<string, unknown>

const call = houseCaller(() => gateway)
const expectRefused = refusalCheck(() => gateway)

const least = { amount: 25_000, currency: 'INR', method: 'upi' }
const keyed = (key: string) => ({ headers: { 'idempotency-key': key } })

async function newPayment(given: object = {}): Promise<Body> {
  const { status, body } = await call('POST', '/payments', { ...least, ...given })
  expect(status, JSON.stringify(body)).toBe(201)
  return body
}

async function paidPayment(given: object = {}): Promise<Body> {
  const { id } = await newPayment(given)
  return (await call('POST', `/sandbox/payments/${id}/outcome`, { outcome: 'succeeded' })).body
}

describe('creating a payment', () => {
  test('answers with everything that was sent, and with the page where its payer pays', async () => {
    const given = {
      ...{ reference: 'ORD-1', description: 'Two books', success_url: 'https://example.com/thanks' },
      ...{ failure_url: 'https://example.com/sorry', notify_url: 'https://example.com/hook', attempts_max: 5 },
      metadata: { basket: 7, $note: 'ü', gift: true, card: null },
    }
    const payment = await newPayment({ ...given, customer: { reference: 'C-1' }, expires_in: 'P1DT30M' })
    expect(payment).toMatchObject({ ...least, ...given, status: 'awaiting_payer', customer_reference: 'C-1' })
    expect(Date.parse(String(payment['expires_at'])) - Date.parse(String(payment['created_at']))).toBe(24.5 * 3_600_000)
    const { checkout_url: checkoutUrl, ...stored } = payment
    expect(checkoutUrl).toBe(`http://localhost/pay/sandbox-${payment['id']}`)
    expect((await call('GET', `/payments/${payment['id']}`)).body).toEqual(stored)
    expect((await call('GET', '/payments/ORD-1?expand=checkout_url')).body).toEqual(payment)
  })

  test('is refused by name for what it does not take, and nothing changes', async () => {
    await newPayment({ reference: 'taken' })
    const wrong = (given: object, field: string, status = 400) =>
      ['/payments', { ...least, ...given }, status, field] as const
    await expectRefused([
      ['/payments', {}, 400, 'amount'],
      wrong({ amount: 0 }, 'amount'),
      wrong({ amount: -1 }, 'amount'),
      wrong({ amount: 1.5 }, 'amount'),
      wrong({ amount: '25000' }, 'amount'),
      wrong({ amount: 9_000_000_000_000_001 }, 'amount'),
      wrong({ currency: 'inr' }, 'currency'),
      wrong({ currency: 'XXQ' }, 'currency'),
      wrong({ method: 'cash' }, 'method'),
      wrong({ ammount: 1 }, 'ammount'),
      wrong({ customer: { reference: 'C', card: 'x' } }, 'customer.card'),
      wrong({ customer: { reference: 'C', email: 'nobody' } }, 'customer.email'),
      wrong({ customer: {} }, 'customer.reference'),
      wrong({ reference: 'x'.repeat(101) }, 'reference'),
      wrong({ success_url: 'javascript:alert(1)' }, 'success_url'),
      wrong({ notify_url: 'https://user:secret@example.com/' }, 'notify_url'),
      wrong({ notify_url: 'http://169.254.169.254/latest' }, 'notify_url'),
      wrong({ expires_in: 'PT59S' }, 'expires_in'),
      wrong({ expires_in: 'P91D' }, 'expires_in'),
      wrong({ expires_in: 'P1M' }, 'expires_in'),
      wrong({ expires_in: 3600 }, 'expires_in'),
      wrong({ attempts_max: 0 }, 'attempts_max'),
      wrong({ metadata: { nested: {} } }, 'metadata.nested'),
      wrong({ metadata: { simulate: 'exploded' } }, 'metadata.simulate'),
      wrong({ reference: 'taken' }, 'reference', 409),
      ['/payments?dry_run=true', least, 400, 'dry_run'],
    ])
  })

  test('with a live key is refused where no rail carries the method, and so is a scenario', async () => {
    const live = { role: 'live' } as const
    const refused = await call('POST', '/payments', least, live)
    expect([refused.status, refused.body['code']]).toEqual([422, 'method_not_available'])
    const simulated = await call('POST', '/payments', { ...least, metadata: { simulate: 'succeeded' } }, live)
    expect([simulated.status, simulated.body['field']]).toEqual([400, 'metadata.simulate'])
  })
})

describe('a Host header that is no host', () => {
  test('is refused before anything is created: the payer’s page could not be named', async () => {
    const before = await gateway.rowCounts()
    for (const host of ['exa mple', '[', 'a:b:c', '%']) {
      const { status, body } = await call('POST', '/payments', least, { headers: { host } })
      expect([status, body['field']], host).toEqual([400, 'Host'])
    }
    expect(await gateway.rowCounts()).toEqual(before)
  })
})

describe('an idempotency key', () => {
  test('makes a hundred requests at once one payment, and marks every answer but the first', async () => {
    const before = (await gateway.rowCounts())['payments'] ?? 0
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => call('POST', '/payments', least, keyed('same'))),
    )
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    expect(answers.filter(({ headers }) => headers['idempotent-replayed'] === 'true')).toHaveLength(99)
    expect((await gateway.rowCounts())['payments']).toBe(before + 1)
  })

  test('is remembered for thirty days of the clock, and is then free again', async () => {
    const { clocks } = gateway.testEngine
    const sent = () => call('POST', '/payments', least, keyed('a month'))
    const first = await sent()
    clocks.sandbox.advance(30 * 24 * 3_600_000 - 1)
    const again = await sent()
    expect([again.body['id'], again.headers['idempotent-replayed']]).toEqual([first.body['id'], 'true'])
    clocks.sandbox.advance(1)
    const anew = await sent()
    expect([anew.body['id'] === first.body['id'], anew.headers['idempotent-replayed']]).toEqual([false, undefined])
  })

  test('repeats a cancellation, and is refused for another payment', async () => {
    const [one, other] = [await newPayment(), await newPayment()]
    const first = await call('POST', `/payments/${one['id']}/cancel`, undefined, keyed('stop'))
    const again = await call('POST', `/payments/${one['id']}/cancel`, undefined, keyed('stop'))
    expect([first.status, again.status, again.headers['idempotent-replayed']]).toEqual([200, 200, 'true'])
    expect(again.body).toEqual(first.body)
    const mismatch = await call('POST', `/payments/${other['id']}/cancel`, undefined, keyed('stop'))
    expect([mismatch.status, mismatch.body['code']]).toEqual([422, 'idempotency_key_reused'])
    expect((await call('GET', `/payments/${other['id']}`)).body['status']).toBe('awaiting_payer')
  })
})

describe('cancelling a payment', () => {
  test('ends one that waits, by any of its names, and only one that waits', async () => {
    const payment = await newPayment({ reference: 'ORD/cancelled' })
    const cancelled = await call('POST', '/payments/ORD%2Fcancelled/cancel', {})
    expect([cancelled.status, cancelled.body['status'], cancelled.body['id']]).toEqual([
      200,
      'cancelled',
      payment['id'],
    ])
    const paid = await paidPayment()
    await expectRefused([
      [`/payments/${payment['id']}/cancel`, {}, 409],
      [`/payments/${paid['id']}/cancel`, {}, 409],
      ['/payments/nothing/cancel', {}, 404, 'id'],
    ])
  })

  test('takes no fields', async () => {
    const { id } = await newPayment()
    await expectRefused([
      [`/payments/${id}/cancel`, { reason: 'changed my mind' }, 400, 'reason'],
      [`/payments/${id}/cancel?force=1`, {}, 400, 'force'],
      [`/payments/${id}/cancel`, [], 400],
    ])
    expect((await call('GET', `/payments/${id}`)).body['status']).toBe('awaiting_payer')
  })
})

describe('the attempts of a payment', () => {
  test('are listed newest first, paged, and shown inside the payment where that is asked for', async () => {
    const { id } = await newPayment({ attempts_max: 3 })
    for (const code of ['insufficient_funds', 'do_not_honor']) {
      await call('POST', `/sandbox/payments/${id}/outcome`, { outcome: 'declined', code })
    }
    await call('POST', `/sandbox/payments/${id}/outcome`, { outcome: 'succeeded' })
    const { body } = await call('GET', `/payments/${id}/attempts`)
    const attempts = body['data'] as Body[]
    expect(attempts.map((attempt) => [attempt['status'], attempt['failure_code'], attempt['amount_received']])).toEqual(
      [
        ['succeeded', null, 25_000],
        ['declined', 'do_not_honor', 0],
        ['declined', 'insufficient_funds', 0],
      ],
    )
    expect(attempts.map((attempt) => attempt['payment_id'])).toEqual([id, id, id])
    expect((await call('GET', `/payments/${id}?expand=attempts`)).body['attempts']).toEqual(attempts)
    const second = await call('GET', `/payments/${id}/attempts?limit=1&after=${attempts[0]?.['id']}`)
    expect(second.body).toEqual({ object: 'list', data: [attempts[1]], has_more: true })
    const otherId = (await newPayment())['id']
    const foreign = await call('GET', `/payments/${otherId}/attempts?after=${attempts[0]?.['id']}`)
    expect([foreign.status, foreign.body['field']]).toEqual([400, 'after'])
    const unknown = await call('GET', `/payments/${id}?expand=attempts,nothing`)
    expect([unknown.status, unknown.body['field']]).toEqual([400, 'expand'])
  })
})
