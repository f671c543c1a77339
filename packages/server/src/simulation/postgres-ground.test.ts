import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { simulateOnPostgres } from './simulate.ts'

const seedsInTests = 2
const operations = 100
/** Many times what it takes: a machine that is busy elsewhere must not make a rule look broken. */
const runTimeoutMs = 180_000

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})

afterAll(() => database.drop())

test(
  'no seed of the short form breaks a rule on PostgreSQL, while sessions end and commits lose their answers',
  async () => {
    const counts: Record<string, number> = {}
    const notes: string[] = []
    for (let seed = 1; seed <= seedsInTests; seed += 1) {
      const result = await simulateOnPostgres(seed, operations, database.url)
      expect(result.broken, `seed ${seed}`).toEqual([])
      notes.push(...result.trace)
      for (const [kind, count] of Object.entries(result.counts)) counts[kind] = (counts[kind] ?? 0) + count
    }
    for (const kind of ['payment', 'attempt', 'transfer', 'event', 'delivery']) {
      expect(counts[kind], kind).toBeGreaterThan(0)
    }
    for (const fault of ['database sessions are ended', 'the wire breaks', 'crashes']) {
      expect(notes.filter((note) => note.includes(fault)).length, fault).toBeGreaterThan(0)
    }
  },
  runTimeoutMs,
)
