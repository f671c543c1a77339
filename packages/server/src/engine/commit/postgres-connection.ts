/*
 * A connection of the PostgreSQL store. States: open → busy with one transaction → open …, or broken, and then never
 * used again. All statements of one flight go to the server in one write and their answers are awaited together; after
 * the first failure the server skips the rest of the transaction, so a flight is also all or nothing.
 */
import pg from 'pg'
import { openPipelinedClient } from '../../platform/pipelined-client.ts'
import type { Statement } from './kind-sql.ts'
import { StoreError } from './store.ts'

/** What a statement answered. */
export interface Answered {
  /** The command tag's first word: a `commit` that answers `ROLLBACK` has not committed. */
  readonly command: string
  readonly rows: readonly (readonly unknown[])[]
}

/** A connection that sends whole flights of statements. */
export interface FlightConnection {
  /**
   * Sends the statements together; a text may hold several, without values. Rejects with the first database error, or
   * with `ConnectionLost`, and then the connection is broken.
   */
  fly(statements: readonly (Statement | string)[]): Promise<readonly Answered[]>
  readonly broken: boolean
  destroy(): void
}

/** The connection is gone (or did not answer within its bound) and the fate of what was sent is not known. */
export class ConnectionLost extends Error {
  constructor(cause: unknown) {
    super('the connection to the database was lost', { cause })
    this.name = 'ConnectionLost'
  }
}

/**
 * Every statement of the store names rows by whole keys, so the right plan is always the index, row by row. Saying so keeps
 * the planner from a scan or a hash that looked cheap while the table was small, and lets one plan be kept
 * (docs/decisions/0003).
 */
const planSettings = ['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin', 'enable_bitmapscan']
  .map((setting) => `set ${setting} = off;`)
  .concat('set plan_cache_mode = force_generic_plan')
  .join(' ')

/** Opens a connection. Throws `StoreError('unavailable')` when the server cannot be reached within the bound. */
export async function openFlightConnection(url: string, timeoutMs: number): Promise<FlightConnection> {
  let broken = false
  const breaks = () => {
    broken = true
  }
  const client = await openBounded(url, breaks, timeoutMs)
  client.on('end', breaks)
  await settleFlight(sendAll(client, [planSettings]), timeoutMs, () => client.connection.stream.destroy()).catch(
    (error: unknown) => {
      throw new StoreError('unavailable', 'the database was lost while connecting', undefined, error)
    },
  )
  const cut = () => {
    broken = true
    client.connection.stream.destroy()
  }
  return {
    fly: (statements) => settleFlight(sendAll(client, statements), timeoutMs, cut),
    get broken() {
      return broken
    },
    destroy: () => {
      if (broken) {
        cut()
        return
      }
      broken = true
      client.end().catch(cut)
    },
  }
}

/** The driver's own bound for connecting is longer than a flight may take: a client that comes too late is ended. */
async function openBounded(url: string, onError: () => void, timeoutMs: number): Promise<pg.Client> {
  const opening = openPipelinedClient(url, onError, 'paylect-committer')
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error('connecting took too long')), timeoutMs)
  try {
    return await Promise.race([opening, late.promise])
  } catch (error) {
    opening.then((client) => client.end()).catch(() => {})
    throw new StoreError('unavailable', 'the database cannot be reached', undefined, error)
  } finally {
    clearTimeout(timer)
  }
}

function sendAll(client: pg.Client, statements: readonly (Statement | string)[]): Promise<Answered>[] {
  const { stream } = client.connection
  stream.cork()
  try {
    return statements.map((statement) => send(client, statement))
  } finally {
    stream.uncork()
  }
}

// Callbacks, not the driver's promises: those capture a stack trace for every statement.
function send(client: pg.Client, statement: Statement | string): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const query = typeof statement === 'string' ? { text: statement, rowMode: 'array' } : statement
    client.query(query as unknown as pg.QueryConfig, (error: Error | null, result: unknown) => {
      if (error) reject(error)
      else resolve(result as Answered)
    })
  })
}

async function settleFlight(
  flight: readonly Promise<Answered>[],
  timeoutMs: number,
  cut: () => void,
): Promise<readonly Answered[]> {
  const timer = setTimeout(cut, timeoutMs)
  const settled = await Promise.allSettled(flight)
  clearTimeout(timer)
  const failures = settled.filter((answer) => answer.status === 'rejected').map((answer) => answer.reason as unknown)
  if (failures.length === 0) return settled.map((answer) => (answer as PromiseFulfilledResult<Answered>).value)
  // The first failure is the cause; the ones after it only say that the transaction is aborted. But a lost connection
  // anywhere in the flight leaves the fate of the commit open, whatever an earlier statement said.
  const lost = failures.find((failure) => !isDatabaseError(failure) || isShutdown(failure))
  if (lost === undefined) throw failures[0]
  cut()
  throw new ConnectionLost(lost)
}

/** Whether the server itself answered with an error, as opposed to a broken connection. */
export function isDatabaseError(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError && typeof error.code === 'string'
}

/** Class 57P: the server is going away (shutdown, crash of a sibling); 25P03: it ended an idle transaction. The connection ends after it. */
function isShutdown(error: unknown): boolean {
  return isDatabaseError(error) && (error.code?.startsWith('57P') || error.code === '25P03' || false)
}

/** Translates an error of the database into what the committer may do next. */
export function storeErrorOf(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  if (error instanceof ConnectionLost) return new StoreError('unavailable', error.message, undefined, error)
  if (!isDatabaseError(error)) return new StoreError('unavailable', 'the database did not answer', undefined, error)
  const { code = '', message, constraint } = error
  if (code === '23505' || code === 'PLREV') return new StoreError('lost_race', message, constraint, error)
  if (['40001', '40P01', '55P03'].includes(code)) return new StoreError('retry', message, constraint, error)
  // Class 53: out of disk, memory or connections. 57014: the statement timeout. 25006: a standby, after a failover.
  if (code.startsWith('53') || code === '57014' || code === '25006') {
    return new StoreError('unavailable', message, constraint, error)
  }
  return new StoreError('vetoed', message, constraint ?? code, error)
}
