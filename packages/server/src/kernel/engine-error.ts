/**
 * Every kind of failure that the engine can answer with. The list is closed: each dialect owns a total
 * `Record<ErrorKind, Face>`, so a new kind does not compile until every dialect has a face for it.
 */
export const errorKinds = [
  'invalid_request',
  'unauthenticated',
  'forbidden',
  'not_found',
  'conflict',
  'idempotency_mismatch',
  'invalid_state',
  'insufficient_funds',
  'limit_exceeded',
  'declined',
  'rate_limited',
  'unsupported',
  'rail_unavailable',
  'overloaded',
  'internal',
] as const

/** One kind of failure. */
export type ErrorKind = (typeof errorKinds)[number]

/** What a caller needs to mend the request: the field, a sentence, how long to wait. Never a secret. */
export interface ErrorDetail {
  /** The engine's name of the field at fault; a dialect maps it to its own name. */
  readonly field?: string
  /** One sentence that names the limit and the next step. */
  readonly message?: string
  /** Whole seconds after which a retry makes sense (`rate_limited`, `overloaded`). */
  readonly retryAfterSeconds?: number
  readonly [key: string]: unknown
}

/** The only error that crosses the engine's door. `kind` decides the status, `code` is stable and documented in docs/errors.md. */
export class EngineError extends Error {
  readonly kind: ErrorKind
  readonly code: string
  readonly detail: ErrorDetail

  constructor(kind: ErrorKind, code: string, detail: ErrorDetail = {}) {
    super(detail.message ?? code)
    this.name = 'EngineError'
    this.kind = kind
    this.code = code
    this.detail = detail
  }
}

/** Stops with an `internal` error when a truth that the code relies on does not hold. Used twice where money moves. */
export function assertInvariant(holds: boolean, code: string, detail: ErrorDetail = {}): asserts holds {
  if (!holds) throw new EngineError('internal', code, detail)
}
