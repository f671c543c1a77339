import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createVault, plaintextBytesMax, Secret, VaultError, type VaultErrorReason } from './vault.ts'

const older = { id: '2025', key: randomBytes(32) }
const newer = { id: '2026', key: randomBytes(32) }
const vault = createVault({ keys: [newer, older] })

function reasonOf(operation: () => unknown): VaultErrorReason | 'opened' {
  try {
    operation()
    return 'opened'
  } catch (error) {
    if (error instanceof VaultError) return error.reason
    throw error
  }
}

describe('the vault', () => {
  test('any text under any context comes back as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.string(), (text, aad) => {
        expect(vault.open(vault.seal(text, aad), aad)).toBe(text)
      }),
    )
  })

  test('a record does not open under another context', () => {
    const sealed = vault.seal('whsec_1', 'mer_1|webhook|we_1')
    expect(reasonOf(() => vault.open(sealed, 'mer_2|webhook|we_1'))).toBe('refused')
    expect(reasonOf(() => vault.open(sealed, ''))).toBe('refused')
  })

  test('sealing the same text twice gives two different records that do not show it', () => {
    const [first, second] = [vault.seal('4111111111111111', 'a'), vault.seal('4111111111111111', 'a')]
    expect(first).not.toBe(second)
    expect(first).toMatch(/^v1\.2026\.[\w-]+\.[\w-]+$/)
    expect(Buffer.from(first.split('.')[3] as string, 'base64url').includes('4111111111111111')).toBe(false)
  })

  test('no character of a record can be changed unnoticed', () => {
    const sealed = vault.seal('secret', 'a')
    for (let index = 0; index < sealed.length; index++) {
      const replacement = sealed[index] === 'A' ? 'w' : 'A'
      const altered = sealed.slice(0, index) + replacement + sealed.slice(index + 1)
      expect(
        reasonOf(() => vault.open(altered, 'a')),
        altered,
      ).not.toBe('opened')
    }
  })

  test('the halves of two records cannot be exchanged', () => {
    const [first, second] = [vault.seal('one', 'a').split('.'), vault.seal('two', 'a').split('.')]
    const mixed = [...first.slice(0, 3), second[3]].join('.')
    expect(reasonOf(() => vault.open(mixed, 'a'))).toBe('refused')
  })

  test('a rotated ring opens old records and seals new ones under the new key', () => {
    const sealedBefore = createVault({ keys: [older] }).seal('kept', 'a')
    expect(vault.open(sealedBefore, 'a')).toBe('kept')
    expect(vault.isCurrent(sealedBefore)).toBe(false)
    const resealed = vault.seal(vault.open(sealedBefore, 'a'), 'a')
    expect(vault.isCurrent(resealed)).toBe(true)
    expect(reasonOf(() => createVault({ keys: [older] }).open(resealed, 'a'))).toBe('unknown_key')
  })

  test('another key under the same id opens nothing', () => {
    const impostor = createVault({ keys: [{ id: newer.id, key: randomBytes(32) }] })
    expect(reasonOf(() => impostor.open(vault.seal('x', 'a'), 'a'))).toBe('refused')
  })

  test('what is not a record is refused as malformed', () => {
    for (const text of ['', 'v1', 'v2.2026.AAAA.AAAA', 'v1.2026.AAAA.AAAA', 'v1.2026..', 'v1.2026.A+A=.AAAA']) {
      expect(
        reasonOf(() => vault.open(text, 'a')),
        text,
      ).toBe('malformed')
    }
  })

  test('texts that would not come back whole are not sealed', () => {
    expect(reasonOf(() => vault.seal('\ud800', 'a'))).toBe('malformed')
    expect(reasonOf(() => vault.seal('x'.repeat(plaintextBytesMax + 1), 'a'))).toBe('malformed')
    const largest = 'x'.repeat(plaintextBytesMax)
    expect(vault.open(vault.seal(largest, 'a'), 'a')).toBe(largest)
  })

  test('a ring without a sound key is refused', () => {
    const key = randomBytes(32)
    expect(() => createVault({ keys: [] })).toThrow(RangeError)
    expect(() => createVault({ keys: [{ id: 'a', key: randomBytes(16) }] })).toThrow(RangeError)
    expect(() => createVault({ keys: [{ id: 'a.b', key }] })).toThrow(RangeError)
    expect(() =>
      createVault({
        keys: [
          { id: 'a', key },
          { id: 'a', key: randomBytes(32) },
        ],
      }),
    ).toThrow(RangeError)
  })

  test('the caller may wipe its key buffer after the vault is made', () => {
    const key = randomBytes(32)
    const own = createVault({ keys: [{ id: 'a', key }] })
    const sealed = own.seal('kept', 'a')
    key.fill(0)
    expect(own.open(sealed, 'a')).toBe('kept')
  })
})

describe('a secret', () => {
  test('is masked wherever it is printed, and given only when asked for', () => {
    const secret = new Secret('hunter2')
    const printed = [
      `${secret}`,
      String(secret),
      JSON.stringify({ secret }),
      inspect({ secret }),
      `${secret}`,
      [secret].join(),
    ]
    for (const text of printed) {
      expect(text).toContain('[secret]')
      expect(text).not.toContain('hunter2')
    }
    expect(Object.values(secret)).toEqual([])
    expect(secret.reveal()).toBe('hunter2')
  })
})
