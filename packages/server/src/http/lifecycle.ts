import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { EngineError } from '../kernel/engine-error.ts'
import type { Log } from '../platform/log.ts'
import type { Metrics } from '../platform/metrics.ts'
import { notFound } from './failure.ts'

/** Headers of every response; a page brings its own Content-Security-Policy. */
export const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const

/** What the hooks of every request need. */
export interface RequestHookOptions {
  readonly log: Pick<Log, 'info'>
  readonly metrics: Pick<Metrics, 'observeHttpRequest'>
  /** Requests in progress at once; more are refused with `overloaded`. */
  readonly inFlightMax: number
  /** The surface that a rewritten URL belongs to. */
  readonly surfaceOf: (url: string) => { readonly name: string } | undefined
}

/** Adds what happens to every request: the static headers, the bound on requests in flight, the metrics and a line in the log. */
export function addRequestHooks(app: FastifyInstance, options: RequestHookOptions): void {
  const { log, metrics, inFlightMax, surfaceOf } = options
  let inFlight = 0
  app.addHook('onRequest', (request, reply, done) => {
    inFlight += 1
    // Not the onResponse hook: a caller who hangs up must not stay counted.
    reply.raw.once('close', () => {
      inFlight -= 1
    })
    reply.headers(securityHeaders).header('x-request-id', request.id)
    if (inFlight > inFlightMax) return done(tooManyInFlight())
    if (request.is404 && surfaceOf(request.url) === undefined) return done(notFound())
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const dialect = surfaceOf(request.url)?.name ?? 'server'
    const route = `${request.method} ${request.routeOptions.url ?? 'unknown'}`
    metrics.observeHttpRequest({ dialect, route, status: reply.statusCode }, reply.elapsedTime / 1000)
    log.info(accessFields(request, reply, dialect, route), 'request')
    done()
  })
}

/**
 * Makes `close()` drain. States: serving → draining (no new connections, idle ones closed, answers carry `Connection: close`) → closed, at the latest
 * when the connections that are left are cut off after `drainTimeoutMs`. Returns what tells whether the server drains.
 */
export function addDrain(app: FastifyInstance, log: Pick<Log, 'warn'>, drainTimeoutMs: number): () => boolean {
  const sockets = new Set<Socket>()
  let draining = false
  let cutOff: NodeJS.Timeout | undefined

  app.server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  app.addHook('onSend', (_, reply, payload, done) => {
    if (draining) reply.header('connection', 'close')
    done(null, payload)
  })
  app.addHook('preClose', (done) => {
    draining = true
    // Node closes connections that wait for their next request, but not those that never sent a first one.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
    cutOff = setTimeout(() => {
      log.warn({ connections: sockets.size }, 'connections were cut off because they outlasted the drain')
      app.server.closeAllConnections()
    }, drainTimeoutMs)
    done()
  })
  app.addHook('onClose', (_, done) => {
    clearTimeout(cutOff)
    done()
  })
  return () => draining
}

/** Who asked for what, and what came of it. The route's pattern, never the path: a path, a query or a body may hold what must not be kept. */
function accessFields(request: FastifyRequest, reply: FastifyReply, dialect: string, route: string) {
  const { scope, apiKeyId } = (request.admitted?.principal ?? {}) as {
    readonly scope?: { readonly merchantId?: string; readonly mode?: string }
    readonly apiKeyId?: string
  }
  return {
    requestId: request.id,
    dialect,
    route,
    status: reply.statusCode,
    durationMs: Math.round(reply.elapsedTime * 10) / 10,
    ...(scope?.merchantId === undefined ? {} : { merchantId: scope.merchantId, mode: scope.mode }),
    ...(apiKeyId === undefined ? {} : { apiKeyId }),
  }
}

function tooManyInFlight(): EngineError {
  return new EngineError('overloaded', 'too_many_requests_in_flight', {
    message: 'The server is busy. Try again shortly.',
    retryAfterSeconds: 1,
  })
}
