/*
 * Puts an archive back, in one transaction: all of it, or nothing.
 * States: checked (the header fits this database, which is empty) → filling, table by table in the archive's order, with
 * every constraint and trigger at work → summed (each count and hash is what the archive says) → proven (by the caller) →
 * committed.
 */

import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { ArchiveSummary } from './backup.ts'
import {
  ArchiveError,
  type ArchiveHeader,
  archiveEnd,
  archiveHeader,
  createLineReader,
  createRowSum,
  endOfRows,
  type LineReader,
  tableBegin,
  tableEnd,
} from './backup-archive.ts'
import { copySettings, jobsColumns, jobsTable, quoted, readMigrations, readTables } from './backup-catalogue.ts'
import { connectionConfig } from './database.ts'

/** What is restored, and where to. */
export interface RestoreOptions {
  readonly url: string
  readonly path: string
  /** Hears of each table before it is filled. */
  readonly onTable?: (name: string) => void
  /** Proves what was put back, before it is committed. A throw undoes everything. */
  readonly prove: (client: pg.ClientBase) => Promise<void>
}

/** The database is not one to restore into. The message says why and what to do. */
export class RestoreRefusedError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'RestoreRefusedError'
  }
}

const applicationName = 'paylect-restore'
/** Jobs that one statement adds. */
const jobsPerStatement = 1_000
const temporaryJobs = 'restored_jobs'

/**
 * Fills a migrated, empty database from an archive. Throws `RestoreRefusedError` for a database that is not empty or has
 * another schema, `ArchiveError` for an archive that is damaged, cut short or none, and whatever `prove` throws.
 */
export async function restoreBackup(options: RestoreOptions): Promise<ArchiveSummary> {
  const client = new pg.Client(connectionConfig(options.url, applicationName))
  client.on('error', () => undefined)
  await client.connect()
  const file = createReadStream(options.path)
  const bytes = file.pipe(createGunzip())
  // The unpacking stream alone is read: what stops the file must stop it too.
  file.once('error', (error) => bytes.destroy(error))
  // It may fail while the database is asked and nobody reads: the reader then finds the failure in the stream.
  bytes.on('error', () => undefined)
  try {
    await client.query('begin isolation level repeatable read')
    await client.query(copySettings)
    const summary = await fill(client, createLineReader(bytes), options)
    await options.prove(client)
    await client.query('commit')
    return summary
  } finally {
    file.destroy()
    bytes.destroy()
    // Ending the session undoes what was not committed.
    await client.end()
  }
}

async function fill(client: pg.Client, lines: LineReader, { onTable }: RestoreOptions): Promise<ArchiveSummary> {
  const header = await lines.nextJson(archiveHeader, 'the header of a Paylect backup')
  await assertFits(client, header)
  let rows = 0
  for (const table of header.tables) {
    const { table: name } = await lines.nextJson(tableBegin, `the table ${table.name}`)
    if (name !== table.name) throw new ArchiveError(`The archive holds ${name} where ${table.name} should stand.`)
    onTable?.(name)
    rows += await fillTable(client, lines, table)
  }
  const { tables } = await lines.nextJson(archiveEnd, 'the end')
  if (tables !== header.tables.length || !(await lines.isAtEnd()))
    throw new ArchiveError('The archive has a false end.')
  await addJobs(client)
  for (const { name, last_value } of header.sequences) {
    if (last_value !== null) await client.query('select setval($1::regclass, $2)', [quoted(name), last_value])
  }
  // The planner knows nothing of what was just written, and the proof and the first hour would suffer for it.
  for (const { name } of header.tables) if (name !== jobsTable) await client.query(`analyze ${quoted(name)}`)
  return { tables, rows, createdAt: header.created_at }
}

/** The archive decides nothing about statements: its names must be those that the database itself has. */
async function assertFits(client: pg.Client, header: ArchiveHeader): Promise<void> {
  const here = await readMigrations(client)
  if (JSON.stringify(here) !== JSON.stringify(header.migrations)) {
    const names = (list: ArchiveHeader['migrations']) => list.map(({ name }) => name).join(', ') || 'none'
    throw new RestoreRefusedError(
      `The archive was made under the migrations ${names(header.migrations)}; this database has ${names(here)}. ` +
        'Restore with the version of Paylect that made the archive, then upgrade.',
    )
  }
  const tables = [...(await readTables(client)), { name: jobsTable, columns: jobsColumns }]
  if (JSON.stringify(tables) !== JSON.stringify(header.tables)) {
    throw new RestoreRefusedError(
      'The tables of the archive are not those of this database, though the migrations are.',
    )
  }
  for (const { name, columns } of tables) {
    const source = name === jobsTable ? jobsTable : quoted(name)
    // What a migration puts into its tables is replaced by what the archive holds.
    if (name !== jobsTable && !columns.includes('merchant_id')) {
      await client.query(`delete from ${source}`)
      continue
    }
    const { rows } = await client.query<{ filled: boolean }>(`select exists (select from ${source}) as filled`)
    if (rows[0]?.filled === false) continue
    throw new RestoreRefusedError(
      `The database is not empty: ${name} has rows. Restore into a new one: an empty data directory, or a new ` +
        'database for DATABASE_URL. Nothing was changed.',
    )
  }
  await client.query(
    `create temporary table ${temporaryJobs} (position bigint generated always as identity, identifier text, payload json,
      queue_name text, run_at timestamptz, max_attempts smallint, key text, priority smallint, flags jsonb) on commit drop`,
  )
}

async function fillTable(
  client: pg.Client,
  lines: LineReader,
  table: ArchiveHeader['tables'][number],
): Promise<number> {
  const target = table.name === jobsTable ? temporaryJobs : quoted(table.name)
  const copy = client.query(copyFrom(`copy ${target} (${table.columns.map(quoted).join(', ')}) from stdin`))
  const over = finished(copy)
  over.catch(() => undefined)
  const sum = createRowSum()
  try {
    for (;;) {
      const line = await lines.next(`a row of ${table.name}`)
      if (line.toString('latin1') === endOfRows) break
      const row = Buffer.concat([line, Buffer.from('\n')])
      sum.add(row, 1)
      if (!copy.write(row)) await Promise.race([once(copy, 'drain'), over])
    }
  } catch (error) {
    copy.destroy()
    throw error
  }
  copy.end()
  await over
  const found = sum.end()
  const stated = await lines.nextJson(tableEnd, `the sum of ${table.name}`)
  if (stated.rows !== found.rows || stated.sha256 !== found.sha256 || copy.rowCount !== found.rows) {
    throw new ArchiveError(
      `The rows of ${table.name} are not those that were written: ${stated.rows} with the hash ${stated.sha256} were, ` +
        `${found.rows} with ${found.sha256} were read. The archive is damaged.`,
    )
  }
  return found.rows
}

/** Jobs are added anew, in their order and with all their tries: tasks bear to be run again. */
async function addJobs(client: pg.Client): Promise<void> {
  for (let after = 0n; ; ) {
    const { rows } = await client.query<{ last: bigint | null }>(
      `with batch as (select * from ${temporaryJobs} where position > $1 order by position limit ${jobsPerStatement}),
        added as (select graphile_worker.add_jobs(array_agg((
          s.identifier, s.payload, s.queue_name, s.run_at, s.max_attempts, s.key, s.priority,
          (select array_agg(flag) from jsonb_object_keys(coalesce(s.flags, '{}')) as flag))::graphile_worker.job_spec
          order by s.position)) from batch s having count(*) > 0)
       select (select max(position) from batch) as last, (select count(*) from added) as added`,
      [after],
    )
    const last = rows[0]?.last ?? null
    if (last === null) return
    after = last
  }
}
