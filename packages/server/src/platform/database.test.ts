import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startCuttingProxy } from '../../test/support/cutting-proxy.ts'
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import {
  assertServerVersion,
  createDatabase,
  type Database,
  DatabaseUnavailableError,
  describeUrl,
} from './database.ts'

let testDatabase: TestDatabase
let database: Database
const errors: Error[] = []

beforeAll(async () => {
  testDatabase = await createTestDatabase({ migrated: false })
  database = await createDatabase({
    url: testDatabase.url,
    poolMax: 2,
    applicationName: 'paylect-database-test',
    onError: (error) => errors.push(error),
  })
})

afterAll(async () => {
  await database.close()
  await testDatabase.drop()
})

async function readValue(expression: string): Promise<unknown> {
  const { rows } = await database.pool.query<{ value: unknown }>(`select ${expression} as value`)
  return rows[0]?.value
}

describe('a value from the database', () => {
  test.each([
    ['9007199254740993::int8', 9_007_199_254_740_993n],
    ['(-9223372036854775808)::int8', -(2n ** 63n)],
    ['count(*)', 1n],
    ['12345678901234567890.123456789::numeric', '12345678901234567890.123456789'],
    ['7::int4', 7],
    ['null::int8', null],
    [`'{1,null,9007199254740993}'::int8[]`, [1n, null, 9_007_199_254_740_993n]],
    [
      `'{{1,2},{3,4}}'::int8[]`,
      [
        [1n, 2n],
        [3n, 4n],
      ],
    ],
    [`'{0.1,12345678901234567890.5}'::numeric[]`, ['0.1', '12345678901234567890.5']],
    [`'2026-11-21'::date`, '2026-11-21'],
    [`'2026-11-21 09:40:14.5'::timestamp`, '2026-11-21 09:40:14.5'],
    [`'{"a":[1]}'::jsonb`, { a: [1] }],
  ])('%s arrives as %o', async (expression, expected) => {
    expect(await readValue(expression)).toEqual(expected)
  })

  test.each([
    ['2026-11-21T09:40:14.123Z', Date.UTC(2026, 10, 21, 9, 40, 14, 123)],
    ['2026-11-21T09:40:14.123999Z', Date.UTC(2026, 10, 21, 9, 40, 14, 123)],
    ['2026-11-21T09:40:14Z', Date.UTC(2026, 10, 21, 9, 40, 14)],
    ['1969-12-31T23:59:59.5Z', -500],
    ['infinity', Number.POSITIVE_INFINITY],
    ['-infinity', Number.NEGATIVE_INFINITY],
    ['12026-01-01T00:00:00Z', Date.UTC(12_026, 0, 1)],
    ['0044-03-15T00:00:00Z BC', new Date('-000043-03-15T00:00:00Z').getTime()],
  ])('the moment %s arrives as epoch milliseconds in every session time zone', async (text, expected) => {
    const client = await database.pool.connect()
    try {
      for (const zone of ['UTC', 'Asia/Kolkata', 'America/St_Johns']) {
        await client.query(`set timezone = '${zone}'`)
        const { rows } = await client.query(
          `select $1::timestamptz as moment, array[$1::timestamptz, null] as moments`,
          [text],
        )
        expect(rows[0]).toEqual({ moment: expected, moments: [expected, null] })
      }
    } finally {
      await client.query('reset timezone')
      client.release()
    }
  })

  test('of a domain arrives as its base type', async () => {
    await database.pool.query('create domain minor as int8 check (value >= 0)')
    expect(await readValue('5::minor')).toBe(5n)
  })

  test('read through kysely is the same', async () => {
    await database.pool.query('create table sums (total int8, at timestamptz)')
    await database.pool.query(`insert into sums values (9007199254740993, '2026-11-21T09:40:14.123Z')`)
    const row = await database.kysely.selectFrom('sums').selectAll().executeTakeFirst()
    expect(row).toEqual({ total: 9_007_199_254_740_993n, at: Date.UTC(2026, 10, 21, 9, 40, 14, 123) })
  })
})

describe('the pool', () => {
  test('reports an idle connection that breaks and goes on with a new one', async () => {
    const client = await database.pool.connect()
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    client.release()
    const other = await createDatabase({ url: testDatabase.url, applicationName: 'killer', onError: () => undefined })
    await other.pool.query('select pg_terminate_backend($1)', [rows[0]?.pid])
    await other.close()
    await expect.poll(() => errors.length).toBe(1)
    expect(await readValue('1')).toBe(1)
  })

  test('opens no more connections than it may and names itself to the server', async () => {
    const held = await Promise.all([database.pool.connect(), database.pool.connect()])
    const third = database.pool.connect()
    expect(await Promise.race([third.then(() => 'connected'), sleep(100, 'waiting')])).toBe('waiting')
    const { rows } = await (held[0] ?? database.pool).query(`select current_setting('application_name') as name`)
    expect(rows).toEqual([{ name: 'paylect-database-test' }])
    for (const client of held) client.release()
    ;(await third).release()
  })

  test('can be closed twice', async () => {
    const other = await createDatabase({ url: testDatabase.url, applicationName: 'twice', onError: () => undefined })
    await Promise.all([other.close(), other.close()])
    await other.close()
  })
})

describe('a database that cannot be used', () => {
  const open = async (change: (url: URL) => void, waitMs = 300) => {
    const url = new URL(testDatabase.url)
    change(url)
    const opening = createDatabase({ url: url.href, waitMs, applicationName: 'test', onError: () => undefined })
    return await opening.then(
      () => {
        throw new Error('it was opened')
      },
      (error: unknown) => error,
    )
  }

  test('is refused with the place, the reason and advice, and without the password', async () => {
    const cases: [(url: URL) => void, RegExp][] = [
      [(url) => (url.port = '1'), /127\.0\.0\.1:1\/.*ECONNREFUSED.*Check that the server runs/],
      [(url) => (url.password = 'the-wrong-secret'), /password.*Check the user and the password/],
      [(url) => (url.pathname = '/absent'), /"absent" does not exist.*Create the database first/],
    ]
    for (const [change, message] of cases) {
      const error = await open(change)
      expect(error).toBeInstanceOf(DatabaseUnavailableError)
      expect(String(error)).toMatch(message)
      expect(String(error)).not.toContain('the-wrong-secret')
      expect(String(error)).not.toContain(new URL(testDatabase.url).password)
    }
  })

  test('is waited for while nobody listens yet', async () => {
    const target = new URL(testDatabase.url)
    const gate = createServer()
    gate.listen(0, '127.0.0.1')
    await once(gate, 'listening')
    const address = gate.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    gate.close()
    await once(gate, 'close')

    const proxy = createServer((socket) => {
      const upstream = connect(Number(target.port || '5432'), target.hostname)
      socket.pipe(upstream).pipe(socket)
      for (const end of [socket, upstream]) end.on('error', () => end.destroy())
    })
    const url = new URL(testDatabase.url)
    url.host = `127.0.0.1:${address.port}`
    const opening = createDatabase({ url: url.href, applicationName: 'early', onError: () => undefined })
    await sleep(300)
    proxy.listen(address.port, '127.0.0.1')
    const opened = await opening
    expect((await opened.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await opened.close()
    proxy.close()
  })

  test('that is too old is refused with its version and ours', () => {
    expect(() => assertServerVersion(14, 'db:5432/paylect')).toThrow(
      /db:5432\/paylect is PostgreSQL 14; Paylect needs 15/,
    )
    expect(() => assertServerVersion(15, 'db:5432/paylect')).not.toThrow()
  })

  test('is described without its password', () => {
    expect(describeUrl('postgres://me:secret@db.example:6432/pay')).toBe('db.example:6432/pay')
    expect(describeUrl('not a url with secret')).toBe('(a URL that cannot be read)')
  })
})

test('a query that the network has swallowed fails, and the next one goes over another connection', async () => {
  const proxy = await startCuttingProxy(testDatabase.url)
  const options = { url: proxy.url, poolMax: 3, applicationName: 'paylect-silence-test', silenceMaxMs: 500 }
  const behind = await createDatabase({ ...options, onError: () => undefined })
  try {
    await behind.pool.query('select 1')
    // Silence between two queries is nothing to worry about.
    await sleep(700)
    await Promise.all([1, 2, 3].map(() => behind.pool.query('select pg_sleep(0.2)')))
    proxy.stall()
    await expect(behind.pool.query('select 1')).rejects.toThrow('silent for 500 ms')
    proxy.resume()
    // Not one of the other two, which have fallen silent as well.
    expect((await behind.pool.query('select 7 as value')).rows).toEqual([{ value: 7 }])
    await expect(behind.kysely.selectFrom('pg_class').select('relname').limit(1).execute()).resolves.toHaveLength(1)
  } finally {
    await behind.close()
    await proxy.close()
  }
})
