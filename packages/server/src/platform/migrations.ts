import { Kysely, PostgresDialect, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import pg from 'pg'
import { connectionConfig, waitForServer } from './database.ts'
import {
  DEFAULT_MIGRATIONS_DIRECTORY,
  MigrationError,
  type MigrationFile,
  placeIn,
  readMigrationFiles,
} from './migration-files.ts'

/** kysely's record of what ran, its lock, and ours of what the files said. */
const TABLE = 'schema_migration'
const LOCK_TABLE = 'schema_migration_lock'
const CHECKSUM_TABLE = 'schema_migration_checksum'

const APPLICATION_NAME = 'paylect-migrate'
/** Two connections: kysely asks for the catalogue on one while it may hold the other. */
const CONNECTIONS_MAX = 2
/** One advisory lock for the whole of `migrate`, so that processes that start at once take turns. */
const LOCK_KEY = '7205759403792793601'
/** How long a process waits for its turn while another one migrates. */
const LOCK_TIMEOUT_MS = 600_000

interface MigrationTables {
  schema_migration_checksum: { name: string; checksum: string }
}

/**
 * Brings the database up to the files in `directory`, each in a transaction of its own: a file that fails leaves no trace,
 * and those before it stay. Any number of processes may call this at once; each file runs once.
 * Answers the names of the migrations that this call applied, in order.
 * Needs a direct connection: PgBouncer in transaction mode loses the lock between two statements.
 * Throws `MigrationError` when a file fails (with file, line and column), when an applied file was edited since or is
 * missing, and when a new file's number is below an applied one's; `DatabaseUnavailableError` when the server does not answer.
 */
export async function migrate(url: string, directory = DEFAULT_MIGRATIONS_DIRECTORY): Promise<{ applied: string[] }> {
  const files = await readMigrationFiles(directory)
  await waitForServer({ url, applicationName: APPLICATION_NAME })
  const turn = new pg.Client(connectionConfig(url, APPLICATION_NAME))
  turn.on('error', () => undefined)
  await turn.connect()
  try {
    await turn.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}`)
    await turn.query('select pg_advisory_lock($1)', [LOCK_KEY])
    return await withKysely(url, async (db) => {
      await turn.query(`create table if not exists ${CHECKSUM_TABLE} (name text primary key, checksum text not null)`)
      assertUnchanged(files, await readApplied(turn), directory)
      return { applied: await applyPending(db, files) }
    })
  } finally {
    // Ending the session gives the lock up, whatever state it is in.
    await turn.end()
  }
}

async function withKysely<Result>(url: string, use: (db: Kysely<MigrationTables>) => Promise<Result>): Promise<Result> {
  const pool = new pg.Pool({ ...connectionConfig(url, APPLICATION_NAME), max: CONNECTIONS_MAX })
  pool.on('error', () => undefined)
  const db = new Kysely<MigrationTables>({ dialect: new PostgresDialect({ pool }) })
  try {
    return await use(db)
  } finally {
    await db.destroy()
  }
}

async function readApplied(client: pg.Client): Promise<Map<string, string>> {
  const { rows } = await client.query<{ name: string; checksum: string }>(
    `select name, checksum from ${CHECKSUM_TABLE}`,
  )
  return new Map(rows.map((row) => [row.name, row.checksum]))
}

function assertUnchanged(
  files: readonly MigrationFile[],
  applied: ReadonlyMap<string, string>,
  directory: string,
): void {
  for (const [name, checksum] of [...applied].sort()) {
    const file = files.find((candidate) => candidate.name === name)
    if (file === undefined) {
      throw new MigrationError(
        `The database has the migration ${name}, which is not in ${directory}. ` +
          'A newer Paylect has migrated it: run that version, or restore a backup from before.',
      )
    }
    if (file.checksum !== checksum) {
      throw new MigrationError(
        `${file.path} was edited after it was applied. Restore it, and put the change into a new migration.`,
      )
    }
  }
  const newest = [...applied.keys()].sort().at(-1)
  const late = files.find((file) => newest !== undefined && file.name < newest && !applied.has(file.name))
  if (late !== undefined) {
    throw new MigrationError(`${late.path} comes before ${newest}, which was applied already. Give it a higher number.`)
  }
}

/** kysely runs one step in one transaction, which holds the file, its checksum and kysely's own record: all or nothing. */
async function applyPending(db: Kysely<MigrationTables>, files: readonly MigrationFile[]): Promise<string[]> {
  const migrations = Object.fromEntries(files.map((file) => [file.name, toMigration(file)]))
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => migrations },
    migrationTableName: TABLE,
    migrationLockTableName: LOCK_TABLE,
  })
  const applied: string[] = []
  for (let step = 0; step < files.length; step++) {
    const { error, results = [] } = await migrator.migrateUp()
    if (error instanceof MigrationError) throw error
    if (error !== undefined) throw new MigrationError(`Migrating failed: ${messageOf(error)}.`, error)
    if (results.length === 0) break
    applied.push(...results.map((result) => result.migrationName))
  }
  return applied
}

function toMigration(file: MigrationFile): Migration {
  return {
    async up(db: Kysely<MigrationTables>) {
      try {
        await sql.raw(file.sql).execute(db)
      } catch (error) {
        throw new MigrationError(explain(file, error), error)
      }
      await db.insertInto(CHECKSUM_TABLE).values({ name: file.name, checksum: file.checksum }).execute()
    },
  }
}

/** PostgreSQL's message with file, line and column in the form that editors turn into a link, and the line itself. */
function explain(file: MigrationFile, error: unknown): string {
  if (!(error instanceof pg.DatabaseError)) return `${file.path}: ${messageOf(error)}`
  const lines = [error.message]
  let place = file.path
  if (error.position !== undefined) {
    const { line, column, text } = placeIn(file.sql, Number(error.position))
    place = `${file.path}:${line}:${column}`
    lines.push(`  ${text}`, `  ${' '.repeat(column - 1)}^`)
  }
  if (error.detail !== undefined) lines.push(`  detail: ${error.detail}`)
  if (error.hint !== undefined) lines.push(`  hint: ${error.hint}`)
  if (error.where !== undefined) lines.push(`  where: ${error.where}`)
  return `${place}: ${lines.join('\n')}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
