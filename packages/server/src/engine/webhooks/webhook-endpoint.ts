import type { Instant } from '../../kernel/clock.ts'
import type { Scope } from '../../kernel/scope.ts'
import { defineKind, type FactRef, factByKey, type RevisedRow } from '../commit/kind.ts'

/** Where and how a merchant hears of events: an address, a dialect and a signing secret. */
export interface WebhookEndpoint extends RevisedRow {
  readonly id: string
  readonly dialect: string
  /** Null: only a signing secret, for addresses that objects bring themselves. */
  readonly url: string | null
  /** The signing secret, sealed by the vault with the endpoint's merchant and dialect as additional data. */
  readonly sealedSecret: string
  /** The engine's event types it wants; null means all that its dialect tells of. */
  readonly eventTypes: readonly string[] | null
  readonly status: 'enabled' | 'disabled'
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

/** Webhook endpoints as a kind. */
export const webhookEndpointKind = defineKind<WebhookEndpoint>({
  name: 'webhook_endpoint',
  table: 'webhook_endpoints',
  order: 35,
  columns: {
    merchantId: 'text',
    mode: 'text',
    id: 'text',
    dialect: 'text',
    url: 'text',
    sealedSecret: 'text',
    eventTypes: 'json',
    status: 'text',
    createdAt: 'instant',
    updatedAt: 'instant',
    revision: 'integer',
  },
  primaryKey: ['merchantId', 'mode', 'id'],
})

/** Names a webhook endpoint. */
export function webhookEndpointFact(scope: Scope, id: string): FactRef<WebhookEndpoint> {
  return factByKey(webhookEndpointKind, [scope.merchantId, scope.mode, id])
}

/** The additional data a signing secret is sealed with: a secret copied to another merchant's row does not open. */
export function secretContext(scope: Scope, dialect: string): string {
  return `webhook-secret:${scope.merchantId}:${scope.mode}:${dialect}`
}
