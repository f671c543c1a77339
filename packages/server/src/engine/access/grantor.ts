import type { Instant } from '../../kernel/clock.ts'
import type { Scope } from '../../kernel/scope.ts'
import { type Decision, refuse } from '../commit/command.ts'
import type { FactRef } from '../commit/kind.ts'
import { type ApiKey, type ApiScope, apiKeyFact, stateOfKey } from './api-key.ts'
import { apiKeyInvalid } from './authenticate.ts'

/** Who asks for a key: another key of the same merchant, by its id, or nobody (the installation's operator). */
export interface Granted {
  readonly grantedBy?: string | undefined
}

/** Names the key that asks, where one does. */
export function grantorFact(scope: Scope, { grantedBy }: Granted): FactRef<ApiKey> | undefined {
  return grantedBy === undefined ? undefined : apiKeyFact(scope, grantedBy)
}

/**
 * The refusal where the key that asks may not hand out these scopes, or `undefined` where it may: nobody gives what they
 * do not have, and a key that has ended meanwhile gives nothing.
 */
export function refusalToGrant(
  grantor: ApiKey | undefined,
  { grantedBy }: Granted,
  scopes: readonly ApiScope[],
  realNow: Instant,
): Decision<never> | undefined {
  if (grantedBy === undefined) return undefined
  if (!grantor || stateOfKey(grantor, realNow) !== 'active') return { accepted: false, error: apiKeyInvalid() }
  const lacking = scopes.filter((scope) => !grantor.scopes.includes(scope))
  if (lacking.length === 0) return undefined
  return refuse('forbidden', 'scope_not_grantable', {
    field: 'scopes',
    message: `The key that asks lacks ${lacking.join(', ')} itself, so it cannot give that to another key.`,
  })
}
