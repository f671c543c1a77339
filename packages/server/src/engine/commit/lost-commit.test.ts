import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts'
import { createDatabase, type Database } from '../../platform/database.ts'
import { merchantKind } from '../access/merchant.ts'
import { paymentKind } from '../payments/payment.ts'
import type { Kind, RevisedRow, ScopedRow } from './kind.ts'
import type { Statement } from './kind-sql.ts'
import { nameColumns, settleLostCommit, type TransactionName } from './lost-commit.ts'
import { ConnectionLost, openFlightConnection } from './postgres-connection.ts'
import { createPostgresStore } from './postgres-store.ts'
import { sampleMerchant, samplePayment } from './sample-rows.ts'
import type { GroupWrites, Store } from './store.ts'

// After a crash the server gives out again the numbers that had not reached its disk: "committed" then speaks of another
// transaction. Here that other transaction is made, and its number is passed off as that of a commit that was lost.

const boundMs = 5_000
const merchant = sampleMerchant()
const stored = samplePayment({ id: 'pay_stored', number: 1n })
const lost = samplePayment({ id: 'pay_lost', number: 2n })
let testDatabase: TestDatabase
let database: Database
let store: Store
let another: TransactionName

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  database = await createDatabase({ url: testDatabase.url, applicationName: 'paylect-test', onError: () => {} })
  const bounds = { flightTimeoutMs: boundMs, inDoubtTimeoutMs: boundMs }
  store = createPostgresStore({ url: testDatabase.url, pool: database.pool, ...bounds })
  await (await store.begin()).commit(inserting([merchantKind, merchant], [paymentKind, stored]))
  another = await nameOfACommit()
})
afterAll(async () => {
  await store.close()
  await database.close()
  await testDatabase.drop()
})

async function nameOfACommit(): Promise<TransactionName> {
  const connection = await openFlightConnection(testDatabase.url, boundMs)
  const [, answer] = await connection.fly([plain('begin'), plain(`select ${nameColumns}`), plain('commit')])
  connection.destroy()
  const [id, timeline] = answer?.rows[0] ?? []
  return { id: String(id), timeline: String(timeline) }
}

function plain(text: string): Statement {
  return { name: text, text, values: [], rowMode: 'array' }
}

function inserting(...rows: readonly (readonly [unknown, ScopedRow])[]): GroupWrites {
  return {
    inserts: new Map(rows.map(([kind, row]) => [kind as Kind, [row]])),
    updates: new Map(),
    jobs: [],
    outbox: [],
  }
}

function updating(row: RevisedRow): GroupWrites {
  const kind = paymentKind as unknown as Kind
  return {
    inserts: new Map(),
    updates: new Map([[kind, [{ row, fromRevision: row.revision - 1 }]]]),
    jobs: [],
    outbox: [],
  }
}

async function settle(name: TransactionName, writes: GroupWrites): Promise<string> {
  const open = () => openFlightConnection(testDatabase.url, boundMs)
  return await settleLostCommit({ open, inDoubtTimeoutMs: 500 }, name, writes).then(
    () => 'committed',
    (error: { readonly failure: string }) => error.failure,
  )
}

describe('a lost commit whose number belongs to another transaction after a crash', () => {
  test('is not acknowledged when its new row is not there', async () => {
    expect(await settle(another, inserting([paymentKind, lost]))).toBe('unavailable')
  })

  test('is acknowledged when its new row is there', async () => {
    expect(await settle(another, inserting([paymentKind, stored]))).toBe('committed')
  })

  test('is not acknowledged when the row that it changed has not moved', async () => {
    expect(await settle(another, updating({ ...stored, revision: 1 }))).toBe('unavailable')
  })

  test('is in doubt when somebody else changed that row', async () => {
    const tx = await store.begin()
    await tx.commit(updating({ ...stored, revision: 1 }))
    expect(await settle(another, updating({ ...stored, revision: 1 }))).toBe('in_doubt')
  })
})

test('a number that the server has not given out yet was forgotten in a crash: nothing was committed', async () => {
  const future = { ...another, id: String(BigInt(another.id) + 1_000_000n) }
  expect(await settle(future, inserting([paymentKind, lost]))).toBe('unavailable')
})

test('a number of another timeline says nothing, and is not asked for again', async () => {
  const open = () => openFlightConnection(testDatabase.url, boundMs)
  const ofAnother = { ...another, timeline: '0000FFFF' }
  const started = performance.now()
  const settling = settleLostCommit({ open, inDoubtTimeoutMs: boundMs }, ofAnother, inserting([paymentKind, stored]))
  await expect(settling).rejects.toMatchObject({ failure: 'in_doubt' })
  expect(performance.now() - started).toBeLessThan(boundMs / 2)
})

test('a commit that is durable on this server alone is not acknowledged while its standby does not confirm it', async () => {
  const open = async () => {
    const connection = await openFlightConnection(testDatabase.url, boundMs)
    // The standby is away: what a wait for it comes to is a commit that is never confirmed.
    const confirms = (statement: Statement) => statement.text.includes('pg_logical_emit_message')
    return {
      ...connection,
      fly: (statements: readonly Statement[]) =>
        statements.some(confirms) ? Promise.reject(new ConnectionLost('no standby')) : connection.fly(statements),
    }
  }
  const settling = settleLostCommit({ open, inDoubtTimeoutMs: 500 }, another, inserting([paymentKind, stored]))
  await expect(settling).rejects.toMatchObject({ failure: 'in_doubt' })
})

test('an answer beside which the server warns that no standby has it counts as lost', async () => {
  const connection = await openFlightConnection(testDatabase.url, boundMs)
  const warn = `do $$ begin raise warning 'canceling wait for synchronous replication due to user request'; end $$`
  await expect(connection.fly([plain(warn)])).rejects.toBeInstanceOf(ConnectionLost)
  expect(connection.broken).toBe(true)
})
