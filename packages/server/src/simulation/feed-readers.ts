import type { Scope } from '../kernel/scope.ts'
import type { GatewayProcess } from './installation.ts'

/** Every merchant's reader of its own feed, who remembers how far it has read. */
export interface FeedReaders {
  /** Reads the next page of a merchant's feed through a process. */
  read(gateway: GatewayProcess, scope: Scope): Promise<void>
  /** The number of the last event that a merchant's reader has seen. */
  lastSeen(scope: Scope): bigint
  /** What a reader saw that must not be. */
  readonly complaints: string[]
}

const pageSize = 5

interface Reader {
  last: bigint
  readonly sequences: Map<string, number>
}

/** Creates the readers. A reader that looks while others write must still see every event, once and in its object's order. */
export function createFeedReaders(): FeedReaders {
  const complaints: string[] = []
  const readers = new Map<string, Reader>()
  const readerOf = ({ merchantId }: Scope): Reader => {
    const reader = readers.get(merchantId) ?? { last: 0n, sequences: new Map() }
    readers.set(merchantId, reader)
    return reader
  }
  return {
    complaints,
    lastSeen: (scope) => readerOf(scope).last,
    read: async ({ engine }, scope) => {
      const reader = readerOf(scope)
      const after = reader.last
      const { items } = await engine.events.feed(scope, { after, limit: pageSize, waitMs: 0 })
      const sequences = await engine.events.objectSequences(items)
      // Another read of the same reader has answered meanwhile.
      if (reader.last !== after) return
      items.forEach(({ number, objectId }, index) => {
        if (number !== reader.last + 1n) {
          complaints.push(`${scope.merchantId}: its feed goes from event ${reader.last} to ${number}`)
        }
        const expected = (reader.sequences.get(objectId) ?? 0) + 1
        if (sequences[index] !== expected) {
          complaints.push(`${objectId}: its feed tells ${sequences[index]} where ${expected} comes next`)
        }
        reader.last = number
        reader.sequences.set(objectId, expected)
      })
    },
  }
}
