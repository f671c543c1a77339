import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { type JobRunner, type JobTask, startJobRunner } from './job-runner.ts'
import { createJobPool, installJobSchema } from './job-schema.ts'
import { silentLog } from './log.ts'

let database: TestDatabase
let client: pg.Client
let runners: JobRunner[] = []

beforeAll(async () => {
  database = await createTestDatabase()
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
})

afterEach(async () => {
  for (const runner of runners) await runner.stop()
  runners = []
  await client.query('delete from graphile_worker._private_jobs')
})

afterAll(async () => {
  await client.end()
  await database.drop()
})

function start(tasks: Record<string, JobTask>): JobRunner {
  const runner = startJobRunner({ url: database.url, tasks, concurrency: 2, log: silentLog })
  runners.push(runner)
  return runner
}

async function add(name: string, payload: unknown): Promise<void> {
  await client.query('select graphile_worker.add_job($1, $2)', [name, JSON.stringify(payload)])
}

async function until(holds: () => boolean | Promise<boolean>, seconds = 10): Promise<void> {
  for (let tries = 0; tries < seconds * 100; tries += 1) {
    if (await holds()) return
    await sleep(10)
  }
  throw new Error(`it did not come true in ${seconds} seconds`)
}

test('several processes install the schema at once on an empty database', async () => {
  const empty = await createTestDatabase({ migrated: false })
  try {
    await Promise.all([1, 2, 3, 4].map(() => installJobSchema(empty.url)))
    await installJobSchema(empty.url)
  } finally {
    await empty.drop()
  }
})

test('a client that the library gives back twice does no harm', async () => {
  const pool = createJobPool(database.url, 1, () => {})
  try {
    const client = await pool.connect()
    client.release(new Error('the connection broke'))
    client.release()
    const { rows } = await pool.query('select 1 as one')
    expect(rows).toEqual([{ one: 1 }])
    expect(pool.totalCount).toBe(1)
  } finally {
    await pool.end()
  }
})

test('a job runs once and soon after it was added', async () => {
  const seen: unknown[] = []
  const runner = start({ greet: async (payload) => void seen.push(payload) })
  await until(() => runner.isListening())
  await add('greet', { name: 'Asha' })
  await until(() => seen.length > 0)
  await runner.runAllDue()
  expect(seen).toEqual([{ name: 'Asha' }])
})

test('what is due has run when runAllDue resolves, also what a job adds', async () => {
  const seen: unknown[] = []
  const runner = start({
    first: async () => {
      await sleep(50)
      await add('second', {})
    },
    second: async () => {
      await sleep(50)
      seen.push('second')
    },
  })
  await add('first', {})
  await runner.runAllDue()
  expect(seen).toEqual(['second'])
})

test('a job that fails waits longer each time, and its error can be read', async () => {
  const runner = start({
    fail: async () => {
      throw new Error('the receiver is away')
    },
  })
  await add('fail', {})
  await runner.runAllDue()
  const { rows } = await client.query('select attempts, last_error, run_at > now() as later from graphile_worker.jobs')
  expect(rows).toEqual([{ attempts: 1, last_error: 'the receiver is away', later: true }])
})

test('a job that has failed for good stays visible and is not run again', async () => {
  let runs = 0
  const runner = start({
    fail: async () => {
      runs += 1
      throw new Error('never')
    },
  })
  await client.query(`select graphile_worker.add_job('fail', '{}', max_attempts => 1)`)
  await runner.runAllDue()
  await runner.runAllDue()
  expect(runs).toBe(1)
  expect(await runner.deadJobs()).toBe(1)
})

test('a job whose runner died is run by another', async () => {
  await add('greet', {})
  await client.query(
    `update graphile_worker._private_jobs set locked_by = 'pool-dead', locked_at = now() - interval '6 seconds', attempts = 1`,
  )
  const seen: unknown[] = []
  start({ greet: async (payload) => void seen.push(payload) })
  await until(() => seen.length === 1)
})

test('a job that a living runner works on for long is left to it', async () => {
  const done = Promise.withResolvers<void>()
  let runs = 0
  const stolen: string[] = []
  const runner = start({
    slow: async () => {
      runs += 1
      await done.promise
    },
  })
  await until(() => runner.isListening())
  await add('slow', {})
  await until(() => runs === 1)
  await client.query(`update graphile_worker._private_jobs set locked_at = now() - interval '1 hour'`)
  const other = start({ slow: async () => void stolen.push('slow') })
  await until(() => other.isListening())
  await sleep(200)
  done.resolve()
  await runner.runAllDue()
  expect({ runs, stolen }).toEqual({ runs: 1, stolen: [] })
})

test('a runner whose connections are cut goes on with new ones', async () => {
  const seen: unknown[] = []
  const runner = start({ greet: async (payload) => void seen.push(payload) })
  await until(() => runner.isListening())
  await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and application_name = 'paylect-jobs'`,
    [database.database],
  )
  await add('greet', { name: 'Asha' })
  await until(() => seen.length === 1)
})

test('a job that was taken over a connection that was lost meanwhile is not kept from everybody', async () => {
  const seen: unknown[] = []
  const owners: unknown[] = []
  const runner = start({
    ask: async () => void owners.push((await client.query('select locked_by from graphile_worker.jobs')).rows[0]),
    greet: async (payload) => void seen.push(payload),
  })
  await until(() => runner.isListening())
  await add('ask', {})
  await until(() => owners.length === 1)
  const [{ locked_by: owner }] = owners as [{ locked_by: string }]
  // As after a commit whose answer never came: the job is the living runner's, and it does not know.
  await client.query('begin')
  await add('greet', { name: 'Asha' })
  await client.query(`update graphile_worker._private_jobs set locked_by = $1, locked_at = now(), attempts = 1`, [
    owner,
  ])
  await client.query('commit')
  await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = $1 and application_name = 'paylect-jobs' and query like '%locked_by = %' limit 1`,
    [database.database],
  )
  await until(() => seen.length === 1, 25)
}, 40_000)

test('stopping lets a job that is under way end', async () => {
  let ended = false
  let begun = false
  const runner = start({
    slow: async () => {
      begun = true
      await sleep(200)
      ended = true
    },
  })
  await add('slow', {})
  await until(() => begun)
  await runner.stop()
  expect(ended).toBe(true)
  const { rows } = await client.query('select id from graphile_worker.jobs')
  expect(rows).toEqual([])
})
