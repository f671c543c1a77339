import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import type { SecureContextOptions, TlsOptions } from 'node:tls'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import type { Log } from '../platform/log.ts'
import type { Metrics } from '../platform/metrics.ts'
import { admitLostRequest, type GuardedSurface } from './admission.ts'
import { errorContextOf, notFound, plainFace, sendFailure } from './failure.ts'
import { addHealthRoutes, healthPaths, type Readiness } from './health.ts'
import { createRoutingTable, pathOf } from './host-routing.ts'
import { addDrain, addRequestHooks, securityHeaders } from './lifecycle.ts'
import { fail, type MountContext, surfacePlugin } from './mount-surface.ts'
import type { RateLimits, RateWindow } from './rate-limit.ts'
import type { HttpSurface } from './surface.ts'

/** Bounds in time on what a connection may do. All in milliseconds. */
export interface ServerTimeouts {
  /** From the first byte of a request to the end of its headers. */
  readonly headersTimeoutMs: number
  /** From the first byte of a request to the end of its body. */
  readonly requestTimeoutMs: number
  /** How often the two above are looked at. */
  readonly connectionCheckMs: number
  /** What a handler may take; a slower one is answered with `overloaded`, and what it does is left to end by itself. */
  readonly handlerTimeoutMs: number
  /** How long an idle connection is kept. Longer than the idle time of the proxy in front, or it meets closed connections. */
  readonly keepAliveTimeoutMs: number
  /** How long `close()` waits for requests in flight before it cuts them off. */
  readonly drainTimeoutMs: number
}

const timeoutDefaults: ServerTimeouts = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  connectionCheckMs: 1_000,
  handlerTimeoutMs: 60_000,
  keepAliveTimeoutMs: 72_000,
  drainTimeoutMs: 15_000,
}

/** Ids and references in paths are at most this long; a longer one names nothing. */
const pathParameterCharactersMax = 256
/** Request line and headers together; a longer request is refused with 431 before it is looked at. */
const headerBytesMax = 16 * 1024
/** Requests in progress at once; more are answered with `overloaded`. */
const requestsInFlightMaxDefault = 4_000

/** What a server is made of. */
export interface ServerOptions<Services> {
  readonly log: Pick<Log, 'error' | 'warn' | 'info'>
  readonly metrics: Pick<Metrics, 'observeHttpRequest'>
  readonly services: Services
  readonly surfaces: readonly HttpSurface<Services, unknown>[]
  /** Makes the counters of one surface, for instance `createRateLimits` over one shared store. */
  readonly rateLimits: (surface: string, windows: readonly RateWindow[]) => RateLimits
  readonly readiness: Readiness
  /** Wall-clock time in epoch milliseconds. */
  readonly now: () => number
  /** Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed; none unless given. */
  readonly trustProxy?: readonly string[]
  /** The surface that is also served at the root. */
  readonly rootSurface?: string
  /** Paths, beside the health paths, that stay the server's own when a surface is served at the root: `/metrics`, `/dashboard`. */
  readonly reservedPaths?: readonly string[]
  readonly timeouts?: Partial<ServerTimeouts>
  /** What node:https is given for TLS; without it the server speaks plain HTTP. */
  readonly tls?: SecureContextOptions & TlsOptions
  readonly requestsInFlightMax?: number
}

/**
 * Builds the HTTP server: each surface under its mount, under its documented host names and, if chosen, at the root; `/healthz` and `/readyz` beside
 * them. Routes of the server's own may be added to the returned instance before `listen`. `close()` stops accepting, closes idle
 * connections, lets requests in flight finish with `Connection: close`, and cuts off what is left after `drainTimeoutMs`.
 */
export function createServer<Services>(options: ServerOptions<Services>): FastifyInstance {
  const timeouts = { ...timeoutDefaults, ...options.timeouts }
  const routing = createRoutingTable(options.surfaces, {
    rootSurface: options.rootSurface,
    reservedPaths: [...healthPaths, ...(options.reservedPaths ?? [])],
  })
  const { log, services, now } = options
  const context = { log, services, now, handlerTimeoutMs: timeouts.handlerTimeoutMs }
  const guardedSurfaces = options.surfaces.map((surface) => guard(surface, options))
  const guardedOf = (url: string) => {
    const surface = routing.surfaceOf(options.surfaces, url)
    return guardedSurfaces.find((guarded) => guarded.surface === surface)
  }

  const app = fastify({
    logger: false,
    genReqId: () => `req_${randomUUID().replaceAll('-', '')}`,
    requestIdHeader: false,
    trustProxy: options.trustProxy === undefined ? false : [...options.trustProxy],
    rewriteUrl: (request) => routing.rewrite(request),
    routerOptions: {
      maxParamLength: pathParameterCharactersMax,
      ignoreTrailingSlash: true,
      ignoreDuplicateSlashes: true,
      // Queries are parsed where a failure can be answered in the surface's form; see `rawInputOf`.
      querystringParser: () => ({}),
    },
    frameworkErrors: (error, request, reply) =>
      void answerUnroutable(context, guardedOf(request.url), error, request, reply),
    clientErrorHandler: refuseConnection,
    return503OnClosing: false,
    ...connectionBounds(timeouts, options.tls),
  })

  addRequestHooks(app, {
    log,
    metrics: options.metrics,
    inFlightMax: options.requestsInFlightMax ?? requestsInFlightMaxDefault,
    surfaceOf: (url) => routing.surfaceOf(options.surfaces, url),
  })
  const isDraining = addDrain(app, options.log, timeouts.drainTimeoutMs)
  app.decorateRequest('admitted', undefined)
  app.setErrorHandler((error, request, reply) => failPlainly(context, error, request, reply))
  app.setNotFoundHandler((request, reply) => failPlainly(context, notFound(), request, reply))
  addHealthRoutes(app, options.readiness, isDraining)
  for (const guarded of guardedSurfaces) {
    void app.register(surfacePlugin(context, guarded), { prefix: guarded.surface.mount })
  }
  return app
}

function connectionBounds(timeouts: ServerTimeouts, tls: ServerOptions<unknown>['tls']) {
  const bounds = {
    headersTimeout: timeouts.headersTimeoutMs,
    connectionsCheckingInterval: timeouts.connectionCheckMs,
    maxHeaderSize: headerBytesMax,
  }
  return {
    requestTimeout: timeouts.requestTimeoutMs,
    keepAliveTimeout: timeouts.keepAliveTimeoutMs,
    ...(tls === undefined ? { http: bounds } : { https: { ...bounds, ...tls } as typeof bounds }),
  }
}

function guard<Services>(
  surface: HttpSurface<Services, unknown>,
  options: ServerOptions<Services>,
): GuardedSurface<Services> {
  const windows = surface.rateLimit?.windows
  return { surface, limits: windows === undefined ? undefined : options.rateLimits(surface.name, windows) }
}

function failPlainly<Services>(
  context: MountContext<Services>,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const errorContext = errorContextOf(request, pathOf(request.originalUrl), undefined, context.now())
  return sendFailure(context.log, plainFace, error, errorContext, reply)
}

/** Answers a URL that the router refuses. No hook runs for it, so headers and admission are done here. */
async function answerUnroutable<Services>(
  context: MountContext<Services>,
  guarded: GuardedSurface<Services> | undefined,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  reply.headers(securityHeaders).header('x-request-id', request.id)
  if (guarded === undefined) {
    failPlainly(context, error, request, reply)
    return
  }
  if (guarded.surface.responseHeaders !== undefined) reply.headers(guarded.surface.responseHeaders)
  try {
    await admitLostRequest(guarded, request, reply)
    fail(context, guarded, error, request, reply)
  } catch (refusal) {
    fail(context, guarded, refusal, request, reply)
  }
}

const connectionRefusals: Readonly<Record<string, readonly [status: string, code: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'request_timeout'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'headers_too_large'],
}

/** Answers what never became a request: no surface can be told from it, so the answer is short and the connection ends. */
function refuseConnection(error: Error & { readonly code: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, code] = connectionRefusals[error.code] ?? ['400 Bad Request', 'malformed_request']
  const body = JSON.stringify({ error: { code, message: 'The request could not be read.' } })
  const head = [`HTTP/1.1 ${status}`, 'Content-Type: application/json; charset=utf-8', `Content-Length: ${body.length}`]
  const tail = ['X-Content-Type-Options: nosniff', 'Cache-Control: no-store', 'Connection: close']
  socket.end(`${[...head, ...tail].join('\r\n')}\r\n\r\n${body}`)
  socket.once('finish', () => socket.destroy())
}
