import type { FastifyReply, FastifyRequest } from 'fastify'
import { EngineError } from '../kernel/engine-error.ts'
import type { EndpointDescription } from './endpoint.ts'
import { hostName, pathOf } from './host-routing.ts'
import type { RateLimits } from './rate-limit.ts'
import type { HttpSurface, SurfaceRequest } from './surface.ts'

/** A surface with the limits that count its callers. */
export interface GuardedSurface<Services> {
  readonly surface: HttpSurface<Services, unknown>
  readonly limits: RateLimits | undefined
}

/** What admission found out about a request. */
export interface Admitted {
  readonly principal: unknown
}

/**
 * Lets a request through to its endpoint, or throws `EngineError`: admit, authenticate, rate limit, authorize, in this order and before
 * the body is looked at, so that a caller without credentials learns nothing.
 */
export async function admitRequest<Services>(
  guarded: GuardedSurface<Services>,
  endpoint: EndpointDescription | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Admitted> {
  const facts = surfaceRequestOf(request, endpoint)
  guarded.surface.admit?.(facts)
  const principal = await identify(guarded, facts, reply)
  if (endpoint !== undefined) guarded.surface.authorize(principal, endpoint)
  return { principal }
}

/**
 * The same for a path that leads nowhere. Whoever calls is told so; with valid credentials the call is counted and the answer carries
 * the rate limit's headers, without them the path is still just unknown. Throws `EngineError` only to refuse admission or for the rate.
 */
export async function admitLostRequest<Services>(
  guarded: GuardedSurface<Services>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const facts = surfaceRequestOf(request, undefined)
  guarded.surface.admit?.(facts)
  try {
    await identify(guarded, facts, reply)
  } catch (error) {
    const unknownCaller =
      error instanceof EngineError && (error.kind === 'unauthenticated' || error.kind === 'forbidden')
    if (!unknownCaller) throw error
  }
}

/** What a surface may know of a request before it is authenticated. */
function surfaceRequestOf(request: FastifyRequest, endpoint: EndpointDescription | undefined): SurfaceRequest {
  return {
    requestId: request.id,
    method: request.method,
    path: pathOf(request.originalUrl),
    headers: request.headers,
    ip: request.ip,
    protocol: request.protocol === 'https' ? 'https' : 'http',
    host: hostName(request.headers.host),
    endpoint,
  }
}

/** Finds out who calls and counts the call, also when the credentials are no good and the surface counts such callers. */
async function identify<Services>(
  { surface, limits }: GuardedSurface<Services>,
  facts: SurfaceRequest,
  reply: FastifyReply,
): Promise<unknown> {
  let principal: unknown
  try {
    principal = await surface.authenticate(facts)
  } catch (error) {
    const anonymousKey = surface.rateLimit?.anonymousKey?.(facts)
    if (anonymousKey !== undefined && error instanceof EngineError && error.kind === 'unauthenticated') {
      await countCall(surface, limits, `anonymous:${anonymousKey}`, reply)
    }
    throw error
  }
  const key = surface.principalKey(principal, facts)
  if (key !== undefined) await countCall(surface, limits, `caller:${key}`, reply)
  return principal
}

async function countCall<Services>(
  surface: HttpSurface<Services, unknown>,
  limits: RateLimits | undefined,
  key: string,
  reply: FastifyReply,
): Promise<void> {
  if (limits === undefined || surface.rateLimit === undefined) return
  const state = await limits.consume(key)
  reply.headers(surface.rateLimit.headers(state))
  if (state.allowed) return
  throw new EngineError('rate_limited', 'rate_limit_exceeded', {
    message: `More than ${state.limit} calls. Try again in ${state.retryAfterSeconds} seconds.`,
    limit: state.limit,
    retryAfterSeconds: state.retryAfterSeconds,
  })
}
