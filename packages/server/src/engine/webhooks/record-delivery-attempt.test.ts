import { describe, expect, test } from 'vitest'
import { webhookEndpointRow } from './create-webhook-endpoint.ts'
import type { Delivery } from './delivery.ts'
import { type DeliveryOutcome, type RecordDeliveryAttempt, recordDeliveryAttempt } from './record-delivery-attempt.ts'
import { resendDelivery } from './resend-delivery.ts'

const now = Date.UTC(2026, 10, 21, 9, 40, 14)
const scope = { merchantId: 'mer_a', mode: 'sandbox' } as const
const ctx = { scope, now, newId: () => 'del_x' as never, nextNumber: () => 1n }
const delivery: Delivery = {
  ...scope,
  id: 'del_1',
  eventId: 'evt_1',
  eventNumber: 1n,
  eventType: 'payment.succeeded',
  objectId: 'pay_1',
  endpointId: 'we_1',
  target: 'endpoint:we_1',
  url: 'https://shop.example/hook',
  lane: 'we_1',
  dialect: 'made-up',
  body: '{}',
  headers: {},
  status: 'pending',
  attemptsMade: 0,
  dueAt: now + 120_000,
  lastOutcome: null,
  createdAt: now,
  updatedAt: now,
  finishedAt: null,
  revision: 1,
}

const listening = {
  ...webhookEndpointRow({ dialect: 'made-up', url: delivery.url, sealedSecret: 'sealed' }, ctx),
  id: delivery.endpointId,
}

function input(outcome: DeliveryOutcome): RecordDeliveryAttempt {
  return {
    scope,
    deliveryId: 'del_1',
    startedAt: now,
    durationMs: 12,
    outcome,
    endpoint: null,
    requestHeaders: { 'webhook-id': 'del_1' },
    responseHeaders: null,
    retryDelaysMs: [60_000],
    random: 0.5,
  }
}

function decided(from: Delivery, outcome: DeliveryOutcome) {
  const decision = recordDeliveryAttempt.decide({ delivery: from, endpoint: undefined }, input(outcome), ctx)
  if (!decision.accepted) throw decision.error
  return { ...decision, attempt: decision.changes.find((change) => change.change === 'insert')?.row }
}

describe('a recorded try', () => {
  test.each<[DeliveryOutcome, Partial<Delivery>]>([
    [
      { is: 'acknowledged', status: 204, excerpt: '' },
      { status: 'delivered', dueAt: null, lastOutcome: 'HTTP 204' },
    ],
    [
      { is: 'rejected', status: 500, excerpt: 'oops', retryAfterMs: null },
      { status: 'pending', dueAt: now + 60_000, lastOutcome: 'HTTP 500' },
    ],
    [
      { is: 'rejected', status: 503, excerpt: '', retryAfterMs: 90_000 },
      { status: 'pending', dueAt: now + 90_000, lastOutcome: 'HTTP 503' },
    ],
    [
      { is: 'unreachable', error: 'no reply in time' },
      { status: 'pending', dueAt: now + 60_000, lastOutcome: 'no answer: no reply in time' },
    ],
    [
      { is: 'gone', status: 410, excerpt: '' },
      { status: 'stopped', dueAt: null, lastOutcome: 'HTTP 410: the receiver wants no more of these' },
    ],
    [
      { is: 'blocked', error: 'the address is not on the public internet' },
      { status: 'stopped', dueAt: null, lastOutcome: 'not sent: the address is not on the public internet' },
    ],
  ])('%o moves the delivery on', (outcome, expected) => {
    const { result } = decided(delivery, outcome)
    expect(result).toMatchObject({ ...expected, attemptsMade: 1 })
    expect(result.finishedAt).toBe(expected.dueAt === null ? now : null)
  })

  test('after the last wait exhausts the delivery', () => {
    const { result } = decided({ ...delivery, attemptsMade: 1 }, { is: 'unreachable', error: 'no reply in time' })
    expect(result).toMatchObject({ status: 'exhausted', dueAt: null, attemptsMade: 2, finishedAt: now })
  })

  test('is kept with what the receiver answered, in order', () => {
    const outcome = { is: 'rejected', status: 500, excerpt: 'x'.repeat(5_000), retryAfterMs: null } as const
    const { attempt } = decided({ ...delivery, attemptsMade: 4 }, outcome)
    expect(attempt).toMatchObject({ number: 5, responseStatus: 500, error: null, responseExcerpt: 'x'.repeat(1_000) })
  })

  test('that comes to light after the end is kept and changes no state', () => {
    const done: Delivery = { ...delivery, status: 'delivered', attemptsMade: 1, dueAt: null, finishedAt: now - 1 }
    const { result, attempt } = decided(done, { is: 'unreachable', error: 'no reply in time' })
    expect(result).toMatchObject({ status: 'delivered', dueAt: null, attemptsMade: 2, finishedAt: now - 1 })
    expect(attempt).toMatchObject({ number: 2 })
  })

  test('of a delivery that does not exist is refused', () => {
    const decision = recordDeliveryAttempt.decide(
      { delivery: undefined, endpoint: undefined },
      input({ is: 'unreachable', error: '' }),
      ctx,
    )
    expect(decision.accepted).toBe(false)
  })
})

describe('a resend', () => {
  test.each(['delivered', 'exhausted', 'stopped'] as const)('opens a %s delivery again, due now', (status) => {
    const ended: Delivery = { ...delivery, status, dueAt: null, attemptsMade: 3, finishedAt: now - 1 }
    const decision = resendDelivery.decide(
      { delivery: ended, endpoint: listening },
      { scope, deliveryId: 'del_1' },
      ctx,
    )
    expect(decision).toMatchObject({
      accepted: true,
      result: { status: 'pending', dueAt: now, attemptsMade: 3, finishedAt: null, body: '{}' },
    })
  })

  test.each([delivery, undefined])('is refused while it is tried, and for none', (given) => {
    const decision = resendDelivery.decide({ delivery: given }, { scope, deliveryId: 'del_1' }, ctx)
    expect(decision.accepted).toBe(false)
  })
})
