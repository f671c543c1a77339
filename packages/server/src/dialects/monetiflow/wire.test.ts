import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { minorMax } from '../../kernel/money.ts'
import { amountGiven, amountShown, currencyGiven, instantGiven, metadataGiven, urlGiven } from './wire.ts'

const instantOf = (text: string) => instantGiven.safeParse(text).data

describe('an amount', () => {
  test('means the same as an integer and as digits, and is shown as the integer it was', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: minorMax }), (minor) => {
        expect(amountGiven.parse(Number(minor))).toBe(minor)
        expect(amountGiven.parse(String(minor))).toBe(minor)
        expect(amountShown.encode(minor)).toBe(Number(minor))
      }),
    )
  })

  test.each([
    0,
    -1,
    1.5,
    '0',
    '-1',
    '+1',
    '1.0',
    '250.00',
    '1e3',
    '0x10',
    ' 1',
    '1 ',
    '1,000',
    '01',
    '',
    '١',
    true,
    null,
    [],
    {},
    9_000_000_000_000_001,
    '9000000000000001',
    '99999999999999999999',
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ])('is not %j', (given) => {
    const { error } = amountGiven.safeParse(given)
    expect(error?.issues[0]?.message).toContain('from 1 to 9000000000000000')
  })
})

describe('a currency', () => {
  test('in lower case is refused with the right spelling', () => {
    expect(currencyGiven.safeParse('inr').error?.issues[0]?.message).toBe('must be in upper case: INR')
    expect(currencyGiven.safeParse('XQZ').error?.issues[0]?.message).toContain('such as INR')
    expect(currencyGiven.parse('INR')).toBe('INR')
  })
})

describe('a time in a filter', () => {
  test('may be unix seconds, a date, or a date and time with its offset', () => {
    expect(instantOf('1698765432')).toBe(1_698_765_432_000)
    expect(instantOf('2026-11-21')).toBe(Date.UTC(2026, 10, 21))
    expect(instantOf('2026-11-21T09:40:14Z')).toBe(Date.UTC(2026, 10, 21, 9, 40, 14))
    expect(instantOf('2026-11-21T15:10:14.5+05:30')).toBe(Date.UTC(2026, 10, 21, 9, 40, 14, 500))
    // A plus sign that the caller forgot to escape.
    expect(instantOf('2026-11-21T15:10:14 05:30')).toBe(Date.UTC(2026, 10, 21, 9, 40, 14))
  })

  test.each(['', 'yesterday', '2026-02-30', '2026-13-01', '2026-11-21T09:40:14', '2026-11-21T25:00:00Z', '-1', '1.5'])(
    'is not %j',
    (text) => {
      expect(instantOf(text)).toBeUndefined()
    },
  )

  test('outside what the database can hold is refused', () => {
    for (const text of ['0000-01-01', '1969-12-31', '999999999999', '253402300800'])
      expect(instantOf(text)).toBeUndefined()
    expect(instantOf('253402300799')).toBe(253_402_300_799_000)
  })
})

describe('a web address', () => {
  test.each(['http://example.com', 'https://example.com/a?b=c#d', 'HTTPS://EXAMPLE.COM:8443/'])('is %s', (url) => {
    expect(urlGiven.parse(url)).toBe(url)
  })

  test.each([
    '',
    'example.com',
    '/path',
    'javascript:alert(1)',
    'ftp://example.com',
    'https://',
    'https://u:p@example.com',
    'https://exa mple.com',
    'https://example.com/\n',
    `https://example.com/${'a'.repeat(2_048)}`,
  ])('is not %j', (url) => {
    expect(urlGiven.safeParse(url).success).toBe(false)
  })
})

describe('metadata', () => {
  test('holds text, numbers, booleans and null under fifty keys', () => {
    const full = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`key_${index}`, index]))
    expect(metadataGiven.parse(full)).toEqual(full)
    expect(metadataGiven.safeParse({ ...full, more: 1 }).error?.issues[0]?.message).toContain('at most 50 keys')
    expect(metadataGiven.parse({ a: 'x', b: 1.5, c: true, d: null })).toEqual({ a: 'x', b: 1.5, c: true, d: null })
  })

  test.each([{ a: {} }, { a: [] }, { a: 'x'.repeat(501) }, { ['k'.repeat(41)]: 1 }, { '': 1 }, [], 'text', 1, null])(
    'is not %j',
    (given) => {
      expect(metadataGiven.safeParse(given).success).toBe(false)
    },
  )
})
