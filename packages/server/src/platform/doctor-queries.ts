import type pg from 'pg'
import type { Instant } from '../kernel/clock.ts'
import type { Mode } from '../kernel/scope.ts'

/** A pool or a connection that reads; values arrive as `database-types.ts` says. */
export type DoctorReader = Pick<pg.Pool, 'query'>

/** What the server says of itself. */
export interface ServerFacts {
  readonly version: string
  readonly database: string
  readonly bytes: bigint
  /** The server's clock at the moment of asking. */
  readonly clock: Instant
}

/** Asks the server for its version, the database's size and its clock. */
export async function readServerFacts(reader: DoctorReader): Promise<ServerFacts> {
  const { rows } = await reader.query<ServerFacts>(
    `select current_setting('server_version') as version, current_database()::text as database,
      pg_database_size(current_database()) as bytes, clock_timestamp() as clock`,
  )
  return rows[0] as ServerFacts
}

/** The names of the migrations that ran, in order; none where the database is new. */
export async function readAppliedMigrations(reader: DoctorReader): Promise<readonly string[]> {
  const { rows: tables } = await reader.query<{ known: boolean }>(
    `select to_regclass('schema_migration_checksum') is not null as known`,
  )
  if (tables[0]?.known !== true) return []
  const { rows } = await reader.query<{ name: string }>('select name from schema_migration_checksum order by name')
  return rows.map(({ name }) => name)
}

/** Roughly how many transfers the ledger has: what the planner believes, so that asking costs nothing. */
export async function estimateTransfers(reader: DoctorReader): Promise<bigint> {
  const { rows } = await reader.query<{ transfers: bigint }>(
    `select greatest(reltuples, 0)::bigint as transfers from pg_class where oid = 'ledger_transfers'::regclass`,
  )
  return rows[0]?.transfers ?? 0n
}

/** The tables whose rows fall due, and what such a row is for people. */
export const timerTables = {
  payments: 'payments that expire',
  attempts: 'attempts to be asked about',
  deliveries: 'webhooks to be sent',
  scheduled_notifications: 'notifications of the simulator',
} as const

/** One of them. */
export type TimerTable = keyof typeof timerTables

/** Overdue rows of one kind. */
export interface OverdueTimers {
  readonly count: bigint
  /** The earliest due time, in the clock of its mode; null where nothing is overdue. */
  readonly earliest: Instant | null
}

/** Counts rows that should have been taken up by then, `limit` at most. `dueBy` is an instant of the mode's clock. */
export async function countOverdue(
  reader: DoctorReader,
  table: TimerTable,
  mode: Mode,
  dueBy: string,
  limit: number,
): Promise<OverdueTimers> {
  // crosses merchants: the operator asks whether the installation is keeping up.
  const text = `select count(*) as count, min(due_at) as earliest from (
    select due_at from ${table} where mode = $1 and due_at < $2::timestamptz order by due_at limit $3) overdue`
  const { rows } = await reader.query<OverdueTimers>(text, [mode, dueBy, limit])
  return rows[0] as OverdueTimers
}

/** An attempt whose outcome nobody has learnt for long. */
export interface StuckAttempt {
  readonly merchantId: string
  readonly mode: Mode
  readonly id: string
  readonly status: string
  readonly rail: string
}

/**
 * Attempts whose rail should have been asked again before `dueBy` (an instant of the mode's clock), and attempts that
 * were asked `pollsMax` times or more and are open still; at most `limit`.
 */
export async function readStuckAttempts(
  reader: DoctorReader,
  mode: Mode,
  dueBy: string,
  pollsMax: number,
  limit: number,
): Promise<readonly StuckAttempt[]> {
  // crosses merchants: the operator asks whether any attempt of the installation is stuck.
  const text = `select merchant_id as "merchantId", mode, id, status, rail from attempts
    where mode = $1 and due_at is not null and status in ('unknown', 'processing')
      and (due_at < $2::timestamptz or polls >= $3) order by due_at limit $4`
  const { rows } = await reader.query<StuckAttempt>(text, [mode, dueBy, pollsMax, limit])
  return rows
}

/** A webhook endpoint that keeps refusing, or that was disabled for it. */
export interface FailingEndpoint {
  readonly merchantId: string
  readonly mode: Mode
  readonly id: string
  readonly url: string | null
  readonly status: string
  /** The first failed try after which none succeeded. */
  readonly failingSince: Instant | null
}

/** Endpoints that were disabled, and enabled ones that have failed since before `failingBefore`; the longest first. */
export async function readFailingEndpoints(
  reader: DoctorReader,
  mode: Mode,
  failingBefore: string,
  limit: number,
): Promise<readonly FailingEndpoint[]> {
  // crosses merchants: the operator asks which receivers of the installation fail.
  const text = `select merchant_id as "merchantId", mode, id, url, status, failing_since as "failingSince"
    from webhook_endpoints
    where mode = $1 and (status = 'disabled' or status = 'enabled' and failing_since < $2::timestamptz)
    order by failing_since, id limit $3`
  const { rows } = await reader.query<FailingEndpoint>(text, [mode, failingBefore, limit])
  return rows
}

/** What the job queue holds. */
export interface JobCounts {
  /** Jobs that failed at least once and will be tried again. */
  readonly failing: bigint
  /** Jobs that nobody tries any more. */
  readonly givenUp: bigint
  /** Jobs that wait to be taken up for the first time. */
  readonly waiting: bigint
  readonly lastError: string | null
  readonly task: string | null
}

/** Counts the jobs of graphile-worker; undefined where its schema is not installed. */
export async function readJobCounts(reader: DoctorReader): Promise<JobCounts | undefined> {
  const { rows: views } = await reader.query<{ known: boolean }>(
    `select to_regclass('graphile_worker.jobs') is not null as known`,
  )
  if (views[0]?.known !== true) return undefined
  const { rows } = await reader.query<JobCounts>(
    `select count(*) filter (where last_error is not null and attempts < max_attempts) as failing,
      count(*) filter (where attempts >= max_attempts and locked_at is null) as "givenUp",
      count(*) filter (where attempts = 0 and run_at <= now()) as waiting,
      (array_agg(left(last_error, 200) order by updated_at desc) filter (where last_error is not null))[1] as "lastError",
      (array_agg(task_identifier order by updated_at desc) filter (where last_error is not null))[1] as task
    from graphile_worker.jobs`,
  )
  return rows[0]
}
