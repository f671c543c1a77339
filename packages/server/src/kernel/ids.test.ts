import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { base32FromBytes, createIdSource, idPrefixes, isId, type RandomSource } from './ids.ts'

const now = Date.UTC(2026, 10, 21, 9, 40, 14)

describe('base32', () => {
  test('sixteen bytes are 26 characters whose order is the order of the bytes', () => {
    const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 })
    fc.assert(
      fc.property(sixteen, sixteen, (a, b) => {
        const [left, right] = [base32FromBytes(a), base32FromBytes(b)]
        expect(left).toMatch(/^[0-7][0-9a-hjkmnp-tv-z]{25}$/)
        expect(Math.sign(Buffer.compare(a, b))).toBe(left === right ? 0 : left < right ? -1 : 1)
      }),
    )
  })

  test.each([
    [0, '0'.repeat(26)],
    [255, `7${'z'.repeat(25)}`],
  ])('sixteen bytes of %i are %s', (byte, text) => {
    expect(base32FromBytes(new Uint8Array(16).fill(byte))).toBe(text)
  })
})

describe('ids', () => {
  test('every prefix makes ids of its own form, and of no other', () => {
    const source = createIdSource()
    const prefixes = Object.values(idPrefixes)
    expect(new Set(prefixes).size).toBe(prefixes.length)
    for (const prefix of prefixes) {
      const id = source.newId(prefix, now)
      expect(prefixes.filter((other) => isId(other, id))).toEqual([prefix])
    }
  })

  test('of one moment are different and sort as they were made', () => {
    const source = createIdSource()
    const ids = Array.from({ length: 20_000 }, () => source.newId('pay', now))
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toEqual([...ids].sort())
  })

  test('sort by time, also when the clock steps back a little', () => {
    const source = createIdSource()
    const steps = [0, 1, 5, 4, 3, 1_000, 400, 2_000]
    const ids = steps.map((step) => source.newId('pay', now + step))
    expect(ids).toEqual([...ids].sort())
  })

  test('follow a sandbox clock that is set far back, and stay different', () => {
    const source = createIdSource()
    const late = source.newId('pay', now)
    const early = source.newId('pay', now - 86_400_000)
    expect(early < late).toBe(true)
    expect(isId('pay', source.newId('pay', -5))).toBe(true)
  })

  test('repeat themselves with the same randomness', () => {
    const fixed: RandomSource = { bytes: (count) => new Uint8Array(count).fill(7) }
    const [a, b] = [createIdSource(fixed), createIdSource(fixed)]
    expect(a.newId('re', now)).toBe(b.newId('re', now))
  })

  test.each([
    '',
    'pay_',
    'pay',
    'pay_0000000000000000000000000',
    'pay_000000000000000000000000000',
    'pay_80000000000000000000000000',
    'pay_0000000000000000000000000i',
    'pay_0000000000000000000000000A',
    're_00000000000000000000000000',
    ' pay_00000000000000000000000000',
    'pay_00000000000000000000000000\n',
  ])('%j is no payment id', (text) => {
    expect(isId('pay', text)).toBe(false)
  })
})
