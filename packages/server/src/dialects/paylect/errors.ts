import type { ErrorContext, RenderedError } from '../../http/surface.ts'
import { type EngineError, type ErrorKind, errorKinds } from '../../kernel/engine-error.ts'

/** How a kind of failure looks in the house API. */
interface Face {
  readonly status: number
  readonly title: string
}

const faces: Readonly<Record<ErrorKind, Face>> = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  unauthenticated: { status: 401, title: 'The key is missing or not valid' },
  forbidden: { status: 403, title: 'This is not allowed' },
  not_found: { status: 404, title: 'There is no such thing' },
  conflict: { status: 409, title: 'This exists already' },
  idempotency_mismatch: { status: 422, title: 'The idempotency key was used for another request' },
  invalid_state: { status: 409, title: 'The object is not in a state that allows this' },
  insufficient_funds: { status: 422, title: 'The balance is too low' },
  limit_exceeded: { status: 422, title: 'This exceeds a limit' },
  declined: { status: 402, title: 'This was declined' },
  rate_limited: { status: 429, title: 'There were too many requests' },
  unsupported: { status: 422, title: 'This is not supported' },
  rail_unavailable: { status: 503, title: 'The rail does not answer' },
  overloaded: { status: 503, title: 'Too much is going on' },
  internal: { status: 500, title: 'Something failed on our side' },
}

/** The status of each kind of failure. */
export const statusOfKind = Object.fromEntries(errorKinds.map((kind) => [kind, faces[kind].status])) as Readonly<
  Record<ErrorKind, number>
>

/** Refusals for which HTTP has a status of its own. */
const ownStatuses: Readonly<Record<string, number>> = {
  method_not_allowed: 405,
  body_too_large: 413,
  unsupported_content_type: 415,
}

const retryAfterSecondsDefault = 1

/** Renders any failure as a problem document (RFC 9457) with our stable `code`, the `field` at fault and the request's id. Total. */
export function renderError(error: EngineError, { requestId }: ErrorContext): RenderedError {
  const { status: statusOfKind, title } = faces[error.kind]
  const status = ownStatuses[error.code] ?? statusOfKind
  const { field, message } = error.detail
  return {
    status,
    headers: { 'content-type': 'application/problem+json', ...headersOf(error, status) },
    body: {
      type: `urn:paylect:error:${error.code}`,
      title,
      status,
      detail: message ?? `${title}.`,
      code: error.code,
      ...(field === undefined ? {} : { field }),
      request_id: requestId,
    },
  }
}

function headersOf(error: EngineError, status: number): Record<string, string> {
  if (status === 401) return { 'www-authenticate': 'Bearer' }
  const waits = status === 503 && error.detail.retryAfterSeconds === undefined
  return waits ? { 'retry-after': String(retryAfterSecondsDefault) } : {}
}
