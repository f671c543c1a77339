import { randomInt } from 'node:crypto'
import { ApiError, type PaylectError } from './errors.ts'

const backoffBaseMs = 250
const backoffMaxMs = 8_000
/** A longer wait than this is the caller's to decide: the error is thrown and says how long. */
export const retryAfterMaxMs = 60_000

/**
 * What a failed try means.
 * - `refused`: it was decided against; nothing was changed, and the same request would be refused again.
 * - `not_done`: it was not taken up; nothing was changed, and it may be sent again.
 * - `unknown`: it was sent, and may have happened.
 */
export type Verdict = 'refused' | 'not_done' | 'unknown'

/** Codes with which the gateway itself says that it does not know what became of a write. */
const codesOfUnknown: readonly string[] = ['outcome_unknown', 'request_timed_out']
const statusesOfAnother: readonly number[] = [408, 500, 502, 503, 504]
/** An answer with one of these says nothing about an earlier try of the same write: it was given before looking. */
const statusesBeforeDeciding: readonly number[] = [401, 403, 429]

/** Errors of the network that come before anything was sent. */
const codesOfNoConnection: readonly string[] = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]

/** Judges an answer that was not a success. An answer without our code comes from something in between. */
export function verdictOfAnswer(error: ApiError): Verdict {
  const { status, code } = error
  if (code !== undefined && codesOfUnknown.includes(code)) return 'unknown'
  if (status === 429) return 'not_done'
  if (code === undefined) return statusesOfAnother.includes(status) ? 'unknown' : 'refused'
  return status === 503 ? 'not_done' : 'refused'
}

/** Judges what `fetch` threw: only a connection that was never made proves that nothing was sent. */
export function verdictOfFailure(failure: unknown): Verdict {
  return networkCodesOf(failure).some((code) => codesOfNoConnection.includes(code)) ? 'not_done' : 'unknown'
}

function networkCodesOf(failure: unknown): string[] {
  if (!(failure instanceof Error)) return []
  const inner = failure.cause instanceof AggregateError ? failure.cause.errors : [failure.cause]
  return [failure, ...inner].flatMap((error) => {
    const code = (error as { readonly code?: unknown } | undefined)?.code
    return typeof code === 'string' ? [code] : []
  })
}

/** Whether a refusal of a later try also settles that the earlier one has not happened. */
export function settlesEarlierTries(error: PaylectError): boolean {
  return error instanceof ApiError && error.status < 500 && !statusesBeforeDeciding.includes(error.status)
}

/**
 * How long to wait before the next try, in milliseconds: any moment up to a bound that doubles with every try (full
 * jitter), after the time that the gateway asked for.
 */
export function retryDelayMs(triesMade: number, retryAfterMs = 0): number {
  const boundMs = Math.min(backoffMaxMs, backoffBaseMs * 2 ** triesMade)
  return retryAfterMs + randomInt(boundMs + 1)
}

/** Reads `Retry-After` (RFC 9110: seconds or a date) as milliseconds from now; undefined when it is absent or no such thing. */
export function retryAfterFrom(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
