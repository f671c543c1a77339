import type { Job } from '../engine/commit/changes.ts'
import type { Kind, ScopedRow } from '../engine/commit/kind.ts'
import { columnsOf, rowFromValues } from '../engine/commit/kind-sql.ts'
import type { Scope } from '../kernel/scope.ts'

/** One connection, or a pool of them, to the simulated installation's database. */
export interface SimulationReader {
  query(config: { text: string; values?: unknown[]; rowMode: 'array' }): Promise<{ rows: unknown[][] }>
}

/** Begins a transaction that sees one moment of the database and changes nothing. */
export async function beginLook(reader: SimulationReader): Promise<void> {
  await reader.query({ text: 'begin isolation level repeatable read read only', rowMode: 'array' })
}

/** Ends such a transaction. */
export async function endLook(reader: SimulationReader): Promise<void> {
  await reader.query({ text: 'rollback', rowMode: 'array' })
}

/** Every row of a kind that belongs to the merchants of a run. */
export async function rowsOfMerchants(
  reader: SimulationReader,
  kind: Kind,
  scopes: readonly Scope[],
): Promise<ScopedRow[]> {
  const { rows } = await reader.query({
    rowMode: 'array',
    text: `select ${columnsOf(kind, 't')} from ${kind.table} t
      where t.merchant_id = any($1::text[]) and t.mode = 'sandbox'`,
    values: [scopes.map(({ merchantId }) => merchantId)],
  })
  return rows.map((values) => rowFromValues(kind, values))
}

/** Takes every job out of the queue, in order. */
export async function takeQueuedJobs(reader: SimulationReader): Promise<Job[]> {
  const { rows } = await reader.query({
    rowMode: 'array',
    text: `with taken as (delete from graphile_worker._private_jobs returning id, task_id, payload)
      select task.identifier, taken.payload::text from taken
      join graphile_worker._private_tasks task on task.id = taken.task_id order by taken.id`,
  })
  return rows.map(([name, payload]) => ({ name: String(name), payload: JSON.parse(String(payload)) as Job['payload'] }))
}

/** Takes every row out of the event outbox, in order: the events of each. */
export async function takeOutboxEvents(reader: SimulationReader): Promise<(readonly unknown[])[]> {
  const { rows } = await reader.query({
    rowMode: 'array',
    text: 'with taken as (delete from event_outbox returning id, events) select events::text from taken order by id',
  })
  return rows.map(([events]) => JSON.parse(String(events)) as readonly unknown[])
}

/**
 * Ends at most `limit` sessions of this database whose application name begins so, whatever they are doing, those that
 * stand inside a transaction first; answers how many there were.
 */
export async function endSessions(reader: SimulationReader, namePrefix: string, limit: number): Promise<number> {
  const { rows } = await reader.query({
    rowMode: 'array',
    text: `select pg_terminate_backend(pid) from (select pid from pg_stat_activity
      where starts_with(application_name, $1) and datname = current_database() and pid <> pg_backend_pid()
      order by state = 'idle in transaction' desc, random() limit $2) victims`,
    values: [namePrefix, limit],
  })
  return rows.length
}
