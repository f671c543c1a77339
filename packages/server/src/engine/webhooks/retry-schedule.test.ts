import { describe, expect, test } from 'vitest'
import { nextTryAt, retryAfterMaxMs, retryAfterMsOf, retryDelayMinMs } from './retry-schedule.ts'

const now = Date.UTC(2026, 10, 21, 9, 40, 14)
const failed = { attemptsMade: 1, retryDelaysMs: [60_000, 600_000], random: 0.5, retryAfterMs: null, now }

describe('the next try', () => {
  test('follows the dialect wait of its place', () => {
    expect(nextTryAt(failed)).toBe(now + 60_000)
    expect(nextTryAt({ ...failed, attemptsMade: 2 })).toBe(now + 600_000)
  })

  test('is none after the last wait', () => {
    expect(nextTryAt({ ...failed, attemptsMade: 3 })).toBeUndefined()
    expect(nextTryAt({ ...failed, retryDelaysMs: [] })).toBeUndefined()
  })

  test('is drawn from the whole span between nothing and twice the wait', () => {
    expect(nextTryAt({ ...failed, random: 0 })).toBe(now + retryDelayMinMs)
    expect(nextTryAt({ ...failed, random: 0.999_999_9 })).toBe(now + 120_000)
  })

  test('waits as long as the receiver asked, and not for ever', () => {
    expect(nextTryAt({ ...failed, retryAfterMs: 300_000 })).toBe(now + 300_000)
    expect(nextTryAt({ ...failed, retryAfterMs: 10 })).toBe(now + 60_000)
    expect(nextTryAt({ ...failed, retryAfterMs: 10 ** 12 })).toBe(now + retryAfterMaxMs)
  })

  test('is expected to span what the dialect wants, over many draws', () => {
    const retryDelaysMs = Array.from({ length: 1_000 }, () => 60_000)
    let at = now
    for (let attemptsMade = 1; attemptsMade <= 1_000; attemptsMade += 1) {
      const random = ((attemptsMade * 7_919) % 1_000) / 1_000
      at = nextTryAt({ attemptsMade, retryDelaysMs, random, retryAfterMs: null, now: at }) ?? Number.NaN
    }
    expect((at - now) / (1_000 * 60_000)).toBeCloseTo(1, 2)
  })
})

describe('Retry-After', () => {
  test.each([
    ['120', 120_000],
    [' 0 ', 0],
    ['Sat, 21 Nov 2026 09:41:14 GMT', 60_000],
    ['Sat, 21 Nov 2026 09:00:00 GMT', 0],
  ])('reads %s', (text, ms) => {
    expect(retryAfterMsOf(text, now)).toBe(ms)
  })

  test.each([
    undefined,
    '',
    'soon',
    '-1',
    '1.5',
    '2026-11-21T09:41:14Z',
    '99999999999',
    'Xxx, 99 Yyy 2026 09:41:14 GMT',
  ])('does not read %s', (text) => {
    expect(retryAfterMsOf(text, now)).toBeNull()
  })
})
