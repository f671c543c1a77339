import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { documentedCodes } from '../docs/error-codes.ts'
import type { FuzzOperation } from './fuzz-contract.ts'

/** Counts what each operation was answered with. */
export interface FuzzCoverage {
  note(operation: FuzzOperation, status: number, text: string): void
  /** Operations that never succeeded. */
  unserved(): readonly string[]
  /** Documented refusals that never came, as `paylect refunds.create: limit_exceeded`. */
  gaps(): readonly string[]
  /** Documented refusals and successes that came, and how many there are. */
  reached(): { readonly seen: number; readonly documented: number }
  statuses(): Readonly<Record<string, number>>
}

/** Kinds that need a broken or an overloaded server, and are other tests' matter. */
export const undrivenKinds: ReadonlySet<string> = new Set(['internal', 'overloaded', 'rail_unavailable'])

/** Opens the count over the operations of a run. */
export function openCoverage(operations: readonly FuzzOperation[]): FuzzCoverage {
  const codes = documentedCodes(readFileSync(join(import.meta.dirname, '../../../../docs/errors.md'), 'utf8'))
  const seen = new Map(operations.map(({ name }) => [name, new Set<string>()]))
  const statuses: Record<string, number> = {}
  const wanted = (operation: FuzzOperation) => [
    'success',
    ...Object.values(operation.responses).flatMap((kinds) => kinds.filter((kind) => !undrivenKinds.has(kind))),
    ...['413', '415'].filter((status) => operation.responses[status] !== undefined),
  ]
  const missing = (operation: FuzzOperation) =>
    [...new Set(wanted(operation))].filter((kind) => !seen.get(operation.name)?.has(kind))
  return {
    note(operation, status, text) {
      statuses[status] = (statuses[status] ?? 0) + 1
      const kinds = seen.get(operation.name)
      kinds?.add(String(status))
      if (status < 300) kinds?.add('success')
      for (const kind of kindsOf(codes, operation, status, text)) kinds?.add(kind)
    },
    unserved: () => operations.filter(({ name }) => !seen.get(name)?.has('success')).map(({ name }) => name),
    gaps: () =>
      operations.flatMap((operation) =>
        missing(operation)
          .filter((kind) => kind !== 'success')
          .map((kind) => `${operation.name}: ${kind}`),
      ),
    reached: () => {
      const documented = operations.reduce((sum, operation) => sum + new Set(wanted(operation)).size, 0)
      const left = operations.reduce((sum, operation) => sum + missing(operation).length, 0)
      return { seen: documented - left, documented }
    },
    statuses: () => statuses,
  }
}

/** The kinds that an answer stands for: by its code, and by its status where that leaves no choice. */
function kindsOf(
  codes: ReadonlyMap<string, string>,
  { responses }: FuzzOperation,
  status: number,
  text: string,
): readonly string[] {
  if (status < 400) return []
  const documented = responses[String(status)] ?? []
  if (documented.length === 1) return documented
  const [, code = ''] = /"code":"([a-z_]+)"/.exec(text) ?? []
  const kinds = (codes.get(code) ?? '').split(', ')
  return documented.filter((kind) => kinds.includes(kind))
}
