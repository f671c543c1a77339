import { statfs } from 'node:fs/promises'
import type { Config } from '../config.ts'
import { type Instant, isoFromInstant, systemClock } from '../kernel/clock.ts'
import type { Mode } from '../kernel/scope.ts'
import { verifyLedger } from '../ledger/verify-ledger.ts'
import type { Database } from '../platform/database.ts'
import {
  countOverdue,
  estimateTransfers,
  readFailingEndpoints,
  readJobCounts,
  readServerFacts,
  readStuckAttempts,
  type TimerTable,
  timerTables,
} from '../platform/doctor-queries.ts'
import { readOutboxCounts } from '../platform/event-outbox-queries.ts'
import { findMasterKey, tryMasterKey } from './master-key.ts'
import { pendingMigrations } from './open-engine.ts'

/** `fail` must be mended, `warn` should be looked at. */
export type FindingState = 'ok' | 'warn' | 'fail'

/** What one check has found, and what to do about it. */
export interface Finding {
  readonly check: string
  readonly state: FindingState
  readonly message: string
  readonly advice?: string
}

/** What the checks look at. */
export interface DoctorContext {
  readonly config: Config
  readonly database: Database
  /** Leaves the proof of the ledger out. */
  readonly quick: boolean
  /** Proves the ledger however long it is. */
  readonly full: boolean
  /** The present moment of a mode's clock. */
  now(mode: Mode): Instant
}

/** One check: it looks and tells, and changes nothing. */
export interface DoctorCheck {
  readonly check: string
  /** Whether it needs the tables to be there. */
  readonly needsSchema: boolean
  run(context: DoctorContext): Promise<Omit<Finding, 'check'>>
}

const modes = ['live', 'sandbox'] as const
const skewWarnMs = 1_000
const skewFailMs = 30_000
const overdueAfterMs = 60_000
const stuckAfterMs = 600_000
const pollsMany = 10
const failingAfterMs = 3_600_000
const countMax = 10_000
const namesMax = 3
const freeWarnBytes = 5_000_000_000
const freeFailBytes = 500_000_000
/** Longer ledgers are proved only when asked: some hundred thousand transfers take a second. */
const transfersMax = 1_000_000n

const startAdvice = 'Is a gateway running? "paylect start" takes them up; see its log if it is.'

/** Everything that `paylect doctor` looks at, in the order in which it is told. */
export const doctorChecks: readonly DoctorCheck[] = [
  { check: 'database', needsSchema: false, run: checkServer },
  { check: 'migrations', needsSchema: false, run: checkMigrations },
  { check: 'clock', needsSchema: false, run: checkClock },
  { check: 'disk', needsSchema: false, run: checkDisk },
  { check: 'master key', needsSchema: true, run: checkMasterKey },
  { check: 'ledger', needsSchema: true, run: checkLedger },
  { check: 'attempts', needsSchema: true, run: checkAttempts },
  { check: 'timers', needsSchema: true, run: checkTimers },
  { check: 'webhooks', needsSchema: true, run: checkBacklog },
  { check: 'endpoints', needsSchema: true, run: checkEndpoints },
  { check: 'jobs', needsSchema: true, run: checkJobs },
]

async function checkServer({ database }: DoctorContext) {
  const { version, database: name, bytes } = await readServerFacts(database.pool)
  return ok(`PostgreSQL ${version.split(' ')[0]}, database ${name}, ${sizeText(Number(bytes))}`)
}

async function checkMigrations({ database }: DoctorContext) {
  const pending = await pendingMigrations(database)
  if (pending.length === 0) return ok('the schema is this version’s')
  return fail(`pending: ${pending.join(', ')}`, 'Run "paylect migrate"; "paylect start" does it too.')
}

/** The server's clock is read between two looks at ours, so the way there and back counts half. */
async function checkClock({ database }: DoctorContext) {
  const before = systemClock.now()
  const { clock } = await readServerFacts(database.pool)
  const skewMs = Math.abs(clock - (before + systemClock.now()) / 2)
  const text = `the database’s clock and this machine’s differ by ${Math.round(skewMs)} ms`
  const advice = 'Let NTP set the clock on both machines: expiries and signatures depend on it.'
  if (skewMs > skewFailMs) return fail(text, advice)
  return skewMs > skewWarnMs ? warn(text, advice) : ok(text)
}

async function checkDisk({ config }: DoctorContext) {
  const path = config.dataDirectory
  // A data directory that is not there yet is made below the one where we are.
  const { bavail, bsize } = await statfs(path).catch(() => statfs('.'))
  const free = bavail * bsize
  const text = `${sizeText(free)} free for ${path}`
  const advice = 'Make room: a database without space stops, and so do payments.'
  if (free < freeFailBytes) return fail(text, advice)
  return free < freeWarnBytes ? warn(text, advice) : ok(text)
}

async function checkMasterKey({ config, database }: DoctorContext) {
  const masterKey = await findMasterKey(config)
  if (masterKey === undefined) {
    return warn('there is none yet', 'The first start makes one in the data directory; or set PAYLECT_MASTER_KEY.')
  }
  const state = await tryMasterKey(database.pool, masterKey)
  if (state === 'opens') return ok('it opens what is sealed')
  if (state === 'untried') return ok('there is one, and nothing is sealed yet')
  const advice = 'Restore master.key or PAYLECT_MASTER_KEY from the backup: signing secrets cannot be read without it.'
  return fail('it does not open what is sealed', advice)
}

async function checkLedger({ database, quick, full }: DoctorContext) {
  if (quick) return ok('not proved (--quick)')
  const estimate = await estimateTransfers(database.pool)
  if (estimate > transfersMax && !full) {
    return warn(`not proved: about ${estimate} transfers`, 'Run "paylect ledger verify", or "paylect doctor --full".')
  }
  const { transfers, findingsTotal, findings } = await verifyLedger({ pool: database.pool })
  if (findingsTotal === 0) return ok(`proved over ${transfers} transfers`)
  const first = findings[0]?.message ?? ''
  return fail(
    `${findingsTotal} findings. ${first}`,
    'Run "paylect ledger verify", and stop payouts until it is explained.',
  )
}

async function checkAttempts({ database, now }: DoctorContext) {
  const found = await perMode((mode) => {
    return readStuckAttempts(database.pool, mode, isoFromInstant(now(mode) - stuckAfterMs), pollsMany, countMax)
  })
  if (found.length === 0) return ok('none is stuck')
  const names = found.slice(0, namesMax).map(({ id, status, rail }) => `${id} (${status} on ${rail})`)
  const advice = `Nobody has learnt their outcome. ${startAdvice} If it is, ask the rail about them.`
  return warn(`${countText(found.length)} stuck: ${names.join(', ')}`, advice)
}

async function checkTimers(context: DoctorContext) {
  const tables = (Object.keys(timerTables) as TimerTable[]).filter((table) => table !== 'deliveries')
  const overdue = (await Promise.all(tables.map((table) => overdueOf(context, table)))).filter(({ count }) => count > 0)
  if (overdue.length === 0) return ok('none is overdue')
  const texts = overdue.map(({ table, count, lateMs }) => {
    return `${countText(count)} ${timerTables[table]}, the oldest for ${spanText(lateMs)}`
  })
  return warn(`overdue: ${texts.join('; ')}`, startAdvice)
}

async function checkBacklog(context: DoctorContext) {
  const { count, lateMs } = await overdueOf(context, 'deliveries')
  if (count === 0) return ok('no delivery is overdue')
  return warn(`${countText(count)} deliveries wait, the oldest for ${spanText(lateMs)}`, startAdvice)
}

async function checkEndpoints({ database, now }: DoctorContext) {
  const found = await perMode((mode) => {
    return readFailingEndpoints(database.pool, mode, isoFromInstant(now(mode) - failingAfterMs), countMax)
  })
  if (found.length === 0) return ok('every receiver answers')
  const names = found.slice(0, namesMax).map(({ merchantId, id, url, status }) => {
    return `${id} of ${merchantId} (${url ?? 'no address'}, ${status === 'disabled' ? 'disabled' : 'failing'})`
  })
  const advice = 'Tell the merchant; when it answers again, resume the endpoint and resend what failed.'
  return warn(`${countText(found.length)} failing: ${names.join(', ')}`, advice)
}

async function checkJobs({ database }: DoctorContext) {
  const [jobs, outbox] = await Promise.all([readJobCounts(database.pool), readOutboxCounts(database.pool)])
  if (!jobs || !outbox) return fail('the job queue is not installed', 'Run "paylect migrate".')
  const counts = {
    failing: jobs.failing + outbox.failing,
    givenUp: jobs.givenUp + outbox.givenUp,
    waiting: jobs.waiting + outbox.waiting,
    task: outbox.lastError === null ? jobs.task : 'event outbox',
    lastError: outbox.lastError ?? jobs.lastError,
  }
  const last = counts.task === null ? '' : ` Last: ${counts.task}: ${counts.lastError}`
  if (counts.givenUp > 0n) {
    return fail(
      `${counts.givenUp} jobs were given up.${last}`,
      'See the log of that time, mend the cause, start again.',
    )
  }
  if (counts.failing > 0n) return warn(`${counts.failing} jobs failed and are tried again.${last}`, 'See the log.')
  return ok(`none has failed, ${counts.waiting} wait`)
}

interface Overdue {
  readonly table: TimerTable
  readonly count: number
  readonly lateMs: number
}

async function overdueOf({ database, now }: DoctorContext, table: TimerTable): Promise<Overdue> {
  const found = await Promise.all(
    modes.map(async (mode) => {
      const dueBy = isoFromInstant(now(mode) - overdueAfterMs)
      const { count, earliest } = await countOverdue(database.pool, table, mode, dueBy, countMax)
      return { count: Number(count), lateMs: earliest === null ? 0 : now(mode) - earliest }
    }),
  )
  const count = found.reduce((sum, one) => sum + one.count, 0)
  return { table, count, lateMs: Math.max(...found.map(({ lateMs }) => lateMs)) }
}

async function perMode<Row>(read: (mode: Mode) => Promise<readonly Row[]>): Promise<Row[]> {
  return (await Promise.all(modes.map(read))).flat()
}

function ok(message: string): Omit<Finding, 'check'> {
  return { state: 'ok', message }
}

function warn(message: string, advice: string): Omit<Finding, 'check'> {
  return { state: 'warn', message, advice }
}

function fail(message: string, advice: string): Omit<Finding, 'check'> {
  return { state: 'fail', message, advice }
}

function countText(count: number): string {
  return count >= countMax ? `${countMax} or more` : String(count)
}

function spanText(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  if (minutes < 120) return `${minutes} minutes`
  return minutes < 2_880 ? `${Math.round(minutes / 60)} hours` : `${Math.round(minutes / 1_440)} days`
}

function sizeText(bytes: number): string {
  if (bytes >= 1e9) return `${Math.round(bytes / 1e8) / 10} GB`
  return `${Math.round(bytes / 1e5) / 10} MB`
}
