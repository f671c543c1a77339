import { EngineError } from '../kernel/engine-error.ts'
import { storeErrorOf } from './commit/postgres-connection.ts'
import type { Store } from './commit/store.ts'
import type { ReadPool } from './transactions/transaction-queries.ts'

const retryAfterSeconds = 1

/**
 * The parts of an engine whose reads fail in words that a caller can act on: a database that cannot be reached is
 * `overloaded`, which every dialect renders as "try again", and not a defect. Other failures pass as they are.
 */
export function withAnswerableReads<Parts extends { readonly pool: ReadPool; readonly store: Store }>(
  parts: Parts,
): Omit<Parts, 'pool'> & { readonly pool: ReadPool } {
  return {
    ...parts,
    pool: { query: (config) => answerable(parts.pool.query(config)) },
    store: { ...parts.store, read: (refs) => answerable(parts.store.read(refs)) },
  }
}

async function answerable<Answer>(reading: Promise<Answer>): Promise<Answer> {
  try {
    return await reading
  } catch (error) {
    const { failure } = storeErrorOf(error)
    if (failure !== 'unavailable' && failure !== 'retry') throw error
    throw new EngineError('overloaded', 'database_unavailable', {
      message: 'The database cannot be reached. Try again in a moment.',
      retryAfterSeconds,
    })
  }
}
