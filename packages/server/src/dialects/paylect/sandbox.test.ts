import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DialectGateway, openDialectGateway } from '../../../test/support/dialect-gateway.ts'
import { houseCaller } from '../../../test/support/house-caller.ts'
import { idOf } from '../monetiflow/ids.ts'
import { monetiflow } from '../monetiflow/index.ts'
import { paylect } from './index.ts'

let gateway: DialectGateway
beforeAll(async () => {
  gateway = await openDialectGateway([paylect, monetiflow])
})
afterAll(() => gateway.close())

const call = houseCaller(() => gateway)

async function openPayment(reference?: string) {
  const { result } = await gateway.engine.payments.create({
    scope: gateway.scope,
    dialect: 'monetiflow',
    amount: { minor: 1_000n, currency: 'INR' },
    method: 'upi',
    reference,
    metadata: {},
    expiresAfterMs: 99 * 3_600_000,
    attemptsMax: 1,
  })
  return result
}

describe('the outcome of a payment', () => {
  test('is brought about by its house id, by the id of any dialect, and by the merchant’s reference', async () => {
    const names = [
      async () => (await openPayment()).id,
      async () => idOf('payment', gateway.scope, (await openPayment()).number),
      async () => (await openPayment('ORD/7 é')).reference ?? '',
      // A reference that looks like an id of a dialect, but is none of ours.
      async () => (await openPayment('pay_9kL2mN4x')).reference ?? '',
    ]
    for (const name of names) {
      const path = `/sandbox/payments/${encodeURIComponent(await name())}/outcome`
      const { status, body } = await call('POST', path, { outcome: 'succeeded' })
      expect([status, body]).toMatchObject([
        200,
        { status: 'succeeded', amount: 1_000, amount_captured: 1_000, fee: 20 },
      ])
      expect((await call('GET', `/payments/${body['id']}`)).body).toEqual(body)
    }
  })

  test('by a reference that was used twice is the newer payment’s', async () => {
    await openPayment('twice')
    const newer = await openPayment('twice')
    expect((await call('GET', '/payments/twice')).body['id']).toBe(newer.id)
  })

  test.each([
    [{ outcome: 'succeeded' }, { status: 'succeeded' }],
    [{ outcome: 'declined' }, { status: 'failed', failure_code: 'do_not_honor' }],
    [
      { outcome: 'declined', code: 'insufficient_funds' },
      { status: 'failed', failure_code: 'insufficient_funds' },
    ],
    [{ outcome: 'expired' }, { status: 'expired' }],
    [
      { outcome: 'partial', amount: 400 },
      { status: 'awaiting_payer', amount_received: 400, amount_in_suspense: 400 },
    ],
    [
      { outcome: 'over', amount: 1_500 },
      { status: 'succeeded', amount_received: 1_500, amount_in_suspense: 500 },
    ],
    [{ outcome: 'unknown' }, { status: 'processing', amount_received: 0 }],
  ])('%j leaves the payment as it should be', async (wanted, expected) => {
    const { id } = await openPayment()
    const { status, body } = await call('POST', `/sandbox/payments/${id}/outcome`, wanted)
    expect([status, body]).toMatchObject([200, expected])
    expect(await gateway.ledgerSums()).toEqual({ INR: 0n })
  })

  test('is refused by name where it makes no sense, and nothing changes', async () => {
    const open = await openPayment()
    const paid = await openPayment()
    await call('POST', `/sandbox/payments/${paid.id}/outcome`, { outcome: 'succeeded' })
    const wrong = [
      [open.id, {}, 400, 'outcome'],
      [open.id, { outcome: 'exploded' }, 400, 'outcome'],
      [open.id, { outcome: 'succeeded', simulate: 'x' }, 400, 'simulate'],
      [open.id, { outcome: 'partial', amount: 1_000 }, 400, 'amount'],
      [open.id, { outcome: 'partial', amount: '400' }, 400, 'amount'],
      [open.id, { outcome: 'partial', amount: 0.5 }, 400, 'amount'],
      [open.id, { outcome: 'succeeded', amount: 1_000 }, 400, 'amount'],
      [open.id, { outcome: 'declined', code: 'because' }, 400, 'code'],
      [paid.id, { outcome: 'succeeded' }, 409, undefined],
      [paid.id, { outcome: 'expired' }, 409, undefined],
      ['nothing', { outcome: 'succeeded' }, 404, 'id'],
    ] as const
    const before = await gateway.rowCounts()
    for (const [id, body, status, field] of wrong) {
      const answer = await call('POST', `/sandbox/payments/${id}/outcome`, body)
      expect([answer.status, answer.body['field']], JSON.stringify(body)).toEqual([status, field])
      expect(answer.headers['content-type']).toContain('application/problem+json')
      expect(answer.body['status']).toBe(status)
    }
    expect(await gateway.rowCounts()).toEqual(before)
  })
})

describe('the sandbox’s clock', () => {
  const now = async () => String((await call('GET', '/sandbox/clock')).body['now'])

  test('moves by a duration, also by months of the calendar, and to an instant', async () => {
    const start = Date.parse(await now())
    const moved = await call('POST', '/sandbox/clock', { advance: 'PT30M' })
    expect(moved.body).toEqual({ now: new Date(start + 30 * 60_000).toISOString() })
    await call('POST', '/sandbox/clock', { set: '2026-12-31T00:00:00Z' })
    expect(await now()).toBe('2026-12-31T00:00:00.000Z')
    await call('POST', '/sandbox/clock', { advance: 'P2M' })
    expect(await now()).toBe('2027-02-28T00:00:00.000Z')
    await call('POST', '/sandbox/clock', { set: '2027-03-01T05:30:00+05:30' })
    expect(await now()).toBe('2027-03-01T00:00:00.000Z')
  })

  test('does not move for what is not exactly one step forward of at most ten years', async () => {
    const before = await now()
    const wrong = [
      [{}, undefined],
      [{ advance: 'PT1S', set: '2028-01-01T00:00:00Z' }, undefined],
      [{ advance: '-PT1S' }, 'advance'],
      [{ advance: 'half an hour' }, 'advance'],
      [{ advance: 'P11Y' }, 'advance'],
      [{ advance: 'P999999999Y' }, 'advance'],
      [{ advance: 30 }, 'advance'],
      [{ set: '2020-01-01T00:00:00Z' }, 'set'],
      [{ set: '2028-01-01T00:00:00' }, 'set'],
      [{ set: '2028-02-30T00:00:00Z' }, 'set'],
      [{ set: '2099-01-01T00:00:00Z' }, 'set'],
      [{ step: 'PT1S' }, 'step'],
    ] as const
    for (const [body, field] of wrong) {
      const answer = await call('POST', '/sandbox/clock', body)
      expect([answer.status, answer.body['field']], JSON.stringify(body)).toEqual([400, field])
    }
    expect(await now()).toBe(before)
  })
})

describe('problem documents', () => {
  test('name the methods, sizes and types that are taken, with HTTP’s own statuses', async () => {
    const headers = { authorization: `Bearer ${gateway.key(paylect, 'main')}` }
    const url = '/v1/sandbox/clock'
    const deleted = await gateway.app.inject({ method: 'DELETE', url, headers })
    expect([deleted.statusCode, deleted.json().code]).toEqual([405, 'method_not_allowed'])
    const huge = { method: 'POST', url, payload: `"${'x'.repeat(70_000)}"` } as const
    const large = await gateway.app.inject({ ...huge, headers: { ...headers, 'content-type': 'application/json' } })
    expect([large.statusCode, large.json().type]).toEqual([413, 'urn:paylect:error:body_too_large'])
    const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' }
    const sent = await gateway.app.inject({ method: 'POST', url, headers: form, payload: 'advance=PT1S' })
    expect([sent.statusCode, sent.json().code]).toEqual([415, 'unsupported_content_type'])
  })
})

describe('webhooks of the house API', () => {
  test('tell of payments under the engine’s own names, with the payment as the API shows it', async () => {
    const payment = await openPayment()
    const event = {
      ...gateway.scope,
      id: 'evt_1',
      number: 1n,
      type: 'payment.created',
      objectKind: 'payment',
      objectId: payment.id,
      objectRevision: 0,
      data: payment,
      createdAt: payment.createdAt,
    }
    const options = { payload: 'full', apiVersion: '2026-11-01', objectSequence: 1 } as const
    const rendered = paylect.renderEvent(event, options)
    const shown = (await call('GET', `/payments/${payment.id}`)).body
    expect(JSON.parse(rendered?.body ?? '')).toMatchObject({ type: 'payment.created', livemode: false, data: shown })
    expect(paylect.renderEvent({ ...event, objectKind: 'weather' }, options)).toBeUndefined()
  })
})

// Last, because a clock never goes back.
test('the sandbox’s clock ends in the year 9000, before instants have no form any more', async () => {
  let latest = ''
  for (let decade = 0; decade < 1_000; decade += 1) {
    const { status, body } = await call('POST', '/sandbox/clock', { advance: 'P10Y' })
    gateway.forgetCalls()
    if (status !== 200) {
      expect([status, body['code'], body['field']]).toEqual([400, 'clock_too_far', 'advance'])
      break
    }
    latest = String(body['now'])
  }
  expect(latest).toMatch(/^899\d-/)
  expect((await call('POST', '/sandbox/clock', { set: '9000-01-01T00:00:00Z' })).status).toBe(200)
  expect((await openPayment()).status).toBe('awaiting_payer')
})
