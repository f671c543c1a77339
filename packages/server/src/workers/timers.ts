/*
 * Timers: the work that is due at a moment of a mode's clock and is not a webhook. One runner for each kind and mode:
 *   payments                  the payer's time is over → expire
 *   attempts                  nobody knows what became of it → ask the rail
 *   scheduled notifications   a simulated rail speaks → take it in
 *
 * States of a row: waiting → due → held (claimed: its due time stands at the end of a lease, and it is under way in this
 * process) → done (its command has set the next due time, or none). A row whose work fails, or whose process dies, is due
 * again when the lease ends; nothing else waits for it.
 *
 * States of the loop: claiming → asleep until the next due time, a second at most → claiming …; stopping.
 */
import type { Engine, Kind, RevisedRow, ScheduledNotification, Store } from '../engine/index.ts'
import { attemptKind, paymentKind, scheduledNotificationKind } from '../engine/index.ts'
import { type Mode, modes, type Scope } from '../kernel/scope.ts'
import type { Log } from '../platform/log.ts'

/** What timers need. */
export interface TimerDeps {
  readonly engine: Pick<Engine, 'payments' | 'attempts' | 'sandbox' | 'now'>
  readonly store: Pick<Store, 'claimDue' | 'nextDue'>
  readonly log: Log
}

/** The timers at work. */
export interface Timers {
  /** Runs everything that is due now in the mode and waits until nothing is under way. Answers how many rows it ran. */
  runAllDue(mode: Mode): Promise<number>
  /** Rows under way in this process, and whether the last claims succeeded. */
  readiness(): { readonly underWay: number; readonly claims: 'working' | 'failing' }
  /** Claims no more and resolves when what is under way has ended, or after 10 seconds. */
  stop(): Promise<void>
}

/** The kinds that timers serve, for whoever needs to know when something falls due. */
export const timerKinds: readonly Kind[] = [paymentKind, attemptKind, scheduledNotificationKind] as readonly Kind[]

/** Rows of one kind and mode under way at once. */
const underWayMax = 32
/** Longer than a rail may take to answer. */
const leaseMs = 120_000
const sleepMaxMs = 1_000
const sleepMinMs = 10
const stopTimeoutMs = 10_000
const roundsMax = 10_000

interface Runner {
  readonly kind: Kind
  readonly mode: Mode
  readonly handle: (row: TimerRow) => Promise<unknown>
  readonly underWay: Map<string, Promise<void>>
}

type TimerRow = RevisedRow & { readonly id: string }

interface State {
  readonly deps: TimerDeps
  readonly runners: readonly Runner[]
  claims: 'working' | 'failing'
  isStopping: boolean
  /** Resolved and replaced to end the loop's sleep. */
  wake: PromiseWithResolvers<void>
}

/** Starts the timers of both modes. */
export function startTimers(deps: TimerDeps): Timers {
  const runners = modes.flatMap((mode) => handlersOf(deps).map((entry) => ({ ...entry, mode, underWay: new Map() })))
  const state: State = { deps, runners, claims: 'working', isStopping: false, wake: Promise.withResolvers() }
  const looping = loop(state)
  return {
    runAllDue: (mode) => runAllDue(state, mode),
    readiness: () => ({ underWay: underWayIn(state), claims: state.claims }),
    stop: async () => {
      state.isStopping = true
      state.wake.resolve()
      await looping
      await within(stopTimeoutMs, Promise.all(runners.flatMap((runner) => [...runner.underWay.values()])))
    },
  }
}

function handlersOf({ engine, log }: TimerDeps): readonly Pick<Runner, 'kind' | 'handle'>[] {
  return [
    { kind: paymentKind, handle: (row) => engine.payments.expire(scopeOf(row), row.id) },
    { kind: attemptKind, handle: (row) => engine.attempts.poll(scopeOf(row), row.id) },
    {
      kind: scheduledNotificationKind,
      handle: async (row) => {
        const { rail, headers, body } = row as TimerRow & ScheduledNotification
        const isRead = await engine.attempts.receiveNotification(rail, { headers, body })
        if (!isRead) log.warn({ ...scopeOf(row), notificationId: row.id, rail }, 'a rail refused its own notification')
        await engine.sandbox.finishNotification(scopeOf(row), row.id)
      },
    },
  ] as readonly Pick<Runner, 'kind' | 'handle'>[]
}

async function loop(state: State): Promise<void> {
  while (!state.isStopping) {
    try {
      for (const runner of state.runners) await claimInto(state, runner)
      const sleepMs = await untilNextDue(state)
      state.claims = 'working'
      await asleep(state, sleepMs)
    } catch (error) {
      state.claims = 'failing'
      state.deps.log.warn({ err: error }, 'due timers could not be claimed')
      await asleep(state, sleepMaxMs)
    }
  }
}

/** Claims what there is room for, and starts it. Answers how many rows were claimed. */
async function claimInto(state: State, runner: Runner): Promise<number> {
  const { engine, store } = state.deps
  const limit = underWayMax - runner.underWay.size
  if (limit === 0 || state.isStopping) return 0
  const { kind, mode } = runner
  const now = engine.now(mode)
  const rows = await store.claimDue({ kind, mode, dueBy: now, leaseUntil: now + leaseMs, limit })
  for (const row of rows as readonly TimerRow[]) {
    const key = `${row.merchantId} ${row.id}`
    // The sandbox's clock may have run past a lease of our own: what is under way already is not started twice.
    if (!runner.underWay.has(key)) runner.underWay.set(key, runRow(state, runner, row, key))
  }
  return rows.length
}

async function runRow(state: State, runner: Runner, row: TimerRow, key: string): Promise<void> {
  // The caller has yet to note that the row is under way.
  await Promise.resolve()
  try {
    await runner.handle(row)
  } catch (error) {
    const fields = { err: error, kind: runner.kind.name, ...scopeOf(row), id: row.id }
    state.deps.log.error(fields, 'a timer failed; it is tried again when its lease ends')
  }
  const wasFull = runner.underWay.size === underWayMax
  runner.underWay.delete(key)
  if (wasFull) state.wake.resolve()
}

async function untilNextDue({ deps, runners }: State): Promise<number> {
  const waits = await Promise.all(
    runners.map(async ({ kind, mode, underWay }) => {
      // A full runner wakes the loop itself.
      const next = underWay.size < underWayMax ? await deps.store.nextDue(kind, mode) : undefined
      return next === undefined ? sleepMaxMs : next - deps.engine.now(mode)
    }),
  )
  return Math.min(Math.max(Math.min(...waits), sleepMinMs), sleepMaxMs)
}

async function asleep(state: State, ms: number): Promise<void> {
  const timer = setTimeout(() => state.wake.resolve(), ms)
  await state.wake.promise
  clearTimeout(timer)
  if (!state.isStopping) state.wake = Promise.withResolvers()
}

async function runAllDue(state: State, mode: Mode): Promise<number> {
  const runners = state.runners.filter((runner) => runner.mode === mode)
  let ran = 0
  for (let round = 0; round < roundsMax && !state.isStopping; round += 1) {
    let claimed = 0
    for (const runner of runners) claimed += await claimInto(state, runner)
    const underWay = runners.flatMap((runner) => [...runner.underWay.values()])
    ran += claimed
    if (claimed === 0 && underWay.length === 0) return ran
    await Promise.all(underWay)
  }
  throw new Error(`timers were still due after ${roundsMax} rounds`)
}

function underWayIn({ runners }: State): number {
  return runners.reduce((sum, { underWay }) => sum + underWay.size, 0)
}

function scopeOf({ merchantId, mode }: RevisedRow): Scope {
  return { merchantId, mode }
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<void>()
  const timer = setTimeout(late.resolve, ms)
  await Promise.race([work, late.promise])
  clearTimeout(timer)
}
