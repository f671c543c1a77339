import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answersOf, createTestCommitter } from '../../../test/support/committer.ts'
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts'
import type { Scope } from '../../kernel/scope.ts'
import { createDatabase, type Database } from '../../platform/database.ts'
import { journalFact } from './ledger-kinds.ts'
import { createPostgresStore } from './postgres-store.ts'
import { add, poison, rename } from './sample-commands.ts'
import type { Store } from './store.ts'

// Two committers with connections of their own on one database: two processes of one installation.

let testDatabase: TestDatabase
let database: Database
let stores: Store[]

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  database = await createDatabase({ url: testDatabase.url, applicationName: 'paylect-test', onError: () => {} })
  const bounds = { flightTimeoutMs: 10_000, inDoubtTimeoutMs: 5_000 }
  stores = [1, 2].map(() => createPostgresStore({ url: testDatabase.url, pool: database.pool, ...bounds }))
})
afterAll(async () => {
  for (const store of stores) await store.close()
  await database.close()
  await testDatabase.drop()
})

const committers = (given: Parameters<typeof createTestCommitter>[1] = {}) =>
  stores.map((store, index) => createTestCommitter(store, given, index + 1))
const scopeOf = (merchantId: string): Scope => ({ merchantId, mode: 'sandbox' })
const customersOf = async (merchantId: string) =>
  (
    await database.pool.query<{ reference: string; name: string; phone: string }>(
      'select reference, name, phone from customers where merchant_id = $1 order by phone::int',
      [merchantId],
    )
  ).rows
const countOf = (answers: readonly string[], wanted: string) => answers.filter((answer) => answer === wanted).length

describe('two processes on one database', () => {
  test('of a hundred commands with one reference exactly one is accepted, and all get an answer', async () => {
    const both = committers({ groupMax: 4 })
    const scope = scopeOf('mer_reference')
    const answers = await answersOf(
      Array.from({ length: 100 }, (_, n) => both[n % 2]?.committer.submit(add, { scope, reference: 'same' })).map(
        (answer) => Promise.resolve(answer),
      ),
    )
    expect([countOf(answers, 'accepted'), countOf(answers, 'conflict reference_taken')]).toEqual([1, 99])
    expect(await customersOf('mer_reference')).toHaveLength(1)
    expect(both.flatMap(({ defects }) => defects)).toEqual([])
  })

  test('a hundred repeats of one idempotency key are one write and a hundred equal answers', async () => {
    const both = committers({ groupMax: 4 })
    const input = { scope: scopeOf('mer_key'), reference: 'once' }
    const key = { operation: 'add', key: 'k', keptMs: 60_000 }
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, n) => both[n % 2]?.committer.submit(add, input, key)),
    )
    expect(outcomes.filter((outcome) => outcome?.replayed === false)).toHaveLength(1)
    expect(new Set(outcomes.map((outcome) => outcome?.result.id)).size).toBe(1)
    expect(await customersOf('mer_key')).toHaveLength(1)
  })

  test('no change of one row is lost: every letter of both processes is in the name', async () => {
    const both = committers({ groupMax: 3 })
    const scope = scopeOf('mer_letters')
    await both[0]?.committer.submit(add, { scope, reference: 'a' })
    const letters = Array.from({ length: 80 }, (_, n) => String.fromCharCode(0x4e00 + n))
    const answers = letters.map((name, n) => both[n % 2]?.committer.submit(rename, { scope, reference: 'a', name }))
    await Promise.all(answers)
    const [customer] = await customersOf('mer_letters')
    expect([...(customer?.name ?? '')].sort()).toEqual(letters)
  })

  test('numbers of a new merchant have no gap and no double, though both processes begin it at once', async () => {
    const both = committers({ groupMax: 2 })
    const scope = scopeOf('mer_numbers')
    const answers = Array.from({ length: 60 }, (_, n) =>
      both[n % 2]?.committer.submit(add, { scope, reference: `${n}` }),
    )
    await Promise.all(answers)
    const numbers = (await customersOf('mer_numbers')).map((row) => Number(row.phone))
    expect(numbers).toEqual(Array.from({ length: 60 }, (_, n) => n + 1))
    const { rows } = await database.pool.query<{ number: bigint }>(
      `select number from events where merchant_id = 'mer_numbers' order by number`,
    )
    expect(rows.map((row) => row.number)).toEqual(Array.from({ length: 60 }, (_, n) => BigInt(n + 1)))
  })

  test('groups over many merchants in opposite orders all end, without a command lost', async () => {
    const both = committers({ groupMax: 16 })
    const merchants = Array.from({ length: 12 }, (_, n) => `mer_cross_${n}`)
    const answers = Array.from({ length: 10 }, (_, round) =>
      both.flatMap(({ committer }, index) =>
        (index === 0 ? merchants : [...merchants].reverse()).map((merchantId) =>
          committer.submit(add, { scope: scopeOf(merchantId), reference: `${index}-${round}` }),
        ),
      ),
    ).flat()
    expect(countOf(await answersOf(answers), 'accepted')).toBe(answers.length)
    for (const merchantId of merchants) expect(await customersOf(merchantId)).toHaveLength(20)
  })
})

describe('one committer on PostgreSQL', () => {
  test('a veto of the database fails alone, its neighbours commit, and numbers stay without gaps', async () => {
    const [only] = committers()
    const scope = scopeOf('mer_veto')
    const commands = [add, poison, add, add] as const
    const answers = commands.map((command, n) =>
      Promise.resolve<unknown>(
        only?.committer.submit<never, unknown, unknown, unknown>(
          command as never,
          { scope, reference: `${n}` } as never,
        ),
      ),
    )
    expect(await answersOf(answers)).toEqual(['accepted', 'internal vetoed_by_database', 'accepted', 'accepted'])
    expect((await customersOf('mer_veto')).map((row) => row.phone)).toEqual(['1', '2', '3'])
    expect(only?.defects).toHaveLength(1)
  })

  test('a group waits a bounded time for a merchant that somebody else holds, then says so', async () => {
    const bounds = { flightTimeoutMs: 400, inDoubtTimeoutMs: 400 }
    const store = createPostgresStore({ url: testDatabase.url, pool: database.pool, ...bounds })
    const { committer } = createTestCommitter(store)
    const scope = scopeOf('mer_held')
    await committer.submit(add, { scope, reference: 'a' })
    const holder = await database.pool.connect()
    await holder.query(`begin`)
    await holder.query(`select 1 from journals where merchant_id = 'mer_held' for update`)
    const started = performance.now()
    expect(await answersOf([committer.submit(add, { scope, reference: 'b' })])).toEqual(['overloaded contention'])
    expect(performance.now() - started).toBeLessThan(4 * 400)
    await holder.query('rollback')
    holder.release()
    expect(await answersOf([committer.submit(add, { scope, reference: 'b' })])).toEqual(['accepted'])
    await store.close()
  })

  test('a process that hangs between its flights does not hold its merchants for ever', async () => {
    const bounds = { flightTimeoutMs: 300, inDoubtTimeoutMs: 300 }
    const hanging = createPostgresStore({ url: testDatabase.url, pool: database.pool, ...bounds })
    const [only] = committers()
    const scope = scopeOf('mer_hung')
    await only?.committer.submit(add, { scope, reference: 'a' })
    const tx = await hanging.begin()
    await tx.load([journalFact(scope)])
    expect(await answersOf([Promise.resolve(only?.committer.submit(add, { scope, reference: 'b' }))])).toEqual([
      'accepted',
    ])
    const late = tx.commit({ inserts: new Map(), updates: new Map(), jobs: [], outbox: [] })
    await expect(late).rejects.toMatchObject({ failure: 'unavailable' })
    await hanging.close()
  })
})
