import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { openPipelinedClient, sendPipelined, TransactionRolledBackError } from './pipelined-client.ts'

let testDatabase: TestDatabase
let client: pg.Client
const begin = { text: 'begin' }
const commit = { text: 'commit' }
const insert = (id: number) => ({ name: 'insert-row', text: 'insert into kept (id) values ($1)', values: [id] })

beforeAll(async () => {
  testDatabase = await createTestDatabase({ migrated: false })
  client = await openPipelinedClient(testDatabase.url, () => undefined)
  await client.query('create table kept (id int8 primary key)')
  await client.query('create table later (id int8 references kept deferrable initially deferred)')
})

beforeEach(async () => {
  await client.query('truncate kept, later')
})

afterAll(async () => {
  await client.end()
  await testDatabase.drop()
})

async function keptIds(): Promise<bigint[]> {
  return (await client.query<{ id: bigint }>('select id from kept order by id')).rows.map((row) => row.id)
}

describe('a pipeline', () => {
  test('commits a transaction and answers each statement in order, with our types', async () => {
    const results = await sendPipelined(client, [begin, insert(1), insert(2), { text: 'select id from kept' }, commit])
    expect(results.map((result) => result.command)).toEqual(['BEGIN', 'INSERT', 'INSERT', 'SELECT', 'COMMIT'])
    expect(results[3]?.rows).toEqual([{ id: 1n }, { id: 2n }])
    expect(await keptIds()).toEqual([1n, 2n])
  })

  test('rejects with the first failure, not with those that follow from it, and keeps nothing', async () => {
    const sending = sendPipelined(client, [begin, insert(1), insert(1), insert(2), { text: 'select 1/0' }, commit])
    await expect(sending).rejects.toMatchObject({ code: '23505' })
    expect(client.getTransactionStatus()).toBe('I')
    expect(await keptIds()).toEqual([])
  })

  test('takes the next transaction on the same connection after a failed one', async () => {
    await expect(sendPipelined(client, [begin, insert(1), insert(1), commit])).rejects.toThrow()
    await sendPipelined(client, [begin, insert(1), insert(2), commit])
    expect(await keptIds()).toEqual([1n, 2n])
  })

  test('never takes the commit of a failed transaction for a success', async () => {
    await expect(sendPipelined(client, [begin, insert(1), insert(1)])).rejects.toMatchObject({ code: '23505' })
    const answer = sendPipelined(client, [commit])
    await expect(answer).rejects.toBeInstanceOf(TransactionRolledBackError)
    expect(await keptIds()).toEqual([])
  })

  test('rejects when the failure comes only at the commit', async () => {
    const sending = sendPipelined(client, [begin, { text: 'insert into later values (99)' }, commit])
    await expect(sending).rejects.toMatchObject({ code: '23503' })
    expect((await client.query('select from later')).rowCount).toBe(0)
  })

  test('outside a transaction runs the statements behind a failed one', async () => {
    await expect(sendPipelined(client, [insert(1), insert(1), insert(2)])).rejects.toMatchObject({ code: '23505' })
    expect(await keptIds()).toEqual([1n, 2n])
  })

  test('can prepare a statement that could not be prepared before', async () => {
    const early = { name: 'early', text: 'select weight from kept' }
    await expect(sendPipelined(client, [begin, early, early, commit])).rejects.toMatchObject({ code: '42703' })
    await sendPipelined(client, [begin, { text: 'alter table kept add column weight int' }, early, early, commit])
    await sendPipelined(client, [early])
  })

  test('of hundreds of statements keeps every answer with its statement', async () => {
    const statements = Array.from({ length: 500 }, (_, index) => ({ text: 'select $1::int4 as n', values: [index] }))
    const results = await sendPipelined(client, statements)
    expect(results.map((result) => result.rows[0])).toEqual(statements.map((_, index) => ({ n: index })))
  })

  test('rejects everything that was sent when the connection breaks, and reports it', async () => {
    const errors: Error[] = []
    const victim = await openPipelinedClient(testDatabase.url, (error) => errors.push(error))
    const { rows } = await victim.query<{ pid: number }>('select pg_backend_pid() as pid')
    const sending = sendPipelined(victim, [begin, { text: 'select pg_sleep(30)' }, commit])
    const rejected = expect(sending).rejects.toThrow()
    await client.query('select pg_terminate_backend($1)', [rows[0]?.pid])
    await rejected
    await expect.poll(() => errors.length).toBeGreaterThan(0)
    await expect(victim.query('select 1')).rejects.toThrow('not queryable')
    await victim.end()
  })
})
