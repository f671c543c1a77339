import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { EngineError } from '../kernel/engine-error.ts'
import { withAnswerableReads } from './answerable-reads.ts'
import { createMemoryStore } from './commit/memory-store.ts'
import { type Store, StoreError } from './commit/store.ts'
import type { ReadPool } from './transactions/transaction-queries.ts'

function failingWith(error: unknown) {
  const store: Store = { ...createMemoryStore(), read: () => Promise.reject(error) }
  const pool: ReadPool = { query: () => Promise.reject(error) }
  return withAnswerableReads({ store, pool })
}

describe('a read', () => {
  test('that cannot reach the database is overloaded, with a time to come back', async () => {
    for (const error of [new StoreError('unavailable', 'gone'), new Error('Connection terminated unexpectedly')]) {
      const parts = failingWith(error)
      const refusals = await Promise.all([
        parts.store.read([]).catch((thrown: unknown) => thrown),
        parts.pool.query({ name: 'n', text: '', values: [], rowMode: 'array' }).catch((thrown: unknown) => thrown),
      ])
      for (const refusal of refusals) {
        expect(refusal).toBeInstanceOf(EngineError)
        expect(refusal).toMatchObject({ kind: 'overloaded', code: 'database_unavailable' })
        expect((refusal as EngineError).detail.retryAfterSeconds).toBeGreaterThan(0)
      }
    }
  })

  test('that a server answers on its way down, on its way up or as a standby is overloaded, too', async () => {
    for (const code of ['57P01', '57P02', '57P03', '25006', '55000', '08006', '53300']) {
      const error = Object.assign(new pg.DatabaseError('the server is going away', 0, 'error'), { code })
      const read = failingWith(error).pool.query({ name: 'n', text: '', values: [], rowMode: 'array' })
      await expect(read, code).rejects.toMatchObject({ kind: 'overloaded', code: 'database_unavailable' })
    }
  })

  test('that the database refuses stays the defect that it is', async () => {
    const defect = new StoreError('vetoed', 'column does not exist')
    await expect(failingWith(defect).store.read([])).rejects.toBe(defect)
  })
})
