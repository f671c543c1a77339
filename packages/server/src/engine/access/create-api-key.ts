import type { Instant } from '../../kernel/clock.ts'
import type { Scope } from '../../kernel/scope.ts'
import { canonicalNetwork } from '../../platform/ip-networks.ts'
import { insert } from '../commit/changes.ts'
import { accept, type Decision, defineCommand, refuse } from '../commit/command.ts'
import { type ApiScope, apiKeyKind, apiScopes, publishableScopes } from './api-key.ts'
import { type Granted, grantorFact, refusalToGrant } from './grantor.ts'
import { newApiKey } from './issue-credentials.ts'
import type { ApiKeyType } from './key-text.ts'
import { merchantFact } from './merchant.ts'

/** A key to be made. The caller made its text and shows it once; only the hash comes here. */
export interface KeyToCreate extends Granted {
  readonly dialect: string
  readonly kind: ApiKeyType
  /** 1 to 100 characters. */
  readonly name: string
  readonly scopes: readonly ApiScope[]
  /** In real time; null for a key without an end. */
  readonly expiresAt: Instant | null
  /** 1 to 50 networks in CIDR notation; null for everywhere. */
  readonly ipAllow: readonly string[] | null
  readonly keyHash: string
  readonly hint: string
}

/** `KeyToCreate` with whose it is and what time it really is. */
export interface CreateApiKey extends KeyToCreate {
  readonly scope: Scope
  readonly realNow: Instant
}

const nameCharactersMax = 100
const networksMax = 50

/**
 * Makes a key. Refuses one without scopes, one with scopes that the key that asks lacks or that its kind may not have,
 * one that would be over before it began, and networks that are none.
 */
export const createApiKey = defineCommand({
  name: 'create_api_key',
  facts: (c: CreateApiKey) => ({ merchant: merchantFact(c.scope), grantor: grantorFact(c.scope, c) }),
  // The key, its hash and the moment are made anew for each try: two tries of one request are told apart by none of them.
  asked: ({ keyHash: _hash, hint: _hint, realNow: _now, grantedBy: _by, ...asked }) => asked,
  decide({ merchant, grantor }, c, ctx) {
    if (!merchant) return refuse('not_found', 'merchant_unknown', { message: 'There is no such merchant.' })
    const { realNow, grantedBy, scope: _scope, ...key } = c
    const scopes = apiScopes.filter((scope) => c.scopes.includes(scope))
    const ipAllow = c.ipAllow?.map((network) => canonicalNetwork(network) ?? '')
    const refusal = refusalOfForm(c) ?? refusalOfScopes(c) ?? refusalToGrant(grantor, { grantedBy }, scopes, realNow)
    if (refusal) return refusal
    const created = {
      ...newApiKey(key, ctx),
      scopes,
      createdAt: realNow,
      expiresAt: c.expiresAt,
      ipAllow: ipAllow ? [...new Set(ipAllow)] : null,
    }
    return accept(created, [insert(apiKeyKind, created)])
  },
})

function refusalOfForm({ name, expiresAt, ipAllow, realNow }: CreateApiKey): Decision<never> | undefined {
  if (name.length < 1 || name.length > nameCharactersMax) {
    return invalid('api_key_name_invalid', 'name', `name must be 1 to ${nameCharactersMax} characters.`)
  }
  if (expiresAt !== null && expiresAt <= realNow) {
    return invalid('api_key_expiry_past', 'expires_at', 'expires_at must lie in the future, by the real clock.')
  }
  if (ipAllow === null) return undefined
  if (ipAllow.length < 1 || ipAllow.length > networksMax) {
    const rule = `ip_allow must have 1 to ${networksMax} networks; leave it out for a key that works from everywhere.`
    return invalid('ip_network_invalid', 'ip_allow', rule)
  }
  const wrong = ipAllow.findIndex((network) => canonicalNetwork(network) === undefined)
  if (wrong < 0) return undefined
  const rule = `ip_allow.${wrong} must be a network such as 192.0.2.0/24 or 2001:db8::/32, or an address.`
  return invalid('ip_network_invalid', `ip_allow.${wrong}`, rule)
}

function refusalOfScopes({ kind, scopes }: CreateApiKey): Decision<never> | undefined {
  if (scopes.length === 0 || scopes.some((scope) => !apiScopes.includes(scope))) {
    return invalid('api_key_scopes_invalid', 'scopes', 'scopes must have at least one scope, and only ones that exist.')
  }
  const secret = scopes.filter((scope) => !publishableScopes.includes(scope))
  if (kind === 'secret' || secret.length === 0) return undefined
  const rule = `A publishable key may only have ${publishableScopes.join(', ')}, not ${secret.join(', ')}.`
  return invalid('scope_not_publishable', 'scopes', rule)
}

function invalid(code: string, field: string, message: string): Decision<never> {
  return refuse('invalid_request', code, { field, message })
}
