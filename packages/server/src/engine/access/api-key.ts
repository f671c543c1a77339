import { hash } from 'node:crypto'
import type { Instant } from '../../kernel/clock.ts'
import type { Scope } from '../../kernel/scope.ts'
import { defineKind, type FactRef, factByKey, factByUnique, type RevisedRow } from '../commit/kind.ts'
import type { ApiKeyType } from './key-text.ts'

/** What a key may do: a resource and a verb. Least scope by default: a key without a scope cannot do the thing. */
export const apiScopes = [
  'payments:read',
  'payments:write',
  'refunds:read',
  'refunds:write',
  'payouts:read',
  'payouts:write',
  'transactions:read',
  'balance:read',
  'events:read',
  'customers:read',
  'customers:write',
  'fee_plans:read',
  'webhook_endpoints:read',
  'webhook_endpoints:write',
  'deliveries:read',
  'deliveries:write',
  'api_keys:read',
  'api_keys:write',
  'sandbox:write',
  'checkout:read',
] as const

/** One permission of an api key. */
export type ApiScope = (typeof apiScopes)[number]

/** What a publishable key may do: only what the payer, who holds a page with the key in it, may see anyway. */
export const publishableScopes: readonly ApiScope[] = ['checkout:read']

/**
 * A credential of a merchant for one dialect and one mode. The key itself is shown once and never stored. Its times are
 * real time in both modes: moving the sandbox's clock ends no key.
 */
export interface ApiKey extends RevisedRow {
  readonly id: string
  readonly dialect: string
  readonly kind: ApiKeyType
  readonly name: string
  /** SHA-256 of the key: keys carry enough entropy that a slow hash would protect nothing. */
  readonly keyHash: string
  /** The key's last four characters. */
  readonly hint: string
  readonly scopes: readonly ApiScope[]
  readonly status: 'active' | 'revoked'
  readonly createdAt: Instant
  readonly expiresAt: Instant | null
  /** Networks from which the key may be used, in CIDR notation; null for everywhere. */
  readonly ipAllow: readonly string[] | null
  /** To about a minute; written apart from decisions (`last-used.ts`). */
  readonly lastUsedAt: Instant | null
  /** The id of the key that this one was made to replace. */
  readonly rotatedFrom: string | null
  /** The id of the key that was made to replace this one. */
  readonly replacedBy: string | null
  readonly revokedAt: Instant | null
}

/** How a key stands. An expired key was active to its end; a revoked one was ended by its merchant. */
export const apiKeyStates = ['active', 'expired', 'revoked'] as const

/** One of the ways in which a key can stand. */
export type ApiKeyState = (typeof apiKeyStates)[number]

/** How a key stands at an instant of real time. */
export function stateOfKey({ status, expiresAt }: Pick<ApiKey, 'status' | 'expiresAt'>, now: Instant): ApiKeyState {
  if (status === 'revoked') return 'revoked'
  return expiresAt !== null && expiresAt <= now ? 'expired' : 'active'
}

/** Api keys as a kind. */
export const apiKeyKind = defineKind<ApiKey>({
  name: 'api_key',
  table: 'api_keys',
  order: 30,
  columns: {
    merchantId: 'text',
    mode: 'text',
    id: 'text',
    dialect: 'text',
    kind: 'text',
    name: 'text',
    keyHash: 'text',
    hint: 'text',
    scopes: 'json',
    status: 'text',
    createdAt: 'instant',
    expiresAt: 'instant',
    ipAllow: 'json',
    lastUsedAt: 'instant',
    rotatedFrom: 'text',
    replacedBy: 'text',
    revokedAt: 'instant',
    revision: 'integer',
  },
  primaryKey: ['merchantId', 'mode', 'id'],
  uniques: { key_hash: ['keyHash'] },
  fixed: ['lastUsedAt'],
})

/** Names a key of a merchant. */
export function apiKeyFact(scope: Scope, id: string): FactRef<ApiKey> {
  return factByKey(apiKeyKind, [scope.merchantId, scope.mode, id])
}

/** The directory's look-up: from a credential to its merchant. */
export function apiKeyByHashFact(keyHash: string): FactRef<ApiKey> {
  return factByUnique(apiKeyKind, 'key_hash', [keyHash])
}

/** The stored form of a key, in hexadecimal. */
export function hashOfKey(key: string): string {
  return hash('sha256', key)
}
