import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { reachableFrom, statesOf } from '../../kernel/transitions.ts'
import { attemptKind } from '../attempts/attempt.ts'
import { feePlanKind } from '../fees/fee-plan.ts'
import { paymentByReferenceFact, paymentFact, paymentKind } from '../payments/payment.ts'
import { payoutKind } from '../payouts/payout.ts'
import { deliveryAttemptKind } from '../webhooks/delivery.ts'
import { brokenRules, movingKinds, unstorable } from './conformance-cases.ts'
import { change, put, rowRef, type StoreUnderTest, write, writesOf } from './conformance-writes.ts'
import { eventFact, eventKind } from './event.ts'
import { type FactRef, factByUnique, type Kind, type RevisedRow, type ScopedRow } from './kind.ts'
import { accountFact, accountKind, journalFact, transferKind } from './ledger-kinds.ts'
import { queueTests } from './queue-conformance.ts'
import {
  sampleAttempt,
  sampleEvent,
  sampleFeePlan,
  sampleInstant,
  sampleOpening,
  samplePayment,
  samplePayout,
  sampleScope,
} from './sample-rows.ts'
import type { Store } from './store.ts'

/**
 * What every store promises, as a suite: `open` makes an empty one. PostgreSQL and memory run it alike, so that what the
 * simulator proves over memory holds over PostgreSQL.
 */
export function describeStore(name: string, open: () => Promise<StoreUnderTest>): void {
  let under: StoreUnderTest
  const store = (): Store => under.store
  beforeEach(async () => {
    under = await open()
  })
  afterEach(() => under.close())

  describe(`${name}: facts`, () => factTests(store))
  describe(`${name}: values`, () => valueTests(store))
  describe(`${name}: locks`, () => lockTests(store))
  describe(`${name}: updates`, () => updateTests(store))
  describe(`${name}: keys`, () => keyTests(store))
  describe(`${name}: groups`, () => groupTests(store))
  describe(`${name}: queues`, () => queueTests(() => under))
  describe(`${name}: rules`, () => ruleTests(store))
  describe(`${name}: due rows`, () => dueTests(store))
}

function factTests(store: () => Store): void {
  test('answers stand in the order of the questions, absent rows as undefined', async () => {
    const late = samplePayment({ id: 'pay_9', number: 9n, referenceKey: 'order-9' })
    const early = samplePayment({ id: 'pay_2', number: 2n })
    await write(store(), {
      inserts: [
        [paymentKind, late, early],
        [eventKind, sampleEvent()],
      ],
    })
    const refs = [
      eventFact(sampleScope, 1n),
      paymentFact(sampleScope, 'pay_9'),
      paymentFact(sampleScope, 'pay_none'),
      paymentByReferenceFact(sampleScope, 'order-9'),
      paymentFact(sampleScope, 'pay_2'),
      paymentByReferenceFact(sampleScope, 'order-none'),
      accountFact(sampleScope, 'available', 'INR'),
    ]
    const expected = [sampleEvent(), late, undefined, late, early, undefined, undefined]
    expect(await store().read(refs)).toEqual(expected)
    const tx = await store().begin()
    expect(await tx.load(refs)).toEqual(expected)
    await tx.rollback()
  })

  test('another merchant and the other mode see nothing', async () => {
    await write(store(), put(paymentKind, samplePayment()))
    const scopes = [
      { ...sampleScope, merchantId: 'mer_other' },
      { ...sampleScope, mode: 'live' as const },
    ]
    expect(await store().read(scopes.map((scope) => paymentFact(scope, 'pay_1')))).toEqual([undefined, undefined])
  })
}

function valueTests(store: () => Store): void {
  test('values of every type come back as they went in', async () => {
    const metadata = {
      $bigint: 'not a number',
      $: [null, true, 1.5, -0.25, 1e21, 'x'],
      $$amount: { minor: 2n ** 80n, negative: -(2n ** 63n) },
      'quote " backslash \\ \\u0000 brace {} NULL': 'line\nbreak\ttab "quoted" \\ {a,b}',
      'ünïcödé 💌 日本': { empty: {}, list: [], text: '' },
    }
    const row = samplePayment({
      number: 2n ** 62n + 1n,
      description: 'NULL',
      reference: '{"a","b\\"}',
      customerReference: '',
      failureMessage: 'ünïcödé 💌 日本',
      amountMinor: 9_000_000_000_000_000n,
      metadata,
      expiresAt: -1,
      dueAt: 4_102_444_799_999,
    })
    await write(store(), put(paymentKind, row))
    expect(await store().read([paymentFact(sampleScope, 'pay_1')])).toEqual([row])
  })

  test('members that are undefined are left out, in both stores alike', async () => {
    await write(store(), put(paymentKind, samplePayment({ metadata: { a: undefined, b: 1 } })))
    const [row] = (await store().read([paymentFact(sampleScope, 'pay_1')])) as unknown as [{ metadata: object }]
    expect(Object.keys(row.metadata)).toEqual(['b'])
  })
}

function lockTests(store: () => Store): void {
  test('a row that one transaction holds is given to the next one as the first left it', async () => {
    await write(store(), put(paymentKind, samplePayment()))
    const first = await store().begin()
    await first.load([paymentFact(sampleScope, 'pay_1')])
    let isSecondServed = false
    const second = store()
      .begin()
      .then(async (tx) => {
        const [row] = await tx.load([paymentFact(sampleScope, 'pay_1')])
        isSecondServed = true
        await tx.rollback()
        return row
      })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(isSecondServed).toBe(false)
    const changed = samplePayment({ description: 'changed', revision: 1 })
    await first.commit(writesOf(change(paymentKind, changed)))
    expect(await second).toEqual(changed)
  })
}

function updateTests(store: () => Store): void {
  test('an update from the revision that is stored takes effect', async () => {
    await write(store(), put(paymentKind, samplePayment()))
    await write(store(), change(paymentKind, samplePayment({ description: 'new' })))
    const [row] = await store().read([paymentFact(sampleScope, 'pay_1')])
    expect(row).toEqual(samplePayment({ description: 'new', revision: 1 }))
  })

  test.each([1, 7])('an update from revision %i of a row at revision 0 loses the race', async (fromRevision) => {
    await write(store(), put(paymentKind, samplePayment()))
    const stale = write(store(), change(paymentKind, samplePayment({ description: 'lost' }), fromRevision))
    await expect(stale).rejects.toMatchObject({ failure: 'lost_race' })
    expect(await store().read([paymentFact(sampleScope, 'pay_1')])).toEqual([samplePayment()])
  })

  test('an update leaves fixed properties as they were inserted', async () => {
    await write(store(), put(paymentKind, samplePayment()))
    await write(store(), change(paymentKind, samplePayment({ dialect: 'other', method: 'card' })))
    expect(await store().read([paymentFact(sampleScope, 'pay_1')])).toEqual([samplePayment({ revision: 1 })])
  })

  test('an update of a row that does not exist loses the race', async () => {
    await expect(write(store(), change(paymentKind, samplePayment()))).rejects.toMatchObject({ failure: 'lost_race' })
  })

  test.each([
    [transferKind, sampleOpening(100n).transfer],
    [eventKind, sampleEvent()],
    [
      deliveryAttemptKind,
      {
        ...sampleScope,
        ...{ deliveryId: 'del_1', number: 1, startedAt: sampleInstant, durationMs: 5 },
        ...{ responseStatus: 200, error: null, responseExcerpt: 'ok', requestHeaders: null, responseHeaders: null },
      },
    ],
  ] as [Kind, ScopedRow][])('an immutable row is never updated (%#)', async (kind, row) => {
    await write(store(), put(kind, row))
    const edit = write(store(), change(kind, row as RevisedRow))
    await expect(edit).rejects.toMatchObject({ failure: 'vetoed' })
    expect(await store().read([rowRef(kind, row)])).toEqual([row])
  })

  test.each(unstorable)('%s is vetoed, and the store goes on', async (_title, kind, row) => {
    await expect(write(store(), put(kind, row))).rejects.toMatchObject({ failure: 'vetoed' })
    await write(store(), put(paymentKind, samplePayment()))
    expect(await store().read([paymentFact(sampleScope, 'pay_1')])).toEqual([samplePayment()])
  })
}

function keyTests(store: () => Store): void {
  test('a second row under a primary key loses the race', async () => {
    await write(store(), put(paymentKind, samplePayment()))
    const again = write(store(), put(paymentKind, samplePayment({ number: 2n })))
    await expect(again).rejects.toMatchObject({ failure: 'lost_race', constraint: 'payments_pkey' })
    const twice = write(store(), put(payoutKind, samplePayout(), samplePayout({ number: 9n })))
    await expect(twice).rejects.toMatchObject({ failure: 'lost_race', constraint: 'payouts_pkey' })
  })

  test('a second row under a unique key loses the race, also inside one group', async () => {
    const first = samplePayment({ referenceKey: 'order-1' })
    const second = samplePayment({ id: 'pay_2', number: 2n, referenceKey: 'order-1' })
    const lost = { failure: 'lost_race', constraint: 'payments_reference_key_key' }
    await expect(write(store(), put(paymentKind, first, second))).rejects.toMatchObject(lost)
    await write(store(), put(paymentKind, first))
    await expect(write(store(), put(paymentKind, second))).rejects.toMatchObject(lost)
  })

  test('rows with null in a unique key do not meet', async () => {
    await write(store(), put(paymentKind, samplePayment(), samplePayment({ id: 'pay_2', number: 2n })))
    expect(await store().read([paymentFact(sampleScope, 'pay_2')])).not.toEqual([undefined])
  })

  test('a unique key that a row gives up is free for a new row of the same group, and found there', async () => {
    await write(store(), put(feePlanKind, sampleFeePlan()))
    const next = sampleFeePlan({ version: 2, basisPoints: 100 })
    await write(store(), {
      inserts: [[feePlanKind, next]],
      updates: [[feePlanKind, sampleFeePlan({ current: null, revision: 1 }), 0]],
    })
    const { merchantId, mode } = sampleScope
    const current = factByUnique(feePlanKind, 'current', [merchantId, mode, 'upi', 'current'])
    expect(await store().read([current as unknown as FactRef])).toEqual([next])
  })
}

function groupTests(store: () => Store): void {
  test('a group that is refused leaves nothing even when no fact was loaded first', async () => {
    const tx = await store().begin()
    const inserts = [
      [payoutKind, samplePayout()],
      [paymentKind, samplePayment({ receivedMinor: 5n })],
    ] as const
    await expect(tx.commit(writesOf({ inserts }))).rejects.toMatchObject({ failure: 'vetoed' })
    expect(await store().read([rowRef(payoutKind, samplePayout())])).toEqual([undefined])
  })

  test('a transaction that is rolled back leaves nothing and holds nobody up', async () => {
    const tx = await store().begin()
    await tx.load([journalFact(sampleScope), paymentFact(sampleScope, 'pay_1')])
    await tx.rollback()
    await write(store(), put(paymentKind, samplePayment()))
    const idle = await store().begin()
    await idle.rollback()
    expect(await store().read([paymentFact(sampleScope, 'pay_1')])).toEqual([samplePayment()])
  })

  test('a transfer and the accounts that it explains are written in one group', async () => {
    const { transfer, debit, credit } = sampleOpening(100n)
    await write(store(), {
      inserts: [
        [accountKind, debit, credit],
        [transferKind, transfer],
      ],
    })
    expect(await store().read([accountFact(sampleScope, 'available', 'INR')])).toEqual([credit])
  })
}

function ruleTests(store: () => Store): void {
  test.each(brokenRules)('%# a row against a rule is vetoed by its name: $1', async (kind, rule, row) => {
    expect(kind.rules.filter((candidate) => !candidate.holds(row as never)).map(({ name }) => name)).toEqual([rule])
    await expect(write(store(), put(kind, row))).rejects.toMatchObject({ failure: 'vetoed', constraint: rule })
  })

  test('every rule of a kind stands in this suite', () => {
    const stated = [paymentKind, accountKind, ...movingKinds.map(([kind]) => kind)].flatMap((kind) =>
      kind.rules.map(({ name }) => name),
    )
    expect([...new Set(stated)].sort()).toEqual(brokenRules.map(([, name]) => name).sort())
  })

  test.each(movingKinds)(
    '%# a change of status that no path leads to is vetoed, every other one is kept',
    async (kind, table, inStatus) => {
      // A refund belongs to a payment that exists.
      if (kind.name === 'refund') await write(store(), put(paymentKind, samplePayment()))
      let number = 100n
      for (const from of statesOf(table)) {
        for (const to of statesOf(table)) {
          if (from === to) continue
          number += 1n
          const own = { id: `row_${number}`, number, eventNumber: number }
          await write(store(), put(kind, { ...inStatus(from), ...own } as ScopedRow))
          const moving = write(store(), change(kind, { ...inStatus(to), ...own } as RevisedRow))
          if (reachableFrom(table, from).has(to)) await moving
          else {
            const veto = { failure: 'vetoed', constraint: `${kind.table}_status_moves` }
            await expect(moving, `${from} to ${to}`).rejects.toMatchObject(veto)
          }
        }
      }
    },
  )
}

function dueTests(store: () => Store): void {
  const at = (id: string, dueAt: number | null, given = {}) =>
    sampleAttempt({ id, dueAt: dueAt === null ? null : sampleInstant + dueAt, ...given })
  const claim = (dueBy: number, limit = 10) => ({
    ...{ kind: attemptKind as unknown as Kind, mode: 'sandbox' as const, limit },
    ...{ dueBy: sampleInstant + dueBy, leaseUntil: sampleInstant + 1_000_000 },
  })
  const ids = (rows: readonly ScopedRow[]) => rows.map((row) => (row as unknown as { id: string }).id)

  test('rows are claimed earliest first, ties by key, never before their time and only in their mode', async () => {
    const rows = [at('d', 300), at('b', 200), at('c', 200), at('e', 301), at('a', 250), at('n', null)]
    const elsewhere = [at('x', 0, { mode: 'live' }), at('b', 200, { merchantId: 'mer_a' })]
    await write(store(), put(attemptKind, ...rows, ...elsewhere))
    expect(await store().nextDue(attemptKind as unknown as Kind, 'sandbox')).toBe(sampleInstant + 200)
    expect(ids(await store().claimDue(claim(300, 3)))).toEqual(['b', 'b', 'c'])
    expect(await store().nextDue(attemptKind as unknown as Kind, 'sandbox')).toBe(sampleInstant + 250)
    const claimed = await store().claimDue(claim(300))
    expect(claimed).toEqual([at('a', 1_000_000, { revision: 1 }), at('d', 1_000_000, { revision: 1 })])
    expect(await store().claimDue(claim(300))).toEqual([])
  })

  test('a row whose lease has ended falls due again', async () => {
    await write(store(), put(attemptKind, at('a', 0)))
    expect(ids(await store().claimDue(claim(0)))).toEqual(['a'])
    expect(ids(await store().claimDue(claim(999_999)))).toEqual([])
    expect(ids(await store().claimDue(claim(1_000_000)))).toEqual(['a'])
  })

  test('nothing is due where nothing waits', async () => {
    await write(store(), put(attemptKind, at('n', null)))
    expect(await store().nextDue(attemptKind as unknown as Kind, 'sandbox')).toBeUndefined()
    expect(await store().claimDue(claim(1_000))).toEqual([])
  })

  test('claims at the same moment never share a row', async () => {
    const rows = Array.from({ length: 40 }, (_, index) => at(`att_${String(index).padStart(2, '0')}`, index))
    await write(store(), put(attemptKind, ...rows))
    const claims = await Promise.all(Array.from({ length: 8 }, () => store().claimDue(claim(100, 5))))
    const claimed = claims.flatMap(ids)
    expect(new Set(claimed).size).toBe(claimed.length)
    const rest = ids(await store().claimDue(claim(100, 100)))
    expect([...claimed, ...rest].sort()).toEqual(ids(rows))
  })

  test('a decision on the row as it was before the claim loses the race', async () => {
    await write(store(), put(attemptKind, at('a', 0)))
    await store().claimDue(claim(0))
    const stale = write(store(), change(attemptKind, at('a', null)))
    await expect(stale).rejects.toMatchObject({ failure: 'lost_race' })
  })
}
