import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { until } from '../../test/support/webhooks.ts'
import { createDatabase, type Database } from './database.ts'
import { type EventOutbox, type EventOutboxOptions, startEventOutbox } from './event-outbox.ts'
import { outboxChannel, readOutboxCounts } from './event-outbox-queries.ts'
import { silentLog } from './log.ts'

let testDatabase: TestDatabase
let database: Database
let pool: pg.Pool
let outboxes: EventOutbox[] = []

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  database = await createDatabase({ url: testDatabase.url, applicationName: 'outbox-test', onError: () => {} })
  pool = database.pool
})

afterEach(async () => {
  await Promise.all(outboxes.map((outbox) => outbox.stop()))
  outboxes = []
  await pool.query('delete from event_outbox')
})

afterAll(async () => {
  await database.close()
  await testDatabase.drop()
})

function start(task: EventOutboxOptions['task']): EventOutbox {
  const outbox = startEventOutbox({ url: testDatabase.url, task, log: silentLog })
  outboxes.push(outbox)
  return outbox
}

async function put(...names: string[]): Promise<void> {
  await pool.query('insert into event_outbox (events) select json_build_array(name) from unnest($1::text[]) name', [
    names,
  ])
  await pool.query(`select pg_notify('${outboxChannel}', '')`)
}

async function rowsLeft(): Promise<number> {
  const { rows } = await pool.query<{ left: number }>('select count(*)::integer as left from event_outbox')
  return rows[0]?.left ?? -1
}

describe('the event outbox', () => {
  test('hands over what was written before it started and what comes later, and deletes it', async () => {
    const seen: unknown[] = []
    await put('a', 'b')
    const outbox = start(async (events) => void seen.push(...events))
    await until(() => seen.length === 2)
    await put('c')
    await until(() => seen.length === 3)
    expect(seen).toEqual(['a', 'b', 'c'])
    await outbox.runAllDue()
    expect(await rowsLeft()).toBe(0)
  })

  test('what waited for the batch under way makes the next one', async () => {
    const batches: number[] = []
    const first = Promise.withResolvers<void>()
    start(async (events) => {
      batches.push(events.length)
      if (batches.length === 1) await first.promise
    })
    await put('a')
    await until(() => batches.length === 1)
    for (const name of ['b', 'c', 'd']) await put(name)
    first.resolve()
    await until(async () => (await rowsLeft()) === 0)
    expect(batches).toEqual([1, 3])
  })

  test('events that cannot be done hold up no others, are tried again, and say why', async () => {
    const seen: unknown[] = []
    const outbox = start(async (events) => {
      if (events.includes('bad')) throw new Error('no such dialect')
      seen.push(...events)
    })
    await put('a', 'bad', 'b')
    await until(() => seen.length === 2)
    await outbox.runAllDue()
    expect(await readOutboxCounts(pool)).toMatchObject({ failing: 1n, givenUp: 0n })
    const { rows } = await pool.query('select last_error, is_leased, due_at > now() as later from event_outbox')
    expect(rows).toEqual([{ last_error: 'Error: no such dialect', is_leased: false, later: true }])
  })

  test('a row that failed as often as it may is given up, and stays to be looked at', async () => {
    await put('bad')
    await pool.query('update event_outbox set tries = 24')
    const outbox = start(() => Promise.reject(new Error('still no such dialect')))
    await until(async () => (await outbox.givenUp()) === 1)
    expect(await outbox.runAllDue()).toBe(0)
    expect(await rowsLeft()).toBe(1)
  })

  test('a row that a process took and did not finish is taken again when its lease ends, and not before', async () => {
    const seen: unknown[] = []
    await put('later', 'now')
    await pool.query(`update event_outbox set is_leased = true,
      due_at = now() + case events->>0 when 'later' then interval '1 hour' else interval '-1 second' end`)
    start(async (events) => void seen.push(...events))
    await until(() => seen.length > 0)
    await sleep(50)
    expect(seen).toEqual(['now'])
    expect(await rowsLeft()).toBe(1)
  })

  test('two processes share the work, and no row is done twice', async () => {
    const seen: unknown[] = []
    const names = Array.from({ length: 200 }, (_, n) => `e${n}`)
    for (let n = 0; n < 2; n += 1) start(async (events) => void seen.push(...events))
    await put(...names)
    await until(() => seen.length >= names.length)
    expect(seen.toSorted()).toEqual(names.toSorted())
  })

  test('a session that is ended is opened again', async () => {
    const seen: unknown[] = []
    const outbox = start(async (events) => void seen.push(...events))
    await until(() => outbox.isWorking())
    await pool.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'paylect-outbox' and datname = current_database()`)
    await put('a')
    await until(() => seen.length === 1)
    await until(() => outbox.isWorking())
  })
})
