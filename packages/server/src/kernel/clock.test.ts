import { describe, expect, test } from 'vitest'
import { createManualClock, isoFromInstant, systemClock } from './clock.ts'

describe('clocks', () => {
  test("the system's clock gives whole milliseconds of real time", () => {
    // What the process knows of real time by another way; the two may differ by the fraction of a millisecond.
    const real = performance.timeOrigin + performance.now()
    const now = systemClock.now()
    expect(Number.isSafeInteger(now)).toBe(true)
    expect(Math.abs(now - real)).toBeLessThan(1_000)
  })

  test('a manual clock stands still until it is moved, also back', () => {
    const clock = createManualClock(1_000)
    expect([clock.now(), clock.now()]).toEqual([1_000, 1_000])
    clock.advance(500)
    expect(clock.now()).toBe(1_500)
    clock.set(10)
    expect(clock.now()).toBe(10)
  })
})

test.each([
  [Date.UTC(2026, 10, 21, 9, 40, 14), '2026-11-21T09:40:14.000Z'],
  [0, '1970-01-01T00:00:00.000Z'],
  [-1, '1969-12-31T23:59:59.999Z'],
])('the instant %i is written as %s', (instant, text) => {
  expect(isoFromInstant(instant)).toBe(text)
})

test('an instant that is none cannot be written', () => {
  expect(() => isoFromInstant(Number.NaN)).toThrow(RangeError)
})
