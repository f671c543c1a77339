import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { answersOf, createTestCommitter, gated } from '../../../test/support/committer.ts'
import type { Scope } from '../../kernel/scope.ts'
import { customerKind } from '../customers/customer.ts'
import { accept, defineCommand } from './command.ts'
import { idempotencyKind } from './idempotency.ts'
import { factByUnique } from './kind.ts'
import { createMemoryStore } from './memory-store.ts'
import { add, type Named, rename } from './sample-commands.ts'
import { StoreError } from './store.ts'

const scope: Scope = { merchantId: 'mer_a', mode: 'sandbox' }
const otherScope: Scope = { merchantId: 'mer_b', mode: 'sandbox' }

function setUp(given: Parameters<typeof createTestCommitter>[1] = {}) {
  const store = createMemoryStore()
  return { store, ...createTestCommitter(store, given) }
}

describe('idempotency', () => {
  const key = { operation: 'add', key: 'k-1', keptMs: 1_000 }

  test('two equal keys in one group both get the answer, and one customer is added', async () => {
    const { committer, store, groups } = setUp()
    const input = { scope, reference: 'a' }
    const [first, second] = await Promise.all([committer.submit(add, input, key), committer.submit(add, input, key)])
    expect(groups).toEqual([2])
    expect([first?.replayed, second?.replayed]).toEqual([false, true])
    expect(second?.result).toEqual(first?.result)
    expect((await committer.submit(add, input, key)).result).toEqual(first?.result)
    expect(store.rows(customerKind)).toHaveLength(1)
  })

  test.each([
    ['another body', add, { reference: 'b' }],
    ['another command', rename, { reference: 'a' }],
  ])('a key that comes back with %s is refused and changes nothing', async (_title, command, body) => {
    const { committer, store } = setUp()
    await committer.submit(add, { scope, reference: 'a' }, key)
    const answers = await answersOf([committer.submit(command, { scope, ...body }, key)])
    expect(answers).toEqual(['idempotency_mismatch idempotency_key_reused'])
    expect(store.rows(customerKind)).toHaveLength(1)
  })

  test('the same key of another merchant, another mode or another operation is another key', async () => {
    const { committer, store } = setUp()
    const elsewhere = [scope, otherScope, { ...scope, mode: 'live' as const }]
    for (const own of elsewhere) await committer.submit(add, { scope: own, reference: 'a' }, key)
    await committer.submit(add, { scope, reference: 'b' }, { ...key, operation: 'other' })
    expect(store.rows(customerKind)).toHaveLength(4)
  })

  test('a refusal leaves no record: the same key works once the reason is gone', async () => {
    const { committer, store } = setUp()
    const input = { scope, reference: 'a', name: 'n' }
    const refused = await answersOf([committer.submit(rename, input, key)])
    expect(refused).toEqual(['not_found customer_not_found'])
    expect(store.rows(idempotencyKind)).toEqual([])
    await committer.submit(add, { scope, reference: 'a' })
    expect((await committer.submit(rename, input, key)).replayed).toBe(false)
  })

  test('a record is kept for its time and replaced after it', async () => {
    const { committer, store, clock } = setUp()
    await committer.submit(add, { scope, reference: 'a' }, key)
    clock.advance(999)
    expect((await committer.submit(add, { scope, reference: 'a' }, key)).replayed).toBe(true)
    clock.advance(1)
    const again = await committer.submit(add, { scope, reference: 'b' }, key)
    expect(again.replayed).toBe(false)
    expect(store.rows(idempotencyKind)).toMatchObject([{ revision: 1, expiresAt: clock.now() + 1_000 }])
  })

  test('a command that answers nothing cannot be repeated by key, and says so', async () => {
    const { committer } = setUp()
    const silent = defineCommand({
      name: 'silent',
      facts: () => ({}),
      decide: (_f, _c: Named) => accept(undefined, []),
    })
    const answers = await answersOf([committer.submit(silent, { scope, reference: '' }, key)])
    expect(answers).toEqual(['internal idempotent_result_missing'])
  })
})

describe('pressure', () => {
  test('a full queue turns callers away with a time to come back, and serves those that wait', async () => {
    const { store, open } = gated(createMemoryStore())
    const { committer } = createTestCommitter(store, { queueMax: 3 })
    const flying = committer.submit(add, { scope, reference: 'flying' })
    await sleep(5)
    const waiting = ['a', 'b', 'c'].map((reference) => committer.submit(add, { scope, reference }))
    const turnedAway = committer.submit(add, { scope, reference: 'd' })
    await expect(turnedAway).rejects.toMatchObject({
      kind: 'overloaded',
      code: 'queue_full',
      detail: { retryAfterSeconds: 1 },
    })
    open()
    expect(await answersOf([flying, ...waiting])).toEqual(Array(4).fill('accepted'))
  })

  test('draining answers what waits and takes nothing new', async () => {
    const { committer, store } = setUp({ groupMax: 2 })
    const waiting = Array.from({ length: 9 }, (_, n) => committer.submit(add, { scope, reference: `${n}` }))
    const drained = committer.drain()
    expect(await answersOf([committer.submit(add, { scope, reference: 'late' })])).toEqual(['overloaded shutting_down'])
    await drained
    expect(committer.depth()).toBe(0)
    expect(await answersOf(waiting)).toEqual(Array(9).fill('accepted'))
    expect(store.rows(customerKind)).toHaveLength(9)
  })
})

describe('a store that fails', () => {
  /** A store whose commits fail as told before they reach the store behind it. */
  function failing(failures: StoreError['failure'][], behind = createMemoryStore()) {
    const counts = { commits: 0 }
    const begin = async () => {
      const tx = await behind.begin()
      const commit = async (writes: Parameters<typeof tx.commit>[0]) => {
        counts.commits += 1
        const failure = failures.shift()
        if (!failure) return tx.commit(writes)
        await tx.rollback()
        throw new StoreError(failure, 'as told')
      }
      return { ...tx, commit }
    }
    return { behind, counts, ...createTestCommitter({ ...behind, begin }) }
  }
  const pair = (committer: ReturnType<typeof failing>['committer']) =>
    answersOf(['a', 'b'].map((reference) => committer.submit(add, { scope, reference })))

  test.each(['retry', 'unavailable', 'lost_race', 'vetoed'] as const)(
    'a group that fails once with %s is decided again and written once',
    async (failure) => {
      const { behind, committer } = failing([failure])
      expect(await pair(committer)).toEqual(['accepted', 'accepted'])
      expect(behind.rows(customerKind).map((row) => row.phone)).toEqual(['1', '2'])
    },
  )

  test('an outcome that nobody knows is never tried again, and says so', async () => {
    const { behind, committer, counts } = failing(['in_doubt'])
    expect(await pair(committer)).toEqual(Array(2).fill('overloaded outcome_unknown'))
    expect(counts.commits).toBe(1)
    expect(behind.rows(customerKind)).toEqual([])
  })

  test('an answer is given again only once the store vouches that what it tells of is durable', async () => {
    const { behind, committer, counts } = failing([])
    const key = { operation: 'add', key: 'k-1', keptMs: 1_000 }
    const submit = () => committer.submit(add, { scope, reference: 'a' }, key)
    await submit()
    expect(counts.commits).toBe(1)
    expect(await submit()).toMatchObject({ replayed: true })
    expect(counts.commits).toBe(2)
    const unsure = failing(['in_doubt'], behind)
    expect(await answersOf([unsure.committer.submit(add, { scope, reference: 'a' }, key)])).toEqual([
      'overloaded outcome_unknown',
    ])
    expect(behind.rows(customerKind)).toHaveLength(1)
  })

  test('a store that stays away is asked a bounded number of times; nothing is half applied, and later it works', async () => {
    const { behind, committer, counts } = failing(['unavailable', 'unavailable', 'unavailable'])
    expect(await pair(committer)).toEqual(Array(2).fill('overloaded database_unavailable'))
    expect(counts.commits).toBe(3)
    expect(behind.rows(customerKind)).toEqual([])
    expect(await pair(committer)).toEqual(['accepted', 'accepted'])
  })

  test('a race that is lost for ever ends in a refusal to come back later', async () => {
    const { behind, committer, counts } = failing(Array(10).fill('lost_race'))
    expect(await answersOf([committer.submit(add, { scope, reference: 'a' })])).toEqual(['overloaded contention'])
    expect(counts.commits).toBe(4)
    expect(behind.rows(customerKind)).toEqual([])
  })

  test('a command whose facts the store cannot even name fails alone', async () => {
    const behind = createMemoryStore()
    const begin = async () => {
      const tx = await behind.begin()
      const load: typeof tx.load = async (refs) => {
        if (refs.some((ref) => ref.by === 'no_such_key')) throw new TypeError('no such key')
        return tx.load(refs)
      }
      return { ...tx, load }
    }
    const { committer, defects } = createTestCommitter({ ...behind, begin })
    const lost = defineCommand({
      name: 'lost',
      facts: () => ({ row: factByUnique(customerKind, 'no_such_key', ['x']) }),
      decide: ({ row }, _c: Named) => accept(row?.id, []),
    })
    const answers = [
      committer.submit(add, { scope, reference: 'a' }),
      committer.submit(lost, { scope, reference: 'b' }),
      committer.submit(add, { scope, reference: 'c' }),
    ]
    expect(await answersOf(answers)).toEqual(['accepted', 'internal decision_failed', 'accepted'])
    expect(defects).toHaveLength(1)
  })
})
