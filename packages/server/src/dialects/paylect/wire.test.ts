import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { expandGiven, instantFilter, instantGiven, metadataGiven, spanGiven, sumShown, urlGiven } from './wire.ts'

const second = 1_000
const day = 24 * 3_600 * second

describe('what the house API reads and writes', () => {
  test('a sum beyond 2^53 is written with all its digits', () => {
    const written = (minor: bigint) => JSON.stringify({ sum: z.encode(sumShown, minor) })
    expect(written(9_007_199_254_740_991n)).toBe('{"sum":9007199254740991}')
    expect(written(9_223_372_036_854_775_807n)).toBe('{"sum":9223372036854775807}')
    expect(written(-9_007_199_254_740_993n)).toBe('{"sum":-9007199254740993}')
  })

  test('a span is taken up to both of its bounds, whole milliseconds of days of 24 hours', () => {
    const span = spanGiven(60 * second, 90 * day)
    expect(['PT1M', 'PT60S', 'P90D', 'P1DT0.0019S'].map((text) => span.parse(text))).toEqual([
      60 * second,
      60 * second,
      90 * day,
      day + 1,
    ])
    for (const text of ['PT59.9999S', 'P90DT0.001S', '-PT1M', 'P1M', 'P1Y', 'P1W', '60', '', 'P9999999999999D']) {
      expect(span.safeParse(text).error?.issues[0]?.message, text).toBe(
        'must be an ISO 8601 duration from PT1M to P90D',
      )
    }
  })

  test('an instant of a filter names its offset and lies where the database can follow', () => {
    expect(instantFilter.parse('2026-11-21T15:10:14 05:30')).toBe(Date.UTC(2026, 10, 21, 9, 40, 14))
    expect(instantFilter.parse('9999-12-31T23:59:59.999Z')).toBe(Date.UTC(9999, 11, 31, 23, 59, 59, 999))
    for (const text of [
      '2026-11-21',
      '2026-11-21T09:40:14',
      '1969-12-31T23:59:59Z',
      '+010000-01-01T00:00:00Z',
      'now',
    ]) {
      expect(instantFilter.safeParse(text).success, text).toBe(false)
      expect(instantGiven.safeParse(text).success, text).toBe(false)
    }
    expect(instantGiven.parse('9999-12-31T23:59:59.999Z')).toBe(Date.UTC(9999, 11, 31, 23, 59, 59, 999))
  })

  test('what an answer shall hold is named once or several times, and nothing else is', () => {
    const expand = expandGiven(['attempts', 'checkout_url'])
    expect(expand.parse('checkout_url,attempts,attempts')).toEqual(['attempts', 'checkout_url'])
    for (const text of ['', 'attempts,', 'Attempts', 'attempts checkout_url', 'constructor']) {
      expect(expand.safeParse(text).success, text).toBe(false)
    }
  })

  test('metadata and addresses are bounded', () => {
    const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]))
    expect(metadataGiven.safeParse(keys(50)).success).toBe(true)
    for (const given of [keys(51), { '': 1 }, { ['k'.repeat(41)]: 1 }, { k: 'v'.repeat(501) }, { k: [] }]) {
      expect(metadataGiven.safeParse(given).success).toBe(false)
    }
    expect(urlGiven.safeParse(`https://example.com/${'a'.repeat(2_028)}`).success).toBe(true)
    for (const text of [
      'ftp://example.com/',
      '//example.com',
      'https://ü.example/',
      `https://e.com/${'a'.repeat(2_048)}`,
    ]) {
      expect(urlGiven.safeParse(text).success, text).toBe(false)
    }
  })
})
