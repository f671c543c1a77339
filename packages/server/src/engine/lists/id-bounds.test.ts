import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createIdSource } from '../../kernel/ids.ts'
import { greatestIdBefore, leastIdFrom } from './id-bounds.ts'

describe('the ids of a span of time', () => {
  test('lie between its bounds, also when the clock of their source was set back a little', () => {
    const instants = fc.integer({ min: 0, max: 2 ** 47 })
    const source = createIdSource()
    fc.assert(
      fc.property(instants, fc.integer({ min: 0, max: 9_000 }), (instant, backMs) => {
        source.newId('pay', instant)
        const createdAt = Math.max(instant - backMs, 0)
        const id = source.newId('pay', createdAt)
        expect(id >= `pay_${leastIdFrom(createdAt)}`).toBe(true)
        expect(id < `pay_${greatestIdBefore(createdAt + 1)}`).toBe(true)
      }),
    )
  })

  test('leave out what is more than a minute away, and stay in range at the ends of time', () => {
    const at = Date.UTC(2026, 10, 21)
    const id = createIdSource().newId('pay', at)
    expect(id < `pay_${leastIdFrom(at + 61_000)}`).toBe(true)
    expect(id >= `pay_${greatestIdBefore(at - 61_000)}`).toBe(true)
    expect(leastIdFrom(0)).toBe('0'.repeat(26))
    expect(greatestIdBefore(Number.MAX_SAFE_INTEGER) > leastIdFrom(at)).toBe(true)
  })
})
