import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { findRunningDatabase } from '../src/platform/embedded-database.ts'
import { type GatewayProcess, makeDataDirectory, startGatewayProcess } from '../test/support/gateway-process.ts'
import type { BenchSettings } from './bench-run.ts'
import { assertDurable, assertLedgerVerifies, type DatabaseStage, withDatabaseStage } from './database-stage.ts'
import { statementSettings } from './statement-costs.ts'

/** A gateway in a process of its own with the database that it works on. */
export interface PaymentStage extends DatabaseStage {
  /** A database of its own on the same cluster, for the tables of the floor. */
  readonly floorUrl: string
  readonly gateway: GatewayProcess
}

const environment = { PAYLECT_METRICS_ENABLED: 'false' }
const poolMax = 4
/** The last characters of what the gateway printed, for errors. */
const outputShownMax = 4_000

/**
 * Starts a gateway as a person does: with the embedded database in its own data directory, or, where the settings name a
 * server, on a fresh database of that server. With `statements` the embedded server is started beside it, because only a
 * server that was started for it can time statements. Checks that commits are flushed, hands the stage to `use`, reads the
 * whole ledger again at the end, and removes everything.
 */
export async function withPaymentStage<Result>(
  settings: BenchSettings,
  use: (stage: PaymentStage) => Promise<Result>,
): Promise<Result> {
  if (settings.databaseUrl !== undefined) {
    return onServer(settings.databaseUrl, (url) => withGateway(url, use))
  }
  if (settings.statements) return withDatabaseStage(({ url }) => withGateway(url, use), statementSettings)
  return withGateway(undefined, use)
}

/** Makes a database on an operator's server and removes it. */
async function onServer<Result>(serverUrl: string, use: (url: string) => Promise<Result>): Promise<Result> {
  const name = `paylect_bench_${randomBytes(4).toString('hex')}`
  const admin = new pg.Client({ connectionString: serverUrl })
  await admin.connect()
  try {
    await admin.query(`create database ${name}`)
    return await use(databaseUrl(serverUrl, name))
  } finally {
    await admin.query(`drop database if exists ${name} with (force)`)
    await admin.end()
  }
}

async function withGateway<Result>(
  givenUrl: string | undefined,
  use: (stage: PaymentStage) => Promise<Result>,
): Promise<Result> {
  const directory = await makeDataDirectory()
  try {
    const gateway = await startGatewayProcess({
      dataDirectory: directory.path,
      environment: { ...environment, ...(givenUrl === undefined ? {} : { DATABASE_URL: givenUrl }) },
    })
    try {
      return await onGateway(gateway, givenUrl ?? (await embeddedUrl(directory.path)), use)
    } catch (error) {
      throw new Error(`The gateway printed:\n${gateway.output().slice(-outputShownMax)}`, { cause: error })
    } finally {
      await gateway.stop()
    }
  } finally {
    await directory.remove()
  }
}

async function onGateway<Result>(
  gateway: GatewayProcess,
  url: string,
  use: (stage: PaymentStage) => Promise<Result>,
): Promise<Result> {
  const pool = new pg.Pool({ connectionString: url, max: poolMax })
  const floorName = `paylect_floor_${randomBytes(4).toString('hex')}`
  try {
    await assertDurable(pool)
    await pool.query(`create database ${floorName}`)
    const postmasterPid = await postmasterPidOf(pool)
    const { dataDirectory: path } = gateway
    const result = await use({ url, pool, path, postmasterPid, gateway, floorUrl: databaseUrl(url, floorName) })
    await assertLedgerVerifies(url)
    return result
  } finally {
    await pool.query(`drop database if exists ${floorName} with (force)`)
    await pool.end()
  }
}

async function embeddedUrl(dataDirectory: string): Promise<string> {
  const password = (await readFile(join(dataDirectory, 'database.password'), 'utf8')).trim()
  const url = await findRunningDatabase(join(dataDirectory, 'postgresql'), password)
  if (url === undefined) throw new Error(`no database runs in ${dataDirectory}`)
  return url
}

/** The parent of a server process, where the server is on this machine; 0 where it is not. */
async function postmasterPidOf(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ pid: number }>('select pg_backend_pid() as pid')
  try {
    const text = await readFile(`/proc/${rows[0]?.pid}/stat`, 'utf8')
    const isPostgres = /\((?:postgres|postmaster)/.test(text)
    return isPostgres ? Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]) : 0
  } catch {
    return 0
  }
}

/** The address of another database on the same server. */
export function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}
