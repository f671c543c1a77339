import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { answersOf, createTestCommitter, type TestCommitter } from '../../../test/support/committer.ts'
import { type CuttingProxy, startCuttingProxy } from '../../../test/support/cutting-proxy.ts'
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts'
import type { Scope } from '../../kernel/scope.ts'
import { createDatabase, type Database } from '../../platform/database.ts'
import { createPostgresStore } from './postgres-store.ts'
import { add } from './sample-commands.ts'
import type { Store } from './store.ts'

// The network between committer and database fails at the worst moments. What the caller hears must be what happened.

const flightTimeoutMs = 500
const inDoubtTimeoutMs = 1_500
let testDatabase: TestDatabase
let database: Database
let proxy: CuttingProxy
let store: Store
let under: TestCommitter
let merchants = 0
let scope: Scope

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  // Looks at the truth, past the proxy.
  database = await createDatabase({ url: testDatabase.url, applicationName: 'paylect-test', onError: () => {} })
})
beforeEach(async () => {
  proxy = await startCuttingProxy(testDatabase.url)
  store = createPostgresStore({ url: proxy.url, pool: database.pool, flightTimeoutMs, inDoubtTimeoutMs })
  under = createTestCommitter(store, { unavailableBackoffMs: [10, 50] })
  merchants += 1
  scope = { merchantId: `mer_${merchants}`, mode: 'sandbox' }
})
afterEach(async () => {
  proxy.resume()
  await under.committer.drain()
  await store.close()
  await proxy.close()
})
afterAll(async () => {
  await database.close()
  await testDatabase.drop()
})

const submit = (reference: string) => under.committer.submit(add, { scope, reference })
const stored = async () =>
  (
    await database.pool.query<{ reference: string }>(
      'select reference from customers where merchant_id = $1 order by phone::int',
      [scope.merchantId],
    )
  ).rows.map((row) => row.reference)

describe('a connection that is lost during the commit', () => {
  test('after the commit arrived: the write is acknowledged, once', async () => {
    await submit('first')
    proxy.cutNextCommit('lose_reply')
    expect(await answersOf([submit('a'), submit('b'), submit('a')])).toEqual([
      'accepted',
      'accepted',
      'conflict reference_taken',
    ])
    expect(await stored()).toEqual(['first', 'a', 'b'])
    // The first, and the one whose answer was lost: nothing was sent twice.
    expect(proxy.commits()).toBe(2)
  })

  test('before the commit arrived: the group is decided again and written once', async () => {
    await submit('first')
    proxy.cutNextCommit('lose_request')
    expect(await answersOf([submit('a'), submit('b')])).toEqual(['accepted', 'accepted'])
    expect(await stored()).toEqual(['first', 'a', 'b'])
    expect(proxy.commits()).toBe(3)
  })

  test('in the very moment, again and again: every answer is true and no number is used twice', async () => {
    const references = Array.from({ length: 30 }, (_, n) => `${n}`)
    for (const reference of references) {
      proxy.cutNextCommit('cut_at_once')
      expect(await answersOf([submit(reference)])).toEqual(['accepted'])
    }
    expect(await stored()).toEqual(references)
  })

  test('and the database stays away: the caller hears that nobody knows, within the bounds', async () => {
    await submit('first')
    proxy.cutNextCommit('lose_reply_for_good')
    const started = performance.now()
    expect(await answersOf([submit('a'), submit('b')])).toEqual(Array(2).fill('overloaded outcome_unknown'))
    expect(performance.now() - started).toBeLessThan(inDoubtTimeoutMs + 2 * flightTimeoutMs)
    expect(await stored()).toEqual(['first', 'a', 'b'])
    expect(proxy.commits()).toBe(2)
  })

  test('the caller who repeats an unknown outcome with its key gets the answer of the write that was made', async () => {
    const key = { operation: 'add', key: 'k', keptMs: 60_000 }
    const submitKeyed = () => under.committer.submit(add, { scope, reference: 'a' }, key)
    proxy.cutNextCommit('lose_reply_for_good')
    expect(await answersOf([submitKeyed()])).toEqual(['overloaded outcome_unknown'])
    proxy.resume()
    const again = await submitKeyed()
    expect([again.replayed, again.result.reference]).toEqual([true, 'a'])
    expect(await stored()).toEqual(['a'])
  })
})

describe('a connection that goes silent', () => {
  test('is given up within the bound of a flight; with a new one the work goes on', async () => {
    await submit('first')
    proxy.stall()
    const started = performance.now()
    const answer = answersOf([submit('a')])
    setTimeout(() => proxy.resume(), flightTimeoutMs + 50)
    expect(await answer).toEqual(['accepted'])
    expect(performance.now() - started).toBeLessThan(4 * flightTimeoutMs)
    expect(await stored()).toEqual(['first', 'a'])
  })

  test('for ever: callers hear that the database is away, within the bounds, and nothing is half applied', async () => {
    await submit('first')
    proxy.stall()
    const started = performance.now()
    expect(await answersOf([submit('a'), submit('b')])).toEqual(Array(2).fill('overloaded database_unavailable'))
    expect(performance.now() - started).toBeLessThan(3 * flightTimeoutMs + 1_000)
    expect(await stored()).toEqual(['first'])
  })
})

describe('a server that ends our sessions', () => {
  test('between two groups: the next group takes a new connection', async () => {
    await submit('first')
    await database.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'paylect-committer' and datname = $1`,
      [testDatabase.database],
    )
    expect(await answersOf([submit('a')])).toEqual(['accepted'])
    expect(await stored()).toEqual(['first', 'a'])
  })
})
