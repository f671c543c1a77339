import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts'
import { createDatabase, type Database } from '../../platform/database.ts'
import type { Job } from './changes.ts'
import type { EventAddress } from './event.ts'
import { accountKind, transferKind } from './ledger-kinds.ts'
import { createPostgresStore } from './postgres-store.ts'
import { sampleOpening } from './sample-rows.ts'
import type { Store } from './store.ts'
import { describeStore } from './store-conformance.ts'

async function open(testDatabase: TestDatabase): Promise<{ database: Database; store: Store }> {
  const onError = (error: Error) => {
    throw error
  }
  const database = await createDatabase({ url: testDatabase.url, applicationName: 'paylect-test', onError })
  const bounds = { flightTimeoutMs: 10_000, inDoubtTimeoutMs: 5_000 }
  return { database, store: createPostgresStore({ url: testDatabase.url, pool: database.pool, ...bounds }) }
}

async function takeJobs(database: Database): Promise<Job[]> {
  const { rows } = await database.pool.query<{ name: string; payload: Job['payload'] }>(
    `with taken as (delete from graphile_worker._private_jobs returning id, task_id, payload)
     select task.identifier as name, taken.payload from taken
     join graphile_worker._private_tasks task on task.id = taken.task_id order by taken.id`,
  )
  return rows
}

async function takeOutbox(database: Database): Promise<(readonly EventAddress[])[]> {
  const { rows } = await database.pool.query<{ events: readonly EventAddress[] }>(
    'with taken as (delete from event_outbox returning id, events) select events from taken order by id',
  )
  return rows.map(({ events }) => events)
}

describeStore('the store on PostgreSQL', async () => {
  const testDatabase = await createTestDatabase()
  const { database, store } = await open(testDatabase)
  const close = async () => {
    await store.close()
    await database.close()
    await testDatabase.drop()
  }
  return { store, takeJobs: () => takeJobs(database), takeOutbox: () => takeOutbox(database), close }
})

describe('the ledger defends itself in the database', () => {
  let testDatabase: TestDatabase
  let database: Database
  let store: Store
  const { transfer, debit, credit } = sampleOpening(100n)

  async function write(inserts: [typeof accountKind | typeof transferKind, unknown[]][], updates: unknown[] = []) {
    const tx = await store.begin()
    const changed = updates.map((row) => ({ row, fromRevision: 0 }))
    await tx.commit({
      inserts: new Map(inserts),
      updates: new Map(updates.length > 0 ? [[accountKind, changed]] : []),
      jobs: [],
      outbox: [],
    } as never)
  }

  beforeAll(async () => {
    testDatabase = await createTestDatabase()
    ;({ database, store } = await open(testDatabase))
    await write([
      [accountKind, [debit, credit]],
      [transferKind, [transfer]],
    ])
  })
  afterAll(async () => {
    await store.close()
    await database.close()
    await testDatabase.drop()
  })

  const unexplained = { failure: 'vetoed', constraint: 'ledger_accounts_explained' }

  test('an account cannot begin with money that no transfer brought', async () => {
    const risen = { ...credit, code: 'suspense' }
    await expect(write([[accountKind, [risen]]])).rejects.toMatchObject(unexplained)
  })

  test.each([
    ['one unit more', { creditsPosted: 101n }],
    ['one unit reserved', { debitsPending: 1n }],
    ['another explanation', { lastTransfer: 2n }],
  ])('an account cannot change without a transfer: %s', async (_title, change) => {
    await expect(write([], [{ ...credit, ...change, revision: 1 }])).rejects.toMatchObject(unexplained)
  })

  test.each(['ledger_transfers', 'events', 'delivery_attempts'])(
    'rows of %s are never edited or deleted',
    async (table) => {
      if (table === 'ledger_transfers') {
        const edit = database.pool.query(`update ledger_transfers set reason = 'x'`)
        await expect(edit).rejects.toMatchObject({ code: 'PLAPP' })
        await expect(database.pool.query(`delete from ledger_transfers`)).rejects.toMatchObject({ code: 'PLAPP' })
      }
      const triggers = await database.pool.query(
        `select tgname from pg_trigger where tgrelid = $1::regclass and tgname like '%append_only' and tgenabled = 'O'`,
        [table],
      )
      expect(triggers.rowCount).toBe(1)
    },
  )

  test('the history cannot be truncated and accounts cannot be deleted', async () => {
    await expect(database.pool.query('truncate ledger_transfers')).rejects.toMatchObject({ code: 'PLAPP' })
    await expect(database.pool.query('truncate events')).rejects.toMatchObject({ code: 'PLAPP' })
    await expect(database.pool.query('delete from ledger_accounts')).rejects.toMatchObject({ code: 'PLAPP' })
  })
})
