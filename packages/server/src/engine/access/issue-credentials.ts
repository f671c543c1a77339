import type { Scope } from '../../kernel/scope.ts'
import { insert } from '../commit/changes.ts'
import { accept, type DecisionContext, defineCommand, refuse } from '../commit/command.ts'
import { webhookEndpointRow } from '../webhooks/create-webhook-endpoint.ts'
import { webhookEndpointKind } from '../webhooks/webhook-endpoint.ts'
import { type ApiKey, type ApiScope, apiKeyKind } from './api-key.ts'
import type { ApiKeyType } from './key-text.ts'
import { merchantFact } from './merchant.ts'

/** A credential to be stored; the key was made by the caller, who shows it once. */
export interface NewApiKey {
  readonly dialect: string
  readonly name: string
  readonly keyHash: string
  readonly hint: string
  readonly scopes: readonly ApiScope[]
  /** Secret unless given. */
  readonly kind?: ApiKeyType
}

/** A place (or only a signing secret) for a dialect's webhooks. */
export interface NewWebhookEndpoint {
  readonly dialect: string
  readonly url: string | null
  readonly sealedSecret: string
}

/** New credentials for a merchant that exists. */
export interface IssueCredentials {
  readonly scope: Scope
  readonly apiKeys: readonly NewApiKey[]
  readonly webhookEndpoints: readonly NewWebhookEndpoint[]
}

/** Adds api keys and signing secrets to a merchant. Refuses a merchant that does not exist. */
export const issueCredentials = defineCommand({
  name: 'issue_credentials',
  facts: (c: IssueCredentials) => ({ merchant: merchantFact(c.scope) }),
  decide({ merchant }, c, ctx) {
    if (!merchant) return refuse('not_found', 'merchant_unknown', { message: 'There is no such merchant.' })
    const keys = c.apiKeys.map((key) => newApiKey(key, ctx))
    const endpoints = c.webhookEndpoints.map((endpoint) => webhookEndpointRow(endpoint, ctx))
    return accept(keys, [
      ...keys.map((key) => insert(apiKeyKind, key)),
      ...endpoints.map((endpoint) => insert(webhookEndpointKind, endpoint)),
    ])
  },
})

/** An api key's row. */
export function newApiKey(key: NewApiKey, ctx: DecisionContext): ApiKey {
  return {
    ...ctx.scope,
    kind: 'secret',
    ...key,
    id: ctx.newId('key'),
    status: 'active',
    createdAt: ctx.now,
    expiresAt: null,
    ipAllow: null,
    lastUsedAt: null,
    rotatedFrom: null,
    replacedBy: null,
    revokedAt: null,
    revision: 0,
  }
}
