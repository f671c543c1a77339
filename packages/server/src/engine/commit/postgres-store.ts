/*
 * The store on PostgreSQL. A transaction is two flights: `begin`, its own transaction id and the first facts go out
 * together, then (after the decisions) all writes and `commit`. A second round of facts is one more flight.
 *
 * When the connection is lost during the commit flight, the transaction's id, learnt in the first flight, is looked up
 * with `pg_xact_status` on a new connection: `aborted` settles it, and so does `committed` together with a row of ours
 * (see lost-commit.ts); while it says `in progress` the old backend is still at work and the question is asked again,
 * within a bound. After a failover the new primary may give the same id to another transaction, so the id counts only on
 * the timeline on which it was given; elsewhere nobody can say.
 *
 * A server that has lost us must not hold a merchant's locks for long: every transaction bounds its waiting for locks
 * and its idling between flights.
 */
import type pg from 'pg'
import { canonicalJson } from '../../kernel/canonical-json.ts'
import type { Instant } from '../../kernel/clock.ts'
import { outboxChannel } from '../../platform/event-outbox-queries.ts'
import type { Job } from './changes.ts'
import type { EventAddress } from './event.ts'
import { createGroupedReads } from './grouped-reads.ts'
import type { RevisedRow } from './kind.ts'
import {
  claimStatement,
  insertStatement,
  nextDueStatement,
  rowFromValues,
  type Statement,
  updateStatement,
} from './kind-sql.ts'
import { nameColumns, settleLostCommit, type TransactionName } from './lost-commit.ts'
import { ConnectionLost, type FlightConnection, openFlightConnection, storeErrorOf } from './postgres-connection.ts'
import { loadStatements, matched } from './row-statements.ts'
import { type GroupWrites, type Store, StoreError, type StoreTransaction } from './store.ts'

/** How the store reaches its database. */
export interface PostgresStoreOptions {
  readonly url: string
  /** For claims, outside the committer's transactions. */
  readonly pool: pg.Pool
  /** A flight that takes longer is cut and treated as a lost connection, in milliseconds. */
  readonly flightTimeoutMs: number
  /** How long a lost commit is asked for before it is `in_doubt`, in milliseconds. */
  readonly inDoubtTimeoutMs: number
}

/** Idle connections that are kept; the committer holds one per lane. */
const idleConnectionsMax = 8

/** Creates the store. It opens connections when they are needed. */
export function createPostgresStore(options: PostgresStoreOptions): Store {
  const idle: FlightConnection[] = []
  const open = () => openFlightConnection(options.url, options.flightTimeoutMs)
  const release = (connection: FlightConnection) => {
    if (!connection.broken && idle.length < idleConnectionsMax) {
      idle.push(connection)
      return
    }
    connection.destroy()
    // What broke one connection may have silenced the others, and each of them would cost its user the whole bound.
    if (connection.broken) for (const other of idle.splice(0)) other.destroy()
  }
  const acquire = async () => {
    for (let connection = idle.pop(); connection; connection = idle.pop()) if (!connection.broken) return connection
    return open()
  }
  return {
    begin: async () => transaction(options, await acquire(), release, open),
    read: createGroupedReads({ acquire, release }),
    claimDue: async (claim) => {
      const answer = await options.pool.query(poolQuery(claimStatement(claim)))
      return (answer.rows as unknown[][]).map((values) => rowFromValues(claim.kind, values) as RevisedRow)
    },
    nextDue: async (kind, mode) => {
      const answer = await options.pool.query(poolQuery(nextDueStatement(kind, mode)))
      return ((answer.rows as unknown[][])[0]?.[0] as Instant | null) ?? undefined
    },
    close: async () => {
      for (const connection of idle.splice(0)) connection.destroy()
    },
  }
}

function transaction(
  options: PostgresStoreOptions,
  connection: FlightConnection,
  release: (connection: FlightConnection) => void,
  open: () => Promise<FlightConnection>,
): StoreTransaction {
  let name: TransactionName | undefined
  /** Opens the transaction with the first flight, whichever it is. */
  const fly = async (statements: readonly Statement[]) => {
    if (name) return connection.fly(statements)
    const answers = await connection.fly([beginStatement, openingStatement(options), ...statements])
    const [id, timeline] = answers[1]?.rows[0] ?? []
    name = { id: String(id), timeline: String(timeline) }
    return answers.slice(2)
  }
  const rollback = async () => {
    if (!connection.broken) await connection.fly([rollbackStatement]).catch(() => connection.destroy())
  }
  return {
    load: async (refs) => {
      const statements = loadStatements(refs, true)
      try {
        return matched(refs, statements, await fly(statements.map((entry) => entry.statement)))
      } catch (error) {
        throw storeErrorOf(error)
      }
    },
    commit: async (writes) => {
      try {
        // Without a first flight there is no name to ask for after a lost connection.
        if (!name) await fly([])
        const answers = await connection.fly([...writeStatements(writes), commitStatement])
        if (answers.at(-1)?.command !== 'COMMIT') throw new StoreError('unavailable', 'the database rolled back')
      } catch (error) {
        if (!(error instanceof ConnectionLost) || !name) {
          await rollback()
          throw storeErrorOf(error)
        }
        await settleLostCommit({ open, inDoubtTimeoutMs: options.inDoubtTimeoutMs }, name, writes)
      } finally {
        release(connection)
      }
    },
    rollback: async () => {
      await rollback()
      release(connection)
    },
  }
}

const beginStatement = plainStatement('begin')
const commitStatement = plainStatement('commit')
const rollbackStatement = plainStatement('rollback')

function plainStatement(text: string): Statement {
  return { name: text, text, values: [], rowMode: 'array' }
}

/** Asks for the transaction's name and bounds it. The settings end with it: they reach through poolers that pass no session settings on. */
function openingStatement({ flightTimeoutMs }: PostgresStoreOptions): Statement {
  return {
    name: 'open_transaction',
    text: `select ${nameColumns}, set_config('lock_timeout', $1, true),
      set_config('idle_in_transaction_session_timeout', $2, true)`,
    values: [Math.ceil(flightTimeoutMs / 2), flightTimeoutMs],
    rowMode: 'array',
  }
}

/**
 * Kind by kind in their order, so that ledger accounts come last, after the transfers that explain them. Within a kind,
 * updates go first: a row that gives up a unique key makes room for a new one.
 */
function writeStatements(writes: GroupWrites): Statement[] {
  const ordered = [
    ...[...writes.updates].map(([kind, rows]) => ({ order: kind.order, statement: updateStatement(kind, rows) })),
    ...[...writes.inserts].map(([kind, rows]) => ({ order: kind.order, statement: insertStatement(kind, rows) })),
  ].sort((a, b) => a.order - b.order)
  const statements = ordered.map((entry) => entry.statement)
  if (writes.jobs.length > 0) statements.push(jobsStatement(writes.jobs))
  if (writes.outbox.length > 0) statements.push(outboxStatement(writes.outbox))
  return statements
}

/** One row for all events of a group: nearly every group has some, and a job's three commits would cost more than the group. */
function outboxStatement(events: readonly EventAddress[]): Statement {
  return {
    name: 'insert_event_outbox',
    text: `with written as (insert into event_outbox (events) values ($1::json) returning id)
      select pg_notify('${outboxChannel}', '') from written`,
    values: [JSON.stringify(events)],
    rowMode: 'array',
  }
}

/** All jobs of a group in one call of graphile-worker's own function: one NOTIFY a group. */
function jobsStatement(jobs: readonly Job[]): Statement {
  const specs = jobs.map((job) => ({ identifier: job.name, payload: job.payload }))
  return {
    name: 'add_jobs',
    text: `select count(*) from graphile_worker.add_jobs(array(
      select json_populate_record(null::graphile_worker.job_spec, spec) from json_array_elements($1::json) spec))`,
    values: [canonicalJson(specs)],
    rowMode: 'array',
  }
}

function poolQuery(statement: Statement): pg.QueryArrayConfig {
  return { ...statement, values: [...statement.values] }
}
