import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isHouseKey, newHouseKey } from './key-text.ts'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** As docs/dialects/paylect.md gives it to the makers of scanners. */
const documented = /^[sp]k_(?:test|live)_[0-9A-Za-z]{39}$/
const page = readFileSync(join(import.meta.dirname, '../../../../../docs/dialects/paylect.md'), 'utf8')

describe('the text of a house key', () => {
  test('begins with what it is for and where, and no two are alike', () => {
    expect(newHouseKey('secret', 'sandbox')).toMatch(/^sk_test_/)
    expect(newHouseKey('secret', 'live')).toMatch(/^sk_live_/)
    expect(newHouseKey('publishable', 'sandbox')).toMatch(/^pk_test_/)
    expect(newHouseKey('publishable', 'live')).toMatch(/^pk_live_/)
    const made = Array.from({ length: 1_000 }, () => newHouseKey('secret', 'live'))
    expect(new Set(made).size).toBe(1_000)
    for (const key of made) expect([documented.test(key), isHouseKey(key)]).toEqual([true, true])
  })

  test('is the worked example that the documentation shows', () => {
    const key = newHouseKey(
      'secret',
      'sandbox',
      Uint8Array.from({ length: 24 }, (_, index) => index),
    )
    expect(key).toBe('sk_test_000A7dl5PEW67zZCpFU9uKaHnGgOvQKAR3ud6Qh')
    expect(page).toContain(key)
    expect(page).toContain('`[sp]k_(?:test|live)_[0-9A-Za-z]{39}`')
  })

  test('holds all the bytes that it is made of, also at both ends of what they can be', () => {
    const bytes = fc.uint8Array({ minLength: 24, maxLength: 24 })
    const numberIn = (key: string) => {
      const digits = [...key.slice(8, -6)].map((character) => BigInt(alphabet.indexOf(character)))
      return digits.reduce((value, digit) => value * 62n + digit, 0n)
    }
    fc.assert(
      fc.property(bytes, (made) => {
        const written = numberIn(newHouseKey('secret', 'sandbox', made))
        expect(written).toBe(BigInt(`0x${Buffer.from(made).toString('hex')}`))
      }),
      { examples: [[new Uint8Array(24)], [new Uint8Array(24).fill(255)]] },
    )
  })

  test('is none any more when one character is another', () => {
    const key = newHouseKey('secret', 'sandbox')
    for (let index = 0; index < key.length; index += 1) {
      for (const character of [...alphabet, '_']) {
        if (character === key[index]) continue
        expect(isHouseKey(key.slice(0, index) + character + key.slice(index + 1))).toBe(false)
      }
    }
    expect(isHouseKey(key.replace('sk_test_', 'sk_live_'))).toBe(false)
    for (const text of ['', 'sk_test_', `${key}0`, ` ${key}`, `${key}\n`, key.slice(1), key.toUpperCase()]) {
      expect(isHouseKey(text)).toBe(false)
    }
  })
})
