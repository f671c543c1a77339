import { describe, expect, test } from 'vitest'
import { madeUpServer, madeUpSurface } from '../../test/support/made-up-surface.ts'
import { EngineError } from '../kernel/engine-error.ts'

const writer = { 'x-key': 'writer-key' }
const order = { amount: '40.00', reference: 'R-1' }

describe('a request', () => {
  test('reaches its handler parsed, and only declared fields come back', async () => {
    const { app } = madeUpServer()
    const answer = await app.inject({ method: 'POST', url: '/shop/orders', headers: writer, payload: order })
    expect(answer.statusCode).toBe(201)
    expect(answer.json()).toEqual({ id: 'ord_1', amount: '40.00', reference: 'R-1' })
    expect(answer.headers['x-seen']).toBe('writer/-')
  })

  test('may come as a form with brackets', async () => {
    const { app } = madeUpServer()
    const answer = await app.inject({
      method: 'POST',
      url: '/shop/orders',
      headers: { ...writer, 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'amount=40.00&reference=R%2B1+a&metadata[order_ref]=ORD-1',
    })
    expect(answer.json()).toMatchObject({ reference: 'R+1 a' })
  })

  test('gets our own request id, whatever id it brings', async () => {
    const { app } = madeUpServer()
    const answer = await app.inject({
      url: '/shop/orders',
      headers: { ...writer, 'x-request-id': 'mine', 'request-id': 'mine' },
    })
    expect(answer.headers['x-request-id']).toMatch(/^req_[0-9a-f]{32}$/)
  })

  test('gets the security headers and the headers of the surface, also when it fails', async () => {
    const { app } = madeUpServer()
    for (const url of ['/shop/orders', '/shop/nowhere', '/shop/%zz', '/elsewhere', '/healthz']) {
      const answer = await app.inject({ url, headers: writer })
      expect(answer.headers, url).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'x-request-id': expect.stringMatching(/^req_/),
      })
      expect(answer.headers['x-shop-version'], url).toBe(url.startsWith('/shop') ? '1' : undefined)
    }
  })

  test('may carry an idempotency key, and one that is empty, too long or not printable is refused by name', async () => {
    const { app } = madeUpServer()
    const send = (key: string) =>
      app.inject({
        method: 'POST',
        url: '/shop/orders',
        headers: { ...writer, 'idempotency-key': key },
        payload: order,
      })
    expect((await send('k'.repeat(255))).headers['x-seen']).toBe(`writer/${'k'.repeat(255)}`)
    for (const key of ['k'.repeat(256), '', 'a\tb', 'é']) {
      const answer = await send(key)
      expect(answer.statusCode).toBe(400)
      expect(answer.json().failure).toMatchObject({ field: 'Idempotency-Key', code: 'invalid_idempotency_key' })
    }
  })

  test('may be a body of any kind where the endpoint ignores bodies', async () => {
    const { app } = madeUpServer()
    const kinds = [{}, { 'content-type': 'text/plain' }, { 'content-type': 'application/json' }]
    for (const headers of kinds) {
      for (const payload of ['', '[]', '{"a"', 'x=%zz']) {
        const answer = await app.inject({ method: 'POST', url: '/shop/login', headers, payload })
        expect(answer.statusCode, `${JSON.stringify(headers)} ${payload}`).toBe(200)
      }
    }
  })

  test('with a content type but no body is taken on GET and on an endpoint without a body', async () => {
    const { app } = madeUpServer()
    const headers = { ...writer, 'content-type': 'application/json' }
    expect((await app.inject({ url: '/shop/orders', headers })).statusCode).toBe(200)
    expect((await app.inject({ method: 'POST', url: '/shop/slow', headers })).statusCode).toBe(200)
  })

  test('may repeat or end its path with a slash', async () => {
    const { app } = madeUpServer()
    for (const url of ['/shop/orders/', '/shop//orders']) {
      expect((await app.inject({ url, headers: writer })).statusCode, url).toBe(200)
    }
  })
})

describe('the order of checks', () => {
  test('tells a caller without credentials nothing about the body, the scope or the method', async () => {
    const { app, shop } = madeUpServer()
    const attempts = [
      { method: 'POST', url: '/shop/orders', payload: '{"broken' },
      { method: 'POST', url: '/shop/orders', payload: {} },
      { method: 'DELETE', url: '/shop/orders' },
    ] as const
    for (const attempt of attempts) {
      const answer = await app.inject({ ...attempt, headers: { 'content-type': 'application/json' } })
      expect(answer.statusCode).toBe(401)
      expect(answer.json().failure.code).toBe('key_invalid')
      expect(answer.headers['x-ratelimit-limit']).toBeUndefined()
    }
    expect(shop.handled).toBe(0)
  })

  test('refuses plain HTTP before it looks at the credentials', async () => {
    const { app } = madeUpServer()
    for (const url of ['/shop/orders', '/shop/nowhere']) {
      const answer = await app.inject({ url, headers: { 'x-insist': 'https' } })
      expect(answer.json().failure.code, url).toBe('https_only')
    }
  })

  test('believes X-Forwarded-Proto from a trusted proxy only', async () => {
    const headers = { ...writer, 'x-insist': 'https', 'x-forwarded-proto': 'https' }
    const untrusting = madeUpServer().app
    expect((await untrusting.inject({ url: '/shop/orders', headers })).statusCode).toBe(403)
    const trusting = madeUpServer(madeUpSurface(), { trustProxy: ['127.0.0.1'] }).app
    expect((await trusting.inject({ url: '/shop/orders', headers })).statusCode).toBe(200)
  })

  test('checks the scope before the body', async () => {
    const { app } = madeUpServer()
    const answer = await app.inject({
      method: 'POST',
      url: '/shop/orders',
      headers: { 'x-key': 'reader-key' },
      payload: 'x',
    })
    expect(answer.statusCode).toBe(403)
    expect(answer.json().failure.message).toBe('This needs write.')
  })
})

describe('the rate limit', () => {
  const surface = madeUpSurface({
    rateLimit: {
      windows: [{ limit: 3, windowMs: 60_000 }],
      headers: ({ limit, remaining }) => ({
        'x-ratelimit-limit': String(limit),
        'x-ratelimit-remaining': String(remaining),
      }),
      anonymousKey: ({ ip }) => ip,
    },
  })

  test('shows on every counted answer, errors included, and refuses with Retry-After', async () => {
    const { app, clock } = madeUpServer(surface)
    const urls = ['/shop/orders', '/shop/orders/ord_9', '/shop/nowhere', '/shop/orders']
    const answers = []
    for (const url of urls) answers.push(await app.inject({ url, headers: writer }))
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 404, 404, 429])
    expect(answers.map(({ headers }) => headers['x-ratelimit-remaining'])).toEqual(['2', '1', '0', '0'])
    expect(answers[3]?.headers['retry-after']).toBe('60')
    clock.nowMs += 60_000
    expect((await app.inject({ url: '/shop/orders', headers: writer })).statusCode).toBe(200)
  })

  test('counts callers apart, and those whose key is wrong by address', async () => {
    const { app } = madeUpServer(surface)
    const wrong = { 'x-key': 'wrong' }
    const statuses = []
    for (let call = 0; call < 4; call += 1)
      statuses.push((await app.inject({ url: '/shop/orders', headers: wrong })).statusCode)
    expect(statuses).toEqual([401, 401, 401, 429])
    expect((await app.inject({ url: '/shop/orders', headers: writer })).statusCode).toBe(200)
  })
})

describe('a failure', () => {
  test('of the path is told in the form of the surface, with or without credentials', async () => {
    const { app } = madeUpServer()
    for (const headers of [{}, writer]) {
      for (const url of ['/shop', '/shop/nowhere', `/shop/orders/${'x'.repeat(300)}`]) {
        const answer = await app.inject({ url, headers })
        expect(answer.statusCode, url).toBe(404)
        expect(answer.json().failure).toMatchObject({ code: 'route_not_found' })
      }
    }
  })

  test('of the method names the methods that the path answers', async () => {
    const { app } = madeUpServer()
    const answer = await app.inject({ method: 'DELETE', url: '/shop/orders', headers: writer })
    expect(answer.statusCode).toBe(404)
    expect(answer.headers['allow']).toBe('POST, GET, HEAD, OPTIONS')
    expect(answer.json().failure.code).toBe('method_not_allowed')
  })

  test('outside every surface is told in a plain form', async () => {
    const { app } = madeUpServer()
    const answer = await app.inject({
      method: 'POST',
      url: '/nowhere',
      headers: { 'content-type': 'application/json' },
      payload: '{',
    })
    expect(answer.statusCode).toBe(404)
    expect(answer.json().error.code).toBe('route_not_found')
  })

  test.each([
    [{}, 'field_required', 'amount', 'amount is required.'],
    [undefined, 'field_required', 'amount', 'amount is required.'],
    [[], 'field_invalid', undefined, 'The request body must be an object, not an array.'],
    ['text', 'field_invalid', undefined, 'The request body must be an object, not a string.'],
    [{ ...order, amount: 40 }, 'field_invalid', 'amount', 'amount must be a string, not a number.'],
    [{ ...order, amount: '4' }, 'field_invalid', 'amount', 'amount does not have the expected form.'],
    [
      { ...order, reference: 'r'.repeat(21) },
      'field_invalid',
      'reference',
      'reference must have at most 20 characters.',
    ],
    [{ ...order, currency: 'XXX' }, 'field_invalid', 'currency', 'currency must be one of INR, BRL.'],
    [
      { ...order, metadata: { order_ref: 7 } },
      'field_invalid',
      'metadata.order_ref',
      'metadata.order_ref must be a string, not a number.',
    ],
    [
      { ...order, lines: [{ quantity: 0 }] },
      'field_invalid',
      'lines.0.quantity',
      'lines.0.quantity must be at least 1.',
    ],
    [
      { ...order, lines: [{ quantity: 1.5 }] },
      'field_invalid',
      'lines.0.quantity',
      'lines.0.quantity must be an integer, not a fractional number.',
    ],
    [
      { ...order, lines: [{ quantity: 1, size: 2 }] },
      'field_unknown',
      'lines.0.size',
      'lines.0.size is not a known field.',
    ],
    [
      { ...order, reference: 'a\0b' },
      'field_invalid',
      'reference',
      'reference contains the character U+0000, which cannot be stored.',
    ],
  ])('of a field names the field and what was expected: %j', async (body, code, field, message) => {
    const { app } = madeUpServer()
    const payload = body === undefined ? '' : JSON.stringify(body)
    const headers = { ...writer, 'content-type': 'application/json' }
    const answer = await app.inject({ method: 'POST', url: '/shop/orders', headers, payload })
    expect(answer.statusCode).toBe(400)
    expect(answer.json().failure).toMatchObject({ code, message, route: 'POST /orders' })
    expect(answer.json().failure.field).toBe(field)
  })

  test.each(['throw', 'misfit'])(
    'of ours (%s) is logged with the request id and shown without detail',
    async (fault) => {
      const { app, logged } = madeUpServer()
      const answer = await app.inject({ method: 'POST', url: `/shop/broken/${fault}`, headers: writer })
      expect(answer.statusCode).toBe(500)
      expect(answer.body).not.toMatch(/hunter2|postgres|ZodError|expected string/)
      expect(answer.json().failure.request).toBe(answer.headers['x-request-id'])
      expect(logged).toHaveLength(1)
      expect(logged[0]?.fields).toMatchObject({
        requestId: answer.headers['x-request-id'],
        err: { stack: expect.any(String) },
      })
    },
  )

  test('to send a header is ours, and nothing of the answer gets out', async () => {
    const { app } = madeUpServer()
    const answer = await app.inject({ method: 'POST', url: '/shop/bad-header', headers: writer })
    expect(answer.statusCode).toBe(500)
    expect(answer.headers['location']).toBeUndefined()
  })

  test('to render a failure still gives an answer', async () => {
    const surface = madeUpSurface({
      renderError() {
        throw new Error('no face for this')
      },
    })
    const { app, logged } = madeUpServer(surface)
    const answer = await app.inject({ url: '/shop/orders' })
    expect(answer.statusCode).toBe(500)
    expect(answer.json().error.code).toBe('internal_error')
    expect(logged).toHaveLength(1)
  })

  test('for load carries Retry-After', async () => {
    const { app } = madeUpServer()
    const answer = await app.inject({ method: 'POST', url: '/shop/broken/overloaded', headers: writer })
    expect(answer.statusCode).toBe(503)
    expect(answer.headers['retry-after']).toBe('7')
  })

  test('of a handler that takes too long is told as overload', async () => {
    const { app, shop } = madeUpServer(madeUpSurface(), { timeouts: { handlerTimeoutMs: 30 } })
    shop.hold = new Promise((resolve) => setTimeout(resolve, 200))
    const answer = await app.inject({ method: 'POST', url: '/shop/slow', headers: writer })
    expect(answer.statusCode).toBe(503)
    expect(answer.json().failure.code).toBe('request_timed_out')
  })

  test('for too many requests in flight passes when they are done', async () => {
    const { app, shop } = madeUpServer(madeUpSurface(), { requestsInFlightMax: 1 })
    const { promise, resolve } = Promise.withResolvers<void>()
    shop.hold = promise
    const first = app.inject({ method: 'POST', url: '/shop/slow', headers: writer }).then((answer) => answer)
    while (shop.handled === 0) await new Promise((next) => setTimeout(next, 1))
    const second = await app.inject({ url: '/shop/orders', headers: writer })
    expect(second.statusCode).toBe(503)
    expect(second.json().failure.code).toBe('too_many_requests_in_flight')
    resolve()
    expect((await first).statusCode).toBe(200)
    expect((await app.inject({ url: '/shop/orders', headers: writer })).statusCode).toBe(200)
  })
})

describe('HEAD and OPTIONS', () => {
  test('HEAD answers as GET does, without the body', async () => {
    const { app } = madeUpServer()
    const answer = await app.inject({ method: 'HEAD', url: '/shop/orders', headers: writer })
    expect(answer.statusCode).toBe(200)
    expect(answer.body).toBe('')
    expect((await app.inject({ method: 'HEAD', url: '/shop/orders' })).statusCode).toBe(401)
  })

  test('OPTIONS names the methods without credentials', async () => {
    const { app } = madeUpServer()
    const answer = await app.inject({ method: 'OPTIONS', url: '/shop/orders' })
    expect(answer.statusCode).toBe(204)
    expect(answer.headers['allow']).toBe('POST, GET, HEAD, OPTIONS')
  })
})

describe('a page', () => {
  test('carries its own policy and passes as HTML', async () => {
    const { app } = madeUpServer()
    const answer = await app.inject({ url: '/shop/page', headers: writer })
    expect(answer.body).toBe('<p>Hello</p>')
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(answer.headers['content-security-policy']).toContain("form-action 'self' https://shop.example;")
  })
})

describe('health', () => {
  test('is good once serving, and readiness names what is missing', async () => {
    const { app } = madeUpServer(madeUpSurface(), {
      readiness: async () => ({ database: { ok: true }, migrations: { ok: false, message: '2 are not applied.' } }),
    })
    expect((await app.inject({ url: '/healthz' })).json()).toEqual({ status: 'ok' })
    const answer = await app.inject({ url: '/readyz' })
    expect(answer.statusCode).toBe(503)
    expect(answer.json().checks.migrations.message).toBe('2 are not applied.')
  })

  test('a check that throws counts as not ready', async () => {
    const { app } = madeUpServer(madeUpSurface(), { readiness: () => Promise.reject(new Error('refused')) })
    expect((await app.inject({ url: '/readyz' })).statusCode).toBe(503)
  })
})

describe('metrics', () => {
  test('name the pattern of the route, never the path', async () => {
    const { app, measured } = madeUpServer()
    await app.inject({ url: '/shop/orders/ord_1?secret=1', headers: writer })
    await app.inject({ url: '/nowhere/at/all' })
    expect(measured).toEqual([
      { dialect: 'shop', route: 'GET /shop/orders/:id', status: 404 },
      { dialect: 'server', route: 'GET unknown', status: 404 },
    ])
  })
})

describe('a second surface', () => {
  test('keeps its own failures', async () => {
    const other = madeUpSurface({
      name: 'other',
      mount: '/shop-two',
      hosts: [],
      bodies: { json: false, form: true, limitBytes: 100 },
      renderError: (error) => ({ status: 418, body: `<${error.code}>`, headers: { 'content-type': 'text/plain' } }),
      authenticate: () => Promise.reject(new EngineError('unauthenticated', 'never')),
    })
    const { app } = madeUpServer(madeUpSurface(), { surfaces: [madeUpSurface(), other] })
    expect((await app.inject({ url: '/shop-two/orders', headers: writer })).body).toBe('<never>')
    expect((await app.inject({ url: '/shop-two/nowhere' })).body).toBe('<route_not_found>')
    expect((await app.inject({ url: '/shop/nowhere' })).statusCode).toBe(404)
  })
})
