import { describe, expect, test } from 'vitest'
import { createTestDatabase } from '../../test/support/database.ts'
import { createTestEngine, provisionTestMerchant } from '../../test/support/engine.ts'
import { apiScopes, hashOfKey, newHouseKey } from '../engine/index.ts'
import { startLastUsedFlusher } from './last-used-flusher.ts'

const scope = { merchantId: 'mer_flush', mode: 'sandbox' } as const
const everyMs = 50

async function openKeys() {
  const testDatabase = await createTestDatabase()
  const it = await createTestEngine(testDatabase)
  await provisionTestMerchant(it, scope)
  const text = newHouseKey('secret', 'sandbox')
  const fields = { dialect: 'paylect', kind: 'secret', name: 'A key', scopes: apiScopes } as const
  const stored = { keyHash: hashOfKey(text), hint: text.slice(-4), expiresAt: null, ipAllow: null }
  const { id } = (await it.engine.access.createApiKey(scope, { ...fields, ...stored })).result
  const close = async () => {
    await it.close()
    await testDatabase.drop()
  }
  return { it, close, text, lastUsedAt: async () => (await it.engine.access.findApiKey(scope, id))?.lastUsedAt }
}

describe('the flusher of last uses', () => {
  test('writes a use down by itself, and what is left when it is stopped', async () => {
    const { it, close, text, lastUsedAt } = await openKeys()
    const flusher = startLastUsedFlusher({ engine: it.engine, log: { warn: () => {} } }, everyMs)
    await it.engine.access.authenticate(text, 'paylect', '127.0.0.1')
    await expect.poll(lastUsedAt, { timeout: 5_000 }).toBe(it.clocks.live.now())
    it.clocks.live.advance(60_000)
    await it.engine.access.authenticate(text, 'paylect', '127.0.0.1')
    await flusher.stop()
    expect(await lastUsedAt()).toBe(it.clocks.live.now())
    await close()
  })

  test('survives a database that refuses, and says so', async () => {
    const { it, close, text, lastUsedAt } = await openKeys()
    const warnings: string[] = []
    const log = { warn: (_: object, message: string) => warnings.push(message) } as never
    const flusher = startLastUsedFlusher({ engine: it.engine, log }, everyMs)
    await it.database.pool.query('alter table api_keys rename column last_used_at to hidden')
    await it.database.pool.query(
      'alter table api_keys add column last_used_at timestamptz check (last_used_at is null)',
    )
    await it.engine.access.authenticate(text, 'paylect', '127.0.0.1')
    await expect.poll(() => warnings.length, { timeout: 5_000 }).toBe(1)
    await it.database.pool.query('alter table api_keys drop column last_used_at')
    await it.database.pool.query('alter table api_keys rename column hidden to last_used_at')
    await it.engine.access.authenticate(text, 'paylect', '127.0.0.1')
    await expect.poll(lastUsedAt, { timeout: 5_000 }).toBe(it.clocks.live.now())
    await flusher.stop()
    await close()
  })
})
