/*
 * Reads of rows by key, grouped like writes: reads that arrive while one flight is under way form the next one, one
 * statement per kind and key, so that a busy server asks once for what a hundred requests want to know.
 *
 * States: idle (a read starts a flight at once; there is no timer) → flying → idle, or flying again for what has come
 * in meanwhile. A flight that loses its connection is flown once more on a new one: reading twice changes nothing.
 */
import type { Answered } from './flight.ts'
import type { FactRef, ScopedRow } from './kind.ts'
import { ConnectionLost, type FlightConnection, storeErrorOf } from './postgres-connection.ts'
import { loadStatements, matched } from './row-statements.ts'

interface Waiting {
  readonly refs: readonly FactRef[]
  readonly resolve: (rows: readonly (ScopedRow | undefined)[]) => void
  readonly reject: (error: unknown) => void
}

/** Where a reader gets its connections. */
export interface ConnectionSource {
  acquire(): Promise<FlightConnection>
  release(connection: FlightConnection): void
}

/** Rows that one flight asks for, at most; a single read may be larger. */
const groupRowsMax = 1_000

/** Creates the reader. Its answers are in the order of the refs; it rejects with a `StoreError`. */
export function createGroupedReads(
  source: ConnectionSource,
): (refs: readonly FactRef[]) => Promise<readonly (ScopedRow | undefined)[]> {
  let waiting: Waiting[] = []
  let isFlying = false
  const flyAll = async () => {
    isFlying = true
    // Reads that are asked for in the same turn share the first flight.
    await Promise.resolve()
    while (waiting.length > 0) {
      const [group, rest] = takeGroup(waiting)
      waiting = rest
      await settleGroup(source, group)
    }
    isFlying = false
  }
  return (refs) =>
    new Promise((resolve, reject) => {
      waiting.push({ refs, resolve, reject })
      if (!isFlying) void flyAll()
    })
}

function takeGroup(waiting: Waiting[]): [Waiting[], Waiting[]] {
  let rows = 0
  const end = waiting.findIndex(({ refs }, index) => {
    rows += refs.length
    return index > 0 && rows > groupRowsMax
  })
  return end === -1 ? [waiting, []] : [waiting.slice(0, end), waiting.slice(end)]
}

async function settleGroup(source: ConnectionSource, group: readonly Waiting[]): Promise<void> {
  const wanted = new Map(group.flatMap(({ refs }) => refs.map((ref) => [ref.text, ref] as const)))
  try {
    const refs = [...wanted.values()]
    const rows = await readOnce(source, refs).catch((error: unknown) => {
      if (error instanceof ConnectionLost) return readOnce(source, refs)
      throw error
    })
    const found = new Map([...wanted.keys()].map((key, index) => [key, rows[index]]))
    for (const { refs: asked, resolve } of group) resolve(asked.map((ref) => found.get(ref.text)))
  } catch (error) {
    for (const { reject } of group) reject(storeErrorOf(error))
  }
}

async function readOnce(source: ConnectionSource, refs: readonly FactRef[]): Promise<(ScopedRow | undefined)[]> {
  const statements = loadStatements(refs, false)
  if (statements.length === 0) return []
  const connection = await source.acquire()
  try {
    const answers: readonly Answered[] = await connection.fly(statements.map((entry) => entry.statement))
    return matched(refs, statements, answers)
  } finally {
    source.release(connection)
  }
}
