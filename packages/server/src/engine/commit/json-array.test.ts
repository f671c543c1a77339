import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts'
import { jsonArray } from './json-array.ts'

let database: TestDatabase
let client: pg.Client

beforeAll(async () => {
  database = await createTestDatabase()
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
})

afterAll(async () => {
  await client.end()
  await database.drop()
})

test('the server reads every text as it was written, in order, nulls among them', async () => {
  // U+0000 and halves of pairs are refused before a row comes so far.
  const text = fc.string({ unit: 'grapheme' }).map((value) => JSON.stringify(value.replaceAll('\0', '')))
  const column = fc.array(fc.oneof(text, fc.constant(null), fc.json({ stringUnit: 'grapheme' })), { minLength: 1 })
  await fc.assert(
    fc.asyncProperty(column, async (texts) => {
      const { rows } = await client.query(
        'select e::text as text from unnest($1::json[]) with ordinality u(e, n) order by n',
        [jsonArray(texts)],
      )
      expect(rows.map((row) => row.text)).toEqual(texts)
    }),
    { numRuns: 50 },
  )
})
