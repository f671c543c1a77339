import { createHash } from 'node:crypto'
import type { Instant } from '../../kernel/clock.ts'
import { defineKind, type FactRef, factByUnique, type RevisedRow } from '../commit/kind.ts'

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
] as const

/** One permission of an api key. */
export type ApiScope = (typeof apiScopes)[number]

/** A credential of a merchant for one dialect and one mode. The key itself is shown once and never stored. */
export interface ApiKey extends RevisedRow {
  readonly id: string
  readonly dialect: string
  readonly name: string
  /** SHA-256 of the key: keys carry enough entropy that a slow hash would protect nothing. */
  readonly keyHash: string
  /** The key's last four characters. */
  readonly hint: string
  readonly scopes: readonly ApiScope[]
  readonly status: 'active' | 'revoked'
  readonly createdAt: Instant
  readonly expiresAt: Instant | null
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
    name: 'text',
    keyHash: 'text',
    hint: 'text',
    scopes: 'json',
    status: 'text',
    createdAt: 'instant',
    expiresAt: 'instant',
    revision: 'integer',
  },
  primaryKey: ['merchantId', 'mode', 'id'],
  uniques: { key_hash: ['keyHash'] },
})

/** The directory's look-up: from a credential to its merchant. */
export function apiKeyByHashFact(keyHash: string): FactRef<ApiKey> {
  return factByUnique(apiKeyKind, 'key_hash', [keyHash])
}

/** The stored form of a key, in hexadecimal. */
export function hashOfKey(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}
