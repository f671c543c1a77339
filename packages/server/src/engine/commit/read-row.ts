import type { FactRef, ScopedRow } from './kind.ts'
import type { Store } from './store.ts'

/** The row that `ref` names as it is committed now, or `undefined`. For reads outside of decisions: nothing is locked. */
export async function readRow<Row extends ScopedRow>(
  store: Pick<Store, 'read'>,
  ref: FactRef<Row>,
): Promise<Row | undefined> {
  const [row] = await store.read([ref])
  return row as Row | undefined
}
