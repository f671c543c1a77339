import { deliveryKind, type Store } from '../engine/index.ts'
import type { Clock, Instant } from '../kernel/clock.ts'
import { isoFromInstant } from '../kernel/clock.ts'
import { EngineError } from '../kernel/engine-error.ts'
import { timerKinds } from './timers.ts'

/** What moving the sandbox's clock needs. */
export interface ClockMover {
  readonly store: Pick<Store, 'nextDue'>
  readonly clock: Clock
  /** Sets the clock. May refuse an instant that lies in its past. */
  setClock(instant: Instant): Promise<void>
  /** Runs one round of jobs, timers and deliveries that are due now; answers how many there were. */
  runDue(): Promise<number>
  /** How long a move may take in real time, in milliseconds; half a minute unless told otherwise. */
  readonly timeoutMs?: number
}

/** Moments at which something falls due, on the way of one move. */
const stepsMax = 20_000
/** Rounds of work at one moment: each may bring about more. */
const roundsMax = 1_000
/** How often the same moment may come up again because another process holds what is due. */
const stallsMax = 200
const stallPauseMs = 25
/** Shorter than what a request may take: a receiver that never answers must not hold up every later move. */
const timeoutMsDefault = 30_000

/**
 * Moves the sandbox's clock to `target` the way time would have: it stops at every moment at which something falls due,
 * in order, and goes on only when all work of that moment is done, so that a timer that is set by another timer runs at
 * its own time. Resolves once the clock stands at `target` and nothing is due. Refuses to go back. Throws an
 * `EngineError` when there is too much on the way, or it takes too long; the clock then stands where it got to, and a
 * second call goes on.
 */
export async function moveSandboxClock(given: ClockMover, target: Instant): Promise<void> {
  const mover = withDeadline(given, target)
  if (target < mover.clock.now()) {
    const now = isoFromInstant(mover.clock.now())
    throw new EngineError('invalid_request', 'clock_goes_back', {
      field: 'set',
      message: `The sandbox clock stands at ${now} and moves forward only.`,
    })
  }
  await untilQuiet(mover)
  let stalls = 0
  for (let step = 0; step < stepsMax; step += 1) {
    const next = await nextDueOf(mover)
    if (next === undefined || next > target) return setAndSettle(mover, target)
    const isNew = next > mover.clock.now()
    if (isNew) await setForward(mover, next)
    const ran = await untilQuiet(mover)
    stalls = isNew || ran > 0 ? 0 : stalls + 1
    if (stalls > stallsMax) throw unfinished(mover, target, 'another process holds what is due there')
    if (stalls > 0) await new Promise((resolve) => setTimeout(resolve, stallPauseMs))
  }
  throw unfinished(mover, target, `more than ${stepsMax} things fell due on the way`)
}

/** What a round has begun goes on after the deadline; only the move does not wait for it any longer. */
function withDeadline(mover: ClockMover, target: Instant): ClockMover {
  const deadlineMs = performance.now() + (mover.timeoutMs ?? timeoutMsDefault)
  const runDue = async () => {
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      late.reject(unfinished(mover, target, 'what falls due there takes long, as with a receiver that does not answer'))
    }, deadlineMs - performance.now())
    try {
      return await Promise.race([mover.runDue(), late.promise])
    } finally {
      clearTimeout(timer)
    }
  }
  return { ...mover, runDue }
}

async function setAndSettle(mover: ClockMover, target: Instant): Promise<void> {
  await setForward(mover, target)
  await untilQuiet(mover)
}

/** The clock runs by itself meanwhile: an instant that it has passed already needs no setting. */
async function setForward({ clock, setClock }: ClockMover, instant: Instant): Promise<void> {
  if (clock.now() >= instant) return
  try {
    await setClock(instant)
  } catch (error) {
    if (clock.now() < instant) throw error
  }
}

/** Runs what is due, and what that brings about, until nothing is left. */
async function untilQuiet(mover: ClockMover): Promise<number> {
  let ran = 0
  for (let round = 0; round < roundsMax; round += 1) {
    const count = await mover.runDue()
    if (count === 0) return ran
    ran += count
  }
  throw new EngineError('internal', 'sandbox_never_quiet', {
    message: `Work at ${isoFromInstant(mover.clock.now())} kept bringing about more work for ${roundsMax} rounds.`,
  })
}

async function nextDueOf({ store }: ClockMover): Promise<Instant | undefined> {
  const times = await Promise.all([...timerKinds, deliveryKind].map((kind) => store.nextDue(kind, 'sandbox')))
  const known = times.filter((time) => time !== undefined)
  return known.length > 0 ? Math.min(...known) : undefined
}

function unfinished(mover: ClockMover, target: Instant, reason: string): EngineError {
  const stands = isoFromInstant(mover.clock.now())
  return new EngineError('limit_exceeded', 'clock_not_there_yet', {
    message: `The sandbox clock got to ${stands}: ${reason}. Ask again for ${isoFromInstant(target)} to go on.`,
  })
}
