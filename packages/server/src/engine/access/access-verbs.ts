import type { Instant } from '../../kernel/clock.ts'
import type { Mode, Scope } from '../../kernel/scope.ts'
import type { Committer, Outcome } from '../commit/committer.ts'
import type { Idempotency } from '../commit/idempotency.ts'
import type { PurgePool } from '../commit/idempotency-queries.ts'
import { readRow } from '../commit/read-row.ts'
import type { Store } from '../commit/store.ts'
import { listApiKeys, type ObjectPage } from '../lists/list-queries.ts'
import type { ReadPool } from '../transactions/transaction-queries.ts'
import { type ApiKey, apiKeyFact } from './api-key.ts'
import { authenticate } from './authenticate.ts'
import { createApiKey, type KeyToCreate } from './create-api-key.ts'
import { type IssueCredentials, issueCredentials } from './issue-credentials.ts'
import { createLastUsed } from './last-used.ts'
import { type Merchant, merchantFact } from './merchant.ts'
import { listMerchants, type MerchantFilter } from './merchant-queries.ts'
import { type ProvisionMerchant, provisionMerchant } from './provision-merchant.ts'
import { revokeApiKey } from './revoke-api-key.ts'
import { type KeyToRotate, type RotatedKey, rotateApiKey } from './rotate-api-key.ts'

/** Everything that can be done with merchants and their keys. */
export interface AccessVerbs {
  /**
   * Finds the key's row by the key; refuses one that is unknown, revoked, expired or another dialect's, and a caller
   * (`ip`, as it reached us) from outside the key's networks.
   */
  authenticate(key: string, dialect: string, ip: string): Promise<ApiKey>
  /** Makes a key; its text is the caller's to show, once. */
  createApiKey(scope: Scope, key: KeyToCreate, idempotency?: Idempotency): Promise<Outcome<ApiKey>>
  /** Newest first, whatever dialect they are for. `after` and `before` are ids of keys. */
  listApiKeys(scope: Scope, page: KeyPage): Promise<ObjectPage<ApiKey>>
  /** Another merchant's key is not found, like one that does not exist. */
  findApiKey(scope: Scope, id: string): Promise<ApiKey | undefined>
  /** Makes a key that replaces another one, which ends after the overlap. */
  rotateApiKey(scope: Scope, wanted: KeyToRotate, idempotency?: Idempotency): Promise<Outcome<RotatedKey>>
  /** Ends a key at once. Revoking a revoked key answers it as it is. */
  revokeApiKey(scope: Scope, id: string, idempotency?: Idempotency): Promise<Outcome<ApiKey>>
  /** Writes down when keys were last used; answers how many rows that changed. To be called every few seconds and at the end. */
  flushLastUsed(): Promise<number>
  merchant(scope: Scope): Promise<Merchant | undefined>
  /** All merchants of the installation, newest first: for its operator, never for a merchant. */
  listMerchants(filter: MerchantFilter): Promise<ObjectPage<Merchant>>
  provision(input: ProvisionMerchant): Promise<Merchant>
  issueCredentials(input: IssueCredentials): Promise<readonly ApiKey[]>
}

/** Which of a merchant's keys a list shows. */
export interface KeyPage {
  readonly limit: number
  readonly after?: string | undefined
  readonly before?: string | undefined
}

/** Builds the verbs over the engine's parts. `writePool` is for the statement that is no decision. */
export function accessVerbs(
  parts: {
    readonly committer: Committer
    readonly store: Store
    readonly pool: ReadPool
    now(mode: Mode): Instant
  },
  writePool: PurgePool,
): AccessVerbs {
  const { committer, store, pool } = parts
  const lastUsed = createLastUsed(writePool)
  const now = () => parts.now('live')
  return {
    authenticate: async (key, dialect, ip) => {
      const found = await authenticate(store, now(), { key, dialect, ip })
      lastUsed.note(found, now())
      return found
    },
    createApiKey: (scope, key, idempotency) =>
      committer.submit(createApiKey, { ...key, scope, realNow: now() }, idempotency),
    listApiKeys: (scope, page) => listApiKeys(pool, scope, page),
    findApiKey: (scope, id) => readRow(store, apiKeyFact(scope, id)),
    rotateApiKey: (scope, wanted, idempotency) =>
      committer.submit(rotateApiKey, { ...wanted, scope, realNow: now() }, idempotency),
    revokeApiKey: (scope, id, idempotency) =>
      committer.submit(revokeApiKey, { scope, id, realNow: now() }, idempotency),
    flushLastUsed: lastUsed.flush,
    merchant: (scope) => readRow(store, merchantFact(scope)),
    listMerchants: (filter) => listMerchants(pool, filter),
    provision: async (input) => (await committer.submit(provisionMerchant, input)).result,
    issueCredentials: async (input) => (await committer.submit(issueCredentials, input)).result,
  }
}
