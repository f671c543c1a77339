import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { MigrationError } from './migration-files.ts'
import { migrate } from './migrations.ts'

let testDatabase: TestDatabase
let directory: string

beforeEach(async () => {
  testDatabase = await createTestDatabase({ migrated: false })
  directory = await mkdtemp(join(tmpdir(), 'paylect-migrations-'))
  await writeFile(
    join(directory, '0001_letters.sql'),
    'create table letters (id int);\ninsert into letters values (1);\n',
  )
  await writeFile(join(directory, '0002_stamps.sql'), 'create table stamps (id int);\n')
})

afterEach(async () => {
  await rm(directory, { recursive: true })
  await testDatabase.drop()
})

const run = () => migrate(testDatabase.url, directory)

async function query(text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: testDatabase.url })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

describe('migrating', () => {
  test('applies each file once, in order, and only new ones later', async () => {
    expect(await run()).toEqual({ applied: ['0001_letters', '0002_stamps'] })
    expect(await run()).toEqual({ applied: [] })
    await writeFile(join(directory, '0003_seals.sql'), 'create table seals (id int);')
    expect(await run()).toEqual({ applied: ['0003_seals'] })
    expect(await query('select count(*)::int as n from letters')).toEqual([{ n: 1 }])
  })

  test('names file, line and column of a mistake, keeps the files before it and nothing of it', async () => {
    const path = join(directory, '0002_stamps.sql')
    await writeFile(
      path,
      `create table stamps (id int);\n-- ünïcödé 💌 counts as one\nselect 'x', wrong_column from stamps;\n`,
    )
    const failure = await run().catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(MigrationError)
    expect(String(failure)).toContain(`${path}:3:13: column "wrong_column" does not exist`)
    expect(String(failure)).toContain(`  select 'x', wrong_column from stamps;\n              ^`)
    expect(await query(`select to_regclass('stamps') as stamps, to_regclass('letters')::text as letters`)).toEqual([
      { stamps: null, letters: 'letters' },
    ])
    await writeFile(path, 'create table stamps (id int);')
    expect(await run()).toEqual({ applied: ['0002_stamps'] })
  })

  test('by many processes at once applies each file once, and every process ends well', async () => {
    await writeFile(join(directory, '0001_letters.sql'), 'create table letters (id int); select pg_sleep(0.3);')
    const module = JSON.stringify(join(import.meta.dirname, 'migrations.ts'))
    const script = `
      const { migrate } = await import(${module})
      console.log(JSON.stringify(await migrate(${JSON.stringify(testDatabase.url)}, ${JSON.stringify(directory)})))`
    const outcomes = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
          stdio: ['ignore', 'pipe', 'inherit'],
        })
        const chunks: Buffer[] = []
        child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
        const [code] = await once(child, 'close')
        return { code, output: Buffer.concat(chunks).toString().trim() }
      }),
    )
    expect(outcomes.map((outcome) => outcome.code)).toEqual([0, 0, 0, 0])
    expect(outcomes.map((outcome) => outcome.output).sort()).toEqual([
      '{"applied":["0001_letters","0002_stamps"]}',
      '{"applied":[]}',
      '{"applied":[]}',
      '{"applied":[]}',
    ])
  })

  test('refuses a file that was edited after it was applied', async () => {
    await run()
    await writeFile(join(directory, '0001_letters.sql'), 'create table letters (id int8);')
    await expect(run()).rejects.toThrow(/0001_letters\.sql was edited after it was applied/)
  })

  test('takes a file with other line ends for the same', async () => {
    await run()
    await writeFile(
      join(directory, '0001_letters.sql'),
      'create table letters (id int);\r\ninsert into letters values (1);\r\n',
    )
    expect(await run()).toEqual({ applied: [] })
  })

  test('refuses when an applied file is missing', async () => {
    await run()
    await rm(join(directory, '0002_stamps.sql'))
    await expect(run()).rejects.toThrow(/has the migration 0002_stamps, which is not in .* newer Paylect/)
  })

  test('refuses a new file that comes before an applied one', async () => {
    await rm(join(directory, '0001_letters.sql'))
    await run()
    await writeFile(join(directory, '0001_letters.sql'), 'create table letters (id int);')
    await expect(run()).rejects.toThrow(/0001_letters\.sql comes before 0002_stamps/)
  })

  test('refuses names that have no number, numbers used twice, and statements that end the transaction', async () => {
    await writeFile(join(directory, 'later.sql'), '')
    await expect(run()).rejects.toThrow(/later\.sql: a migration is named NNNN_name\.sql/)
    await rm(join(directory, 'later.sql'))
    await writeFile(join(directory, '0002_again.sql'), '')
    await expect(run()).rejects.toThrow(/0002_stamps\.sql: the number is taken by .*0002_again\.sql/)
    await rm(join(directory, '0002_again.sql'))
    await writeFile(join(directory, '0003_split.sql'), 'create table a ();\n  COMMIT;\ncreate table b ();')
    await expect(run()).rejects.toThrow(/0003_split\.sql:2: "COMMIT;" cannot stand here/)
    expect(await query(`select to_regclass('letters') as letters`)).toEqual([{ letters: null }])
  })
})
