import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { inject } from 'vitest'
import type {} from './global-setup.ts'

/** A database of one test file. */
export interface TestDatabase {
  readonly url: string
  /** Its name on the server. */
  readonly database: string
  /** Removes it. Throws, after removing it, when a connection to it is still open: the code under test leaks one. */
  drop(): Promise<void>
}

/** A session ends on the server a moment after its client has hung up. */
const LEAK_GRACE_MS = 1_000
const LEAK_POLL_MS = 10

/**
 * Makes a database for one test file, a clone of the migrated template: all tables, no rows. With `migrated: false` it is empty.
 * Call it in `beforeAll` and `drop` in `afterAll`, after everything that connects has been closed.
 */
export async function createTestDatabase(options: { migrated?: boolean } = {}): Promise<TestDatabase> {
  const server = inject('testServer')
  if ('problem' in server) throw new Error(`There is no test database: ${server.problem}`)

  const database = `paylect_test_${randomBytes(8).toString('hex')}`
  const template = options.migrated === false ? 'template0' : server.templateName
  await withAdmin(server.adminUrl, (admin) =>
    admin.query(`create database ${database} template ${template} strategy ${server.strategy}`),
  )
  const url = new URL(server.adminUrl)
  url.pathname = `/${database}`
  return {
    url: url.href,
    database,
    drop: () => withAdmin(server.adminUrl, (admin) => dropChecked(admin, database)),
  }
}

async function dropChecked(admin: pg.Client, database: string): Promise<void> {
  const deadline = performance.now() + LEAK_GRACE_MS
  let leaks = await readSessions(admin, database)
  while (leaks.length > 0 && performance.now() < deadline) {
    await sleep(LEAK_POLL_MS)
    leaks = await readSessions(admin, database)
  }
  await admin.query(`drop database if exists ${database} with (force)`)
  if (leaks.length > 0) {
    throw new Error(`${leaks.length} database connection(s) were left open:\n${leaks.join('\n')}`)
  }
}

async function readSessions(admin: pg.Client, database: string): Promise<string[]> {
  const { rows } = await admin.query<{ session: string }>(
    `select concat_ws(' | ', application_name, state, left(query, 200)) as session
       from pg_stat_activity where datname = $1 and backend_type = 'client backend'`,
    [database],
  )
  return rows.map((row) => row.session)
}

async function withAdmin<Result>(url: string, use: (admin: pg.Client) => Promise<Result>): Promise<Result> {
  const admin = new pg.Client({ connectionString: url, application_name: 'paylect-test-admin' })
  await admin.connect()
  try {
    return await use(admin)
  } finally {
    await admin.end()
  }
}
