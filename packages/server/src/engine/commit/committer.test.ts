import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { answersOf, createTestCommitter, gated } from '../../../test/support/committer.ts'
import type { Scope } from '../../kernel/scope.ts'
import { type Customer, customerByReferenceFact, customerKind, newCustomer } from '../customers/customer.ts'
import { insert, update } from './changes.ts'
import { accept, defineCommand } from './command.ts'
import { eventKind } from './event.ts'
import { accountFact, accountKind, journalKind } from './ledger-kinds.ts'
import { createMemoryStore } from './memory-store.ts'
import { add, byReference, explode, follow, type Named, poison, rename } from './sample-commands.ts'

const scope: Scope = { merchantId: 'mer_a', mode: 'sandbox' }
const otherScope: Scope = { merchantId: 'mer_b', mode: 'sandbox' }

function setUp(given: Parameters<typeof createTestCommitter>[1] = {}) {
  const store = createMemoryStore()
  return { store, ...createTestCommitter(store, given) }
}

describe('groups', () => {
  test('an idle committer starts at once, and what arrives meanwhile forms the next group', async () => {
    const { store, open } = gated(createMemoryStore())
    const { committer, groups } = createTestCommitter(store)
    const first = committer.submit(add, { scope, reference: 'first' })
    await sleep(5)
    const rest = Array.from({ length: 20 }, (_, n) => committer.submit(add, { scope, reference: `later-${n}` }))
    expect(committer.depth()).toBe(20)
    open()
    await Promise.all([first, ...rest])
    expect(groups).toEqual([1, 20])
  })

  test('a group takes no more than its bound', async () => {
    const { committer, groups } = setUp({ groupMax: 8 })
    await Promise.all(Array.from({ length: 20 }, (_, n) => committer.submit(add, { scope, reference: `${n}` })))
    expect(groups).toEqual([8, 8, 4])
  })

  test('later commands of a group see what the earlier ones did, in the order of their arrival', async () => {
    const { committer, store, groups } = setUp()
    const answers = [committer.submit(add, { scope, reference: 'a' })]
    for (const name of ['x', 'y', 'z']) answers.push(committer.submit(rename, { scope, reference: 'a', name }))
    await Promise.all(answers)
    expect(groups).toEqual([4])
    expect(store.rows(customerKind)).toMatchObject([{ name: 'xyz', revision: 3 }])
  })

  test('numbers and events of a merchant have no gap, whatever fails in between', async () => {
    const { committer, store } = setUp()
    const commands = [add, explode, add, add, poison, add] as const
    await answersOf(
      commands.map((command, n) => committer.submit(command, { scope, reference: n === 2 ? '0' : `${n}` })),
    )
    expect(store.rows(customerKind).map((row) => row.phone)).toEqual(['1', '2', '3'])
    expect(store.rows(eventKind).map((row) => row.number)).toEqual([1n, 2n, 3n])
    expect(store.rows(journalKind)).toMatchObject([{ objectNumber: 3n, eventNumber: 3n }])
  })

  test('groups in flight together keep the order of each merchant', async () => {
    const { committer, store } = setUp({ groupsInFlightMax: 4, overlapMin: 1, groupMax: 3 })
    const scopes = Array.from({ length: 6 }, (_, n): Scope => ({ merchantId: `mer_${n}`, mode: 'sandbox' }))
    await Promise.all(scopes.map((own) => committer.submit(add, { scope: own, reference: 'a' })))
    const letters = [...'abcdefghijklmnop']
    await Promise.all(
      letters.flatMap((name) => scopes.map((own) => committer.submit(rename, { scope: own, reference: 'a', name }))),
    )
    expect(store.rows(customerKind).map((row) => row.name)).toEqual(scopes.map(() => letters.join('')))
  })

  test('a group starts beside another once enough commands of other merchants wait, and never for the same merchant', async () => {
    const { store, open } = gated(createMemoryStore())
    let begun = 0
    const begin = () => {
      begun += 1
      return store.begin()
    }
    const counting = { ...store, begin }
    const { committer, groups } = createTestCommitter(counting, { groupsInFlightMax: 2, overlapMin: 3 })
    const submit = (own: Scope, reference: string) => committer.submit(add, { scope: own, reference })
    const answers = [submit(scope, 'first')]
    await sleep(1)
    answers.push(...['a', 'b', 'c', 'd'].map((reference) => submit(scope, reference)))
    answers.push(...['a', 'b'].map((reference) => submit(otherScope, reference)))
    await sleep(1)
    expect(begun).toBe(1)
    answers.push(...['c', 'd', 'e'].map((reference) => submit(otherScope, reference)))
    await sleep(1)
    expect(begun).toBe(2)
    expect(committer.depth()).toBe(4)
    open()
    await Promise.all(answers)
    expect(groups.toSorted()).toEqual([1, 4, 5])
  })

  test('the events of a group go to the outbox together, and a group without events adds none', async () => {
    const { committer, store } = setUp()
    await Promise.all([
      committer.submit(add, { scope, reference: 'a' }),
      committer.submit(add, { scope: otherScope, reference: 'a' }),
      committer.submit(rename, { scope, reference: 'a', name: 'x' }),
    ])
    const events = [
      ['mer_a', 'sandbox', '1'],
      ['mer_b', 'sandbox', '1'],
    ]
    expect(store.takeOutbox()).toEqual([events])
    await committer.submit(rename, { scope, reference: 'a', name: 'y' })
    expect(store.takeOutbox()).toEqual([])
    expect(store.takeJobs()).toEqual([])
  })
})

describe('one bad command', () => {
  test.each([
    ['a refusal', add, 'conflict reference_taken', 0],
    ['a decision that throws', explode, 'internal decision_failed', 1],
    ['a veto of the store', poison, 'internal vetoed_by_database', 1],
  ])('%s fails alone and its neighbours commit', async (_title, bad, code, defectsExpected) => {
    const { committer, store, defects } = setUp()
    await committer.submit(add, { scope, reference: 'taken' })
    const answers = await answersOf([
      committer.submit(add, { scope, reference: 'before' }),
      committer.submit(bad as typeof add, { scope, reference: 'taken' }),
      committer.submit(add, { scope, reference: 'after' }),
      committer.submit(add, { scope: otherScope, reference: 'other' }),
    ])
    expect(answers).toEqual(['accepted', code, 'accepted', 'accepted'])
    expect(store.rows(customerKind).map((row) => row.reference)).toEqual(['taken', 'before', 'after', 'other'])
    expect(defects).toHaveLength(defectsExpected)
  })

  test('a decision cannot write for another merchant, nor from a row that has moved', async () => {
    const { committer, store } = setUp()
    const stray = defineCommand({
      name: 'stray',
      facts: () => ({}),
      decide: (_facts, _c: Named, ctx) => {
        const row = { ...newCustomer({ reference: 'x' }, ctx), merchantId: 'mer_b' }
        return accept(row, [insert(customerKind, row)])
      },
    })
    const twice = defineCommand({
      name: 'twice',
      facts: byReference,
      decide: ({ customer }) => {
        const row = customer as Customer
        return accept(row, [update(customerKind, row), update(customerKind, row)])
      },
    })
    await committer.submit(add, { scope, reference: 'a' })
    const answers = [stray, twice as unknown as typeof stray].map((command) =>
      committer.submit(command, { scope, reference: 'a' }),
    )
    expect(await answersOf(answers)).toEqual(['internal write_outside_scope', 'internal update_from_stale_row'])
    expect(store.rows(customerKind)).toMatchObject([{ reference: 'a', revision: 0 }])
  })

  test('an observer that throws neither stops the lane nor turns a write into a failure', async () => {
    const fail = () => {
      throw new Error('an observer broke')
    }
    const metrics = { group: fail, waited: fail, answered: fail }
    const { committer, store, defects } = setUp({ metrics, onCommitted: fail })
    await committer.submit(add, { scope, reference: 'a' })
    await committer.submit(add, { scope, reference: 'b' })
    expect(store.rows(customerKind)).toHaveLength(2)
    expect(defects.length).toBeGreaterThan(0)
  })
})

describe('facts that follow from facts', () => {
  test('a command whose second facts a neighbour changed decides in the next group, on loaded facts', async () => {
    const { committer, groups } = setUp()
    await Promise.all(['a', 'target'].map((reference) => committer.submit(add, { scope, reference })))
    const [, followed] = await Promise.all([
      committer.submit(rename, { scope, reference: 'a', name: 'target' }),
      committer.submit(follow, { scope, reference: 'a' }),
    ])
    expect(followed?.result).toEqual({ pointed: 'target' })
    expect(groups).toEqual([2, 2, 1])
  })

  test('a command is passed on a bounded number of times', async () => {
    const { committer } = setUp()
    await committer.submit(add, { scope, reference: 'a' })
    // Each needs another fact once its neighbour has renamed the customer, so one command a group is decided.
    const restless = defineCommand({
      name: 'restless',
      facts: byReference,
      more: ({ customer }, c: Named) => ({ named: customerByReferenceFact(c.scope, customer?.name ?? 'nobody') }),
      decide({ customer }, c) {
        const renamed = { ...(customer as Customer), name: `${c.name}` }
        return accept('decided', [update(customerKind, renamed)])
      },
    })
    const names = ['1', '2', '3', '4', '5', '6']
    const answers = names.map((name) => committer.submit(restless, { scope, reference: 'a', name }))
    const decided = Array.from({ length: 4 }, () => 'accepted')
    expect(await answersOf(answers)).toEqual([...decided, 'overloaded contention', 'overloaded contention'])
  })

  test('a key that a row gives up names no row for the rest of the group', async () => {
    const { committer, store } = setUp()
    const release = defineCommand({
      name: 'release',
      facts: byReference,
      decide: ({ customer }) => accept(null, [update(customerKind, { ...(customer as Customer), reference: null })]),
    })
    await committer.submit(add, { scope, reference: 'a' })
    const answers = [release, rename, add].map((command) =>
      committer.submit(command, { scope, reference: 'a', name: 'n' }),
    )
    expect(await answersOf(answers)).toEqual(['accepted', 'not_found customer_not_found', 'accepted'])
    expect(store.rows(customerKind).map((row) => row.reference)).toEqual([null, 'a'])
  })

  test('accounts exist from the start at zero, and are not written unless they move', async () => {
    const { committer, store } = setUp()
    const look = defineCommand({
      name: 'look',
      facts: (c: Named) => ({ account: accountFact(c.scope, 'available', 'INR') }),
      decide: ({ account }) => accept(account?.creditsPosted, []),
    })
    expect((await committer.submit(look, { scope, reference: '' })).result).toBe(0n)
    expect([...store.rows(accountKind), ...store.rows(journalKind)]).toEqual([])
  })
})
