/*
 * A connection of the PostgreSQL store. States: open → busy with one transaction → open …, or broken, and then never
 * used again. It carries whole flights of statements (`flight.ts`), one at a time; after the first failure the server
 * skips the rest of a flight.
 */
import pg from 'pg'
import { connectionConfig } from '../../platform/database.ts'
import { type Answered, type KnownStatements, sendFlight } from './flight.ts'
import type { Statement } from './kind-sql.ts'
import { StoreError } from './store.ts'

/** A connection that sends whole flights of statements. */
export interface FlightConnection {
  /**
   * Sends the statements together. Rejects with the first database error, and then nothing behind it was executed, or
   * with `ConnectionLost`, and then the connection is broken.
   */
  fly(statements: readonly Statement[]): Promise<readonly Answered[]>
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
  let warning: unknown
  client.on('notice', (notice) => {
    if (mayWarnOfLoss(notice.code)) warning = notice
  })
  const known: KnownStatements = new Map()
  const cut = () => {
    broken = true
    client.connection.stream.destroy()
  }
  const settings = client.query({ text: planSettings, rowMode: 'array' }).then(() => [])
  await landed(settings, timeoutMs, cut).catch((error: unknown) => {
    throw new StoreError('unavailable', 'the database was lost while connecting', undefined, error)
  })
  return {
    fly: async (statements) => {
      warning = undefined
      const answers = await landed(sendFlight(client, known, statements), timeoutMs, cut)
      if (warning === undefined) return answers
      cut()
      throw new ConnectionLost(warning)
    },
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

/**
 * A commit whose wait for its standby was cancelled (by a person, by a timeout, by a shutdown) answers like any other, with
 * a warning beside it (01000 or 57P01): it is durable here and perhaps nowhere else. Our statements cause no other warning.
 */
function mayWarnOfLoss(code: string | undefined): boolean {
  return code !== undefined && (code.startsWith('01') || code.startsWith('57P'))
}

/** The driver's own bound for connecting is longer than a flight may take: a client that comes too late is ended. */
async function openBounded(url: string, onError: () => void, timeoutMs: number): Promise<pg.Client> {
  const client = new pg.Client(connectionConfig(url, 'paylect-committer'))
  client.on('error', onError)
  const opening = client.connect()
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error('connecting took too long')), timeoutMs)
  try {
    await Promise.race([opening, late.promise])
    return client
  } catch (error) {
    opening.then(() => client.end()).catch(() => {})
    throw new StoreError('unavailable', 'the database cannot be reached', undefined, error)
  } finally {
    clearTimeout(timer)
  }
}

/** Waits for a flight. Unless the server itself has refused it, the connection is lost and so is the knowledge of its fate. */
async function landed(
  flight: Promise<readonly Answered[]>,
  timeoutMs: number,
  cut: () => void,
): Promise<readonly Answered[]> {
  const timer = setTimeout(cut, timeoutMs)
  try {
    return await flight
  } catch (error) {
    if (isDatabaseError(error) && !isShutdown(error)) {
      // Nothing will ever be written over this connection; a new one may lead to the new primary.
      if (isStandby(error)) cut()
      throw error
    }
    cut()
    throw new ConnectionLost(error)
  } finally {
    clearTimeout(timer)
  }
}

/** Whether the server itself answered with an error, as opposed to a broken connection. */
export function isDatabaseError(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError && typeof error.code === 'string'
}

/** Class 57P: the server is going away (shutdown, crash of a sibling); 25P03: it ended an idle transaction. The connection ends after it. */
function isShutdown({ code }: pg.DatabaseError): boolean {
  return code?.startsWith('57P') || code === '25P03'
}

/** 25006: a write on a standby or a primary that was made read-only. 55000: a transaction's number or a WAL position was asked of a standby. */
function isStandby({ code }: pg.DatabaseError): boolean {
  return code === '25006' || code === '55000'
}

/** Translates an error of the database into what the committer may do next. */
export function storeErrorOf(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  if (error instanceof ConnectionLost) return new StoreError('unavailable', error.message, undefined, error)
  if (!isDatabaseError(error)) return new StoreError('unavailable', 'the database did not answer', undefined, error)
  const { code = '', message, constraint } = error
  if (code === '23505' || code === 'PLREV') return new StoreError('lost_race', message, constraint, error)
  if (['40001', '40P01', '55P03'].includes(code)) return new StoreError('retry', message, constraint, error)
  // Class 08: the connection, said by a proxy or a pooler. Class 53: out of disk, memory or connections. 57014: the statement timeout.
  if (/^(?:08|53)/.test(code) || code === '57014' || isShutdown(error) || isStandby(error)) {
    return new StoreError('unavailable', message, constraint, error)
  }
  return new StoreError('vetoed', message, constraint ?? code, error)
}
