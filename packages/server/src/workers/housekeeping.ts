/*
 * Housekeeping: deletes what nobody may read any more, a bounded slice at a time, so that it never holds much.
 * States: asleep → purging one mode after the other → asleep; stopping.
 */
import type { Engine } from '../engine/index.ts'
import { modes } from '../kernel/scope.ts'
import type { Log } from '../platform/log.ts'

/** The housekeeper at work. */
export interface Housekeeping {
  /** Resolves when what is under way has ended. */
  stop(): Promise<void>
}

const intervalMs = 60_000
const sliceRows = 1_000
/** Slices of one round; what is left waits for the next. */
const slicesMax = 50

/** Starts housekeeping: once a minute, expired idempotency records go. */
export function startHousekeeping({ engine, log }: { engine: Pick<Engine, 'maintenance'>; log: Log }): Housekeeping {
  let round: Promise<void> = Promise.resolve()
  let isStopping = false
  const purge = async () => {
    try {
      for (const mode of modes) {
        for (let slice = 0; slice < slicesMax && !isStopping; slice += 1) {
          if ((await engine.maintenance.purgeIdempotency(mode, sliceRows)) < sliceRows) break
        }
      }
    } catch (error) {
      log.warn({ err: error }, 'expired idempotency records could not be deleted; trying again in a minute')
    }
  }
  const timer = setInterval(() => {
    round = round.then(purge)
  }, intervalMs)
  timer.unref()
  return {
    stop: () => {
      isStopping = true
      clearInterval(timer)
      return round
    },
  }
}
