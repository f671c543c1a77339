import { describe, expect, test } from 'vitest'
import { accepted, decisionContext, refused } from '../../../test/support/decide.ts'
import { sampleInstant, sampleMerchant, sampleScope } from '../commit/sample-rows.ts'
import { type ApiKey, apiScopes, publishableScopes } from './api-key.ts'
import { type CreateApiKey, createApiKey } from './create-api-key.ts'
import { newApiKey } from './issue-credentials.ts'
import { revokeApiKey } from './revoke-api-key.ts'
import { overlapMaxMs, type RotateApiKey, rotateApiKey } from './rotate-api-key.ts'

const scope = sampleScope
const realNow = sampleInstant + 7_000
const hourMs = 3_600_000

const wanted: CreateApiKey = {
  ...{ scope, realNow, dialect: 'paylect', kind: 'secret', name: 'Reports', scopes: ['payments:read'] },
  ...{ expiresAt: null, ipAllow: null, keyHash: 'a hash', hint: 'wxyz' },
}

function keyWith(given: Partial<ApiKey> = {}): ApiKey {
  const fields = { dialect: 'paylect', name: 'A key', keyHash: 'h', hint: 'abcd', scopes: apiScopes }
  return { ...newApiKey(fields, decisionContext(sampleInstant)), ...given }
}

describe('creating an api key', () => {
  const creating = (given: Partial<CreateApiKey> = {}, grantor?: ApiKey) =>
    createApiKey.decide({ merchant: sampleMerchant(), grantor }, { ...wanted, ...given }, decisionContext())

  test('keeps what was asked, and holds times of the real clock', () => {
    const { result } = accepted(creating({ scopes: ['refunds:write', 'payments:read', 'refunds:write'] }))
    expect(result).toMatchObject({ ...scope, dialect: 'paylect', kind: 'secret', name: 'Reports', status: 'active' })
    expect(result).toMatchObject({
      keyHash: 'a hash',
      hint: 'wxyz',
      createdAt: realNow,
      expiresAt: null,
      ipAllow: null,
    })
    expect(result.scopes).toEqual(['payments:read', 'refunds:write'])
    expect(Object.keys(result)).not.toContain('realNow')
  })

  test.each([
    [{ name: '' }, 'name'],
    [{ name: 'n'.repeat(101) }, 'name'],
    [{ expiresAt: realNow }, 'expires_at'],
    [{ expiresAt: realNow - 1 }, 'expires_at'],
    [{ scopes: [] }, 'scopes'],
    [{ ipAllow: [] }, 'ip_allow'],
    [{ ipAllow: Array.from({ length: 51 }, (_, n) => `192.0.2.${n}`) }, 'ip_allow'],
    [{ ipAllow: ['192.0.2.1', '192.0.2.0/33'] }, 'ip_allow.1'],
    [{ kind: 'publishable', scopes: ['checkout:read', 'payments:read'] }, 'scopes'],
  ] as const)('refuses %j by name', (given, field) => {
    expect(refused(creating(given))).toMatchObject({ kind: 'invalid_request', detail: { field } })
  })

  test('takes what lies just within the bounds', () => {
    const ipAllow = Array.from({ length: 50 }, (_, n) => `192.0.2.${n}`)
    accepted(creating({ name: 'n'.repeat(100), expiresAt: realNow + 1, ipAllow }))
    accepted(creating({ kind: 'publishable', scopes: publishableScopes }))
    const { result } = accepted(creating({ ipAllow: ['192.0.2.7/24', '192.0.2.0/24', '::ffff:203.0.113.9'] }))
    expect(result.ipAllow).toEqual(['192.0.2.0/24', '203.0.113.9/32'])
  })

  test('gives no scope that the key that asks lacks, and nothing at all once that key has ended', () => {
    const asking = { grantedBy: 'key_asks', scopes: ['payments:read', 'payouts:write'] } as const
    expect(refused(creating(asking, keyWith({ scopes: ['payments:read'] })))).toMatchObject({
      ...{ kind: 'forbidden', code: 'scope_not_grantable' },
      detail: { field: 'scopes', message: expect.stringContaining('payouts:write') },
    })
    accepted(creating(asking, keyWith({ scopes: ['payouts:write', 'payments:read'] })))
    for (const ended of [undefined, keyWith({ status: 'revoked' }), keyWith({ expiresAt: realNow })]) {
      expect(refused(creating(asking, ended))).toMatchObject({ kind: 'unauthenticated', code: 'api_key_invalid' })
    }
  })
})

describe('rotating an api key', () => {
  const rotating = (old: ApiKey | undefined, given: Partial<RotateApiKey> = {}, grantor?: ApiKey) =>
    rotateApiKey.decide(
      { old, grantor },
      { ...{ scope, realNow, id: 'key_old', keyHash: 'new', hint: 'new4', overlapMs: hourMs }, ...given },
      decisionContext(),
    )

  test('makes a key with the same name, scopes and networks, and lets the old one end after the overlap', () => {
    const old = keyWith({ scopes: ['payments:read'], ipAllow: ['192.0.2.0/24'], kind: 'secret' })
    const { replacement, replaced } = accepted(rotating(old)).result
    expect(replacement).toMatchObject({ name: 'A key', scopes: ['payments:read'], ipAllow: ['192.0.2.0/24'] })
    expect(replacement).toMatchObject({ keyHash: 'new', expiresAt: null, createdAt: realNow, rotatedFrom: old.id })
    expect(replaced).toEqual({ ...old, expiresAt: realNow + hourMs, replacedBy: replacement.id })
  })

  test('never lets the old key live longer than it would have, and gives the new one a life as long', () => {
    const old = keyWith({ createdAt: realNow - 9 * hourMs, expiresAt: realNow + hourMs })
    const { replacement, replaced } = accepted(rotating(old, { overlapMs: 5 * hourMs })).result
    expect([replaced.expiresAt, replacement.expiresAt]).toEqual([realNow + hourMs, realNow + 10 * hourMs])
  })

  test.each([
    ['a key that does not exist', undefined, {}, 'api_key_not_found'],
    ['a revoked key', keyWith({ status: 'revoked' }), {}, 'api_key_not_active'],
    ['an expired key', keyWith({ expiresAt: realNow }), {}, 'api_key_not_active'],
    ['a key that was replaced', keyWith({ replacedBy: 'key_next' }), {}, 'api_key_replaced'],
    ['an overlap below none', keyWith(), { overlapMs: -1 }, 'overlap_out_of_range'],
    ['an overlap above 30 days', keyWith(), { overlapMs: overlapMaxMs + 1 }, 'overlap_out_of_range'],
  ] as const)('refuses %s', (_, old, given, code) => {
    expect(refused(rotating(old, given)).code).toBe(code)
  })

  test('hands out no key that may do more than the one that asks', () => {
    const asking = { grantedBy: 'key_asks' }
    const grantor = keyWith({ scopes: ['api_keys:write'] })
    expect(refused(rotating(keyWith(), asking, grantor)).code).toBe('scope_not_grantable')
    accepted(rotating(grantor, asking, grantor))
  })
})

describe('revoking an api key', () => {
  const revoking = (key: ApiKey | undefined) =>
    revokeApiKey.decide({ key }, { scope, id: 'key_1', realNow }, decisionContext())

  test('ends it at once, and once is as good as twice', () => {
    const { result } = accepted(revoking(keyWith()))
    expect(result).toMatchObject({ status: 'revoked', revokedAt: realNow })
    const again = accepted(revoking(result))
    expect([again.result, again.changes]).toEqual([result, []])
    expect(refused(revoking(undefined))).toMatchObject({ kind: 'not_found', code: 'api_key_not_found' })
  })
})
