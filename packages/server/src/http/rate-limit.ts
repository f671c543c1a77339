import { type RateLimitStore, type RateWindow, rateWindowsMax, type WindowCount } from '../platform/rate-limit-store.ts'
import { createMemoryRateLimitStore } from './memory-rate-limit-store.ts'

export type { RateLimitStore, RateWindow } from '../platform/rate-limit-store.ts'

/** Where a key stands after a call was counted, or was refused. The plain members speak of the tighter window. */
export interface RateLimitState {
  readonly allowed: boolean
  readonly limit: number
  /** Calls left in the tighter window, never below zero. */
  readonly remaining: number
  /** Unix seconds at which the tighter window ends, rounded up. */
  readonly resetAtSeconds: number
  /** Whole seconds to wait, at least 1; zero when the call was allowed. */
  readonly retryAfterSeconds: number
}

/** Counts calls by key and says whether each is within the limits. */
export interface RateLimits {
  /** Counts one call. Never rejects: when the store cannot count, this process counts alone. */
  consume(key: string): Promise<RateLimitState>
}

/** What the rate limits need. */
export interface RateLimitsOptions {
  readonly store: RateLimitStore
  /** Keeps the keys of one surface apart from those of another. */
  readonly name: string
  /** One or two windows. */
  readonly windows: readonly RateWindow[]
  /** Wall-clock time in epoch milliseconds. */
  readonly now: () => number
  readonly log: { warn(fields: object, message: string): void }
}

/** Keys whose refusal is remembered, so that a caller that is over its limit costs no statement. */
const exhaustedKeysMax = 10_000
/** A store that does not answer is reported at most this often. */
const warningIntervalMs = 60_000

interface Exhausted {
  readonly window: RateWindow
  readonly resetAtMs: number
}

/**
 * Makes the rate limits of one surface. Windows are fixed: each opens with the first call and ends after its length. A call that the
 * shorter window refuses is not counted in the longer one. A key with no calls left is refused from memory until its window ends.
 */
export function createRateLimits({ store, name, windows, now, log }: RateLimitsOptions): RateLimits {
  if (windows.length === 0 || windows.length > rateWindowsMax) {
    throw new Error(`${name} must have 1 to ${rateWindowsMax} rate windows, not ${windows.length}`)
  }
  const ordered = windows.toSorted((left, right) => left.windowMs - right.windowMs)
  const insurance = createMemoryRateLimitStore(now)
  const exhausted = new Map<string, Exhausted>()
  let warnedAtMs = Number.NEGATIVE_INFINITY

  const countWithInsurance = async (key: string): Promise<readonly WindowCount[]> => {
    try {
      return await store.count(key, ordered)
    } catch (error) {
      if (now() - warnedAtMs >= warningIntervalMs) {
        warnedAtMs = now()
        log.warn(
          { err: error, surface: name },
          'rate limits are counted by this process alone: the shared store does not answer',
        )
      }
      return insurance.count(key, ordered)
    }
  }

  return {
    async consume(caller) {
      const key = `${name}:${caller}`
      const known = exhausted.get(key)
      if (known !== undefined && known.resetAtMs > now()) return refused(known, now())
      if (known !== undefined) exhausted.delete(key)

      const standing = tightest(ordered, await countWithInsurance(key))
      if (standing.remaining <= 0) remember(exhausted, key, standing)
      return standing.remaining < 0 ? refused(standing, now()) : allowed(standing)
    },
  }
}

interface Standing extends Exhausted {
  /** Calls left; below zero when the window refuses this call. */
  readonly remaining: number
}

/** The window with the fewest calls left; of two that are equal, the one that ends later. */
function tightest(windows: readonly RateWindow[], counts: readonly WindowCount[]): Standing {
  const standings = counts.flatMap((count, index) => {
    const window = windows[index]
    return window === undefined ? [] : [{ window, resetAtMs: count.resetAtMs, remaining: window.limit - count.points }]
  })
  const [first, ...others] = standings
  if (first === undefined) throw new Error('A rate limit has at least one window')
  return others.reduce((left, right) => (right.remaining <= left.remaining ? right : left), first)
}

function allowed({ window, resetAtMs, remaining }: Standing): RateLimitState {
  return {
    allowed: true,
    limit: window.limit,
    remaining,
    resetAtSeconds: Math.ceil(resetAtMs / 1000),
    retryAfterSeconds: 0,
  }
}

function refused({ window, resetAtMs }: Exhausted, nowMs: number): RateLimitState {
  return {
    allowed: false,
    limit: window.limit,
    remaining: 0,
    resetAtSeconds: Math.ceil(resetAtMs / 1000),
    retryAfterSeconds: Math.max(1, Math.ceil((resetAtMs - nowMs) / 1000)),
  }
}

function remember(exhausted: Map<string, Exhausted>, key: string, { window, resetAtMs }: Exhausted): void {
  if (exhausted.size >= exhaustedKeysMax) {
    const oldest = exhausted.keys().next()
    if (!oldest.done) exhausted.delete(oldest.value)
  }
  exhausted.set(key, { window, resetAtMs })
}
