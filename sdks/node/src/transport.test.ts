import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Paylect, type PaylectOptions } from './client.ts'
import { ConnectionError, OutcomeUnknownError, RateLimitError, ServerError, TimeoutError } from './errors.ts'
import { responseOf } from './response-info.ts'
import { createTransport } from './transport.ts'

type Answer = (response: ServerResponse, request: IncomingMessage) => void

let server: Server
let answers: Answer[]
let requests: IncomingMessage[]

beforeEach(async () => {
  answers = []
  requests = []
  server = createServer((request, response) => {
    requests.push(request)
    request.resume()
    const answer = answers.shift() ?? json(200, { id: 'pay_1' })
    answer(response, request)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterEach(() => {
  server.closeAllConnections()
  server.close()
})

function client(options: Partial<PaylectOptions> = {}): Paylect {
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return new Paylect({ apiKey: 'sk_test_1', baseUrl, ...options })
}

/** A write for which the gateway keeps no idempotency keys. */
function sendWithoutKeys(): Promise<unknown> {
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const settings = { apiKey: 'sk_test_1', baseUrl, timeoutMs: 5_000, retriesMax: 2, fetch, now: () => 0 }
  return createTransport(settings).send({ method: 'POST', path: '/v1/anything', isIdempotent: false })
}

function json(status: number, body: object, headers: Record<string, string> = {}): Answer {
  return (response) => response.writeHead(status, { 'x-request-id': 'req_1', ...headers }).end(JSON.stringify(body))
}

const cut: Answer = (response) => response.destroy()
const silence: Answer = () => {}
const proxyPage: Answer = (response) => response.writeHead(502).end('<html>Bad Gateway</html>')
const busy = json(503, { code: 'queue_full', detail: 'Too much is going on.' }, { 'retry-after': '0' })
const order = { amount: 1, currency: 'INR', method: 'upi' } as const
const keysSent = () => requests.map(({ headers }) => headers['idempotency-key'])
const failureOf = (call: Promise<unknown>) =>
  call.then(
    () => expect.fail('the call did not fail'),
    (error: unknown) => error,
  )

describe('a call', () => {
  test('carries the key of the merchant, and a write an idempotency key of its own', async () => {
    await client().payments.create(order)
    await client().payments.create(order)
    await client().payments.get('a/b', { expand: ['attempts', 'checkout_url'] })
    expect(requests[0]?.headers).toMatchObject({
      authorization: 'Bearer sk_test_1',
      'content-type': 'application/json',
    })
    expect(requests[2]?.url).toBe('/v1/payments/a%2Fb?expand=attempts%2Ccheckout_url')
    const [first, second, third] = keysSent()
    expect(first).toMatch(/^[0-9a-f-]{36}$/)
    expect(second).not.toBe(first)
    expect(third).toBe(undefined)
  })

  test('remembers the answer it came with, where neither JSON nor a spread sees it', async () => {
    answers = [json(200, { id: 'pay_1' }, { 'idempotent-replayed': 'true' })]
    const payment = await client().payments.create(order, { idempotencyKey: 'k' })
    expect(responseOf(payment)).toMatchObject({ requestId: 'req_1', replayed: true, idempotencyKey: 'k', tries: 1 })
    expect(JSON.stringify(payment)).toBe('{"id":"pay_1"}')
    expect(responseOf({ ...payment })).toBe(undefined)
  })

  test.each([
    ['an empty key', { apiKey: '' }, 'apiKey'],
    ['a base URL without a scheme', { baseUrl: 'pay.example.com' }, 'baseUrl'],
    ['a timeout of nothing', { timeoutMs: 0 }, 'timeoutMs'],
  ])('is not made with %s', (_, options, name) => {
    expect(() => client(options)).toThrow(name)
  })

  test('does not show its key when the client is printed', () => {
    expect(JSON.stringify(client()) + String(Object.values(client()))).not.toContain('sk_test_1')
  })
})

describe('a try that failed', () => {
  test.each([
    ['a cut connection', cut],
    ['a page of a proxy', proxyPage],
    ['a busy gateway', busy],
    ['a lost commit', json(503, { code: 'outcome_unknown' }, { 'retry-after': '0' })],
  ])('is repeated with the same idempotency key after %s', async (_, failure) => {
    answers = [failure, failure]
    expect((await client().payments.create(order)).id).toBe('pay_1')
    expect(requests).toHaveLength(3)
    expect(new Set(keysSent()).size).toBe(1)
  })

  test('is not repeated when the gateway has decided', async () => {
    for (const status of [400, 401, 402, 403, 404, 409, 422]) {
      answers = [json(status, { code: 'some_code', detail: 'No.', field: 'amount' })]
      requests = []
      expect(await failureOf(client().payments.create(order))).toMatchObject({
        status,
        code: 'some_code',
        field: 'amount',
      })
      expect(requests).toHaveLength(1)
    }
  })

  test('is not repeated when the call keeps no idempotency keys and may have happened', async () => {
    answers = [cut]
    expect(await failureOf(sendWithoutKeys())).toBeInstanceOf(OutcomeUnknownError)
    expect(requests).toHaveLength(1)
    answers = [busy]
    await sendWithoutKeys()
    expect(requests).toHaveLength(3)
  })

  test('is repeated no sooner than Retry-After says, and not at all when that is too long', async () => {
    answers = [json(429, { code: 'rate_limit_exceeded' }, { 'retry-after': '1' })]
    const startedAt = performance.now()
    await client().balance.get()
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(995)
    answers = [json(429, { code: 'rate_limit_exceeded' }, { 'retry-after': '3600' })]
    const error = await failureOf(client().balance.get())
    expect(error).toBeInstanceOf(RateLimitError)
    expect(error).toMatchObject({ retryAfterMs: 3_600_000, requestId: 'req_1' })
  })

  test('is repeated as often as is said, and then thrown', async () => {
    answers = [busy, busy, busy, busy]
    expect(await failureOf(client({ retriesMax: 1 }).balance.get())).toBeInstanceOf(ServerError)
    expect(requests).toHaveLength(2)
    expect(await failureOf(client().balance.get({}, { retriesMax: 11 }))).toMatchObject({ message: /retriesMax/ })
  })
})

describe('an outcome that nobody knows', () => {
  test('is an error of its own that holds the key to repeat with', async () => {
    answers = [cut]
    const error = await failureOf(client({ retriesMax: 0 }).payments.create(order, { idempotencyKey: 'order-1' }))
    expect(error).toMatchObject({
      name: 'OutcomeUnknownError',
      idempotencyKey: 'order-1',
      tries: 1,
      isRepeatable: true,
    })
    expect((error as Error).cause).toBeInstanceOf(ConnectionError)
  })

  test('stays unknown when a later try is turned away at the door, and is known when it is decided', async () => {
    answers = [cut, json(401, { code: 'api_key_invalid' })]
    expect(await failureOf(client().payments.create(order))).toBeInstanceOf(OutcomeUnknownError)
    answers = [cut, json(500, { code: 'internal' })]
    expect(await failureOf(client().payments.create(order))).toBeInstanceOf(OutcomeUnknownError)
    answers = [cut, json(422, { code: 'balance_insufficient' })]
    expect(await failureOf(client().payments.create(order))).toMatchObject({ name: 'InsufficientFundsError' })
  })

  test('comes of a timeout for a write; a read just timed out', async () => {
    answers = [silence]
    expect(await failureOf(client({ timeoutMs: 50, retriesMax: 0 }).balance.get())).toBeInstanceOf(TimeoutError)
    answers = [silence]
    const error = await failureOf(client({ retriesMax: 0 }).payments.create(order, { timeoutMs: 50 }))
    expect(error).toBeInstanceOf(OutcomeUnknownError)
    expect((error as Error).cause).toBeInstanceOf(TimeoutError)
  })

  test('comes of an abort after sending; an abort before sends nothing and throws its reason', async () => {
    const reason = new Error('the shop is closed')
    const early = await failureOf(client().payments.create(order, { signal: AbortSignal.abort(reason) }))
    expect([early, requests.length]).toEqual([reason, 0])
    const controller = new AbortController()
    answers = [() => controller.abort(reason)]
    const late = await failureOf(client().payments.create(order, { signal: controller.signal }))
    expect(late).toMatchObject({ name: 'OutcomeUnknownError', cause: reason })
    const reading = new AbortController()
    answers = [() => reading.abort(reason)]
    expect(await failureOf(client().balance.get({}, { signal: reading.signal }))).toBe(reason)
  })

  test('is none when nothing listens: nothing was sent', async () => {
    const paylect = client({ retriesMax: 0 })
    server.close()
    expect(await failureOf(paylect.payments.create(order))).toBeInstanceOf(ConnectionError)
  })
})

describe('an answer that is not JSON', () => {
  test('points at the base URL', async () => {
    answers = [(response) => response.end('<html>Hello</html>')]
    const error = await failureOf(client({ retriesMax: 0 }).balance.get())
    expect((error as Error).message).toContain('Is baseUrl the gateway')
  })
})
