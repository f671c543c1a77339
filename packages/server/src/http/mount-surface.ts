import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { EngineError } from '../kernel/engine-error.ts'
import type { Log } from '../platform/log.ts'
import { type Admitted, admitLostRequest, admitRequest, type GuardedSurface } from './admission.ts'
import { assertNoCardData, assertTextHasNoCardData } from './card-data.ts'
import { addContractRoutes } from './contract-routes.ts'
import type { Call, Endpoint, RawInput, Reply } from './endpoint.ts'
import { errorContextOf, notFound, sendFailure, sendReply } from './failure.ts'
import { invalidField } from './field-errors.ts'
import { parseForm } from './form-body.ts'
import { hostName, pathOf } from './host-routing.ts'
import { parseBody, readBody } from './request-body.ts'
import { assertSafeInput } from './safe-input.ts'
import { dottedFieldName, type HttpSurface } from './surface.ts'

/** What every surface of a server shares. */
export interface MountContext<Services> {
  readonly log: Pick<Log, 'error'>
  readonly services: Services
  readonly now: () => number
  /** What a handler may take before its caller is told to try again. */
  readonly handlerTimeoutMs: number
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set once the request is let through to its endpoint. */
    admitted: Admitted | undefined
  }
}

/** Query parameters and path parameters are flat or nearly so. */
const parameterLimits = { depthMax: 8, membersMax: 1_000 }
/** Methods that a path answers, with the endpoint's refusal where it has none. */
const knownMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
const idempotencyKeyPattern = /^[\x20-\x7e]{1,255}$/

/** Builds the plugin that serves one surface: its routes, its bodies, its errors and its unknown paths, apart from every other surface. */
export function surfacePlugin<Services>(context: MountContext<Services>, guarded: GuardedSurface<Services>) {
  const { surface } = guarded
  return async (app: FastifyInstance): Promise<void> => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_: FastifyRequest, stream: IncomingMessage) =>
      readBody(stream, surface.bodies.limitBytes),
    )

    app.setErrorHandler((error, request, reply) => fail(context, guarded, error, request, reply))
    app.addHook('onRequest', async (request, reply) => {
      if (surface.responseHeaders !== undefined) reply.headers(surface.responseHeaders)
      if (!request.is404) return
      await admitLostRequest(guarded, request, reply)
      throw notFound()
    })
    app.setNotFoundHandler((request, reply) => fail(context, guarded, notFound(), request, reply))

    addContractRoutes(app, surface, (request) => baseUrlOf(surface, request))
    for (const endpoint of surface.endpoints) addEndpoint(app, context, guarded, endpoint)
    for (const [path, endpoints] of Map.groupBy(surface.endpoints, ({ path }) => path)) {
      addOtherMethods(app, guarded, path, endpoints)
    }
  }
}

/** Answers a failure in the surface's form. */
export function fail<Services>(
  context: MountContext<Services>,
  { surface }: GuardedSurface<Services>,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { url, method } = request.routeOptions
  const route =
    url === undefined || method === undefined ? undefined : `${request.method} ${withoutMount(url, surface.mount)}`
  const errorContext = errorContextOf(request, pathOf(request.originalUrl), route, context.now())
  return sendFailure(context.log, surface, error, errorContext, reply)
}

function addEndpoint<Services>(
  app: FastifyInstance,
  context: MountContext<Services>,
  guarded: GuardedSurface<Services>,
  endpoint: Endpoint<Services, unknown>,
): void {
  const fieldName = fieldNamer(guarded.surface)
  app.route({
    method: endpoint.method,
    url: endpoint.path,
    onRequest: async (request, reply) => {
      request.admitted = await admitRequest(guarded, endpoint, request, reply)
    },
    handler: async (request, reply) => {
      const rawBody = Buffer.isBuffer(request.body) && request.body.length > 0 ? request.body : undefined
      const call = callOf(context, guarded.surface, request, rawBody)
      const input = rawInputOf(guarded.surface, endpoint, request, rawBody, fieldName)
      const answer = await answerInTime(context, request, endpoint.run(input, call, fieldName))
      return sendReply(reply, answer)
    },
  })
}

/**
 * Waits for a handler no longer than its bound. Fastify has a bound of its own, but drops it once a body has been read, and makes an abort signal
 * for every request.
 */
async function answerInTime<Services>(
  { log, handlerTimeoutMs }: MountContext<Services>,
  request: FastifyRequest,
  work: Promise<Reply>,
): Promise<Reply> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    work.catch((err) => log.error({ err, requestId: request.id }, 'a request failed after it was answered as overload'))
    reject(timedOut())
  }, handlerTimeoutMs)
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

function timedOut(): EngineError {
  return new EngineError('overloaded', 'request_timed_out', {
    message: 'The request took too long. Send it again with the same Idempotency-Key.',
    retryAfterSeconds: 1,
  })
}

/** Other methods on a known path: OPTIONS tells which there are, the rest are refused after authentication like any call. */
function addOtherMethods<Services>(
  app: FastifyInstance,
  guarded: GuardedSurface<Services>,
  path: string,
  endpoints: readonly Endpoint<Services, unknown>[],
): void {
  const answered = new Set<string>(endpoints.map(({ method }) => method))
  if (answered.has('GET')) answered.add('HEAD')
  const allow = [...answered, 'OPTIONS'].join(', ')
  app.route({
    method: 'OPTIONS',
    url: path,
    handler: async (_, reply) => sendReply(reply, { status: 204, body: undefined, headers: { allow } }),
  })
  app.route({
    method: knownMethods.filter((method) => !answered.has(method)),
    url: path,
    exposeHeadRoute: false,
    onRequest: async (request, reply) => {
      reply.header('allow', allow)
      await admitRequest(guarded, undefined, request, reply)
      throw new EngineError('not_found', 'method_not_allowed', {
        message: `This path answers ${[...answered].join(', ')}, not ${request.method}.`,
        allow,
      })
    },
    handler: () => Promise.reject(notFound()),
  })
}

function rawInputOf<Services>(
  surface: HttpSurface<Services, unknown>,
  endpoint: Endpoint<Services, unknown>,
  request: FastifyRequest,
  rawBody: Buffer | undefined,
  fieldName: (path: readonly PropertyKey[]) => string,
): RawInput {
  const url = request.raw.url ?? ''
  const queryStart = url.indexOf('?')
  const query = queryStart === -1 ? {} : parseForm(url.slice(queryStart + 1), 'query')
  assertSafeInput(request.params, parameterLimits, fieldName)
  assertSafeInput(query, parameterLimits, fieldName)
  // An address is written down by every proxy on its way.
  assertNoCardData(query, surface.bodies.accountFields ?? [], fieldName)
  const body =
    endpoint.ignoresBody === true ? undefined : parseBody(rawBody, request.headers, surface.bodies, fieldName)
  return { params: request.params, query, body }
}

function callOf<Services>(
  context: MountContext<Services>,
  surface: HttpSurface<Services, unknown>,
  request: FastifyRequest,
  rawBody: Buffer | undefined,
): Call<Services, unknown> {
  return {
    services: context.services,
    principal: request.admitted?.principal,
    requestId: request.id,
    idempotencyKey: request.method === 'GET' || request.method === 'HEAD' ? undefined : idempotencyKeyOf(request),
    headers: request.headers,
    rawBody,
    path: pathOf(request.originalUrl),
    baseUrl: baseUrlOf(surface, request),
    ip: request.ip,
    now: context.now(),
  }
}

function idempotencyKeyOf(request: FastifyRequest): string | undefined {
  const header = request.headers['idempotency-key']
  if (header === undefined) return undefined
  if (typeof header === 'string' && idempotencyKeyPattern.test(header)) {
    assertTextHasNoCardData(header, 'Idempotency-Key')
    return header
  }
  throw invalidField(
    'Idempotency-Key',
    'Idempotency-Key must be 1 to 255 printable ASCII characters.',
    'invalid_idempotency_key',
  )
}

function baseUrlOf<Services>(surface: HttpSurface<Services, unknown>, request: FastifyRequest): string {
  const origin = `${request.protocol}://${request.headers.host ?? 'localhost'}`
  // Links are built from it: what is no address is refused before anything is done, not when a link is needed.
  if (!URL.canParse(origin)) {
    throw new EngineError('invalid_request', 'malformed_request', {
      field: 'Host',
      message: 'The Host header is not a host name.',
    })
  }
  const wroteMount =
    request.originalUrl.startsWith(`${surface.mount}/`) && !surface.hosts.includes(hostName(request.headers.host))
  return wroteMount ? origin + surface.mount : origin
}

function fieldNamer<Services>(surface: HttpSurface<Services, unknown>) {
  return (path: readonly PropertyKey[]) => surface.fieldName?.(path) ?? dottedFieldName(path)
}

function withoutMount(url: string, mount: string): string {
  return url.startsWith(mount) ? url.slice(mount.length) : url
}
