import * as errors from './errors.ts'
import { kindOfCode } from './generated/error-kinds.ts'

type ErrorClass = new (parts: errors.ApiErrorParts) => errors.ApiError

const classOfStatus: Readonly<Record<number, ErrorClass>> = {
  401: errors.AuthenticationError,
  402: errors.DeclinedError,
  403: errors.PermissionError,
  404: errors.NotFoundError,
  409: errors.ConflictError,
  429: errors.RateLimitError,
}

/** Kinds that share their status with another kind: only the code tells them apart. */
const classOfKind: Readonly<Record<(typeof kindOfCode)[string], ErrorClass>> = {
  conflict: errors.ConflictError,
  invalid_state: errors.InvalidStateError,
  idempotency_mismatch: errors.IdempotencyError,
  insufficient_funds: errors.InsufficientFundsError,
  limit_exceeded: errors.LimitExceededError,
  unsupported: errors.UnsupportedError,
}
const sharedStatuses: readonly number[] = [409, 422]
const serverErrorStatusMin = 500

/** Makes the error of the right class. Total: a code that is not known here is classed by its status. */
export function errorOfResponse(parts: errors.ApiErrorParts): errors.ApiError {
  const { status, problem } = parts
  const kind = sharedStatuses.includes(status) ? kindOfCode[problem.code ?? ''] : undefined
  const byKind = kind === undefined ? undefined : classOfKind[kind]
  const byStatus = status >= serverErrorStatusMin ? errors.ServerError : errors.InvalidRequestError
  return new (byKind ?? classOfStatus[status] ?? byStatus)(parts)
}

/** Reads a problem document out of a body; empty when the body is none, as when a proxy has answered. */
export function problemFrom(text: string): errors.Problem {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed !== 'object' || parsed === null) return {}
    const texts = ['type', 'title', 'detail', 'code', 'field', 'request_id'] as const
    const members = parsed as Readonly<Record<string, unknown>>
    const found = texts.flatMap((name) => (typeof members[name] === 'string' ? [[name, members[name]]] : []))
    return Object.fromEntries(found) as errors.Problem
  } catch {
    return {}
  }
}
