import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { createRateLimitStore, type RateLimitStore } from '../platform/rate-limit-store.ts'
import { createMemoryRateLimitStore } from './memory-rate-limit-store.ts'
import { createRateLimits, type RateLimitState } from './rate-limit.ts'

const tableDefinition = `
  create unlogged table rate_limit_windows (
    key text primary key,
    short_limit integer not null,
    short_points integer not null,
    short_reset_at bigint not null,
    long_points integer not null,
    long_reset_at bigint not null
  ) with (fillfactor = 50);
  create index rate_limit_windows_long_reset_at on rate_limit_windows (long_reset_at);`

let database: TestDatabase
const pools: pg.Pool[] = []

beforeAll(async () => {
  database = await createTestDatabase({ migrated: false })
  await newPool().query(tableDefinition)
})
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()))
  await database.drop()
})

function newPool(): pg.Pool {
  const pool = new pg.Pool({ connectionString: database.url, max: 2 })
  pools.push(pool)
  return pool
}

/** A pool that counts what is sent through it and can be made to fail or to hang. */
function watchedPool() {
  const pool = newPool()
  const watch = { statements: 0, mode: 'works' as 'works' | 'fails' | 'hangs', release: () => {} }
  const query = (...sent: Parameters<pg.Pool['query']>) => {
    watch.statements += 1
    if (watch.mode === 'fails') return Promise.reject(new Error('the database is gone'))
    if (watch.mode === 'hangs') return new Promise((resolve) => (watch.release = () => resolve({ rows: [] })))
    return pool.query(...sent)
  }
  return { pool: { query } as unknown as pg.Pool, watch }
}

const silent = { warn: () => {} }
const minute = { limit: 3, windowMs: 60_000 }
const hour = { limit: 5, windowMs: 3_600_000 }

describe.each([
  ['in memory', (now: () => number): RateLimitStore => createMemoryRateLimitStore(now)],
  ['over PostgreSQL', (now: () => number): RateLimitStore => createRateLimitStore(newPool(), now)],
])('rate limits %s', (kind, storeOf) => {
  let surfaces = 0
  const setUp = (windows = [minute]) => {
    const clock = { nowMs: 1_790_000_000_500 }
    const now = () => clock.nowMs
    surfaces += 1
    const limits = createRateLimits({ store: storeOf(now), name: `${kind}-${surfaces}`, windows, now, log: silent })
    const consume = async (calls: number, key = 'a') => {
      const states: RateLimitState[] = []
      for (let call = 0; call < calls; call += 1) states.push(await limits.consume(key))
      return states
    }
    return { clock, limits, consume }
  }

  test('allow as many calls as the window holds, then say how long to wait', async () => {
    const { clock, consume } = setUp()
    const states = await consume(4)
    expect(states.map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
      [true, 2],
      [true, 1],
      [true, 0],
      [false, 0],
    ])
    expect(states[0]).toEqual({
      allowed: true,
      limit: 3,
      remaining: 2,
      resetAtSeconds: 1_790_000_061,
      retryAfterSeconds: 0,
    })
    clock.nowMs += 59_100
    expect(await consume(1)).toEqual([
      { allowed: false, limit: 3, remaining: 0, resetAtSeconds: 1_790_000_061, retryAfterSeconds: 1 },
    ])
  })

  test('open a new window when the old one ends, not before', async () => {
    const { clock, consume } = setUp()
    await consume(3)
    clock.nowMs += 59_999
    expect((await consume(1))[0]?.allowed).toBe(false)
    clock.nowMs += 1
    expect((await consume(1))[0]).toMatchObject({ allowed: true, remaining: 2, resetAtSeconds: 1_790_000_121 })
  })

  test('keep keys apart', async () => {
    const { consume } = setUp()
    await consume(4, 'a')
    expect((await consume(1, 'b'))[0]?.allowed).toBe(true)
  })

  test('report the tighter of two windows and do not count in the longer what the shorter refuses', async () => {
    const { clock, consume } = setUp([hour, minute])
    const first = await consume(5)
    expect(first.map(({ allowed, limit, remaining }) => [allowed, limit, remaining])).toEqual([
      [true, 3, 2],
      [true, 3, 1],
      [true, 3, 0],
      [false, 3, 0],
      [false, 3, 0],
    ])
    clock.nowMs += 60_000
    const second = await consume(3)
    expect(second.map(({ allowed, limit, remaining }) => [allowed, limit, remaining])).toEqual([
      [true, 5, 1],
      [true, 5, 0],
      [false, 5, 0],
    ])
    expect(second[2]?.retryAfterSeconds).toBe(3540)
  })

  test('hold for calls that come at once', async () => {
    const { clock, limits, consume } = setUp([minute, hour])
    const states = await Promise.all(Array.from({ length: 20 }, () => limits.consume('a')))
    expect(states.filter(({ allowed }) => allowed)).toHaveLength(3)
    clock.nowMs += 60_000
    expect((await consume(3)).map(({ allowed }) => allowed)).toEqual([true, true, false])
  })
})

describe('rate limits of several processes', () => {
  const now = () => 1_790_000_000_000

  test('allow exactly 1000 of 1005 calls that two processes take at once, in few statements', async () => {
    const first = watchedPool()
    const second = watchedPool()
    const windows = [
      { limit: 1000, windowMs: 60_000 },
      { limit: 50_000, windowMs: 3_600_000 },
    ]
    const processes = [first, second].map(({ pool }) =>
      createRateLimits({ store: createRateLimitStore(pool, now), name: 'thousand', windows, now, log: silent }),
    )
    const states = await Promise.all(Array.from({ length: 1005 }, (_, call) => processes[call % 2]?.consume('key')))
    expect(states.filter((state) => state?.allowed)).toHaveLength(1000)
    expect(new Set(states.filter((state) => state?.allowed).map((state) => state?.remaining)).size).toBe(1000)
    expect(first.watch.statements + second.watch.statements).toBeLessThan(20)
    const { rows } = await newPool().query(`select long_points from rate_limit_windows where key = 'thousand:key'`)
    expect(rows).toEqual([{ long_points: 1000 }])
  })

  test('do not lock each other out when they count the same keys in different orders', async () => {
    const stores = [createRateLimitStore(newPool(), now), createRateLimitStore(newPool(), now)]
    const keys = Array.from({ length: 300 }, (_, index) => `deadlock:${index}`)
    const rounds = Array.from({ length: 5 }, () =>
      stores.flatMap((store, index) =>
        (index === 0 ? keys : keys.toReversed()).map((key) => store.count(key, [minute])),
      ),
    )
    const counts = await Promise.all(rounds.flat())
    expect(counts).toHaveLength(3000)
    const { rows } = await newPool().query(
      `select distinct short_points from rate_limit_windows where key like 'deadlock:%'`,
    )
    expect(rows).toEqual([{ short_points: 10 }])
  })

  test('do not ask the database about a caller that has no calls left', async () => {
    const { pool, watch } = watchedPool()
    const limits = createRateLimits({
      store: createRateLimitStore(pool, now),
      name: 'spent',
      windows: [minute],
      now,
      log: silent,
    })
    for (let call = 0; call < 3; call += 1) await limits.consume('key')
    for (let call = 0; call < 50; call += 1) expect((await limits.consume('key')).allowed).toBe(false)
    expect(watch.statements).toBe(3)
  })

  test('delete windows that have ended, a slice at a time', async () => {
    const clock = { nowMs: 1_900_000_000_000 }
    const pool = newPool()
    await pool.query('truncate rate_limit_windows')
    const store = createRateLimitStore(pool, () => clock.nowMs)
    await Promise.all(Array.from({ length: 700 }, (_, index) => store.count(`purge:${index}`, [minute])))
    const left = async () =>
      (await pool.query(`select count(*)::int as n from rate_limit_windows where key like 'purge:%'`)).rows[0].n
    clock.nowMs += 60_000
    await store.count('after', [minute])
    await expect.poll(left).toBeLessThan(700)
    expect(await left()).toBe(200)
    clock.nowMs += 5_000
    await store.count('after', [minute])
    await expect.poll(left).toBe(0)
  })
})

describe('a database that does not answer', () => {
  const setUp = () => {
    const clock = { nowMs: 1_790_000_000_000 }
    const now = () => clock.nowMs
    const warnings: string[] = []
    const { pool, watch } = watchedPool()
    const log = { warn: (_: object, message: string) => void warnings.push(message) }
    const limits = createRateLimits({
      store: createRateLimitStore(pool, now),
      name: 'lost',
      windows: [minute],
      now,
      log,
    })
    return { clock, warnings, watch, limits }
  }

  test('leaves each process counting alone, said once a minute, with one attempt a second', async () => {
    const { clock, warnings, watch, limits } = setUp()
    watch.mode = 'fails'
    const allowed: boolean[] = []
    for (let call = 0; call < 4; call += 1) allowed.push((await limits.consume('key')).allowed)
    expect(allowed).toEqual([true, true, true, false])
    expect(watch.statements).toBe(1)
    clock.nowMs += 1_000
    await limits.consume('other')
    expect(watch.statements).toBe(2)
    expect(warnings).toHaveLength(1)
    clock.nowMs += 60_000
    await limits.consume('other')
    expect(warnings).toHaveLength(2)
  })

  test('is given up on after half a second and asked nothing more until the late statement has ended', async () => {
    const { clock, watch, limits } = setUp()
    watch.mode = 'hangs'
    const states = await Promise.all([limits.consume('a'), limits.consume('b')])
    expect(states.map(({ allowed }) => allowed)).toEqual([true, true])
    clock.nowMs += 1_000
    await limits.consume('a')
    expect(watch.statements).toBe(1)
    watch.mode = 'works'
    watch.release()
    await new Promise((resolve) => setImmediate(resolve))
    expect((await limits.consume('fresh')).allowed).toBe(true)
    expect(watch.statements).toBe(2)
  })
})

test('windows are one or two', () => {
  const options = { store: createMemoryRateLimitStore(() => 0), name: 'odd', now: () => 0, log: silent }
  expect(() => createRateLimits({ ...options, windows: [] })).toThrow('1 to 2 rate windows')
  expect(() => createRateLimits({ ...options, windows: [minute, minute, hour] })).toThrow('1 to 2 rate windows')
})
