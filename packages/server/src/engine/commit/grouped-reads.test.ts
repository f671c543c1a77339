import { describe, expect, test } from 'vitest'
import type { Answered } from './flight.ts'
import { createGroupedReads } from './grouped-reads.ts'
import { type FactRef, factByKey } from './kind.ts'
import type { Statement } from './kind-sql.ts'
import { journalKind } from './ledger-kinds.ts'
import { ConnectionLost, type FlightConnection } from './postgres-connection.ts'
import { StoreError } from './store.ts'

/** A connection that answers each journal it is asked for, and remembers what was asked in one flight. */
function scriptedConnection(answer: (asked: readonly string[]) => Promise<void>) {
  const flights: string[][] = []
  const connection: FlightConnection = {
    broken: false,
    destroy: () => {},
    fly: async (statements) => {
      const asked = (statements[0] as Statement).values[0] as string[]
      flights.push(asked)
      await answer(asked)
      const rows = asked
        .filter((merchantId) => merchantId !== 'mer_absent')
        .map((merchantId) => [merchantId, 'sandbox', 1n, 2n, 3n, 'hash', 0])
      return [{ command: 'SELECT', rows } satisfies Answered]
    },
  }
  const read = createGroupedReads({ acquire: async () => connection, release: () => {} })
  return { flights, read }
}

const journal = (merchantId: string): FactRef => factByKey(journalKind, [merchantId, 'sandbox'])

describe('grouped reads', () => {
  test('that are asked for in one turn share a flight, and each gets its own rows in its own order', async () => {
    const { flights, read } = scriptedConnection(async () => {})
    const [first, second] = await Promise.all([
      read([journal('mer_b'), journal('mer_absent')]),
      read([journal('mer_a'), journal('mer_b')]),
    ])
    expect(flights).toEqual([['mer_b', 'mer_absent', 'mer_a']])
    expect(first.map((row) => row?.merchantId)).toEqual(['mer_b', undefined])
    expect(second.map((row) => row?.merchantId)).toEqual(['mer_a', 'mer_b'])
  })

  test('that come in while a flight is under way form the next one', async () => {
    const gate = Promise.withResolvers<void>()
    const { flights, read } = scriptedConnection(async (asked) => {
      if (asked.includes('mer_1')) await gate.promise
    })
    const first = read([journal('mer_1')])
    await new Promise((resolve) => setImmediate(resolve))
    const rest = [read([journal('mer_2')]), read([journal('mer_3')])]
    gate.resolve()
    await Promise.all([first, ...rest])
    expect(flights).toEqual([['mer_1'], ['mer_2', 'mer_3']])
  })

  test('survive one lost connection, and say that the store is unavailable after two', async () => {
    let losses = 1
    const { flights, read } = scriptedConnection(async () => {
      if (losses > 0) {
        losses -= 1
        throw new ConnectionLost(new Error('cut'))
      }
    })
    expect((await read([journal('mer_1')]))[0]?.merchantId).toBe('mer_1')
    expect(flights).toHaveLength(2)
    losses = 2
    const failed = await read([journal('mer_1')]).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(StoreError)
    expect((failed as StoreError).failure).toBe('unavailable')
  })

  test('that fail take nobody down who asks afterwards', async () => {
    let isFirst = true
    const { read } = scriptedConnection(async () => {
      if (!isFirst) return
      isFirst = false
      throw new StoreError('vetoed', 'a defect')
    })
    await expect(read([journal('mer_1')])).rejects.toThrow('a defect')
    expect((await read([journal('mer_1')]))[0]?.merchantId).toBe('mer_1')
  })

  test('split what is too much for one flight', async () => {
    const { flights, read } = scriptedConnection(async () => {})
    const many = (prefix: string) => Array.from({ length: 600 }, (_, index) => journal(`${prefix}_${index}`))
    await Promise.all([read(many('mer_a')), read(many('mer_b')), read([])])
    expect(flights.map((asked) => asked.length)).toEqual([600, 600])
  })
})
