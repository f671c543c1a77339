import { expect, test } from 'vitest'
import { simulate } from './simulate.ts'

const seedsInTests = 12
const operations = 300
/** Many times what it takes: a machine that is busy elsewhere must not make a rule look broken. */
const runTimeoutMs = 180_000

test(
  'no seed of the short form breaks a rule, and every kind of thing happens',
  async () => {
    const counts: Record<string, number> = {}
    for (let seed = 1; seed <= seedsInTests; seed += 1) {
      const result = await simulate(seed, operations)
      expect(result.broken, `seed ${seed}`).toEqual([])
      for (const [kind, count] of Object.entries(result.counts)) counts[kind] = (counts[kind] ?? 0) + count
    }
    for (const [kind, count] of Object.entries(counts)) expect(count, kind).toBeGreaterThan(0)
  },
  runTimeoutMs,
)

test(
  'a seed replays exactly, and another seed is another run',
  async () => {
    const first = await simulate(7, operations)
    const again = await simulate(7, operations)
    const other = await simulate(8, operations)
    expect(again.traceHash).toBe(first.traceHash)
    expect(again.trace).toEqual(first.trace)
    expect(other.traceHash).not.toBe(first.traceHash)
  },
  runTimeoutMs,
)
