import type { Answered } from './flight.ts'
import { type FactRef, type Kind, keyTextOf, type ScopedRow } from './kind.ts'
import { loadStatement, rowFromValues, type Statement } from './kind-sql.ts'

/** One statement of a load, and what its rows are. */
export interface LoadStatement {
  readonly kind: Kind
  readonly by: string
  readonly statement: Statement
}

/** One statement per kind and key, kinds in their locking order. */
export function loadStatements(refs: readonly FactRef[], locked: boolean): LoadStatement[] {
  const groups = new Map<string, FactRef[]>()
  for (const ref of refs) {
    const name = `${ref.kind.name} ${ref.by}`
    const group = groups.get(name)
    if (group) group.push(ref)
    else groups.set(name, [ref])
  }
  const ordered = [...groups.values()].sort((a, b) => (a[0]?.kind.order ?? 0) - (b[0]?.kind.order ?? 0))
  return ordered.map((group) => {
    const { kind, by } = group[0] as FactRef
    return { kind, by, statement: loadStatement(kind, by, group, locked) }
  })
}

/** Sorts the answered rows to the references that asked for them; `undefined` where no row was found. */
export function matched(
  refs: readonly FactRef[],
  statements: readonly LoadStatement[],
  answers: readonly Answered[],
): (ScopedRow | undefined)[] {
  const found = new Map<string, ScopedRow>()
  statements.forEach(({ kind, by }, index) => {
    for (const values of answers[index]?.rows ?? []) {
      const row = rowFromValues(kind, values)
      found.set(keyTextOf(kind, by, row) as string, row)
    }
  })
  return refs.map((ref) => found.get(ref.text))
}
