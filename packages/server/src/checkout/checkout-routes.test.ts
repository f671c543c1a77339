import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { createTestEngine, provisionTestMerchant, type TestEngine } from '../../test/support/engine.ts'
import type { CreatePayment, Payment } from '../engine/index.ts'
import { createServer } from '../http/server.ts'
import { createIdSource } from '../kernel/ids.ts'
import { money } from '../kernel/money.ts'
import type { Scope } from '../kernel/scope.ts'
import { silentLog } from '../platform/log.ts'
import type { Rail } from '../rails/rail.ts'
import { createSimulatorRail } from '../rails/simulator/index.ts'
import { registerCheckout } from './checkout-routes.ts'
import { checkoutPath, createCheckoutTokens } from './checkout-token.ts'

const tokens = createCheckoutTokens('the checkout key of these tests!!')
const ids = createIdSource()
const successUrl = 'https://shop.example/thanks?order=1&x=%C3%A9#done'
const failureUrl = 'https://shop.example:8443/sorry'

let database: TestDatabase
let built: TestEngine
let app: FastifyInstance
let sandbox: Scope
let live: Scope
/** How often the live rail was asked for money. */
let collections = 0

/** A rail of the live mode that takes every payment. */
const liveRail: Rail = {
  name: 'bank-of-the-tests',
  modes: ['live'],
  carries: { collect: ['upi'], refund: [], disburse: [] },
  collect: async (attempt) => {
    collections += 1
    return { outcome: 'succeeded', railReference: attempt.id, received: attempt.amount }
  },
}
const simulator = createSimulatorRail({ signingKey: 'a-signing-key-of-the-tests', schedule: async () => {} })

beforeAll(async () => {
  database = await createTestDatabase()
  built = await createTestEngine(database, { rails: [simulator, liveRail] })
  app = serve(built)
  const merchantId = ids.newId('mer', built.clocks.live.now())
  const name = 'Šárka & Sons <b>Ltd</b>'
  sandbox = await provisionTestMerchant(built, { merchantId, mode: 'sandbox' }, { name })
  live = await provisionTestMerchant(built, { merchantId, mode: 'live' }, { name })
})

afterAll(async () => {
  await app.close()
  await built.close()
  await database.drop()
})

beforeEach(() => {
  collections = 0
})

function serve({ engine, clocks }: TestEngine): FastifyInstance {
  const server = createServer({
    log: silentLog,
    metrics: { observeHttpRequest: () => {} },
    services: undefined,
    surfaces: [],
    rateLimits: () => ({ consume: () => Promise.reject(new Error('no surface is served here')) }),
    readiness: async () => ({}),
    now: () => clocks.live.now(),
    reservedPaths: [checkoutPath],
  })
  registerCheckout(server, { engine, tokens, log: silentLog })
  return server
}

async function createPayment(given: Partial<CreatePayment> = {}): Promise<Payment> {
  const { result } = await built.engine.payments.create({
    scope: sandbox,
    dialect: 'paylect',
    amount: money(25_000n, 'INR'),
    method: 'upi',
    reference: 'ORD-1001',
    metadata: {},
    expiresAfterMs: 1_800_000,
    attemptsMax: 1,
    ...given,
  })
  return result
}

const pathOf = ({ merchantId, mode, id }: Payment) => `${checkoutPath}/${tokens.tokenFor({ merchantId, mode }, id)}`
const show = (payment: Payment, headers = {}) => app.inject({ url: pathOf(payment), headers })
const press = (payment: Payment, action: string, after?: string, server = app) =>
  server.inject({
    method: 'POST',
    url: pathOf(payment),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({ action, ...(after !== undefined && { after }) }).toString(),
  })
const current = async ({ merchantId, mode, id }: Payment) => {
  const found = await built.engine.payments.find({ merchantId, mode }, { id })
  if (!found) throw new Error('the payment is gone')
  return found
}

function expectPage(answer: LightMyRequestResponse, status: number): string {
  expect(answer.statusCode, answer.body).toBe(status)
  expect(answer.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-robots-tag': 'noindex, nofollow',
    'x-content-type-options': 'nosniff',
    'content-security-policy': expect.stringContaining("default-src 'none'; style-src 'self'"),
  })
  expect(answer.body).toMatch(/^<!doctype html><html lang="en">/)
  expect(answer.body).not.toMatch(/<script| style="| on[a-z]+="/)
  return answer.body
}

describe('hostile input is answered with a page and changes nothing', () => {
  test.each([
    ['an unknown token', () => `${checkoutPath}/${'0'.repeat(79)}`],
    ['an overlong token', () => `${checkoutPath}/${'s'.repeat(10_000)}`],
    ['no token', () => checkoutPath],
    ['a deeper path', () => `${checkoutPath}/assets/checkout-0.css`],
    ['a token with more behind it', () => `${checkoutPath}/${tokens.tokenFor(sandbox, ids.newId('pay', 0))}/x`],
    [
      'a true token of a payment that is not there',
      () => `${checkoutPath}/${tokens.tokenFor(sandbox, ids.newId('pay', 0))}`,
    ],
    ['characters that the database cannot store', () => `${checkoutPath}/%00%F0%9F%92%A9`],
  ])('%s', async (_, url) => {
    const get = expectPage(await app.inject({ url: url() }), 404)
    expect(get).toContain('This payment link is not valid')
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    expectPage(await app.inject({ method: 'POST', url: url(), headers, payload: 'action=pay' }), 404)
  })

  test.each([
    ['no body', 400, undefined, ''],
    ['no button', 400, 'application/x-www-form-urlencoded', 'x=1'],
    ['an unknown button', 400, 'application/x-www-form-urlencoded', 'action=refund'],
    ['a button pressed twice in one form', 400, 'application/x-www-form-urlencoded', 'action=pay&action=pay'],
    ['a nested button', 400, 'application/x-www-form-urlencoded', 'action[pay]=pay'],
    ['a broken escape', 400, 'application/x-www-form-urlencoded', 'action=%zz'],
    ['a dangerous field name', 400, 'application/x-www-form-urlencoded', '__proto__[action]=pay'],
    ['a body that is too large', 413, 'application/x-www-form-urlencoded', `action=${'p'.repeat(5_000)}`],
    ['JSON', 415, 'application/json', '{"action":"pay"}'],
    ['a multipart form', 415, 'multipart/form-data; boundary=x', '--x--'],
    ['a content type that is none', 415, 'action=pay', 'action=pay'],
  ])('%s', async (_, status, contentType, payload) => {
    const payment = await createPayment()
    const headers = contentType === undefined ? {} : { 'content-type': contentType }
    expectPage(await app.inject({ method: 'POST', url: pathOf(payment), headers, payload }), status)
    expect(await current(payment)).toEqual(payment)
  })

  test('a method that the page does not answer', async () => {
    const payment = await createPayment()
    for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const) {
      const answer = await app.inject({ method, url: pathOf(payment) })
      expectPage(answer, 405)
      expect(answer.headers['allow']).toBe('GET, HEAD, POST')
    }
  })
})

describe('the payer', () => {
  test('sees whom, what and how much, and text of the merchant stays text', async () => {
    const description = '<img src=x onerror=alert(1)> "tea"'
    const payment = await createPayment({ description, reference: '</dd><form>' })
    const page = expectPage(await show(payment), 200)
    expect(page).toContain('Šárka &amp; Sons &lt;b>Ltd&lt;/b>')
    expect(page).toContain('<title>Pay ₹250.00 to')
    expect(page).toContain('Sandbox:')
    expect(page).toContain('in 30 minutes')
    expect(page).toContain('&lt;/dd>&lt;form>')
    expect(page).not.toMatch(/<img|<b>/)
    expect(page.match(/<form/g)).toHaveLength(1)
  })

  test('reads the amount in the notation of the browser’s language', async () => {
    const payment = await createPayment({ amount: money(25_000_000n, 'INR') })
    expect((await show(payment, { 'accept-language': 'en-IN' })).body).toContain('Pay ₹2,50,000.00')
    expect((await show(payment, { 'accept-language': 'de' })).body).toContain('Pay 250.000,00\u00a0₹')
  })

  test('who pays goes straight to the merchant’s page, whose address is not altered', async () => {
    const payment = await createPayment({ successUrl, failureUrl })
    expect((await show(payment)).headers['content-security-policy']).toContain(
      "form-action 'self' https://shop.example https://shop.example:8443 https:;",
    )
    const answer = await press(payment, 'pay', '')
    expect([answer.statusCode, answer.headers['location'], answer.body]).toEqual([303, successUrl, ''])
    expect((await current(payment)).status).toBe('succeeded')
    const page = expectPage(await show(payment), 200)
    expect(page).toContain('Payment complete')
    expect(page).toContain(`href="${successUrl.replace('&', '&amp;')}"`)
  })

  test('whose merchant has no page gets a receipt', async () => {
    const payment = await createPayment()
    const answer = await press(payment, 'pay')
    expect([answer.statusCode, answer.headers['location']]).toEqual([303, pathOf(payment)])
    const page = expectPage(await show(payment), 200)
    for (const text of ['Payment complete', '₹250.00', 'ORD-1001', payment.id, 'UPI', '21 Nov 2026']) {
      expect(page).toContain(text)
    }
    expect(page).not.toContain('<form')
  })

  test('who declines goes to the merchant’s failure page, or reads why', async () => {
    const led = await createPayment({ successUrl, failureUrl })
    expect((await press(led, 'decline')).headers['location']).toBe(failureUrl)
    const unled = await createPayment({ successUrl })
    expect((await press(unled, 'decline')).headers['location']).toBe(pathOf(unled))
    const page = expectPage(await show(unled), 200)
    expect(page).toContain('Payment declined')
    expect(page).toContain('Your bank declined the payment. No money was taken.')
    expect(page).not.toContain(successUrl)
  })

  test('who has tries left is told why the last one failed and can try again', async () => {
    const payment = await createPayment({ attemptsMax: 2, failureUrl })
    expect((await press(payment, 'decline')).headers['location']).toBe(pathOf(payment))
    expect(expectPage(await show(payment), 200)).toContain('You can try again.')
    await press(payment, 'pay')
    expect((await current(payment)).status).toBe('succeeded')
  })

  test('who lets it expire sees that, and so does one who comes after the time but before the timer', async () => {
    const let_ = await createPayment()
    await press(let_, 'expire')
    expect((await current(let_)).status).toBe('expired')
    expect(expectPage(await show(let_), 200)).toContain('Payment expired')

    const late = await createPayment({ expiresAfterMs: 1_000 })
    built.clocks.sandbox.advance(1_000)
    expect(expectPage(await show(late), 200)).toContain('Payment expired')
    expect((await press(late, 'pay')).headers['location']).toBe(pathOf(late))
    expect((await current(late)).attemptsMade).toBe(0)
  })

  test('sees that the merchant has cancelled', async () => {
    const payment = await createPayment()
    await built.engine.payments.cancel(sandbox, payment.id)
    expect(expectPage(await show(payment), 200)).toContain('Payment cancelled')
    expect((await press(payment, 'pay')).statusCode).toBe(303)
    expect((await current(payment)).status).toBe('cancelled')
  })

  test.each(['pending', 'late:PT5M', 'unknown', 'unknown:declined', 'down'])(
    'of a payment whose fate is open (%s) is asked to wait, never told that it failed',
    async (simulate) => {
      const payment = await createPayment({ successUrl, failureUrl, metadata: { simulate } })
      expect((await press(payment, 'pay')).headers['location']).toBe(pathOf(payment))
      const page = expectPage(await show(payment), 200)
      expect(page).toContain('We are waiting for your bank')
      expect(page).toContain('<meta http-equiv="refresh" content="5"/>')
      expect(page).not.toMatch(/declined|failed|<form/i)
      await press(payment, 'expire')
      expect((await current(payment)).status).toBe('processing')
    },
  )

  test('who has paid a part is asked for the rest, and what was overpaid is named', async () => {
    const part = await createPayment({ metadata: { simulate: 'partial:10000' }, attemptsMax: 1 })
    await press(part, 'pay')
    const page = expectPage(await show(part), 200)
    expect(page).toContain('Pay ₹150.00')
    expect(page).toContain('Received so far</dt><dd>₹100.00')
    await press(part, 'expire')
    expect(expectPage(await show(part), 200)).toContain('₹100.00 came in for this payment and is held')

    const over = await createPayment({ metadata: { simulate: 'over:30000' } })
    await press(over, 'pay')
    expect(expectPage(await show(over), 200)).toContain('₹50.00 was paid beyond the amount and is held')
  })
})

describe('nobody is charged twice', () => {
  test('twenty presses at once make one attempt, and each leads to a page', async () => {
    const payment = await createPayment({ successUrl })
    const answers = await Promise.all(Array.from({ length: 20 }, () => press(payment, 'pay', '')))
    for (const answer of answers) {
      expect(answer.statusCode).toBe(303)
      expect([successUrl, pathOf(payment)]).toContain(answer.headers['location'])
    }
    const paid = await current(payment)
    expect([paid.status, paid.attemptsMade, paid.receivedMinor]).toEqual(['succeeded', 1, 25_000n])
  })

  test('a button of a payment that has ended shows how it ended', async () => {
    const payment = await createPayment({ successUrl })
    await press(payment, 'pay')
    const paid = await current(payment)
    for (const action of ['pay', 'decline', 'expire']) {
      expect((await press(payment, action)).headers['location']).toBe(successUrl)
    }
    expect(await current(payment)).toEqual(paid)
  })

  test('a form that is posted again after its part was paid does not pay the rest', async () => {
    const payment = await createPayment({ metadata: { simulate: 'partial:10000' } })
    await press(payment, 'pay', '')
    const answer = await press(payment, 'pay', '')
    expect([answer.statusCode, answer.headers['location']]).toEqual([303, pathOf(payment)])
    const waiting = await current(payment)
    expect(waiting.receivedMinor).toBe(10_000n)
    await press(payment, 'pay', waiting.attemptId ?? '')
    expect((await current(payment)).receivedMinor).toBe(20_000n)
  })
})

describe('in live mode', () => {
  test('there are no sandbox buttons, and posting their actions is refused', async () => {
    const payment = await createPayment({ scope: live, metadata: { simulate: 'declined' } })
    const page = expectPage(await show(payment), 200)
    expect(page).toContain('value="pay"')
    expect(page).not.toMatch(/sandbox|value="decline"|value="expire"/i)
    for (const action of ['decline', 'expire']) expectPage(await press(payment, action), 403)
    expect(await current(payment)).toEqual(payment)
  })

  test('a scenario in the metadata has no meaning, and money is asked for once', async () => {
    const payment = await createPayment({ scope: live, metadata: { simulate: 'declined' } })
    await Promise.all([press(payment, 'pay'), press(payment, 'pay')])
    expect((await current(payment)).status).toBe('succeeded')
    expect(collections).toBe(1)
  })
})

test('a stored address that is not of the web leads nowhere and breaks nothing', async () => {
  const payment = await createPayment({ successUrl: 'javascript:alert(1)', failureUrl: 'not an address' })
  expect((await show(payment)).headers['content-security-policy']).toContain("form-action 'self';")
  expect((await press(payment, 'pay')).headers['location']).toBe(pathOf(payment))
  expect(expectPage(await show(payment), 200)).not.toContain('javascript:')
})

test('a stored address that cannot stand in a header is encoded, not refused', async () => {
  const payment = await createPayment({ successUrl: 'https://shop.example/dziękuję tam' })
  expect((await press(payment, 'pay')).headers['location']).toBe('https://shop.example/dzi%C4%99kuj%C4%99%20tam')
})

test('the stylesheet is kept by browsers for a year under a name that changes with it', async () => {
  const page = (await show(await createPayment())).body
  const [, href = ''] = /<link rel="stylesheet" href="([^"]+)"/.exec(page) ?? []
  expect(href).toMatch(/^\/pay\/assets\/checkout-[0-9a-f]{16}\.css$/)
  const answer = await app.inject({ url: href })
  expect(answer.statusCode).toBe(200)
  expect(answer.headers).toMatchObject({
    'content-type': 'text/css; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
  })
})

describe('while the server goes down', () => {
  /** Between the call to the rail and the record of its answer, the server stops taking commands. */
  const stoppingRail: Rail = {
    ...liveRail,
    collect: async (attempt) => {
      await stopping.committer.drain()
      return { outcome: 'succeeded', railReference: attempt.id, received: attempt.amount }
    },
  }
  let stopping: TestEngine
  let server: FastifyInstance

  beforeAll(async () => {
    stopping = await createTestEngine(database, { rails: [stoppingRail], clocks: built.clocks })
    server = serve(stopping)
  })
  afterAll(async () => {
    await server.close()
    await stopping.close()
  })

  test('a payer whose money may have moved is asked to wait, and one whose payment was not begun to try again', async () => {
    const begun = await createPayment({ scope: live })
    const spared = await createPayment({ scope: live })
    expect((await press(begun, 'pay', undefined, server)).headers['location']).toBe(pathOf(begun))
    expect(expectPage(await show(begun), 200)).toContain('We are waiting for your bank')

    const answer = await press(spared, 'pay', undefined, server)
    expect(expectPage(answer, 503)).toContain('Please try again in a moment')
    expect(answer.headers['retry-after']).toBe('1')
    expect(await current(spared)).toEqual(spared)
  })
})

test('no defect was met on the way', () => {
  expect(built.defects).toEqual([])
})
