import type { IncomingHttpHeaders } from 'node:http'
import type * as z from 'zod'
import type { EngineError, ErrorKind } from '../kernel/engine-error.ts'
import type { Endpoint, EndpointDescription } from './endpoint.ts'
import type { RateLimitState, RateWindow } from './rate-limit.ts'

/** What a surface may look at before a request is admitted and authenticated: never the body. */
export interface SurfaceRequest {
  readonly requestId: string
  readonly method: string
  /** The path as the caller sent it, without the query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** Address of the caller, through trusted proxies only. */
  readonly ip: string
  /** `https` also when a trusted proxy says so by `X-Forwarded-Proto`. */
  readonly protocol: 'http' | 'https'
  /** The Host header in lower case, without the port. */
  readonly host: string
  /** The endpoint that was matched; undefined for an unknown path. */
  readonly endpoint: EndpointDescription | undefined
}

/** Which bodies a surface reads. Anything else is refused with `unsupported_content_type`. */
export interface BodyRules {
  /** `application/json`. */
  readonly json: boolean
  /** `application/x-www-form-urlencoded`, with brackets for nesting. */
  readonly form: boolean
  readonly limitBytes: number
  /** Object members plus array elements that one JSON body may hold; 10,000 unless given. */
  readonly membersMax?: number
  /**
   * Fields that hold account or card numbers by design, as dotted paths with `*` for an index. Everywhere else in a body or
   * a query what looks like the number of a payment card is refused.
   */
  readonly accountFields?: readonly string[]
}

/** What `renderError` may put into the body beside the error itself. */
export interface ErrorContext {
  readonly requestId: string
  /** `POST /payments/:id/refunds` of the matched endpoint; undefined for an unknown path. */
  readonly route: string | undefined
  readonly method: string
  /** The path as the caller sent it, without the query. */
  readonly path: string
  /** Wall-clock time in epoch milliseconds. */
  readonly now: number
}

/** A rendered failure: an object is sent as JSON, a string as it is with the `content-type` in `headers`. */
export interface RenderedError {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** How a surface limits the rate of calls. */
export interface SurfaceRateLimit {
  readonly windows: readonly RateWindow[]
  /** Headers that state the limit; they are on every response whose caller was counted, errors included. */
  headers(state: RateLimitState): Record<string, string>
  /** Counts callers whose authentication failed (by address, say), so that guessing is slowed and they see headers too. */
  anonymousKey?(request: SurfaceRequest): string
}

/** What a surface says of itself in its OpenAPI document, beyond what its endpoints say. */
export interface SurfaceDocument {
  readonly title: string
  /** The version of the contract, not of the server. */
  readonly version: string
  /** Markdown. */
  readonly description: string
  /** Security Scheme Objects by name (OpenAPI 3.1, section 4.8.27). A call needs all of them. */
  readonly securitySchemes: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly errors: {
    readonly contentType: string
    /** The body of every failure; named by `.meta({ id })`. */
    readonly body: z.ZodType
    readonly statuses: Readonly<Record<ErrorKind, number>>
    /** What every endpoint that reads a body may answer beside the statuses of the kinds: 413 and 415, say. */
    readonly bodyStatuses: readonly number[]
  }
  /** What the tags, the part of `operation` before the dot, stand for; shown in this order. */
  readonly tags: Readonly<Record<string, string>>
}

/**
 * What a dialect hands to the server. The server keeps the order: admit, authenticate, rate limit, authorize, parse, handle.
 * Members are declared as methods on purpose: that lets surfaces with different principals stand in one list.
 */
export interface HttpSurface<Services, Principal> {
  readonly name: string
  /** Path prefix such as `/inflow`: starts with a slash, ends without one. */
  readonly mount: string
  /** Documented host names, in lower case without port, that reach this surface without the prefix. */
  readonly hosts: readonly string[]
  readonly endpoints: readonly Endpoint<Services, Principal>[]
  readonly bodies: BodyRules
  /** Refuses a request before anything else is looked at, plain HTTP for example, by throwing `EngineError`. */
  admit?(request: SurfaceRequest): void
  /** Finds out who calls, or throws `EngineError` `unauthenticated`. Open endpoints give whatever principal stands for nobody. */
  authenticate(request: SurfaceRequest): Promise<Principal>
  /** The key under which the caller is counted; undefined leaves this caller uncounted. */
  principalKey(principal: Principal, request: SurfaceRequest): string | undefined
  /** Throws `EngineError` `forbidden` when the principal may not use the endpoint (scopes, `sandboxOnly`). */
  authorize(principal: Principal, endpoint: EndpointDescription): void
  /** Total: every `EngineError` becomes this surface's own form. */
  renderError(error: EngineError, context: ErrorContext): RenderedError
  readonly rateLimit?: SurfaceRateLimit
  /** Where there is one, the contract is served at `<mount>/openapi.json` and as a page at `<mount>/docs`, both without credentials. */
  readonly document?: SurfaceDocument
  /** Headers put on every response of the surface. */
  readonly responseHeaders?: Readonly<Record<string, string>>
  /** Names a field from its path; dotted, `metadata.order_ref` or `lines.0.amount`, unless given. */
  fieldName?(path: readonly PropertyKey[]): string
}

/** The name of a field when the surface has no naming of its own: its path with dots. */
export function dottedFieldName(path: readonly PropertyKey[]): string {
  return path.map(String).join('.')
}
