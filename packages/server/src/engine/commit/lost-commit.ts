/*
 * What became of a commit whose answer was lost. States: asked → committed | not committed | still running or the server
 * is away (asked again) → nobody can say.
 *
 * The transaction's number alone proves nothing after a crash of the server: a number that never reached the disk is
 * given out again, and then "committed" speaks of somebody else's transaction. So a committed number is believed only
 * together with a row that the transaction wrote.
 *
 * Nor does the row alone prove that the write survives this server. A primary shows a commit before its standby has it when
 * the wait for the standby was cut short (a terminated session, a restart after a crash). So the answer is given only
 * after a commit of our own, which the standby confirms together with everything before it.
 *
 * After a failover the number belongs to another timeline, on which it says nothing: nobody can say, and waiting longer
 * would not change that.
 */

import type { Kind, ScopedRow } from './kind.ts'
import { columnOf, type Statement } from './kind-sql.ts'
import type { FlightConnection } from './postgres-connection.ts'
import { isDatabaseError } from './postgres-connection.ts'
import { type GroupWrites, StoreError } from './store.ts'

/** Names a transaction on one timeline of a cluster, until the server crashes. */
export interface TransactionName {
  readonly id: string
  readonly timeline: string
}

/** Where and how long the fate of a commit is asked for. */
export interface LostCommitOptions {
  open(): Promise<FlightConnection>
  /** In milliseconds. */
  readonly inDoubtTimeoutMs: number
}

const inDoubtPauseMs = 100

/** The timeline that the server writes to: eight hexadecimal digits, raised by every promotion of a standby. */
const timelineText = 'left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)'

/** Two columns of a select list, both text: the transaction's number and timeline. */
export const nameColumns = `pg_current_xact_id()::text, ${timelineText}`

/**
 * Resolves when the lost commit turns out to be durable; throws `unavailable` when it is not, `in_doubt` when nobody can
 * say.
 */
export async function settleLostCommit(
  options: LostCommitOptions,
  name: TransactionName,
  writes: GroupWrites,
): Promise<void> {
  const deadlineMs = performance.now() + options.inDoubtTimeoutMs
  while (performance.now() < deadlineMs) {
    const fate = await fateOf(options, name, writes)
    if (fate === 'committed') return
    if (fate === 'aborted') throw new StoreError('unavailable', 'the connection was lost before the commit')
    if (fate === 'untold') break
    await new Promise((resolve) => setTimeout(resolve, inDoubtPauseMs))
  }
  throw new StoreError('in_doubt', 'the connection was lost during the commit and the database cannot be asked')
}

type Fate = 'committed' | 'aborted' | 'untold'

async function fateOf(
  { open }: LostCommitOptions,
  name: TransactionName,
  writes: GroupWrites,
): Promise<Fate | undefined> {
  let connection: FlightConnection | undefined
  try {
    connection = await open()
    const [answer] = await connection.fly([statusStatement(name)])
    const [status, isSameTimeline] = answer?.rows[0] ?? []
    if (isSameTimeline === false) return 'untold'
    if (status === 'aborted') return 'aborted'
    if (status !== 'committed') return undefined
    const fate = await traceOf(connection, name, writes)
    if (fate === 'committed') await connection.fly([confirmedWrite])
    return fate
  } catch (error) {
    // A number that the server has not given out yet: it crashed and forgot that it had, so nothing of it was durable.
    return isDatabaseError(error) && error.code === '22023' ? 'aborted' : undefined
  } finally {
    connection?.destroy()
  }
}

/** The smallest transaction that leaves a trace in the WAL, so that its commit waits for whatever commits wait for. */
const confirmedWrite: Statement = {
  name: '',
  text: `select pg_logical_emit_message(true, 'paylect.lost_commit', '')::text`,
  values: [],
  rowMode: 'array',
}

function statusStatement({ id, timeline }: TransactionName): Statement {
  const text = `select case when ${timelineText} = $2 then pg_xact_status($1::xid8) end, ${timelineText} = $2`
  return { name: 'transaction_status', text, values: [id, timeline], rowMode: 'array' }
}

/** Looks for a row of the transaction, now that a transaction of its number is known to have committed. */
async function traceOf(connection: FlightConnection, name: TransactionName, writes: GroupWrites): Promise<Fate> {
  const inserted = firstOf(writes.inserts, ([kind]) => kind.properties.includes('id'))
  if (inserted) {
    // An id is never made twice and its row never deleted.
    const [kind, [row]] = inserted
    const found = await look(connection, kind, row as ScopedRow, [...kind.primaryKey, 'id'], 'true')
    return found === undefined ? 'aborted' : 'committed'
  }
  const updated = firstOf(writes.updates, () => true)
  if (!updated) return 'untold'
  const [kind, [update]] = updated
  if (!update) return 'untold'
  const found = await look(
    connection,
    kind,
    update.row,
    kind.primaryKey,
    `t.revision, t.xmin = '${BigInt(name.id)}'::xid8::xid`,
  )
  const [revision, isOurs] = found ?? []
  if (revision === update.fromRevision) return 'aborted'
  // Somebody changed the row after us, or instead of us.
  return isOurs === true && revision === update.row.revision ? 'committed' : 'untold'
}

function firstOf<Rows extends readonly unknown[]>(
  byKind: ReadonlyMap<Kind, Rows>,
  fits: (entry: readonly [Kind, Rows]) => boolean,
): readonly [Kind, Rows] | undefined {
  return [...byKind].find((entry) => entry[1].length > 0 && fits(entry))
}

async function look(
  connection: FlightConnection,
  kind: Kind,
  row: ScopedRow,
  key: readonly string[],
  columns: string,
): Promise<readonly unknown[] | undefined> {
  const properties = ['merchantId', ...new Set(key.filter((property) => property !== 'merchantId'))]
  const match = properties.slice(1).map((property, index) => `t.${columnOf(property)} = $${index + 2}`)
  const values = properties.map((property) => (row as unknown as Record<string, unknown>)[property])
  const text = `select ${columns} from ${kind.table} t where t.merchant_id = $1 and ${match.join(' and ')}`
  const [answer] = await connection.fly([{ name: '', text, values, rowMode: 'array' }])
  return answer?.rows[0]
}
