import type { Idempotency } from '../../../engine/index.ts'
import { endpointsOf } from '../../../http/endpoint.ts'
import type { DialectPrincipal, DialectServices } from '../../dialect.ts'
import { inferred } from '../inferred.ts'
import type { MonetiflowCall } from '../lookup.ts'
import { name } from '../name.ts'

/** Declares an endpoint of this dialect. */
export const defineEndpoint = endpointsOf<DialectServices, DialectPrincipal>()

/** The caller's Idempotency-Key as a promise about one operation, where there is one. */
export function idempotencyFor({ idempotencyKey }: MonetiflowCall, operation: string): Idempotency | undefined {
  if (idempotencyKey === undefined) return undefined
  return { operation: `${name}:${operation}`, key: idempotencyKey, keptMs: inferred.idempotencyKeptMs.choice }
}

/** The header that tells an answer given again from a new one. */
export function replayHeaders({ replayed }: { readonly replayed: boolean }): Readonly<Record<string, string>> {
  return replayed ? { 'idempotent-replayed': 'true' } : {}
}
