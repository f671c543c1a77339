import type { Pool, QueryConfig } from 'pg'

/**
 * Counts calls in fixed windows, exactly, for several processes over one PostgreSQL, without one statement for each call.
 *
 * States of the writer: idle → writing (one statement in flight) → idle, or → resting after a failure.
 * - idle: a call starts a statement at once; there is no timer that waits for more.
 * - writing: calls wait; when the statement ends they leave together as the next group, one row for each key, in key order so
 *   that two processes cannot deadlock.
 * - resting: after a failed or late statement every call is refused at once for a second, so that a database that does not
 *   answer costs nothing; the caller falls back on its own counting.
 */

/** At most `limit` calls in each fixed window of `windowMs` milliseconds, which opens with the first call. */
export interface RateWindow {
  readonly limit: number
  readonly windowMs: number
}

/** Where a call came in a window: the `points`-th call, refused when that is above the limit. */
export interface WindowCount {
  readonly points: number
  /** Epoch milliseconds at which the window ends. */
  readonly resetAtMs: number
}

/** Counts calls. Implemented over PostgreSQL here and in memory for tests and for when the database does not answer. */
export interface RateLimitStore {
  /**
   * Counts one call of `key` in each of the windows (one or two, the shorter first). A call that the first refuses is not counted in the
   * second, and the answer then holds the first count only. Rejects when the store cannot count.
   */
  count(key: string, windows: readonly RateWindow[]): Promise<readonly WindowCount[]>
}

/** A row holds two windows. */
export const rateWindowsMax = 2
/** Keys in one statement. */
const groupKeysMax = 256
/** Calls that may wait for a statement; more are refused to the caller's fallback. */
const waitingMax = 20_000
/** A statement that takes longer is given up on. */
const statementTimeoutMs = 500
/** How long the database is left alone after a failure. */
const restMs = 1_000
/** Rows of windows that ended are deleted in slices of this size, at most one slice per interval. */
const purgeSliceRows = 500
const purgeIntervalMs = 5_000

const countStatement = {
  name: 'rate_limit_count',
  text: `
    insert into rate_limit_windows as w (key, short_limit, short_points, short_reset_at, long_points, long_reset_at)
    select key, short_limit, calls, $6::bigint + short_ms, least(calls, short_limit), $6::bigint + long_ms
    from unnest($1::text[], $2::int[], $3::int[], $4::bigint[], $5::bigint[]) as input (key, calls, short_limit, short_ms, long_ms)
    on conflict (key) do update set
      short_limit = excluded.short_limit,
      short_points = case when w.short_reset_at <= $6 then 0 else w.short_points end + excluded.short_points,
      short_reset_at = case when w.short_reset_at <= $6 then excluded.short_reset_at else w.short_reset_at end,
      long_points = case when w.long_reset_at <= $6 then 0 else w.long_points end + greatest(0, least(
        excluded.short_points,
        excluded.short_limit - case when w.short_reset_at <= $6 then 0 else w.short_points end)),
      long_reset_at = case when w.long_reset_at <= $6 then excluded.long_reset_at else w.long_reset_at end
    returning key, short_points as "shortPoints", short_reset_at::float8 as "shortResetAt",
      long_points as "longPoints", long_reset_at::float8 as "longResetAt"`,
}

const purgeStatement = {
  name: 'rate_limit_purge',
  text: `
    delete from rate_limit_windows where key in (
      select key from rate_limit_windows where long_reset_at <= $1 and short_reset_at <= $1
      order by long_reset_at limit ${purgeSliceRows} for update skip locked)`,
}

interface Waiter {
  resolve(counts: readonly WindowCount[]): void
  reject(error: Error): void
}

interface KeyGroup {
  readonly windows: readonly RateWindow[]
  readonly waiters: Waiter[]
}

interface CountedRow {
  readonly key: string
  readonly shortPoints: number
  readonly shortResetAt: number
  readonly longPoints: number
  readonly longResetAt: number
}

/** The writer's state; see the head of this file. */
interface Writer {
  readonly pool: Pick<Pool, 'query'>
  readonly now: () => number
  pending: Map<string, KeyGroup>
  /** Calls in `pending`. */
  waiting: number
  writing: boolean
  /** True while a statement runs, also one that was given up on. */
  statementRuns: boolean
  restUntilMs: number
  purgedAtMs: number
}

/**
 * Makes the shared store. `pool` may be the one that the engine uses: at most one connection is taken at a time. Named prepared statements are
 * used, so a pooler in transaction mode must support them. `now` gives epoch milliseconds; processes must agree on it as well as NTP does.
 */
export function createRateLimitStore(pool: Pick<Pool, 'query'>, now: () => number): RateLimitStore {
  const writer: Writer = {
    pool,
    now,
    pending: new Map(),
    waiting: 0,
    writing: false,
    statementRuns: false,
    restUntilMs: Number.NEGATIVE_INFINITY,
    purgedAtMs: now(),
  }
  return {
    count(key, windows) {
      const refusal = refusalOf(writer, windows)
      if (refusal !== undefined) return Promise.reject(new Error(refusal))
      return new Promise((resolve, reject) => {
        const group = writer.pending.get(key)
        if (group === undefined) writer.pending.set(key, { windows, waiters: [{ resolve, reject }] })
        else group.waiters.push({ resolve, reject })
        writer.waiting += 1
        if (!writer.writing) void writeGroups(writer)
      })
    },
  }
}

function refusalOf(writer: Writer, windows: readonly RateWindow[]): string | undefined {
  if (windows.length === 0 || windows.length > rateWindowsMax) {
    return `A key is counted in 1 to ${rateWindowsMax} windows, not ${windows.length}`
  }
  if (writer.now() < writer.restUntilMs) return 'The rate limit store rests after a failure'
  if (writer.statementRuns && !writer.writing) return 'A late rate limit statement has not ended yet'
  return writer.waiting >= waitingMax ? `More than ${waitingMax} calls wait to be counted` : undefined
}

/** Writes group after group until nobody waits. After a failure all who wait are refused. */
async function writeGroups(writer: Writer): Promise<void> {
  writer.writing = true
  while (writer.pending.size > 0) {
    const group = takeGroup(writer)
    try {
      settleGroup(group, await run(writer, countQuery(group, writer.now())))
      await purgeWhenDue(writer)
    } catch (error) {
      writer.restUntilMs = writer.now() + restMs
      rejectAll(group, asError(error))
      rejectAll(writer.pending, asError(error))
      writer.pending = new Map()
      writer.waiting = 0
    }
  }
  writer.writing = false
}

function takeGroup(writer: Writer): Map<string, KeyGroup> {
  const taken =
    writer.pending.size <= groupKeysMax ? writer.pending : new Map([...writer.pending].slice(0, groupKeysMax))
  if (taken === writer.pending) writer.pending = new Map()
  else for (const key of taken.keys()) writer.pending.delete(key)
  for (const group of taken.values()) writer.waiting -= group.waiters.length
  return taken
}

async function purgeWhenDue(writer: Writer): Promise<void> {
  const nowMs = writer.now()
  if (nowMs - writer.purgedAtMs < purgeIntervalMs) return
  writer.purgedAtMs = nowMs
  await run(writer, { ...purgeStatement, values: [nowMs] })
}

/** Runs a statement for no longer than its bound. A late one runs on, and until it ends no other is sent. */
async function run(writer: Writer, query: QueryConfig): Promise<{ readonly rows: readonly unknown[] }> {
  const statement = writer.pool.query(query)
  writer.statementRuns = true
  const ended = () => {
    writer.statementRuns = false
  }
  statement.then(ended, ended)
  return await within(statement, statementTimeoutMs)
}

function countQuery(groups: ReadonlyMap<string, KeyGroup>, nowMs: number) {
  const keys = [...groups.keys()].toSorted()
  const column = (pick: (group: KeyGroup) => number) => keys.map((key) => pick(groups.get(key) as KeyGroup))
  return {
    ...countStatement,
    values: [
      keys,
      column((group) => group.waiters.length),
      column((group) => group.windows[0]?.limit ?? 0),
      column((group) => group.windows[0]?.windowMs ?? 0),
      column((group) => (group.windows[1] ?? group.windows[0])?.windowMs ?? 0),
      nowMs,
    ],
  }
}

/** Gives each waiter its own place: the row holds the totals after all of the group's calls. */
function settleGroup(groups: ReadonlyMap<string, KeyGroup>, result: { readonly rows: readonly unknown[] }): void {
  for (const row of result.rows as readonly CountedRow[]) {
    const group = groups.get(row.key)
    const shortLimit = group?.windows[0]?.limit
    if (group === undefined || shortLimit === undefined) continue
    const calls = group.waiters.length
    const shortBefore = row.shortPoints - calls
    const passed = Math.max(0, Math.min(calls, shortLimit - shortBefore))
    const longBefore = row.longPoints - passed
    group.waiters.forEach((waiter, index) => {
      const short = { points: shortBefore + index + 1, resetAtMs: row.shortResetAt }
      const long = { points: longBefore + index + 1, resetAtMs: row.longResetAt }
      waiter.resolve(group.windows.length > 1 && index < passed ? [short, long] : [short])
    })
  }
}

function rejectAll(groups: ReadonlyMap<string, KeyGroup>, error: Error): void {
  for (const group of groups.values()) for (const waiter of group.waiters) waiter.reject(error)
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}

/** Waits for `work` at most `timeoutMs`. */
async function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`The rate limit statement took more than ${timeoutMs} ms`)), timeoutMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
