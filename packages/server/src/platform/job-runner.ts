/*
 * Background jobs: graphile-worker behind the few verbs that we use.
 *
 * States of a runner: starting → listening (jobs are taken as they are added, and polled for as a safety net) → lost (one of
 * its sessions, or the library, gave up) → starting again after a pause …; from any of them → stopped.
 * A runner that lost its database may never end: the library's promise can stay open when the connections break while a
 * job's end is being written. So its end is waited for only so long, and it has a pool of its own, which goes with it.
 *
 * States of a job: waiting → locked by a runner → done (the row is gone), or failed → waiting again, exponentially later
 * (e^n seconds for the n-th failure, at most 6 hours), → after `max_attempts` (25, about four days) dead: the row stays
 * in `graphile_worker.jobs` with its last error until a person reschedules or removes it.
 *
 * A process that dies leaves its jobs locked. Every runner holds an advisory lock under its own id on a session of its
 * own, and ends when that session is lost; a lock of a job whose runner's advisory lock can be had is nobody's, and is
 * broken. So a task may run twice, also at once, and every task must bear that.
 */
import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Runner, run, runOnce, type TaskList, type WorkerEvents } from 'graphile-worker'
import type pg from 'pg'
import { endWhenSilent } from './database.ts'
import { createJobLogger } from './job-logger.ts'
import { createJobPool } from './job-schema.ts'
import type { Log } from './log.ts'

/** Does one kind of job. A throw makes the job fail and run again later. Must be safe to repeat. */
export type JobTask = (payload: unknown) => Promise<void>

/** What a runner is started with. */
export interface JobRunnerOptions {
  readonly url: string
  /** Tasks by the name of their jobs. */
  readonly tasks: Readonly<Record<string, JobTask>>
  /** Jobs at once, in this process. */
  readonly concurrency: number
  readonly log: Log
}

/** A runner at work. */
export interface JobRunner {
  /**
   * Resolves once no job is due and none is under way, in any process, and answers how many this process ran meanwhile.
   * Throws when jobs are still under way after a minute.
   */
  runAllDue(): Promise<number>
  /** Jobs that have failed for good and wait for a person, counted up to 1,000. */
  deadJobs(): Promise<number>
  /** Whether jobs are being taken. */
  isListening(): boolean
  /** Takes no new job, lets those under way end (for five seconds; what then still runs is done again by another process), and closes its connections. */
  stop(): Promise<void>
}

/** The safety net beside NOTIFY, and how soon a failed job is noticed to be due. */
const pollIntervalMs = 1_000
const restartPauseMs = 500
/** How long a runner that lost its database may take to end before it is given up. */
const lostTimeoutMs = 1_000
/** The library lets jobs end for five seconds, then gives them up. */
const stopTimeoutMs = 10_000
const recoverIntervalMs = 5_000
/** The library's queries take milliseconds; one that is silent for so long was swallowed by the network. */
const silenceMaxMs = 10_000
/** How often the session that guards a runner is asked whether it still stands. */
const guardIntervalMs = 5_000
const quietPollMs = 5
const quietTimeoutMs = 60_000
const deadJobsMax = 1_000

/**
 * Without these delays the library writes a job's end and does not wait for it: a lost connection would then be an
 * unhandled rejection, which ends the process, and stopping would forget jobs that were done.
 */
const preset: GraphileConfig.Preset = { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } }

interface State {
  readonly options: JobRunnerOptions
  /** For everything but the runner. Replaced when the library may have kept connections of it for good. */
  pool: pg.Pool
  readonly tasks: TaskList
  ran: number
  isListening: boolean
  readonly stopping: AbortController
}

/** Starts taking jobs. It does not wait for the database and survives its absence. */
export function startJobRunner(options: JobRunnerOptions): JobRunner {
  const state: State = {
    options,
    pool: openPool(options),
    tasks: Object.fromEntries(Object.entries(options.tasks).map(([name, task]) => [name, counted(() => state, task)])),
    ran: 0,
    isListening: false,
    stopping: new AbortController(),
  }
  const running = Promise.all([superviseRunner(state), recoverRegularly(state)])
  let stopped: Promise<void> | undefined
  return {
    runAllDue: () => runAllDue(state),
    deadJobs: () => countDeadJobs(state.pool),
    isListening: () => state.isListening,
    stop: () => {
      stopped ??= stop(state, running)
      return stopped
    },
  }
}

function counted(state: () => State, task: JobTask): JobTask {
  return async (payload) => {
    try {
      await task(payload)
    } finally {
      state().ran += 1
    }
  }
}

async function stop(state: State, running: Promise<unknown>): Promise<void> {
  state.stopping.abort()
  await running
  await discard(state.pool, stopTimeoutMs)
}

function openPool({ url, concurrency, log }: JobRunnerOptions): pg.Pool {
  const pool = createJobPool(url, concurrency + 3, (error) =>
    log.warn({ err: error }, 'a connection of the job runner was lost'),
  )
  endWhenSilent(pool, silenceMaxMs)
  return pool
}

/** Closes a pool; connections that nobody gives back are not waited for. */
async function discard(pool: pg.Pool, timeoutMs: number): Promise<void> {
  await within(timeoutMs, pool.end())
}

/** Keeps a runner running: the library gives up after a long outage of the database, and we do not. */
async function superviseRunner(state: State): Promise<void> {
  const { log } = state.options
  const { signal } = state.stopping
  while (!signal.aborted) {
    try {
      await runUntilLost(state)
    } catch (error) {
      log.error({ err: error }, 'the job runner stopped and will be started again')
    }
    state.isListening = false
    if (!signal.aborted) await pause(restartPauseMs, signal)
  }
}

async function runUntilLost(state: State): Promise<void> {
  const { signal } = state.stopping
  const pool = openPool(state.options)
  const over = Promise.withResolvers<void>()
  const end = () => over.resolve()
  const endTimeoutMs = () => (signal.aborted ? stopTimeoutMs : lostTimeoutMs)
  signal.addEventListener('abort', end, { once: true })
  // What was lost may have been the taking of a job, done after all: its lock would be ours, and nobody would run it.
  pool.on('connect', (client) => client.on('error', end))
  let asking: NodeJS.Timeout | undefined
  try {
    const guard = await pool.connect()
    const { runner, lockName } = await startRunner(state, pool)
    try {
      await guard.query(guardStatement, [lockName])
      asking = setInterval(() => guard.query('select').catch(end), guardIntervalMs)
      // Asked to stop while it was starting: the signal has been given and comes no more.
      if (!signal.aborted) await Promise.race([runner.promise, over.promise])
    } finally {
      await within(
        signal.aborted ? stopTimeoutMs : lostTimeoutMs,
        Promise.allSettled([stopOnce(runner), runner.promise]),
      )
      // Closed, not handed back: the advisory lock ends with the session.
      guard.release(true)
    }
  } finally {
    clearInterval(asking)
    signal.removeEventListener('abort', end)
    await discard(pool, endTimeoutMs())
  }
}

/**
 * The advisory lock says that the runner lives. If the network between swallows everything, the server has to find out by
 * itself that nobody holds the lock any more, and by its own settings that may take hours.
 */
const guardStatement = `select pg_try_advisory_lock(hashtextextended($1, 0)), set_config('tcp_keepalives_idle', '10', false),
  set_config('tcp_keepalives_interval', '5', false), set_config('tcp_keepalives_count', '3', false)`

async function startRunner(state: State, pgPool: pg.Pool): Promise<{ runner: Runner; lockName: string }> {
  const { log, concurrency } = state.options
  const events: WorkerEvents = new EventEmitter()
  const created = Promise.withResolvers<string>()
  events.on('pool:create', ({ workerPool }) => created.resolve(workerPool.id))
  events.on('pool:listen:success', () => {
    state.isListening = true
  })
  events.on('pool:listen:error', () => {
    state.isListening = false
  })
  const runner = await run({
    pgPool,
    taskList: state.tasks,
    concurrency,
    logger: createJobLogger(log),
    events,
    pollInterval: pollIntervalMs,
    preset,
    noHandleSignals: true,
  })
  return { runner, lockName: `paylect-jobs:${await created.promise}` }
}

/** A runner that ended by itself meanwhile refuses to be stopped; it is gone either way. */
async function stopOnce(runner: Runner): Promise<void> {
  await runner.stop().catch(() => undefined)
}

async function recoverRegularly(state: State): Promise<void> {
  const { signal } = state.stopping
  while (!signal.aborted) {
    try {
      const recovered = await breakAbandonedLocks(state.pool)
      if (recovered > 0) state.options.log.warn({ recovered }, 'jobs of a runner that died were freed')
    } catch (error) {
      state.options.log.warn({ err: error }, 'abandoned jobs could not be looked for')
    }
    await pause(recoverIntervalMs, signal)
  }
}

/**
 * A runner takes its advisory lock a moment after its first job, and the short-lived ones of `runAllDue` take none:
 * hence the ages.
 */
async function breakAbandonedLocks(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ freed: number }>(`
    with owners as materialized (
      select locked_by, count(*)::integer as jobs from graphile_worker.jobs
      where locked_at < now() - case when locked_by like 'pool-%' then interval '5 seconds' else interval '1 minute' end
      group by locked_by),
    dead as materialized (
      select locked_by, jobs from owners where pg_try_advisory_xact_lock(hashtextextended('paylect-jobs:' || locked_by, 0)))
    select coalesce((select sum(jobs) from dead), 0)::integer as freed,
      graphile_worker.force_unlock_workers(array(select locked_by from dead))`)
  return rows[0]?.freed ?? 0
}

async function runAllDue(state: State): Promise<number> {
  const ranBefore = state.ran
  const deadlineMs = performance.now() + quietTimeoutMs
  while (performance.now() < deadlineMs) {
    if ((await countDueJobs(state.pool)) === 0) return state.ran - ranBefore
    await runDueOnce(state, deadlineMs - performance.now())
    if ((await countDueJobs(state.pool)) === 0) return state.ran - ranBefore
    await sleep(quietPollMs)
  }
  throw new Error(`background jobs were still under way after ${quietTimeoutMs} ms`)
}

/** Like the runner, a run that lost its database may never end: it is then given up with the pool that it holds. */
async function runDueOnce(state: State, timeoutMs: number): Promise<void> {
  const pgPool = state.pool
  const running = runOnce({
    pgPool,
    taskList: state.tasks,
    logger: createJobLogger(state.options.log),
    preset,
    noHandleSignals: true,
  })
  try {
    if (await within(timeoutMs, running)) return
  } catch (error) {
    replacePool(state, pgPool)
    throw error
  }
  replacePool(state, pgPool)
}

function replacePool(state: State, used: pg.Pool): void {
  if (state.pool !== used || state.stopping.signal.aborted) return
  state.pool = openPool(state.options)
  void discard(used, lostTimeoutMs)
}

/** Jobs that are due or under way. A dead job is neither. */
async function countDueJobs(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ due: number }>(
    `select count(*)::integer as due from graphile_worker.jobs
      where locked_at is not null or (run_at <= now() and attempts < max_attempts)`,
  )
  return rows[0]?.due ?? 0
}

async function countDeadJobs(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ dead: number }>(
    `select count(*)::integer as dead from (select from graphile_worker.jobs
      where locked_at is null and attempts >= max_attempts limit $1) dead`,
    [deadJobsMax],
  )
  return rows[0]?.dead ?? 0
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}

/** Waits for `work` at most `ms`; answers whether it ended. Its failure after that is nobody's any more. */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  const late = Promise.withResolvers<false>()
  const timer = setTimeout(() => late.resolve(false), ms)
  try {
    return await Promise.race([work.then(() => true as const), late.promise])
  } finally {
    clearTimeout(timer)
  }
}
