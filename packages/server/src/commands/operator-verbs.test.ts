import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCommandLine } from '../../test/support/command-line.ts'
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts'

let database: TestDatabase
let folder: string
let environment: NodeJS.ProcessEnv

beforeAll(async () => {
  database = await createTestDatabase()
  folder = await mkdtemp(join(tmpdir(), 'paylect-verbs-'))
  environment = {
    DATABASE_URL: database.url,
    PAYLECT_DATA: join(folder, 'data'),
    XDG_CONFIG_HOME: join(folder, 'config'),
  }
})

afterAll(async () => {
  await database.drop()
  await rm(folder, { recursive: true, force: true })
})

async function json<Value>(...args: readonly string[]): Promise<Value> {
  const { code, out, err } = await runCommandLine([...args, '--json'], environment)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return JSON.parse(out) as Value
}

interface MadeMerchant {
  readonly id: string
  readonly credentials: readonly { readonly dialect: string; readonly api_key: string }[]
}

interface ShownKey {
  readonly id: string
  readonly key: string
  readonly status: string
  readonly name: string
}

describe('merchants and keys', () => {
  test('a live merchant gets a key for each dialect, and its keys can be made, rotated and revoked', async () => {
    const { id, credentials } = await json<MadeMerchant>('merchants', 'create', 'Example Shop', '--mode', 'live')
    expect(credentials.map(({ dialect }) => dialect)).toEqual(['paylect', 'monetiflow'])
    expect(credentials[0]?.api_key).toMatch(/^sk_live_/)
    const listed = await json<{ data: { id: string; mode: string }[] }>('merchants', 'list')
    expect(listed.data).toMatchObject([{ id, mode: 'live' }])

    const of = ['--merchant', id, '--mode', 'live']
    const made = await json<ShownKey>('keys', 'create', ...of, '--name', 'reports', '--scopes', 'events:read')
    expect(made).toMatchObject({ status: 'active', scopes: ['events:read'] })
    const rotated = await json<ShownKey & { replaces: ShownKey }>('keys', 'rotate', made.id, ...of, '--overlap', '1')
    expect(rotated.replaces.id).toBe(made.id)
    expect(rotated.key).not.toBe(made.key)
    expect(await json<ShownKey>('keys', 'revoke', rotated.id, ...of)).toMatchObject({ status: 'revoked' })
    const keys = await json<{ data: ShownKey[] }>('keys', 'list', ...of)
    expect(keys.data.map(({ name }) => name).sort()).toEqual([
      'paylect merchants create',
      'paylect merchants create',
      'reports',
      'reports',
    ])
    expect(JSON.stringify(keys)).not.toContain(made.key)
  }, 60_000)

  test('a merchant that does not exist is refused with 1, a value that makes no sense with 2 and its choices', async () => {
    const unknown = await runCommandLine(['keys', 'list', '--merchant', 'mer_nobody'], environment)
    expect(unknown).toMatchObject({ code: 1, out: '' })
    expect(unknown.err).toContain('There is no sandbox merchant mer_nobody')
    const wrong = await runCommandLine(['merchants', 'list', '--mode', 'test'], environment)
    expect(wrong.code).toBe(2)
    expect(wrong.err).toContain('--mode')
    expect(wrong.err).toContain('live, sandbox')
  })

  test('a verb that does not exist is refused with 2 and the one that was meant', async () => {
    const { code, err } = await runCommandLine(['merchant'], environment)
    expect(code).toBe(2)
    expect(err).toContain('Did you mean merchants?')
  })
})

describe('doctor', () => {
  test('a database without tables fails with what to do, and exits with 1', async () => {
    const empty = await createTestDatabase({ migrated: false })
    try {
      const { code, out } = await runCommandLine(['doctor'], { ...environment, DATABASE_URL: empty.url })
      expect(code).toBe(1)
      expect(out).toMatch(/fail migrations/)
      expect(out).toContain('paylect migrate')
    } finally {
      await empty.drop()
    }
  })

  test('a database that does not answer is a finding, not a stack', async () => {
    const { code, out } = await runCommandLine(['doctor', '--json'], {
      ...environment,
      DATABASE_URL: 'postgres://nobody:wrong@127.0.0.1:1/nothing',
    })
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ ok: false, findings: [{ check: 'database', state: 'fail' }] })
  }, 30_000)
})

describe('profiles', () => {
  test('a profile is kept for its owner only, used, and forgotten; its key is never printed', async () => {
    const key = 'sk_test_averysecretkey'
    const add = ['profiles', 'add', 'staging', '--url', 'http://127.0.0.1:1/', '--key', '-']
    const added = await runCommandLine(add, environment, `${key}\n`)
    expect(added).toMatchObject({ code: 0 })
    const file = await stat(join(folder, 'config', 'paylect', 'profiles.json'))
    expect(file.mode & 0o777).toBe(0o600)
    expect(await json('profiles', 'list')).toEqual([
      { name: 'staging', url: 'http://127.0.0.1:1', key_hint: 'tkey', current: true },
    ])
    expect(added.out).not.toContain(key)
    const refused = await runCommandLine(['payments', 'list', '--profile', 'staging'], environment)
    expect(refused.code).toBe(1)
    expect(refused.err).toContain('No gateway answers at http://127.0.0.1:1')
    const unknown = await runCommandLine(['payments', 'list', '--profile', 'production'], environment)
    expect(unknown.code).toBe(2)
    expect(unknown.err).toContain('There are: staging.')
    expect(await json('profiles', 'remove', 'staging')).toEqual([])
  }, 30_000)
})
