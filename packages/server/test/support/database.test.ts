import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { migrate } from '../../src/platform/migrations.ts'
import { createTestDatabase } from './database.ts'

describe('a test database', () => {
  test('is migrated, and apart from every other one', async () => {
    const [first, second] = await Promise.all([createTestDatabase(), createTestDatabase()])
    expect(await migrate(first.url)).toEqual({ applied: [] })
    const client = new pg.Client({ connectionString: first.url })
    await client.connect()
    await client.query('create table only_here (id int)')
    await client.end()
    const other = new pg.Client({ connectionString: second.url })
    await other.connect()
    await expect(other.query('select from only_here')).rejects.toMatchObject({ code: '42P01' })
    await other.end()
    await Promise.all([first.drop(), second.drop()])
  })

  test('whose connection was left open fails its drop, naming the culprit, and is gone all the same', async () => {
    const database = await createTestDatabase()
    const leak = new pg.Client({ connectionString: database.url, application_name: 'the-leak' })
    leak.on('error', () => undefined)
    await leak.connect()
    await leak.query('select 42')
    await expect(database.drop()).rejects.toThrow(
      /1 database connection\(s\) were left open:\nthe-leak \| idle \| select 42/,
    )
    const late = new pg.Client({ connectionString: database.url })
    await expect(late.connect()).rejects.toMatchObject({ code: '3D000' })
    await leak.end()
  })
})
