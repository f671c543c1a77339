import type { Instant } from '../../kernel/clock.ts'
import type { Scope } from '../../kernel/scope.ts'
import { update } from '../commit/changes.ts'
import { accept, type Decision, defineCommand, refuse } from '../commit/command.ts'
import { type ApiKey, apiKeyFact, apiKeyKind } from './api-key.ts'

/** A key to be ended. */
export interface RevokeApiKey {
  readonly scope: Scope
  readonly id: string
  readonly realNow: Instant
}

/**
 * Ends a key at once and for good, the calling one included. A key that was revoked before is answered as it is: when a
 * key has leaked, nobody should have to ask first.
 */
export const revokeApiKey = defineCommand({
  name: 'revoke_api_key',
  facts: (c: RevokeApiKey) => ({ key: apiKeyFact(c.scope, c.id) }),
  asked: ({ scope, id }) => ({ scope, id }),
  decide({ key }, c) {
    if (!key) return apiKeyNotFound()
    if (key.status === 'revoked') return accept(key, [])
    const revoked: ApiKey = { ...key, status: 'revoked', revokedAt: c.realNow }
    return accept(revoked, [update(apiKeyKind, revoked)])
  },
})

/** The refusal for a key that the merchant does not have. */
export function apiKeyNotFound(): Decision<never> {
  return refuse('not_found', 'api_key_not_found', { field: 'id', message: 'There is no API key with this id.' })
}
