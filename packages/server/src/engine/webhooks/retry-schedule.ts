import type { Instant } from '../../kernel/clock.ts'

/** What decides when a delivery is tried again. */
export interface FailedTry {
  /** Tries made so far, the failed one included. */
  readonly attemptsMade: number
  /** The dialect's waits before the second, third, … try. */
  readonly retryDelaysMs: readonly number[]
  /** A number in [0, 1), drawn by the caller. */
  readonly random: number
  /** What the receiver asked for, or null. */
  readonly retryAfterMs: number | null
  /** The mode's clock. */
  readonly now: Instant
}

/** A receiver cannot put a delivery off for longer than this. */
export const retryAfterMaxMs = 6 * 60 * 60_000
/** Two tries are never closer than this, however the draw falls. */
export const retryDelayMinMs = 1_000

/**
 * When to try again, or `undefined` after the last try. Full jitter: the wait is drawn evenly between nothing and twice
 * the dialect's, so that receivers that come back are not hit by everybody at once, and the expected span of all tries
 * is the dialect's own (about three days). A `Retry-After` is a lower bound of the wait, itself bounded.
 */
export function nextTryAt(failed: FailedTry): Instant | undefined {
  const delayMs = failed.retryDelaysMs[failed.attemptsMade - 1]
  if (delayMs === undefined) return undefined
  const drawnMs = Math.round(2 * delayMs * failed.random)
  const askedMs = Math.min(failed.retryAfterMs ?? 0, retryAfterMaxMs)
  return failed.now + Math.max(drawnMs, askedMs, retryDelayMinMs)
}

const secondsPattern = /^[0-9]{1,10}$/
/** The one form of date that RFC 9110 (5.6.7) lets a sender use. */
const datePattern = /^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$/

/**
 * Reads `Retry-After` (RFC 9110, 10.2.3): whole seconds, or a date that is taken against real time, which is the
 * receiver's. Milliseconds from now, or null for what is neither.
 */
export function retryAfterMsOf(text: string | undefined, realNow: Instant): number | null {
  const trimmed = text?.trim() ?? ''
  if (secondsPattern.test(trimmed)) return Number(trimmed) * 1000
  const at = datePattern.test(trimmed) ? Date.parse(trimmed) : Number.NaN
  return Number.isNaN(at) ? null : Math.max(at - realNow, 0)
}
