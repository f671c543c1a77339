import type { ErrorContext, RenderedError } from '../../http/surface.ts'
import { type EngineError, type ErrorKind, errorKinds } from '../../kernel/engine-error.ts'
import { inferred } from './inferred.ts'

/** How a kind of failure looks in this dialect. */
interface Face {
  readonly status: number
  readonly code: string
  /** Said when the engine has no sentence of its own. */
  readonly message: string
}

const refused = inferred.statusOfEverythingElseRefused.choice

/** The statuses are the document's; where it lists none, see `inferred`. */
const faces: Readonly<Record<ErrorKind, Face>> = {
  invalid_request: { status: 400, code: 'invalid_parameters', message: 'Invalid parameters.' },
  unauthenticated: { status: 401, code: 'invalid_api_key', message: 'Invalid API key.' },
  forbidden: { status: 403, code: 'insufficient_permissions', message: 'Insufficient permissions.' },
  not_found: { status: 404, code: 'not_found', message: "Resource doesn't exist." },
  conflict: { status: refused, code: 'already_exists', message: 'This exists already.' },
  idempotency_mismatch: {
    status: refused,
    code: 'idempotency_mismatch',
    message: 'This Idempotency-Key was used for another request. Use a new key for a new request.',
  },
  invalid_state: { status: refused, code: 'invalid_state', message: 'The object is not in a state that allows this.' },
  insufficient_funds: { status: refused, code: 'insufficient_balance', message: 'The balance is too low.' },
  limit_exceeded: { status: refused, code: 'limit_exceeded', message: 'This exceeds a limit.' },
  declined: { status: refused, code: 'declined', message: 'This was declined.' },
  rate_limited: { status: 429, code: 'rate_limited', message: 'Too many requests.' },
  unsupported: { status: refused, code: 'not_supported', message: 'This is not supported.' },
  rail_unavailable: { status: 503, code: 'temporarily_unavailable', message: 'The bank does not answer. Try again.' },
  overloaded: { status: 503, code: 'overloaded', message: 'Too much is going on. Try again in a moment.' },
  internal: { status: 500, code: 'server_error', message: 'Something went wrong on our side.' },
}

/** The status of each kind of failure. */
export const statusOfKind = Object.fromEntries(errorKinds.map((kind) => [kind, faces[kind].status])) as Readonly<
  Record<ErrorKind, number>
>

/** Refusals that a client may want to tell from others of their kind. */
const ownCodes: Readonly<Record<string, string>> = {
  https_required: 'https_required',
  merchant_suspended: 'account_suspended',
}

/** Waiting this long makes sense where the engine does not say how long. */
const retryAfterSecondsDefault = 1

/** Renders any failure as `{ error: { code, message, param?, request_id } }`. Total. */
export function renderError(error: EngineError, { requestId, route }: ErrorContext): RenderedError {
  const face = faces[error.kind]
  const param = error.detail.field === undefined ? {} : { param: wireNameOf(error.detail.field, route) }
  return {
    status: face.status,
    body: {
      error: {
        code: ownCodes[error.code] ?? face.code,
        message: error.detail.message ?? face.message,
        ...param,
        request_id: requestId,
      },
    },
    headers: headersOf(error, face.status),
  }
}

function headersOf(error: EngineError, status: number): Record<string, string> {
  if (status === 401) return { 'www-authenticate': 'Bearer' }
  const waits = status === 503 && error.detail.retryAfterSeconds === undefined
  return waits ? { 'retry-after': String(retryAfterSecondsDefault) } : {}
}

/** The engine's field names that differ from the document's. */
function wireNameOf(field: string, route: string | undefined): string {
  if (field !== 'method') return field
  return route?.includes('/payouts') ? 'beneficiary' : 'payment_method'
}
