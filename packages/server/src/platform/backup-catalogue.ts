import type pg from 'pg'
import type { ArchiveHeader } from './backup-archive.ts'

type Reader = Pick<pg.ClientBase, 'query'>
/** A table and its columns, in their order. */
export type TableShape = ArchiveHeader['tables'][number]

/** The job queue as the archive holds it: the library's own tables are its own, so only what makes a job is kept. */
export const jobsTable = 'graphile_worker.jobs'

/** Tables that every database has for itself: what migrated it, and counts that may be lost. */
const tablesLeftOut = ['schema_migration', 'schema_migration_lock', 'schema_migration_checksum', 'rate_limit_windows']

/** Beside foreign keys: rows of the first are explained by rows of the second, which a trigger checks on insert. */
const explainedBy: Readonly<Record<string, string>> = { ledger_accounts: 'ledger_transfers' }

/** What COPY writes must not depend on how a server or a role is set up. */
export const copySettings = `set local datestyle = 'ISO, YMD'; set local timezone = 'UTC'; set local intervalstyle = 'iso_8601';
  set local extra_float_digits = 3; set local client_encoding = 'UTF8'; set local bytea_output = 'hex';
  set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0`

/** The rows of the job queue, as text that `restoreJobs` takes. */
export const jobsCopy = `copy (
  select t.identifier, j.payload, q.queue_name, j.run_at, j.max_attempts, j.key, j.priority, j.flags
  from graphile_worker._private_jobs j
  join graphile_worker._private_tasks t on t.id = j.task_id
  left join graphile_worker._private_job_queues q on q.id = j.job_queue_id
  order by j.id) to stdout`

/** The columns of `jobsCopy`. */
export const jobsColumns = ['identifier', 'payload', 'queue_name', 'run_at', 'max_attempts', 'key', 'priority', 'flags']

/** Our tables in an order in which they can be filled: what a row refers to comes before it. */
export async function readTables(client: Reader): Promise<readonly TableShape[]> {
  const { rows } = await client.query<{ name: string; columns: string[] }>(
    `select c.relname as name, array_agg(a.attname::text order by a.attnum) as columns
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and c.relname <> all ($1::text[])
     group by c.relname order by c.relname`,
    [tablesLeftOut],
  )
  const { rows: references } = await client.query<{ name: string; needs: string }>(
    `select distinct c.relname as name, f.relname as needs
     from pg_constraint r join pg_class c on c.oid = r.conrelid join pg_class f on f.oid = r.confrelid
     where r.contype = 'f' and c.relnamespace = current_schema()::regnamespace and c.oid <> f.oid`,
  )
  return inOrder(rows, references)
}

function inOrder(tables: readonly TableShape[], references: readonly { name: string; needs: string }[]): TableShape[] {
  const needs = new Map<string, Set<string>>(tables.map(({ name }) => [name, new Set<string>()]))
  for (const { name, needs: needed } of references) needs.get(name)?.add(needed)
  for (const [name, needed] of Object.entries(explainedBy)) if (needs.has(needed)) needs.get(name)?.add(needed)
  const ordered: TableShape[] = []
  const isPlaced = (name: string) => !needs.has(name) || ordered.some((table) => table.name === name)
  while (ordered.length < tables.length) {
    const ready = tables.filter(({ name }) => !isPlaced(name) && [...(needs.get(name) ?? [])].every(isPlaced))
    if (ready.length === 0) throw new Error('Tables refer to each other in a circle: their backup has no order.')
    ordered.push(...ready)
  }
  return ordered
}

/** The migrations that the database has had. */
export async function readMigrations(client: Reader): Promise<ArchiveHeader['migrations']> {
  const { rows } = await client.query<{ name: string; checksum: string }>(
    'select name, checksum from schema_migration_checksum order by name',
  )
  return rows
}

/** Our sequences and how far they have counted. */
export async function readSequences(client: Reader): Promise<ArchiveHeader['sequences']> {
  const { rows } = await client.query<{ name: string; last_value: string | null }>(
    `select sequencename::text as name, last_value::text as last_value from pg_sequences
     where schemaname = current_schema() order by 1`,
  )
  return rows
}

/** A name as it stands in a statement. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
