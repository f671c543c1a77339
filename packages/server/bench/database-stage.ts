import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { verifyLedger } from '../src/ledger/verify-ledger.ts'
import { openDataDirectory } from '../src/platform/data-directory.ts'
import { createDatabase } from '../src/platform/database.ts'
import { startEmbeddedDatabase } from '../src/platform/embedded-database.ts'
import { installJobSchema } from '../src/platform/job-schema.ts'
import { migrate } from '../src/platform/migrations.ts'

const settingsThatMakeDurable = ['fsync', 'synchronous_commit', 'full_page_writes'] as const

/** A fresh embedded PostgreSQL with the gateway's tables and its usual settings, for one run of benchmarks. */
export interface DatabaseStage {
  readonly url: string
  readonly postmasterPid: number
  /** For looking and counting; what is measured has connections of its own. */
  readonly pool: pg.Pool
  /** A folder that goes with the stage. */
  readonly path: string
}

/** What follows from every row of the stage; a run is believed when these agree with what the load generator counted. */
export interface StageCounts {
  readonly succeeded: number
  readonly transfers: number
  readonly events: number
  readonly deliveries: number
  readonly delivered: number
}

/**
 * Opens a stage, checks that its commits are flushed, hands it to `use`, and removes it. Reads the whole ledger again at
 * the end, and throws when a finding shows that something measured did not add up.
 */
export async function withDatabaseStage<Result>(
  use: (stage: DatabaseStage) => Promise<Result>,
  settings: Readonly<Record<string, string>> = {},
): Promise<Result> {
  const path = await mkdtemp(join(tmpdir(), 'paylect-bench-'))
  const directory = await openDataDirectory(join(path, 'data'))
  const clusterDirectory = directory.file('postgresql')
  const password = randomBytes(16).toString('hex')
  const server = await startEmbeddedDatabase({ directory: clusterDirectory, password, settings })
  const pool = new pg.Pool({ connectionString: server.url, max: 4 })
  try {
    const postmasterPid = Number((await readFile(join(clusterDirectory, 'postmaster.pid'), 'utf8')).split('\n')[0])
    await migrate(server.url)
    await installJobSchema(server.url)
    await assertDurable(pool)
    const result = await use({ url: server.url, postmasterPid, pool, path })
    await assertLedgerVerifies(server.url)
    return result
  } finally {
    await pool.end()
    await server.stop()
    await directory.release()
    await rm(path, { recursive: true, force: true })
  }
}

/** Throws unless commits of this server are flushed before they are answered. */
export async function assertDurable(pool: pg.Pool): Promise<void> {
  for (const name of settingsThatMakeDurable) {
    const { rows } = await pool.query<{ value: string }>('select current_setting($1) as value', [name])
    if (rows[0]?.value !== 'on')
      throw new Error(`${name} is ${rows[0]?.value}: nothing that is not durable is measured`)
  }
}

/** Reads the whole ledger again; throws when something does not add up. */
export async function assertLedgerVerifies(url: string): Promise<void> {
  const onError = (error: unknown) => process.stderr.write(`${String(error)}\n`)
  const database = await createDatabase({ url, applicationName: 'paylect-bench', onError })
  try {
    const { findings, findingsTotal, transfers } = await verifyLedger({ pool: database.pool })
    if (findingsTotal > 0)
      throw new Error(
        `the ledger does not verify: ${findingsTotal} findings in ${transfers} transfers, the first ${JSON.stringify(findings[0])}`,
      )
  } finally {
    await database.close()
  }
}

/** Counts what the gateway has written so far. */
export async function countStage({ pool }: Pick<DatabaseStage, 'pool'>): Promise<StageCounts> {
  const { rows } = await pool.query<Record<keyof StageCounts, string>>(`
    select (select count(*) from payments where status = 'succeeded') as succeeded,
      (select count(*) from ledger_transfers) as transfers,
      (select count(*) from events) as events,
      (select count(*) from deliveries) as deliveries,
      (select count(*) from deliveries where status = 'delivered') as delivered`)
  const row = rows[0]
  if (!row) throw new Error('the counts did not come')
  return {
    succeeded: Number(row.succeeded),
    transfers: Number(row.transfers),
    events: Number(row.events),
    deliveries: Number(row.deliveries),
    delivered: Number(row.delivered),
  }
}
