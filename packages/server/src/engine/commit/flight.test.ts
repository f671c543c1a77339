import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts'
import type { Statement } from './kind-sql.ts'
import { type FlightConnection, openFlightConnection } from './postgres-connection.ts'

let testDatabase: TestDatabase
let connection: FlightConnection

beforeAll(async () => {
  testDatabase = await createTestDatabase({ migrated: false })
})
beforeEach(async () => {
  connection = await openFlightConnection(testDatabase.url, 5_000)
  await fly('create table if not exists notes (id integer, text text)', 'delete from notes')
})
afterEach(() => connection.destroy())
afterAll(() => testDatabase.drop())

const asked = (text: string, values: unknown[] = []): Statement => ({ name: text, text, values, rowMode: 'array' })
const fly = (...texts: string[]) => connection.fly(texts.map((text) => asked(text)))
const rowsOf = async (text: string, values?: unknown[]) => (await connection.fly([asked(text, values)]))[0]?.rows

test('a commit behind a failed statement is not executed, and the rest of the flight neither', async () => {
  const flight = fly(
    'begin',
    `insert into notes values (1, 'a')`,
    'select 1 / 0',
    `insert into notes values (2, 'b')`,
    'commit',
  )
  await expect(flight).rejects.toMatchObject({ code: '22012' })
  expect(connection.broken).toBe(false)
  expect((await fly('rollback'))[0]?.command).toBe('ROLLBACK')
  expect(await rowsOf('select id from notes')).toEqual([])
})

test('a statement that was first sent behind a failure, or failed itself, can be sent again', async () => {
  const divide = asked('select 12 / $1::integer', [0])
  await expect(connection.fly([divide, asked('select 1::bigint')])).rejects.toMatchObject({ code: '22012' })
  for (const values of [[4], [3]]) {
    const answers = await connection.fly([asked('select 1::bigint'), { ...divide, values }])
    expect(answers.map(({ rows }) => rows)).toEqual([[[1n]], [[12 / (values[0] ?? 0)]]])
  }
})

test('every statement of a flight answers with its own rows and tag, also when the server knows it already', async () => {
  for (const id of [1, 2]) {
    const answers = await connection.fly([
      asked('insert into notes values ($1, $2)', [id, 'x']),
      asked('select id, text from notes order by id'),
      asked('select count(*), now() > $1::timestamptz from notes', ['2000-01-01T00:00:00.000Z']),
    ])
    const notes = [1, 2].slice(0, id).map((each) => [each, 'x'])
    expect(answers.map(({ command }) => command)).toEqual(['INSERT', 'SELECT', 'SELECT'])
    expect(answers.map(({ rows }) => rows)).toEqual([[], notes, [[BigInt(id), true]]])
  }
})

test('arrays arrive as they were sent, whatever their elements hold', async () => {
  const texts = ['', 'NULL', null, 'a"b', 'back\\slash', '{1,2}', ' spaced ', 'line\nbreak', '₹ 漢字', '\\"', `it's`]
  expect(await rowsOf('select x from unnest($1::text[]) x', [texts])).toEqual(texts.map((text) => [text]))
  const numbers = [0n, -1n, 9_223_372_036_854_775_807n, null]
  expect(await rowsOf('select x from unnest($1::bigint[]) x', [numbers])).toEqual(numbers.map((number) => [number]))
  const jsons = ['{"a":"\\"\\\\"}', null, '"NULL"', '[]']
  const parsed = [[{ a: '"\\' }], [null], ['NULL'], [[]]]
  expect(await rowsOf('select x from unnest($1::json[]) x', [jsons])).toEqual(parsed)
  expect(await rowsOf('select x from unnest($1::boolean[]) x', [[true, false, null]])).toEqual([
    [true],
    [false],
    [null],
  ])
  expect(await rowsOf('select cardinality($1::text[])', [[]])).toEqual([[0]])
})

test('a connection that the server ends is lost, whatever the server said about it', async () => {
  await expect(fly('select pg_terminate_backend(pg_backend_pid())')).rejects.toThrow(
    'the connection to the database was lost',
  )
  expect(connection.broken).toBe(true)
})
