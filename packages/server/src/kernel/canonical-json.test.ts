import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalHash, canonicalJson, parseCanonicalJson, reviveCanonical } from './canonical-json.ts'

const key = fc.oneof(fc.string(), fc.constantFrom('$bigint', '$', '$$', '$$bigint', '__proto__', 'ü'))
/** Everything that canonical JSON holds, with keys that try to pass for the bigint tag. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, false),
    fc.string({ unit: 'binary' }),
    fc.bigInt(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((members) => Object.fromEntries(members)),
  ),
}))

describe('canonical JSON', () => {
  test('gives back every value that it was given', () => {
    const holds = (given: unknown) => {
      expect(parseCanonicalJson(canonicalJson(given))).toStrictEqual(given)
    }
    fc.assert(fc.property(value, holds))
  })

  test('gives back values that a driver has parsed already', () => {
    const holds = (given: unknown) => {
      expect(reviveCanonical(JSON.parse(canonicalJson(given)))).toStrictEqual(given)
    }
    fc.assert(fc.property(value, holds))
  })

  test('is one text for one value, in whatever order its members were set', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value)), (members) => {
        const given = Object.fromEntries(members)
        const turned = Object.fromEntries(Object.entries(given).reverse())
        expect(canonicalJson(turned)).toBe(canonicalJson(given))
        expect(canonicalHash(turned)).toBe(canonicalHash(given))
      }),
    )
  })

  test.each([
    [{ b: 1, a: [1, { d: null, c: 'x' }] }, '{"a":[1,{"c":"x","d":null}],"b":1}'],
    [{ a: undefined, b: [undefined] }, '{"b":[null]}'],
    [{ amount: 5n }, '{"amount":{"$bigint":"5"}}'],
    [{ $bigint: '5' }, '{"$$bigint":"5"}'],
    [{ '\u20ac': 1, '\r': 2, '1': 3, '\u{1f600}': 4 }, '{"\\r":2,"1":3,"\u20ac":1,"\u{1f600}":4}'],
    [[1e21, 0.1, -0, 1e-7], '[1e+21,0.1,0,1e-7]'],
  ])('writes one form (%#)', (given, text) => {
    expect(canonicalJson(given)).toBe(text)
  })

  test('a text that looks like a bigint stays a text', () => {
    expect(parseCanonicalJson(canonicalJson({ $bigint: '5' }))).toEqual({ $bigint: '5' })
    expect(canonicalHash({ $bigint: '5' })).not.toBe(canonicalHash(5n))
  })

  test.each([[Number.NaN], [Number.POSITIVE_INFINITY], [() => 1], [Symbol('x')], [{ a: { b: Number.NaN } }]])(
    'refuses what is not data (%#)',
    (given) => {
      expect(() => canonicalJson(given)).toThrow(TypeError)
    },
  )

  test('hashes with SHA-256, in hexadecimal', () => {
    expect(canonicalHash({})).toBe('44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a')
  })

  test('refuses what only looks like an object, instead of writing it as empty', () => {
    expect(() => canonicalJson({ at: new Date(0) })).toThrow('plain objects only, not a Date')
    expect(() => canonicalJson(new Map([['a', 1]]))).toThrow('plain objects only, not a Map')
  })
})
