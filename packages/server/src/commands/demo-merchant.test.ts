import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { createTestEngine, type TestEngine } from '../../test/support/engine.ts'
import { monetiflow } from '../dialects/monetiflow/index.ts'
import { paylect } from '../dialects/paylect/index.ts'
import { apiScopes, hashOfKey } from '../engine/index.ts'
import { createVault } from '../platform/vault.ts'
import { prepareSandboxFile, type SandboxFile } from './demo-merchant.ts'

let testDatabase: TestDatabase
let it: TestEngine
let directory: string
beforeAll(async () => {
  testDatabase = await createTestDatabase()
  it = await createTestEngine(testDatabase)
  directory = await mkdtemp(join(tmpdir(), 'paylect-demo-'))
})
afterAll(async () => {
  await it.close()
  await testDatabase.drop()
  await rm(directory, { recursive: true, force: true })
})

const vault = createVault({ keys: [{ id: 'master', key: Buffer.alloc(32, 7) }] })
const dialects = [paylect, monetiflow]
const baseUrl = 'http://localhost:8080'
const path = () => join(directory, 'sandbox.json')
const prepare = () => prepareSandboxFile({ engine: it.engine, vault, dialects }, path(), baseUrl)
const entryOf = (file: SandboxFile, name: string) => file.dialects[name] ?? { mount: '', apiKey: '' }

async function replaceKey(apiKey: string) {
  const file = JSON.parse(await readFile(path(), 'utf8')) as SandboxFile
  const entry = { ...entryOf(file, 'paylect'), apiKey }
  await writeFile(path(), JSON.stringify({ ...file, dialects: { ...file.dialects, paylect: entry } }))
}

async function issue(apiKey: string, scopes: typeof apiScopes | readonly ['payments:read']) {
  const stored = { dialect: 'paylect', name: 'earlier', keyHash: hashOfKey(apiKey), hint: apiKey.slice(-4), scopes }
  const scope = { merchantId: 'mer_0000000000000000000000dem0', mode: 'sandbox' } as const
  await it.engine.access.issueCredentials({ scope, apiKeys: [stored], webhookEndpoints: [] })
}

async function endpointsCount(): Promise<unknown> {
  const { rows } = await it.database.pool.query('select count(*)::int as count from webhook_endpoints')
  return rows[0]?.count
}

test('the credentials of a sandbox stay while they work', async () => {
  const first = await prepare()
  expect(entryOf(first, 'paylect').apiKey).toMatch(/^sk_test_[0-9A-Za-z]{39}$/)
  expect(await prepare()).toEqual(first)
})

test.each([
  ['has the form of an earlier release', 'sk_test_q6E0dTWlSg1n-AbCdEfGhIjKlMnOpQrS', apiScopes],
  ['lacks a scope that there is now', paylect.newCredentials('sandbox').apiKey, ['payments:read']],
] as const)('a key that %s is replaced, and the secret of the webhooks stays', async (_, apiKey, scopes) => {
  const before = await prepare()
  const endpoints = await endpointsCount()
  await issue(apiKey, scopes)
  await replaceKey(apiKey)
  const after = await prepare()
  const { apiKey: replaced, webhookSecret } = entryOf(after, 'paylect')
  expect(replaced).not.toBe(apiKey)
  const { scopes: granted } = await it.engine.access.authenticate(replaced, 'paylect', '127.0.0.1')
  expect(granted).toEqual(apiScopes)
  expect(webhookSecret).toBe(entryOf(before, 'paylect').webhookSecret)
  expect(entryOf(after, 'monetiflow')).toEqual(entryOf(before, 'monetiflow'))
  expect(await endpointsCount()).toBe(endpoints)
})

test('a key that this database does not know is replaced together with its secret', async () => {
  const before = await prepare()
  await replaceKey(paylect.newCredentials('sandbox').apiKey)
  const after = await prepare()
  expect(entryOf(after, 'paylect').webhookSecret).not.toBe(entryOf(before, 'paylect').webhookSecret)
  await it.engine.access.authenticate(entryOf(after, 'paylect').apiKey, 'paylect', '127.0.0.1')
})
