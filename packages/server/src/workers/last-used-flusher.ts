/*
 * Writes down, every ten seconds and once more at the end, when keys were last used. It runs wherever requests are
 * authenticated: what was noted is in the memory of that process.
 * States: asleep → flushing → asleep; stopping → flushing once more → stopped.
 */
import type { Engine } from '../engine/index.ts'
import type { Log } from '../platform/log.ts'

/** The flusher at work. */
export interface LastUsedFlusher {
  /** Resolves when everything noted so far is written, or could not be. */
  stop(): Promise<void>
}

const intervalMs = 10_000

/** Starts flushing. Stop it after the last request was answered and before the database is closed. */
export function startLastUsedFlusher(
  { engine, log }: { engine: Pick<Engine, 'access'>; log: Pick<Log, 'warn'> },
  everyMs = intervalMs,
): LastUsedFlusher {
  let round: Promise<void> = Promise.resolve()
  const flush = async () => {
    try {
      await engine.access.flushLastUsed()
    } catch (error) {
      log.warn({ err: error }, 'it could not be written down when keys were last used; their next use tells again')
    }
  }
  const timer = setInterval(() => {
    round = round.then(flush)
  }, everyMs)
  timer.unref()
  return {
    stop: async () => {
      clearInterval(timer)
      await round
      await flush()
    },
  }
}
