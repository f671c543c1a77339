/*
 * The event outbox: what commits have put there is handed to one task in batches, so that a busy server pays for its
 * fan-out once for many groups.
 *
 * States of a row: due → leased (its due time is the end of the lease) → deleted, or due again later after a failure
 * (e^n seconds for the n-th, at most 6 hours), → after 25 tries given up: it stays until a person looks at it. A lease
 * of a process that died simply ends. So the task may run twice for one row, also at once, and must bear that.
 *
 * States of the loop: connecting → taking (and deleting what is done) → running the task → taking …, or asleep (until a commit tells, a second at
 * most) → taking; connecting again whenever its session fails or falls silent; stopping.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { connectionConfig, endWhenSilent } from './database.ts'
import {
  countDueOutboxRows,
  type OutboxRow,
  outboxChannel,
  putBackOutboxRow,
  readOutboxCounts,
  takeOutboxRows,
} from './event-outbox-queries.ts'
import type { Log } from './log.ts'

/** What an outbox is read with. */
export interface EventOutboxOptions {
  readonly url: string
  /** Does the work for events, given as `[merchantId, mode, number]`. A throw makes it be done again later. */
  readonly task: (events: readonly unknown[]) => Promise<void>
  readonly log: Log
}

/** An outbox at work. */
export interface EventOutbox {
  /** Something was written: look at once. */
  wake(): void
  /** Resolves once nothing is due and nothing under way, in any process; answers how many rows this process did. */
  runAllDue(): Promise<number>
  /** Rows that were given up and wait for a person. */
  givenUp(): Promise<number>
  /** Whether the last look at the outbox succeeded. */
  isWorking(): boolean
  /** Takes no new row, lets the batch under way end, and closes its connection. */
  stop(): Promise<void>
}

/** Longer than a batch takes under load; what a process that died had taken waits for so long. */
const leaseMs = 20_000
/** Rows, each of one group of commands, that make one batch. */
const batchMax = 16
const triesMax = 25
const pauseMaxMs = 6 * 3_600_000
const sleepMaxMs = 1_000
/** Between two looks: a busy server commits several groups in this time, and a webhook may come so much later. */
const gatherMs = 5
const reconnectPauseMs = 500
/** A statement here takes milliseconds; one that is silent for so long was swallowed by the network. */
const silenceMaxMs = 10_000
const connectionsMax = 2
const quietPollMs = 5
const quietTimeoutMs = 60_000

interface State {
  readonly options: EventOutboxOptions
  /** One connection for the loop, one for who asks how it stands. */
  readonly pool: pg.Pool
  /** Resolved and replaced to end the loop's sleep. */
  woken: PromiseWithResolvers<void>
  isStopping: boolean
  isWorking: boolean
  ran: number
}

/** Starts reading the outbox. It does not wait for the database and survives its absence. */
export function startEventOutbox(options: EventOutboxOptions): EventOutbox {
  const pool = openPool(options)
  const state: State = { options, pool, woken: Promise.withResolvers(), isStopping: false, isWorking: false, ran: 0 }
  const looping = supervise(state)
  return {
    wake: () => state.woken.resolve(),
    runAllDue: () => runAllDue(state),
    givenUp: async () => Number((await readOutboxCounts(pool))?.givenUp ?? 0n),
    isWorking: () => state.isWorking,
    stop: async () => {
      state.isStopping = true
      state.woken.resolve()
      await looping
      await pool.end()
    },
  }
}

async function supervise(state: State): Promise<void> {
  while (!state.isStopping) {
    try {
      await withSession(state)
    } catch (error) {
      state.isWorking = false
      state.options.log.warn({ err: error }, 'the event outbox could not be read and will be read again')
      if (!state.isStopping) await asleep(state, reconnectPauseMs)
    }
  }
}

function openPool({ url, log }: EventOutboxOptions): pg.Pool {
  const pool = new pg.Pool({ ...connectionConfig(url, 'paylect-outbox'), max: connectionsMax })
  const onError = (error: Error) => log.warn({ err: error }, 'a connection of the event outbox was lost')
  pool.on('error', onError)
  pool.on('connect', (client) => {
    client.on('error', onError)
  })
  endWhenSilent(pool, silenceMaxMs)
  return pool
}

async function withSession(state: State): Promise<void> {
  const session = await state.pool.connect()
  try {
    await loop(state, session)
  } finally {
    // Closed, not handed back: it listens, and it may be broken.
    session.release(true)
  }
}

async function loop(state: State, session: pg.PoolClient): Promise<void> {
  session.on('notification', () => state.woken.resolve())
  session.on('end', () => state.woken.resolve())
  await session.query(`listen ${outboxChannel}`)
  let done: readonly bigint[] = []
  while (!state.isStopping || done.length > 0) {
    state.woken = Promise.withResolvers()
    const rows = await takeOutboxRows(session, done, leaseMs, state.isStopping ? 0 : batchMax)
    done = rows.length === 0 ? [] : await runBatch(state, session, rows)
    state.isWorking = true
    if (rows.length === 0) await asleep(state, sleepMaxMs)
    // What commits write in the meantime is taken together.
    if (!state.isStopping) await sleep(gatherMs)
  }
}

/**
 * One batch as a whole; after a failure each row alone, so that one that cannot be done holds up no other. Answers the rows
 * that are done.
 */
async function runBatch(state: State, session: pg.PoolClient, rows: readonly OutboxRow[]): Promise<bigint[]> {
  const { task, log } = state.options
  try {
    await task(rows.flatMap(({ events }) => events))
    state.ran += rows.length
    return rows.map(({ id }) => id)
  } catch (error) {
    if (rows.length > 1) {
      const done: bigint[] = []
      for (const row of rows) done.push(...(await runBatch(state, session, [row])))
      return done
    }
    const [row] = rows as [OutboxRow]
    const pauseMs = row.tries < triesMax ? Math.min(Math.exp(row.tries) * 1_000, pauseMaxMs) : undefined
    log.error({ err: error, outboxRow: row.id.toString(), tries: row.tries, pauseMs }, 'events could not be fanned out')
    await putBackOutboxRow(session, row.id, pauseMs, String(error))
    return []
  }
}

async function asleep(state: State, ms: number): Promise<void> {
  if (state.isStopping) return
  const timer = setTimeout(() => state.woken.resolve(), ms)
  await state.woken.promise
  clearTimeout(timer)
}

async function runAllDue(state: State): Promise<number> {
  const ranBefore = state.ran
  const deadlineMs = performance.now() + quietTimeoutMs
  while (performance.now() < deadlineMs) {
    if ((await countDueOutboxRows(state.pool)) === 0) return state.ran - ranBefore
    state.woken.resolve()
    await sleep(quietPollMs)
  }
  throw new Error(`events were still to be fanned out after ${quietTimeoutMs} ms`)
}
