import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { writeLedgerHistory } from '../../test/support/ledger-history.ts'
import type { Scope } from '../kernel/scope.ts'
import { createDatabase, type Database } from '../platform/database.ts'
import { type BalanceAccount, reasonsTouching, type StatementEntry, statementTypes } from './statement.ts'
import { accountsAt, findStatementEntry, listStatement, type StatementFilter } from './statement-queries.ts'

const scope: Scope = { merchantId: 'mer_a', mode: 'sandbox' }
let testDatabase: TestDatabase
let database: Database
let all: readonly StatementEntry[]

const list = (filter: Partial<StatementFilter> = {}) => listStatement(database.pool, scope, { limit: 1_000, ...filter })
const numbersOf = (items: readonly StatementEntry[]) => items.map(({ number }) => Number(number))

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  const onError = () => {}
  database = await createDatabase({ url: testDatabase.url, applicationName: 'paylect-test', onError })
  await writeLedgerHistory(testDatabase.url, database, [scope, { merchantId: 'mer_b', mode: 'sandbox' }])
  all = (await list({ oldestFirst: true })).items
})
afterAll(async () => {
  await database.close()
  await testDatabase.drop()
})

describe('a statement of a history with every reason in it', () => {
  test('sums to the balance, and states after each line what was available then', async () => {
    const { rows } = await database.pool.query(
      `select sum(credits_posted - debits_posted - debits_pending) filter (where code = 'available') as available,
        sum(credits_posted - debits_posted) filter (where code in ('suspense', 'refunds_in_flight')) as pending,
        sum(debits_pending) filter (where code = 'available') as reserved
       from ledger_accounts where merchant_id = 'mer_a'`,
    )
    const sums = { available: 0n, pending: 0n, reserved: 0n }
    for (const entry of all) {
      sums.available += entry.availableMinor
      sums.pending += entry.pendingMinor
      sums.reserved += entry.reservedMinor
      expect(entry.availableAfterMinor, `${entry.number} ${entry.type}`).toBe(sums.available)
    }
    const [{ available, pending, reserved }] = rows as [Record<string, unknown>]
    expect([available, pending, reserved].map(String)).toEqual(Object.values(sums).map(String))
  })

  test('only touches the accounts that the reasons name', async () => {
    const { rows } = await database.pool.query(`select distinct reason, debit_code, credit_code from ledger_transfers`)
    expect(rows.length).toBeGreaterThan(10)
    for (const { reason, debit_code: debit, credit_code: credit } of rows) {
      for (const account of ['available', 'suspense', 'refunds_in_flight'] as BalanceAccount[]) {
        const touched = debit === account || credit === account
        if (touched) expect(reasonsTouching(account), `${reason} and ${account}`).toContain(reason)
      }
    }
  })

  test('is the same by pages in both orders and directions, by type, by currency and by object', async () => {
    for (const oldestFirst of [true, false]) {
      const wanted = numbersOf(oldestFirst ? all : all.toReversed())
      for (const filter of [{}, { currency: 'INR' }]) {
        const read: number[] = []
        for (let after: bigint | undefined; read.length <= all.length; ) {
          const page = await list({ ...filter, oldestFirst, limit: 4, ...(after ? { after } : {}) })
          read.push(...numbersOf(page.items))
          if (!page.hasMore) break
          after = page.items.at(-1)?.number
        }
        expect(read).toEqual(wanted)
        const before = BigInt(wanted[6] ?? 0)
        expect(numbersOf((await list({ ...filter, oldestFirst, before, limit: 3 })).items)).toEqual(wanted.slice(3, 6))
      }
    }
    for (const type of statementTypes) {
      const expected = all.filter((entry) => entry.type === type)
      expect((await list({ type, oldestFirst: true })).items, type).toEqual(expected)
    }
    const subjectId = all[0]?.subjectId ?? ''
    const expected = all.filter((entry) => entry.subjectId === subjectId)
    expect((await list({ subjectId, oldestFirst: true })).items).toEqual(expected)
    expect((await list({ currency: 'USD' })).items).toEqual([])
  })

  test('finds its lines by number and no others', async () => {
    for (const entry of all) expect(await findStatementEntry(database.pool, scope, entry.number)).toEqual(entry)
    const hidden = all
      .map(({ number }) => number)
      .findLast((number, index) => all[index + 1] && all[index + 1]?.number !== number + 1n)
    for (const number of [0n, 10_000n, 2n ** 63n, (hidden ?? 10_000n) + 1n]) {
      expect(await findStatementEntry(database.pool, scope, number)).toBeUndefined()
    }
  })

  test('the accounts of any moment are what the lines up to then sum to', async () => {
    const times = [...new Set(all.flatMap(({ createdAt }) => [createdAt - 1, createdAt]))]
    for (const at of times) {
      const until = all.filter(({ createdAt }) => createdAt <= at)
      const accounts = await accountsAt(database.pool, scope, at)
      const found = accounts.filter(({ code }) => code === 'available')
      const sum = found.reduce((total, { postedMinor, pendingMinor }) => total + postedMinor + pendingMinor, 0n)
      expect(sum).toBe(until.reduce((total, { availableMinor }) => total + availableMinor, 0n))
      const waiting = accounts.filter(({ code }) => code !== 'available')
      const pending = waiting.reduce((total, { postedMinor }) => total + postedMinor, 0n)
      expect(pending).toBe(until.reduce((total, { pendingMinor }) => total + pendingMinor, 0n))
      const page = await list({ createdTo: at + 1, oldestFirst: true })
      expect(page.items).toEqual(until)
      expect((await list({ createdFrom: at + 1 })).items).toHaveLength(all.length - until.length)
    }
  })
})
