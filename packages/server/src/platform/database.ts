import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { typeParsers } from './database-types.ts'

/** Tables of which nothing is known but that their columns hold something: what a reader gets who names no row types. */
export type UnknownTables = Record<string, Record<string, unknown>>

/** One process's access to PostgreSQL. Values arrive as `database-types.ts` says. */
export interface Database<Tables = UnknownTables> {
  /** For hand-written SQL. */
  readonly pool: pg.Pool
  /** For queries that read; it draws its connections from the same pool. */
  readonly kysely: Kysely<Tables>
  /** Waits for the queries under way and closes all connections. Throws when connections are still held after 10 seconds. Doing it twice does nothing. */
  close(): Promise<void>
}

/** What a database is opened with. */
export interface DatabaseOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string
  /** How many connections the pool opens at most. */
  readonly poolMax?: number
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string
  /** Hears of connections that broke while nobody used them. The pool replaces them by itself. */
  readonly onError: (error: Error) => void
  /** For how long a server that is absent or still starting is tried again, in milliseconds. */
  readonly waitMs?: number
  /** See `endWhenSilent`; without it, queries may take any time. In milliseconds. */
  readonly silenceMaxMs?: number
}

/** The database cannot be used: unreachable, refused us, or too old. The message says what to do and holds no password. */
export class DatabaseUnavailableError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'DatabaseUnavailableError'
  }
}

/** The oldest PostgreSQL that our SQL is written for. */
const SERVER_VERSION_MIN = 15

const POOL_MAX_DEFAULT = 8
const WAIT_MS_DEFAULT = 10_000
const RETRY_PAUSE_MS = 100
const CONNECT_TIMEOUT_MS = 10_000
const CLOSE_TIMEOUT_MS = 10_000

/** Failures that pass by themselves while a server starts: nobody listens yet, the name is not known yet, "starting up". */
const PASSING_CODES = ['ECONNREFUSED', 'ECONNRESET', 'EAI_AGAIN', 'ENOTFOUND', '57P03']

/**
 * Opens a pool of connections and proves that the server answers and is new enough.
 * Throws `DatabaseUnavailableError` when it does not within `waitMs`, refuses us, or is older than PostgreSQL 15.
 */
export async function createDatabase<Tables = UnknownTables>(options: DatabaseOptions): Promise<Database<Tables>> {
  await waitForServer(options)
  const pool = new pg.Pool({
    ...connectionConfig(options.url, options.applicationName),
    max: options.poolMax ?? POOL_MAX_DEFAULT,
  })
  // Without a listener a connection that breaks while idle would end the process.
  pool.on('error', (error) => options.onError(error))
  if (options.silenceMaxMs !== undefined) endWhenSilent(pool, options.silenceMaxMs)
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
  let closing: Promise<void> | undefined
  return {
    pool,
    kysely,
    close: () => {
      closing ??= closePool(pool)
      return closing
    },
  }
}

/**
 * Ends a connection of the pool on which a query has waited so long without a byte: a network may have swallowed question
 * or answer, and then neither side ever hears of it. The query rejects, and the pool opens another connection; those that
 * nobody uses meanwhile are ended too, since they may have fallen silent with it. To be used where no query is silent for
 * that long by itself.
 */
export function endWhenSilent(pool: pg.Pool, silenceMaxMs: number): void {
  const unused = new Set<Socket>()
  pool.on('acquire', (client) => unused.delete(socketOf(client)))
  pool.on('release', (_error, client) => unused.add(socketOf(client)))
  pool.on('remove', (client) => unused.delete(socketOf(client)))
  pool.on('connect', (client) => {
    const socket = socketOf(client)
    socket.setTimeout(silenceMaxMs, () => {
      // Whoever waits for nothing may be silent: the timer begins anew with the next query.
      if ((client as IdleClient).readyForQuery === true) return
      const error = new Error(`The database was silent for ${silenceMaxMs} ms.`)
      for (const silent of [socket, ...unused]) silent.destroy(error)
    })
  })
}

function socketOf(client: pg.ClientBase): Socket {
  return (client as pg.Client).connection.stream as Socket
}

/** The driver's own word on whether it waits for an answer, which its types leave out. */
interface IdleClient extends pg.ClientBase {
  readonly readyForQuery?: boolean
}

/** How each of our connections is set up. Nothing here needs more than PgBouncer passes on. */
export function connectionConfig(url: string, applicationName: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    types: typeParsers,
  }
}

/** Names a database in a message or a log line: host, port and database, never the password. */
export function describeUrl(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url)
    return `${hostname === '' ? 'localhost' : hostname}:${port === '' ? '5432' : port}${pathname}`
  } catch {
    return '(a URL that cannot be read)'
  }
}

async function closePool(pool: pg.Pool): Promise<void> {
  const timeout = new AbortController()
  const late = sleep(CLOSE_TIMEOUT_MS, 'late', { signal: timeout.signal, ref: false }).catch(() => 'done')
  const outcome = await Promise.race([pool.end(), late])
  timeout.abort()
  if (outcome === 'late') throw new Error(`${pool.totalCount} database connections were still in use when closing.`)
}

/**
 * Waits until the server answers, `waitMs` at most (10 seconds unless given), and proves that it is new enough.
 * Throws `DatabaseUnavailableError` otherwise.
 */
export async function waitForServer(
  options: Pick<DatabaseOptions, 'url' | 'applicationName' | 'waitMs'>,
): Promise<void> {
  const deadline = performance.now() + (options.waitMs ?? WAIT_MS_DEFAULT)
  for (;;) {
    try {
      assertServerVersion(await readServerVersion(options), describeUrl(options.url))
      return
    } catch (error) {
      if (error instanceof DatabaseUnavailableError) throw error
      if (!isPassing(error) || performance.now() >= deadline) throw explain(error, options.url)
      await sleep(RETRY_PAUSE_MS)
    }
  }
}

async function readServerVersion(options: Pick<DatabaseOptions, 'url' | 'applicationName'>): Promise<number> {
  const client = new pg.Client(connectionConfig(options.url, options.applicationName))
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rows } = await client.query<{ server_version_num: string }>('show server_version_num')
    return Math.floor(Number(rows[0]?.server_version_num) / 10_000)
  } finally {
    await client.end()
  }
}

/** Refuses a server that is older than our SQL. `major` is PostgreSQL's major version; `place` goes into the message. */
export function assertServerVersion(major: number, place: string): void {
  if (major >= SERVER_VERSION_MIN) return
  throw new DatabaseUnavailableError(
    `The server at ${place} is PostgreSQL ${major}; Paylect needs ${SERVER_VERSION_MIN} or newer. Upgrade it, or set DATABASE_URL to a newer one.`,
  )
}

function isPassing(error: unknown): boolean {
  return codesOf(error).some((code) => PASSING_CODES.includes(code))
}

function explain(error: unknown, url: string): DatabaseUnavailableError {
  const codes = codesOf(error)
  const place = describeUrl(url)
  const reason = error instanceof Error && error.message !== '' ? error.message : codes.join(', ')
  const advice = codes.includes('28P01')
    ? 'Check the user and the password in DATABASE_URL.'
    : codes.includes('3D000')
      ? 'Create the database first, or correct its name in DATABASE_URL.'
      : 'Check that the server runs and that DATABASE_URL names it.'
  return new DatabaseUnavailableError(`The database at ${place} cannot be used: ${reason}. ${advice}`, error)
}

/** A name with several addresses fails with one error for each, inside an AggregateError. */
function codesOf(error: unknown): string[] {
  if (error instanceof AggregateError) return error.errors.flatMap(codesOf)
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? [error.code] : []
}
