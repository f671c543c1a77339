/** Everything that this package throws on purpose is one of these. */
export class PaylectError extends Error {
  override readonly name: string = 'PaylectError'
}

/** A problem document (RFC 9457) as the gateway writes it; its members are absent when something else answered. */
export interface Problem {
  readonly type?: string | undefined
  readonly title?: string | undefined
  readonly status?: number | undefined
  readonly detail?: string | undefined
  readonly code?: string | undefined
  readonly field?: string | undefined
  readonly request_id?: string | undefined
}

/** What an `ApiError` is made of. */
export interface ApiErrorParts {
  readonly status: number
  readonly problem: Problem
  readonly requestId: string | undefined
  readonly retryAfterMs: number | undefined
}

/** The gateway refused the request. The subclasses say how; `code` says exactly why, and is stable. */
export class ApiError extends PaylectError {
  override readonly name: string = 'ApiError'
  /** The HTTP status. */
  readonly status: number
  /** The stable code, such as `balance_insufficient`; undefined when something between us and the gateway answered. */
  readonly code: string | undefined
  /** The field at fault, where there is one. */
  readonly field: string | undefined
  /** What went wrong, in words for people; they may change. */
  readonly detail: string | undefined
  /** The gateway's id of the request: name it when you ask about a failure. */
  readonly requestId: string | undefined
  /** How long the gateway asks to wait before the next try, in milliseconds. */
  readonly retryAfterMs: number | undefined

  constructor({ status, problem, requestId, retryAfterMs }: ApiErrorParts) {
    super(problem.detail ?? problem.title ?? `The gateway answered with status ${status}.`)
    this.status = status
    this.code = problem.code
    this.field = problem.field
    this.detail = problem.detail
    this.requestId = requestId
    this.retryAfterMs = retryAfterMs
  }
}

/** Something in the request is wrong; `field` names it (400, and 405, 413, 415, 422 without a class of their own). */
export class InvalidRequestError extends ApiError {
  override readonly name = 'InvalidRequestError'
}

/** There was no key, or one that is not valid (401). */
export class AuthenticationError extends ApiError {
  override readonly name = 'AuthenticationError'
}

/** The rail refused (402). */
export class DeclinedError extends ApiError {
  override readonly name = 'DeclinedError'
}

/** The key may not do this (403). */
export class PermissionError extends ApiError {
  override readonly name = 'PermissionError'
}

/** There is no such object for this merchant (404). */
export class NotFoundError extends ApiError {
  override readonly name = 'NotFoundError'
}

/** It exists already (409). */
export class ConflictError extends ApiError {
  override readonly name = 'ConflictError'
}

/** The object is in a state that does not allow this (409). */
export class InvalidStateError extends ApiError {
  override readonly name = 'InvalidStateError'
}

/** The idempotency key was used for another request (422). */
export class IdempotencyError extends ApiError {
  override readonly name = 'IdempotencyError'
}

/** The balance is too low (422). */
export class InsufficientFundsError extends ApiError {
  override readonly name = 'InsufficientFundsError'
}

/** More than is allowed, such as a refund above what is left (422). */
export class LimitExceededError extends ApiError {
  override readonly name = 'LimitExceededError'
}

/** This installation cannot do it (422). */
export class UnsupportedError extends ApiError {
  override readonly name = 'UnsupportedError'
}

/** Too many calls; `retryAfterMs` says how long to wait (429). */
export class RateLimitError extends ApiError {
  override readonly name = 'RateLimitError'
}

/** The gateway failed, or is not there for the moment (500 and above). */
export class ServerError extends ApiError {
  override readonly name = 'ServerError'
}

/** The gateway could not be reached, or the connection broke. For a write it means that nothing was changed. */
export class ConnectionError extends PaylectError {
  override readonly name = 'ConnectionError'
}

/** A read was not answered in time. */
export class TimeoutError extends PaylectError {
  override readonly name = 'TimeoutError'
}

/** A webhook is not from the gateway, is too old, or was changed on its way. Answer 400 and do nothing else. */
export class SignatureVerificationError extends PaylectError {
  override readonly name = 'SignatureVerificationError'
}

/** The write whose outcome nobody knows. */
export interface UnknownOutcomeParts {
  readonly method: string
  readonly path: string
  readonly idempotencyKey: string
  readonly isRepeatable: boolean
  readonly tries: number
  readonly requestId: string | undefined
  readonly cause: unknown
}

/**
 * A write was sent, and no answer says what became of it: the connection broke, time ran out, or the caller aborted.
 * It may have happened or not. Make the same call again with `{ idempotencyKey: error.idempotencyKey }`: if it has
 * happened, its answer is given again and nothing happens twice. A few calls, such as sending a test event, cannot
 * be repeated like that (`isRepeatable` is false): read the object to find out. `cause` is what went wrong in the last try.
 */
export class OutcomeUnknownError extends PaylectError {
  override readonly name = 'OutcomeUnknownError'
  /** The HTTP method of the write. */
  readonly method: string
  /** The path of the write. */
  readonly path: string
  /** The key to repeat the call with. */
  readonly idempotencyKey: string
  /** Whether the gateway keeps idempotency keys for this call. */
  readonly isRepeatable: boolean
  /** How often it was tried. */
  readonly tries: number
  /** The gateway's id of the last request, where an answer named one. */
  readonly requestId: string | undefined

  constructor({ method, path, idempotencyKey, isRepeatable, tries, requestId, cause }: UnknownOutcomeParts) {
    const often = tries === 1 ? 'once' : `${tries} times`
    const advice = isRepeatable
      ? `Repeat it with the idempotency key ${idempotencyKey} to find out.`
      : 'Read the object to find out; a repeat might do it twice.'
    super(`Nobody knows whether ${method} ${path} has happened (tried ${often}). ${advice}`, { cause })
    this.method = method
    this.path = path
    this.idempotencyKey = idempotencyKey
    this.isRepeatable = isRepeatable
    this.tries = tries
    this.requestId = requestId
  }
}
