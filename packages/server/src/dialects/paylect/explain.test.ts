import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type DialectGateway, openDialectGateway } from '../../../test/support/dialect-gateway.ts'
import { houseCaller } from '../../../test/support/house-caller.ts'
import { isoFromInstant } from '../../kernel/clock.ts'
import { decimalFromMinor, money } from '../../kernel/money.ts'
import { paylect } from './index.ts'

interface Explanation {
  readonly state: { readonly status: string; readonly since: string; readonly why: string }
  readonly timeline: readonly { readonly at: string; readonly what: string; readonly by: string }[]
  readonly fee: Record<string, unknown>
  readonly decline: Record<string, unknown> | null
  readonly money: {
    readonly lines: readonly { readonly from: string; readonly to: string; readonly amount: number }[]
    readonly sentence: string
  }
  readonly refunds: Record<string, unknown>
  readonly next: readonly { readonly at: string | null; readonly what: string }[]
}

let gateway: DialectGateway
beforeAll(async () => {
  gateway = await openDialectGateway([paylect])
})
afterAll(() => gateway.close())
beforeEach(() => gateway.forgetCalls())

const call = houseCaller(() => gateway)
const at = (afterMs = 0) => isoFromInstant(gateway.testEngine.clocks.sandbox.now() + afterMs)
const advance = (ms: number) => gateway.testEngine.clocks.sandbox.advance(ms)
const minuteMs = 60_000

/** Opens a payment of 12.34 INR, of which 2 % are 24.68 minor units. */
async function open(fields: object = {}): Promise<string> {
  const { status, body } = await call('POST', '/payments', { amount: 1_234, currency: 'INR', method: 'upi', ...fields })
  expect(status).toBe(201)
  return String(body['id'])
}

async function outcome(id: string, wanted: object): Promise<void> {
  expect((await call('POST', `/sandbox/payments/${id}/outcome`, wanted)).status).toBe(200)
}

async function explain(id: string): Promise<Explanation> {
  const { status, body } = await call('GET', `/payments/${id}/explain`)
  expect([status, body['object'], body['payment_id'], body['currency']]).toEqual([
    200,
    'payment_explanation',
    id,
    'INR',
  ])
  return body as unknown as Explanation
}

const pay = (id: string, simulate: string) => gateway.engine.payments.pay(gateway.scope, id, { simulate })

async function pollOpenAttempt(id: string): Promise<void> {
  const { body } = await call('GET', `/payments/${id}/attempts`)
  const [attempt] = body['data'] as { id: string }[]
  await gateway.engine.attempts.poll(gateway.scope, attempt?.id ?? '')
}

describe('the explanation of a payment that waits', () => {
  test('says since when and until when, what the fee will be, and that it expires next', async () => {
    const [created, expires] = [at(), at(30 * minuteMs)]
    const id = await open({ expires_in: 'PT30M' })
    advance(minuteMs)
    expect(await explain(id)).toMatchObject({
      state: {
        status: 'awaiting_payer',
        since: created,
        why: `Nobody has paid yet. The payer may pay until ${expires}.`,
      },
      timeline: [{ at: created, what: 'The payment was created through the paylect API.', by: 'merchant' }],
      fee: {
        ...{ amount: 0, plan_version: 1, basis_points: 200, fixed: 0 },
        sentence:
          'The fee will be 0.25 INR: 2.00 % of 12.34 INR, rounded half up to the smallest unit (version 1 of the fee plan, in force when the payment was made).',
      },
      decline: null,
      money: { lines: [], sentence: 'No money has arrived.' },
      refunds: { count: 0, amount_refundable: 0, sentence: 'Only a paid payment can be refunded.' },
      next: [{ at: expires, what: 'The payment expires, unless it is paid or cancelled before.' }],
    })
  })

  test('says what a decline means and what to do, and that the payer may try again', async () => {
    const id = await open()
    advance(minuteMs)
    const declined = at()
    await outcome(id, { outcome: 'declined', code: 'insufficient_funds' })
    advance(minuteMs)
    const { state, decline, timeline, next } = await explain(id)
    expect(state).toMatchObject({ status: 'awaiting_payer', since: declined })
    expect(state.why).toMatch(/^Attempt 1 of 3 was declined; the payer may try again\. The payer may pay until /)
    expect(decline).toEqual({
      code: 'insufficient_funds',
      message: expect.any(String),
      meaning: 'There was not enough money in the payer’s account.',
      retryable: true,
      what_to_do: 'Ask the payer to try again later or to use another account.',
    })
    expect(timeline.map(({ what, by }) => [what, by])).toEqual([
      ['The payment was created through the paylect API.', 'merchant'],
      ['Attempt 1 to collect 12.34 INR by upi began.', 'payer'],
      ['The attempt was declined (insufficient funds).', 'rail:simulator'],
    ])
    expect(next).toHaveLength(1)
  })

  test('advises no second try where fraud is suspected', async () => {
    const id = await open()
    await outcome(id, { outcome: 'declined', code: 'suspected_fraud' })
    expect((await explain(id)).decline).toMatchObject({
      retryable: false,
      what_to_do: 'Do not try again. Look at the order, and tell the payer only that the bank refused.',
    })
  })

  test('says that a part waits in suspense, line by line', async () => {
    const id = await open()
    await outcome(id, { outcome: 'partial', amount: 400 })
    const { state, money } = await explain(id)
    expect(state.why).toContain('A part has arrived; the rest is still to be paid.')
    expect(money.sentence).toBe('4.00 INR has arrived. 4.00 INR of it waits in suspense.')
    expect(money.lines).toMatchObject([{ to: 'suspense', amount: 400 }])
  })
})

describe('the explanation of a payment whose attempt is under way', () => {
  test('says that the rail is silent, since the attempt began, and when it is asked next, also after it was asked', async () => {
    const id = await open()
    await outcome(id, { outcome: 'declined' })
    advance(minuteMs)
    const began = at()
    await outcome(id, { outcome: 'unknown' })
    const first = await explain(id)
    const rail =
      'The rail simulator has not said what became of the attempt. It is asked until it does; nothing is guessed.'
    expect(first.state).toEqual({ status: 'processing', since: began, why: rail })
    expect(first.timeline.at(-1)).toEqual({
      at: began,
      what: 'The rail did not say what became of it.',
      by: 'rail:simulator',
    })
    const asked = 'The rail simulator is asked what became of the attempt, unless it says so before.'
    expect(first.next).toEqual([{ at: at(5_000), what: asked }])
    // The first attempt's decline decides nothing while the second is under way.
    expect(first.decline).toBeNull()
    advance(5_000)
    await pollOpenAttempt(id)
    const second = await explain(id)
    expect(second.state).toEqual(first.state)
    const what = 'Asked once, the rail did not say what became of it.'
    expect(second.timeline.at(-1)).toEqual({ at: at(), what, by: 'rail:simulator' })
    expect(second.next).toMatchObject([{ what: asked }])
    expect(Date.parse(second.next[0]?.at ?? '')).toBeGreaterThan(gateway.testEngine.clocks.sandbox.now())
    await outcome(id, { outcome: 'succeeded' })
    expect(await explain(id)).toMatchObject({ state: { status: 'succeeded' }, decline: null, next: [] })
  })

  test('names the notification that the simulator will send, and leaves it out once it was sent', async () => {
    const id = await open()
    await pay(id, 'late:PT5M')
    const due = at(5 * minuteMs)
    const { state, next } = await explain(id)
    expect(state.why).toBe('The rail simulator has taken the attempt and will decide later.')
    expect(next).toEqual([
      { at: due, what: 'The simulator tells what became of the attempt.' },
      { at: due, what: 'The rail simulator is asked what became of the attempt, unless it says so before.' },
    ])
    // Another payment's notification is not this one's.
    const other = await open()
    await pay(other, 'late:PT1M')
    expect((await explain(id)).next).toEqual(next)
    expect((await explain(other)).next).toHaveLength(2)
    advance(5 * minuteMs)
    await pollOpenAttempt(id)
    expect((await explain(id)).state.status).toBe('succeeded')
  })
})

describe('the explanation of a payment that ended', () => {
  test('says what it cost, what is left and that nothing comes next; its lines sum to what it left', async () => {
    const id = await open()
    advance(minuteMs)
    const paid = at()
    await outcome(id, { outcome: 'succeeded' })
    advance(minuteMs)
    const { state, fee, money, refunds, next, decline, timeline } = await explain(id)
    expect(state).toEqual({
      status: 'succeeded',
      since: paid,
      why: `All of it was received; it was complete at ${paid}.`,
    })
    expect(fee).toMatchObject({
      amount: 25,
      sentence: expect.stringMatching(/^The fee is 0\.25 INR: 2\.00 % of 12\.34 INR/),
    })
    expect([next, decline]).toEqual([[], null])
    expect(refunds).toMatchObject({ count: 0, amount_refundable: 1_234 })
    expect(refunds['sentence']).toBe('There were no refunds. 12.34 INR can still be refunded.')
    expect(money.sentence).toBe(
      '12.34 INR has arrived. 12.34 INR was credited, less 0.25 INR for the fee: 12.09 INR for you.',
    )
    expect(changeOf(money, 'available')).toBe(1_209)
    expect(timeline.map(({ at: when }) => when)).toEqual(timeline.map(({ at: when }) => when).toSorted())
    expect(timeline.at(-1)).toEqual({ at: paid, what: 'The payment was complete.', by: 'rail:simulator' })
  })

  test('by declines says that no attempt is left, and to make a new payment', async () => {
    const id = await open({ attempts_max: 2 })
    await outcome(id, { outcome: 'declined' })
    advance(minuteMs)
    const failed = at()
    await outcome(id, { outcome: 'declined', code: 'expired_instrument' })
    const { state, decline, fee, next, timeline } = await explain(id)
    expect(state).toEqual({
      ...{ status: 'failed', since: failed },
      why: 'Attempt 2 of 2 was declined, so no attempt is left.',
    })
    expect(decline).toMatchObject({
      code: 'expired_instrument',
      retryable: false,
      what_to_do: 'Ask the payer for another card or account. This payment takes no more attempts: make a new one.',
    })
    expect([fee['sentence'], next]).toEqual([expect.stringMatching(/^The fee would have been 0\.25 INR/), []])
    expect(timeline.filter(({ by }) => by === 'payer').map(({ what }) => what.slice(0, 9))).toEqual([
      'Attempt 1',
      'Attempt 2',
    ])
  })

  test('by cancelling or by its time says so, and nothing comes next', async () => {
    const [cancelled, expired] = [await open(), await open()]
    advance(minuteMs)
    await call('POST', `/payments/${cancelled}/cancel`)
    await outcome(expired, { outcome: 'expired' })
    const since = at()
    expect(await explain(cancelled)).toMatchObject({
      state: { status: 'cancelled', since, why: 'The merchant cancelled it before it was paid.' },
      next: [],
    })
    expect(await explain(expired)).toMatchObject({
      state: { status: 'expired', since, why: 'Its time was over before it was paid.' },
      next: [],
    })
  })

  test('sums up its refunds: paid, under way and failed, with what is left and when the rail is asked', async () => {
    const id = await open()
    await outcome(id, { outcome: 'succeeded' })
    const refund = async (amount: number, simulate: string) => {
      const { status } = await call('POST', '/refunds', { payment_id: id, amount, metadata: { simulate } })
      expect(status).toBe(201)
      await gateway.submitAttempts()
    }
    await refund(200, 'succeeded')
    await refund(300, 'declined:invalid_account')
    await refund(400, 'pending')
    const { refunds, money: moved, next, timeline } = await explain(id)
    expect(refunds).toEqual({
      ...{ count: 3, amount_paid: 200, amount_pending: 400, amount_failed: 300, amount_refundable: 634 },
      sentence:
        '2.00 INR was paid back; 4.00 INR is under way; refunds of 3.00 INR failed. 6.34 INR can still be refunded.',
    })
    expect(next.map(({ what }) => what)).toContain(
      'The rail simulator is asked what became of the refund, unless it says so before.',
    )
    expect(next[0]?.at).toBe(at(30_000))
    const { body } = await call('GET', `/payments/${id}?expand=refunds`)
    const returned = (body['refunds'] as { status: string; fee_returned: number }[])
      .filter(({ status }) => status !== 'failed')
      .reduce((sum, { fee_returned: fee }) => sum + fee, 0)
    // The failed refund has left no trace in what the payment made available.
    expect(changeOf(moved, 'available')).toBe(1_209 - 600 + returned)
    expect(changeOf(moved, 'refunds_in_flight')).toBe(400)
    const shown = (minor: number) => `${decimalFromMinor(money(minor, 'INR'))} INR`
    expect(moved.sentence).toContain(`${shown(600 - returned)} for refunds: ${shown(609 + returned)} for you.`)
    for (const what of ['was created.', 'was paid.', 'failed (invalid account).']) {
      expect(
        timeline.some((entry) => entry.what.startsWith('The refund re_') && entry.what.endsWith(what)),
        what,
      ).toBe(true)
    }
  })

  function changeOf({ lines }: Explanation['money'], code: string): number {
    return lines.reduce(
      (sum, { from, to, amount }) => sum + (to === code ? amount : 0) - (from === code ? amount : 0),
      0,
    )
  }
})

describe('the explanation of a fee', () => {
  test('names the fixed part, the bound of the amount itself, and the version in force when the payment was made', async () => {
    const { engine, scope } = gateway
    const before = await open({ method: 'card' })
    const terms = { scope, method: 'card', refundPolicy: 'kept' } as const
    await engine.fees.setPlan({ ...terms, basisPoints: 250, fixed: { INR: 300n } })
    const sentences = []
    for (const amount of [10_000, 200])
      sentences.push((await explain(await open({ method: 'card', amount }))).fee['sentence'])
    await engine.fees.setPlan({ ...terms, basisPoints: 10_000, fixed: {} })
    sentences.push((await explain(await open({ method: 'card', amount: 100 }))).fee['sentence'])
    const version = (number: number) => `(version ${number} of the fee plan, in force when the payment was made).`
    expect(sentences).toEqual([
      `The fee will be 5.50 INR: 2.50 % of 100.00 INR, rounded half up to the smallest unit, plus 3.00 INR fixed ${version(2)}`,
      `The fee will be 2.00 INR: 2.50 % of 2.00 INR, rounded half up to the smallest unit, plus 3.00 INR fixed, and never more than the amount itself ${version(2)}`,
      `The fee will be 1.00 INR: 100.00 % of 1.00 INR, rounded half up to the smallest unit, and never more than the amount itself ${version(3)}`,
    ])
    expect((await explain(before)).fee).toMatchObject({ plan_version: 1, basis_points: 200 })
  })
})

describe('the webhooks that an explanation announces', () => {
  test('are the pending ones with their next try, and none once they were delivered', async () => {
    const { engine, scope } = gateway
    const url = 'https://example.com/hook'
    const { body: endpoint } = await call('POST', '/webhook_endpoints', { url })
    const endpointId = String(endpoint['id'])
    const id = await open()
    await outcome(id, { outcome: 'succeeded' })
    const { items } = await engine.events.feed(scope, { after: 0n, limit: 1_000, waitMs: 0 })
    const event = items.find(({ objectId, type }) => objectId === id && type === 'payment.succeeded')
    if (!event) throw new Error('the payment has told of nothing')
    const common = { scope, endpointId, target: `endpoint:${endpointId}`, url, lane: 'example.com', event }
    const delivery = await engine.webhooks.deliver({ ...common, dialect: 'paylect', body: '{}', headers: {} })
    if (!delivery) throw new Error('nothing was put on its way')
    const sentence = (number: number) => `The webhook payment.succeeded is sent to ${url} (try ${number}).`
    expect((await explain(id)).next).toEqual([{ at: at(), what: sentence(1) }])
    const tried = {
      ...{ scope, deliveryId: delivery.id, startedAt: engine.now('sandbox'), durationMs: 5, endpoint: null },
      ...{ requestHeaders: {}, responseHeaders: {}, retryDelaysMs: [10_000, 60_000], random: 0.5 },
    }
    const rejected = { is: 'rejected', status: 500, excerpt: '', retryAfterMs: null } as const
    await engine.webhooks.recordAttempt({ ...tried, outcome: rejected })
    expect((await explain(id)).next).toEqual([{ at: at(10_000), what: sentence(2) }])
    advance(10_000)
    const acknowledged = { is: 'acknowledged', status: 200, excerpt: '' } as const
    await engine.webhooks.recordAttempt({ ...tried, outcome: acknowledged })
    expect((await explain(id)).next).toEqual([])
  })
})

test('another merchant’s payment is not explained', async () => {
  const id = await open()
  const { status, body } = await call('GET', `/payments/${id}/explain`, undefined, { role: 'other' })
  expect([status, body['code'], body['field']]).toEqual([404, 'payment_not_found', 'id'])
})
