import type { RateLimitStore, RateWindow, WindowCount } from '../platform/rate-limit-store.ts'

/** Keys held at once; above it, the oldest is forgotten, which lets its caller start afresh. */
const keysMax = 100_000

/** Counts calls in this process only: for tests, and in place of a database that does not answer. `now` gives epoch milliseconds. */
export function createMemoryRateLimitStore(now: () => number): RateLimitStore {
  const counters = new Map<string, WindowCount[]>()
  return {
    async count(key, windows) {
      const nowMs = now()
      const held = counters.get(key)
      const counts = countThrough(windows, held ?? [], nowMs)
      if (held === undefined && counters.size >= keysMax) forgetOldest(counters)
      counters.set(
        key,
        windows.map((_, index) => counts[index] ?? held?.[index]).filter((count) => count !== undefined),
      )
      return counts
    },
  }
}

/** Counts window after window and stops behind the first that refuses. */
function countThrough(windows: readonly RateWindow[], held: readonly WindowCount[], nowMs: number): WindowCount[] {
  const counts: WindowCount[] = []
  for (const [index, window] of windows.entries()) {
    const before = held[index]
    const open =
      before !== undefined && before.resetAtMs > nowMs ? before : { points: 0, resetAtMs: nowMs + window.windowMs }
    const count = { points: open.points + 1, resetAtMs: open.resetAtMs }
    counts.push(count)
    if (count.points > window.limit) break
  }
  return counts
}

function forgetOldest(counters: Map<string, unknown>): void {
  for (const key of counters.keys()) {
    counters.delete(key)
    return
  }
}
