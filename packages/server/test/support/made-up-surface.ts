import type { FastifyInstance } from 'fastify'
import * as z from 'zod'
import { type Endpoint, endpointsOf, reply } from '../../src/http/endpoint.ts'
import { htmlPage, htmlReply } from '../../src/http/html.ts'
import { createMemoryRateLimitStore } from '../../src/http/memory-rate-limit-store.ts'
import { pageOf, pageQuery } from '../../src/http/pagination.ts'
import { createRateLimits } from '../../src/http/rate-limit.ts'
import { createServer, type ServerOptions } from '../../src/http/server.ts'
import type { HttpSurface } from '../../src/http/surface.ts'
import { EngineError, type ErrorKind } from '../../src/kernel/engine-error.ts'

/** Who calls the made-up surface. */
export interface Caller {
  readonly name: string
  readonly scopes: readonly string[]
}

/** What the made-up surface works on. */
export interface Shop {
  readonly orders: Map<
    string,
    { readonly id: string; readonly minor: bigint; readonly reference: string; readonly secret: string }
  >
  /** What `POST /slow` waits for. */
  hold: Promise<void>
  /** How many handlers were entered. */
  handled: number
}

/** The callers by their key. */
export const callers: Readonly<Record<string, Caller>> = {
  'writer-key': { name: 'writer', scopes: ['read', 'write'] },
  'reader-key': { name: 'reader', scopes: ['read'] },
}

const statuses: Readonly<Record<ErrorKind, number>> = {
  invalid_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  idempotency_mismatch: 422,
  invalid_state: 409,
  insufficient_funds: 402,
  limit_exceeded: 422,
  declined: 402,
  rate_limited: 429,
  unsupported: 422,
  rail_unavailable: 502,
  overloaded: 503,
  internal: 500,
}

const amount = z.codec(z.string().regex(/^\d{1,12}\.\d{2}$/), z.bigint(), {
  decode: (text) => BigInt(text.replace('.', '')),
  encode: (minor) => `${minor / 100n}.${String(minor % 100n).padStart(2, '0')}`,
})
const order = z.object({ id: z.string(), amount, reference: z.string() })
const defineEndpoint = endpointsOf<Shop, Caller>()

const createOrder = defineEndpoint({
  method: 'POST',
  path: '/orders',
  operation: 'orders.create',
  summary: 'Create an order',
  scopes: ['write'],
  body: z.object({
    amount,
    reference: z.string().min(1).max(20),
    currency: z.enum(['INR', 'BRL']).default('INR'),
    metadata: z.record(z.string(), z.string().max(50)).optional(),
    lines: z
      .array(z.strictObject({ quantity: z.int().min(1).max(9) }))
      .max(3)
      .optional(),
  }),
  response: { 201: order },
  errors: ['conflict'],
  idempotent: true,
  async handler({ body }, { services, idempotencyKey, principal }) {
    services.handled += 1
    const id = `ord_${services.orders.size + 1}`
    const created = { id, minor: body.amount, reference: body.reference, secret: 'not for the wire' }
    services.orders.set(id, created)
    return reply(201, { ...created, amount: created.minor }, { 'x-seen': `${principal.name}/${idempotencyKey ?? '-'}` })
  },
})

const getOrder = defineEndpoint({
  method: 'GET',
  path: '/orders/:id',
  operation: 'orders.get',
  summary: 'Read an order',
  scopes: ['read'],
  params: z.object({ id: z.string().max(200) }),
  response: { 200: order },
  errors: ['not_found'],
  async handler({ params }, { services }) {
    services.handled += 1
    const found = services.orders.get(params.id)
    if (found === undefined)
      throw new EngineError('not_found', 'order_not_found', { message: 'There is no such order.' })
    return reply(200, { ...found, amount: found.minor })
  },
})

const listOrders = defineEndpoint({
  method: 'GET',
  path: '/orders',
  operation: 'orders.list',
  summary: 'List orders',
  scopes: ['read'],
  query: z.object({ ...pageQuery(2), reference: z.string().optional() }),
  response: { 200: z.object({ items: z.array(order), hasMore: z.boolean() }) },
  errors: [],
  async handler({ query }, { services }) {
    const rows = [...services.orders.values()].filter(({ reference }) => reference === (query.reference ?? reference))
    const page = pageOf(rows.slice(0, query.limit + 1), query.limit)
    return reply(200, { ...page, items: page.items.map((row) => ({ ...row, amount: row.minor })) })
  },
})

const login = defineEndpoint({
  method: 'POST',
  path: '/login',
  operation: 'sessions.create',
  summary: 'Log in with whatever body',
  scopes: [],
  ignoresBody: true,
  response: { 200: z.object({ token: z.string() }) },
  errors: [],
  handler: async () => reply(200, { token: 'writer-key' }),
})

const echoLink = defineEndpoint({
  method: 'GET',
  path: '/link',
  operation: 'addresses.get',
  summary: 'Say under which address this surface was reached',
  scopes: ['read'],
  response: { 200: z.object({ baseUrl: z.string(), path: z.string() }) },
  errors: [],
  handler: async (_, { baseUrl, path }) => reply(200, { baseUrl, path }),
})

const page = defineEndpoint({
  method: 'GET',
  path: '/page',
  operation: 'pages.get',
  summary: 'A page',
  scopes: ['read'],
  response: { 200: htmlPage },
  errors: [],
  handler: async () => htmlReply(200, '<p>Hello</p>', { formRedirects: ['https://shop.example/thanks?a=1;b'] }),
})

const slow = defineEndpoint({
  method: 'POST',
  path: '/slow',
  operation: 'pages.getLate',
  summary: 'Answer late',
  scopes: ['write'],
  response: { 200: z.object({ done: z.boolean() }) },
  errors: [],
  async handler(_, { services }) {
    services.handled += 1
    await services.hold
    return reply(200, { done: true })
  },
})

/** Fails in the ways that a programming mistake can. */
const faults: Readonly<Record<string, () => unknown>> = {
  throw: () => {
    throw new Error('connect to postgres://user:hunter2@10.0.0.1 failed')
  },
  misfit: () => ({ id: 7 }),
  overloaded: () => {
    throw new EngineError('overloaded', 'queue_full', { retryAfterSeconds: 7 })
  },
}

const broken = defineEndpoint({
  method: 'POST',
  path: '/broken/:fault',
  operation: 'failures.get',
  summary: 'Fail',
  scopes: ['write'],
  params: z.object({ fault: z.string() }),
  response: { 200: z.object({ id: z.string() }) },
  errors: [],
  handler: async ({ params }) => reply(200, faults[params.fault]?.() as { id: string }),
})

const badHeader = defineEndpoint({
  method: 'POST',
  path: '/bad-header',
  operation: 'failures.getHeader',
  summary: 'Answer with a header that cannot be sent',
  scopes: ['write'],
  response: { 303: z.undefined() },
  errors: [],
  handler: async () => reply(303, undefined, { location: 'https://shop.example/\u20ac\r\nset-cookie: a=b' }),
})

const endpoints: readonly Endpoint<Shop, Caller>[] = [
  createOrder,
  getOrder,
  listOrders,
  login,
  echoLink,
  page,
  slow,
  broken,
  badHeader,
]

/** A dialect that exists only for tests: `X-Key` credentials, one error form, every feature of a surface in use. */
export function madeUpSurface(changes: Partial<HttpSurface<Shop, Caller>> = {}): HttpSurface<Shop, Caller> {
  return {
    name: 'shop',
    mount: '/shop',
    hosts: ['api.shop.example'],
    endpoints,
    bodies: { json: true, form: true, limitBytes: 64 * 1024 },
    admit({ protocol, headers }) {
      if (protocol === 'http' && headers['x-insist'] === 'https') {
        throw new EngineError('forbidden', 'https_only', { message: 'Use HTTPS.' })
      }
    },
    async authenticate({ headers, endpoint }) {
      if (endpoint?.path === '/login') return { name: 'nobody', scopes: [] }
      const caller = callers[String(headers['x-key'])]
      if (caller === undefined)
        throw new EngineError('unauthenticated', 'key_invalid', { message: 'The key is not valid.' })
      return caller
    },
    principalKey: ({ name }) => (name === 'nobody' ? undefined : name),
    authorize({ scopes }, endpoint) {
      if (endpoint.scopes.every((scope) => scopes.includes(scope))) return
      throw new EngineError('forbidden', 'scope_missing', { message: `This needs ${endpoint.scopes.join(', ')}.` })
    },
    renderError: (error, { requestId, route }) => ({
      status: statuses[error.kind],
      body: {
        failure: {
          code: error.code,
          message: error.detail.message,
          field: error.detail.field,
          request: requestId,
          route,
        },
      },
    }),
    rateLimit: {
      windows: [{ limit: 1000, windowMs: 60_000 }],
      headers: ({ limit, remaining, resetAtSeconds }) => ({
        'x-ratelimit-limit': String(limit),
        'x-ratelimit-remaining': String(remaining),
        'x-ratelimit-reset': String(resetAtSeconds),
      }),
    },
    responseHeaders: { 'x-shop-version': '1' },
    ...changes,
  }
}

/** A server with the made-up surface, its shop, and what it logged and measured. */
export interface MadeUpServer {
  readonly app: FastifyInstance
  readonly shop: Shop
  readonly logged: { readonly fields: object; readonly message: string }[]
  readonly measured: { readonly dialect: string; readonly route: string; readonly status: number }[]
  /** The epoch milliseconds that the server takes for now. */
  readonly clock: { nowMs: number }
}

/** Builds a server over `surface`; nothing listens until the test says so. */
export function madeUpServer(
  surface: HttpSurface<Shop, Caller> = madeUpSurface(),
  changes: Partial<ServerOptions<Shop>> = {},
): MadeUpServer {
  const shop: Shop = { orders: new Map(), hold: Promise.resolve(), handled: 0 }
  const logged: { fields: object; message: string }[] = []
  const measured: { dialect: string; route: string; status: number }[] = []
  const clock = { nowMs: 1_790_000_000_000 }
  const note = (fields: object, message: string) => {
    // The line that every request has is a test of its own.
    if (message !== 'request') logged.push({ fields, message })
  }
  const log = { error: note, warn: note, info: note } as ServerOptions<Shop>['log']
  const store = createMemoryRateLimitStore(() => clock.nowMs)
  const app = createServer<Shop>({
    log,
    metrics: { observeHttpRequest: (labels) => void measured.push(labels) },
    services: shop,
    surfaces: [surface],
    rateLimits: (name, windows) => createRateLimits({ store, name, windows, now: () => clock.nowMs, log }),
    readiness: async () => ({ database: { ok: true } }),
    now: () => clock.nowMs,
    ...changes,
  })
  return { app, shop, logged, measured, clock }
}
