import { runMigrations } from 'graphile-worker'
import pg from 'pg'
import { connectionConfig, waitForServer } from './database.ts'
import { createJobLogger } from './job-logger.ts'
import { silentLog } from './log.ts'

const applicationName = 'paylect-job-schema'
/** One advisory lock around the library's own migrations, so that processes that start at once take turns. */
const lockKey = '7205759403792793602'
/** How long a process waits for its turn while another one installs. */
const lockTimeoutMs = 600_000

/**
 * Brings the job queue's schema (`graphile_worker`) up to the library's version. Called after `migrate`, before anything
 * writes jobs. Any number of processes may call it at once. Needs a direct connection, as `migrate` does. Throws
 * `DatabaseUnavailableError` when the server does not answer, and the library's error when a newer one has migrated.
 */
export async function installJobSchema(url: string): Promise<void> {
  await waitForServer({ url, applicationName })
  const turn = new pg.Client(connectionConfig(url, applicationName))
  turn.on('error', () => undefined)
  await turn.connect()
  try {
    await turn.query(`set lock_timeout = ${lockTimeoutMs}`)
    await turn.query('select pg_advisory_lock($1)', [lockKey])
    const pool = createJobPool(url, 1, () => undefined)
    try {
      await runMigrations({ pgPool: pool, logger: createJobLogger(silentLog) })
    } finally {
      await pool.end()
    }
  } finally {
    // Ending the session gives the lock up, whatever state it is in.
    await turn.end()
  }
}

/**
 * A pool for the job library, which reads values as the driver gives them and must not see our own type parsers.
 * `onError` hears of connections that broke, idle or in use: without listeners they would end the process.
 */
export function createJobPool(url: string, connectionsMax: number, onError: (error: Error) => void): pg.Pool {
  const { types: _types, ...config } = connectionConfig(url, 'paylect-jobs')
  const pool = new pg.Pool({ ...config, max: connectionsMax })
  pool.on('error', onError)
  pool.on('connect', (client) => {
    client.on('error', onError)
  })
  return releasedOnce(pool)
}

/**
 * The library gives a client back both when its connection breaks and when it stops. The pool throws at the second time,
 * inside a promise that nobody holds, which would end the process.
 */
function releasedOnce(pool: pg.Pool): pg.Pool {
  const connect = pool.connect.bind(pool)
  const connectOnce = async () => {
    const client = await connect()
    const release = client.release.bind(client)
    let isReleased = false
    client.release = (error) => {
      if (!isReleased) release(error)
      isReleased = true
    }
    return client
  }
  // The pool's own queries connect with a callback and give back once.
  pool.connect = ((callback?: Parameters<typeof connect>[0]) =>
    callback ? connect(callback) : connectOnce()) as typeof pool.connect
  return pool
}
