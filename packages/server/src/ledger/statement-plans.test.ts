import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import type { Scope } from '../kernel/scope.ts'
import { accountsAt, listStatement, type StatementPool } from './statement-queries.ts'

const scope: Scope = { merchantId: 'mer_a', mode: 'sandbox' }
const startAt = Date.UTC(2026, 0, 1)
const transfers = 20_000
/** The rows that a page's statement may read and throw away: far below the ledger, above what one page can need. */
const discardedMax = 200

let testDatabase: TestDatabase
let client: pg.Client
const discarded: number[] = []

/** Explains each statement in place of a page, and notes how many rows it threw away. */
const explaining: StatementPool = {
  async query({ text, values }) {
    const { rows } = await client.query(`explain (analyze, timing off, format json) ${text}`, values)
    discarded.push(discardedBy(rows[0]['QUERY PLAN'][0].Plan))
    // No rows: the callers under test read a page in a single statement.
    return { rows: [] }
  },
}

interface PlanNode {
  readonly 'Rows Removed by Filter'?: number
  readonly 'Actual Loops': number
  readonly Plans?: readonly PlanNode[]
}

function discardedBy(node: PlanNode): number {
  const own = (node['Rows Removed by Filter'] ?? 0) * node['Actual Loops']
  return (node.Plans ?? []).reduce((sum, child) => sum + discardedBy(child), own)
}

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  client = new pg.Client({ connectionString: testDatabase.url })
  await client.connect()
  // Written past the checks: what counts here is how many rows there are, not that they add up.
  await client.query('set session_replication_role = replica')
  await client.query(
    `insert into ledger_transfers select 'mer_a', 'sandbox', n, 'posted',
        case when n = 1 then 'opening' when n % 2 = 0 then 'clearing:simulator' else 'available' end,
        case when n = 1 or n % 2 = 0 then 'available' else 'fees' end, 'INR', 20,
        case when n = 1 then 'opening_balance' when n % 2 = 0 then 'payment_captured' else 'payment_fee' end,
        'payment', 'pay_' || n / 2, null, null, n, 0, n, 0, $1::timestamptz + n * interval '1 second', repeat('a', 64)
      from generate_series(1, ${transfers}) n`,
    [new Date(startAt).toISOString()],
  )
  await client.query(
    `insert into ledger_accounts select 'mer_a', 'sandbox', code, 'INR', 'credit', false, 0, 0, 0, 0, ${transfers}, 0
      from unnest(array['available', 'suspense', 'refunds_in_flight', 'fees']) code`,
  )
  await client.query(`insert into journals values ('mer_a', 'sandbox', 1, 1, ${transfers}, repeat('a', 64), 0)`)
  await client.query('analyze')
})
afterAll(async () => {
  await client.end()
  await testDatabase.drop()
})

test.each([
  ['all of it', {}],
  ['a common type', { type: 'payment' }],
  ['a type that stands at the far end alone', { type: 'opening_balance' }],
  ['a type that never was', { type: 'payout_returned' }],
  ['a currency', { currency: 'INR' }],
  ['an object', { subjectId: 'pay_7000' }],
] as const)('a page of a long statement, of %s, does not walk the ledger', async (_, filter) => {
  for (const oldestFirst of [false, true]) {
    discarded.length = 0
    await listStatement(explaining, scope, { ...filter, oldestFirst, limit: 20 })
    expect(discarded).toHaveLength(1)
    expect(discarded[0]).toBeLessThan(discardedMax)
  }
})

test('the balance at a time does not walk the ledger, though most reasons never were', async () => {
  discarded.length = 0
  await accountsAt(explaining, scope, startAt + (transfers / 2) * 1_000)
  expect(discarded).toHaveLength(1)
  expect(discarded[0]).toBeLessThan(discardedMax)
})
