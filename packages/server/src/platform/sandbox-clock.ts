/*
 * The sandbox's clock: real time plus an offset that is kept in the database, so that it survives restarts and is the
 * same in every process. States: current (the offset was read within the last second) and moving (one process writes a
 * larger offset). The offset only grows: time that has been seen never comes back. Live mode does not use this clock.
 */
import type pg from 'pg'
import { type Clock, type Instant, isoFromInstant } from '../kernel/clock.ts'

/** The clock of sandbox mode. */
export interface SandboxClock extends Clock {
  /** Moves to `instant`. Throws `ClockGoesBackError` when that lies in its past. */
  moveTo(instant: Instant): Promise<void>
  /** Makes a clock that was never moved begin at `instant`, also in the past; later calls with the same value change nothing. */
  beginAt(instant: Instant): Promise<void>
  stop(): void
}

/** The sandbox's clock was asked to go back. */
export class ClockGoesBackError extends Error {
  readonly now: Instant

  constructor(now: Instant, wanted: Instant) {
    super(`The sandbox clock shows ${isoFromInstant(now)} and cannot go back to ${isoFromInstant(wanted)}.`)
    this.name = 'ClockGoesBackError'
    this.now = now
  }
}

/** Other processes see a moved clock after at most this time. */
const refreshMs = 1_000

/** Reads the offset and keeps it current until `stop`. */
export async function createSandboxClock(pool: Pick<pg.Pool, 'query'>, real: Clock): Promise<SandboxClock> {
  let offsetMs = await readOffset(pool)
  const now = () => real.now() + offsetMs
  const timer = setInterval(() => {
    readOffset(pool).then(
      (read) => {
        offsetMs = read
      },
      // The database is away: the offset that is known stays right until somebody moves the clock, which needs the database.
      () => undefined,
    )
  }, refreshMs)
  timer.unref()
  return {
    now,
    moveTo: async (instant) => {
      const wanted = instant - real.now()
      const moved = await pool.query(
        'update sandbox_clock set offset_ms = $1 where offset_ms <= $1 returning offset_ms',
        [Math.round(wanted)],
      )
      if (moved.rowCount === 0) throw new ClockGoesBackError(now(), instant)
      offsetMs = Math.round(wanted)
    },
    beginAt: async (instant) => {
      const begun = await pool.query(
        `update sandbox_clock set offset_ms = $1, began_at = $2
          where began_at is null and offset_ms = 0 and not exists (select from journals where mode = 'sandbox')`,
        [Math.round(instant - real.now()), isoFromInstant(instant)],
      )
      offsetMs = await readOffset(pool)
      if (begun.rowCount === 1) return
      const earlier = await pool.query('select began_at from sandbox_clock')
      if ((earlier.rows[0] as { began_at: Instant | null } | undefined)?.began_at !== instant) {
        throw new ClockGoesBackError(now(), instant)
      }
    },
    stop: () => clearInterval(timer),
  }
}

async function readOffset(pool: Pick<pg.Pool, 'query'>): Promise<number> {
  const result = await pool.query('select offset_ms from sandbox_clock')
  return Number((result.rows[0] as { offset_ms: bigint } | undefined)?.offset_ms ?? 0n)
}
