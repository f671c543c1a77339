import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts'
import { createTestEngine, provisionTestMerchant, type TestEngine } from '../../../test/support/engine.ts'
import type { Scope } from '../../kernel/scope.ts'
import { apiScopes, hashOfKey } from './api-key.ts'
import type { KeyToCreate } from './create-api-key.ts'
import { newHouseKey } from './key-text.ts'

let testDatabase: TestDatabase
let it: TestEngine
const scope: Scope = { merchantId: 'mer_keys', mode: 'sandbox' }
const other: Scope = { merchantId: 'mer_other', mode: 'sandbox' }
beforeAll(async () => {
  testDatabase = await createTestDatabase()
  it = await createTestEngine(testDatabase)
  await provisionTestMerchant(it, scope)
  await provisionTestMerchant(it, other)
})
afterAll(async () => {
  await it.close()
  await testDatabase.drop()
  expect(it.defects).toEqual([])
})

function textAndHash() {
  const text = newHouseKey('secret', scope.mode)
  return { text, keyHash: hashOfKey(text), hint: text.slice(-4) }
}

async function newKey(given: Partial<KeyToCreate> = {}, owner = scope) {
  const { text, keyHash, hint } = textAndHash()
  const fields = { dialect: 'paylect', kind: 'secret', name: 'A key', scopes: apiScopes, keyHash, hint } as const
  const { result } = await it.engine.access.createApiKey(owner, { ...fields, expiresAt: null, ipAllow: null, ...given })
  return { text, ...result }
}

const here = '192.0.2.9'
const use = (text: string, ip = here, dialect = 'paylect') => it.engine.access.authenticate(text, dialect, ip)
const invalid = { kind: 'unauthenticated', code: 'api_key_invalid' }
const hourMs = 3_600_000

describe('authentication', () => {
  test('finds the key by its text, for its own dialect only', async () => {
    const { text, id } = await newKey()
    expect((await use(text)).id).toBe(id)
    await expect(use(text, here, 'monetiflow')).rejects.toMatchObject(invalid)
    await expect(use(newHouseKey('secret', 'sandbox'))).rejects.toMatchObject(invalid)
  })

  test('refuses a key from the moment of its expiry, by the real clock whatever the sandbox’s shows', async () => {
    const { text } = await newKey({ expiresAt: it.clocks.live.now() + hourMs })
    it.clocks.sandbox.advance(1_000 * hourMs)
    it.clocks.live.advance(hourMs - 1)
    await use(text)
    it.clocks.live.advance(1)
    await expect(use(text)).rejects.toMatchObject(invalid)
  })

  test('takes both keys of a rotation during the overlap, and only the new one after it', async () => {
    const old = await newKey()
    const made = textAndHash()
    const wanted = { id: old.id, keyHash: made.keyHash, hint: made.hint, overlapMs: hourMs }
    await it.engine.access.rotateApiKey(scope, wanted)
    it.clocks.live.advance(hourMs - 1)
    expect((await use(old.text)).replacedBy).toBe((await use(made.text)).id)
    it.clocks.live.advance(1)
    await expect(use(old.text)).rejects.toMatchObject(invalid)
    await use(made.text)
    const next = textAndHash()
    const { id } = await use(made.text)
    await it.engine.access.rotateApiKey(scope, { id, keyHash: next.keyHash, hint: next.hint, overlapMs: 0 })
    await expect(use(made.text)).rejects.toMatchObject(invalid)
    await use(next.text)
  })

  test('refuses a revoked key at once', async () => {
    const { text, id } = await newKey()
    await use(text)
    await it.engine.access.revokeApiKey(scope, id)
    await expect(use(text)).rejects.toMatchObject(invalid)
    expect((await it.engine.access.revokeApiKey(scope, id)).result.status).toBe('revoked')
  })

  test('takes a key from its networks only, and says which address it saw', async () => {
    const { text } = await newKey({ ipAllow: ['192.0.2.0/24', '2001:db8::/32'] })
    for (const ip of ['192.0.2.1', '::ffff:192.0.2.254', '2001:db8::7']) await use(text, ip)
    for (const ip of ['192.0.3.1', '::ffff:198.51.100.1', '2001:db9::1', '']) {
      const refusal = { kind: 'forbidden', code: 'ip_not_allowed', detail: { message: expect.stringContaining(ip) } }
      await expect(use(text, ip)).rejects.toMatchObject(refusal)
    }
  })

  test('another merchant’s key cannot be read, rotated or revoked, and is in no list', async () => {
    const { text, id } = await newKey()
    const { access } = it.engine
    const made = textAndHash()
    expect(await access.findApiKey(other, id)).toBeUndefined()
    expect((await access.listApiKeys(other, { limit: 100 })).items).toEqual([])
    const wanted = { id, keyHash: made.keyHash, hint: made.hint, overlapMs: 0 }
    await expect(access.rotateApiKey(other, wanted)).rejects.toMatchObject({ kind: 'not_found' })
    await expect(access.revokeApiKey(other, id)).rejects.toMatchObject({ kind: 'not_found' })
    await use(text)
  })
})

describe('when a key was last used', () => {
  const rowOf = async (id: string) => await it.engine.access.findApiKey(scope, id)

  test('is written once a minute however often the key is used, and leaves the revision alone', async () => {
    const { text, id } = await newKey()
    await it.engine.access.flushLastUsed()
    for (let used = 0; used < 5; used += 1) await use(text)
    expect((await rowOf(id))?.lastUsedAt).toBeNull()
    const firstAt = it.clocks.live.now()
    expect(await it.engine.access.flushLastUsed()).toBe(1)
    expect(await rowOf(id)).toMatchObject({ lastUsedAt: firstAt, revision: 0 })
    it.clocks.live.advance(59_999)
    await use(text)
    expect(await it.engine.access.flushLastUsed()).toBe(0)
    expect((await rowOf(id))?.lastUsedAt).toBe(firstAt)
    it.clocks.live.advance(1)
    await use(text)
    expect(await it.engine.access.flushLastUsed()).toBe(1)
    expect(await rowOf(id)).toMatchObject({ lastUsedAt: firstAt + 60_000, revision: 0 })
  })

  test('is written once by two processes that saw the same use', async () => {
    const { text, id } = await newKey()
    const second = await createTestEngine(testDatabase, { clocks: it.clocks })
    await use(text)
    await second.engine.access.authenticate(text, 'paylect', here)
    const written = [await it.engine.access.flushLastUsed(), await second.engine.access.flushLastUsed()]
    expect(written).toEqual([1, 0])
    await second.close()
    expect((await rowOf(id))?.lastUsedAt).toBe(it.clocks.live.now())
  })

  test('is not told of a refused key, and waits for no command that holds the key’s row', async () => {
    const { text, id } = await newKey({ ipAllow: [here] })
    await expect(use(text, '198.51.100.1')).rejects.toMatchObject({ code: 'ip_not_allowed' })
    expect(await it.engine.access.flushLastUsed()).toBe(0)
    await use(text)
    const client = await it.database.pool.connect()
    await client.query('begin')
    await client.query('select 1 from api_keys where id = $1 for update', [id])
    expect(await it.engine.access.flushLastUsed()).toBe(0)
    await client.query('rollback')
    client.release()
    await use(text)
    expect(await it.engine.access.flushLastUsed()).toBe(1)
  })

  test('outlives a rotation and a revocation', async () => {
    const { text, id } = await newKey()
    await use(text)
    await it.engine.access.flushLastUsed()
    const { lastUsedAt } = (await rowOf(id)) ?? {}
    await it.engine.access.revokeApiKey(scope, id)
    expect(await rowOf(id)).toMatchObject({ status: 'revoked', lastUsedAt, revision: 1 })
  })
})

describe('the operator’s list of merchants', () => {
  test('shows every merchant of every mode, newest first, page by page', async () => {
    for (const merchantId of ['mer_a', 'mer_b']) {
      for (const mode of ['live', 'sandbox'] as const) await provisionTestMerchant(it, { merchantId, mode })
    }
    const seen: string[] = []
    let after: Scope | undefined
    for (let pages = 0; pages < 10; pages += 1) {
      const { items, hasMore } = await it.engine.access.listMerchants({ limit: 2, after })
      seen.push(...items.map(({ merchantId, mode }) => `${merchantId} ${mode}`))
      after = items.at(-1)
      if (!hasMore) break
    }
    const [a, b] = ['mer_a', 'mer_b'].map((id) => [`${id} sandbox`, `${id} live`])
    expect(seen).toEqual(['mer_other sandbox', 'mer_keys sandbox', ...(b ?? []), ...(a ?? [])])
    const live = await it.engine.access.listMerchants({ mode: 'live', limit: 1 })
    expect([live.items.map(({ merchantId }) => merchantId), live.hasMore]).toEqual([['mer_b'], true])
  })
})
