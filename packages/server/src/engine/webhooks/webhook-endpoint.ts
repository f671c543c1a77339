import type { Instant } from '../../kernel/clock.ts'
import type { Scope } from '../../kernel/scope.ts'
import { type Decision, refuse } from '../commit/command.ts'
import { defineKind, type FactRef, factByKey, type RevisedRow } from '../commit/kind.ts'

/**
 * `enabled` hears of events; for a `paused` one they make deliveries that wait; a `disabled` one hears of nothing until
 * it is resumed; a `deleted` one is kept only because its deliveries name it.
 */
export type WebhookEndpointStatus = 'enabled' | 'paused' | 'disabled' | 'deleted'

/** What an event's body holds: the whole object as it was then, or only its id, for receivers that read it themselves. */
export const webhookPayloads = ['full', 'thin'] as const

/** What an event's body holds. */
export type WebhookPayload = (typeof webhookPayloads)[number]

/** The version of the house API that new endpoints are bound to. */
export const apiVersionNow = '2026-11-01'

/**
 * Endpoints that one merchant can have. They are counted before one is made, so several that are made at the same moment
 * can go over it by as many; that is why more are served (`endpointsServedMax`).
 */
export const endpointsPerMerchantMax = 50

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
  readonly status: WebhookEndpointStatus
  /** The merchant's own words. */
  readonly description: string | null
  /** The version of the house API in whose form events are rendered. */
  readonly apiVersion: string
  readonly payload: WebhookPayload
  /** The secret before the last rotation, sealed in the same way. */
  readonly previousSealedSecret: string | null
  /** Until when the previous secret signs too, in the mode's clock. */
  readonly previousSecretUntil: Instant | null
  /** The first failed try after which none succeeded, in the mode's clock. */
  readonly failingSince: Instant | null
  /** Why it was disabled, for people. */
  readonly disabledReason: string | null
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
    description: 'text',
    apiVersion: 'text',
    payload: 'text',
    previousSealedSecret: 'text',
    previousSecretUntil: 'instant',
    failingSince: 'instant',
    disabledReason: 'text',
    createdAt: 'instant',
    updatedAt: 'instant',
    revision: 'integer',
  },
  primaryKey: ['merchantId', 'mode', 'id'],
})

/** An endpoint as everybody but the sender sees it. */
export type VisibleWebhookEndpoint = Omit<WebhookEndpoint, 'sealedSecret' | 'previousSealedSecret'>

/** The endpoint without its secrets: what verbs answer, idempotency records keep and events tell. */
export function withoutSecrets(endpoint: WebhookEndpoint): VisibleWebhookEndpoint {
  const { sealedSecret: _sealed, previousSealedSecret: _previous, ...visible } = endpoint
  return visible
}

/** What an event about an endpoint writes over the row's secrets, so that no event holds one, sealed or not. */
export const secretsOutOfEvents = { sealedSecret: null, previousSealedSecret: null } as const

/**
 * Marks the part of a command's input that we have made ourselves. What stands under a symbol is no part of canonical
 * JSON: two requests that differ only here are one for their idempotency key.
 */
export const madeByUs: unique symbol = Symbol('made by us')

/** Names a webhook endpoint. */
export function webhookEndpointFact(scope: Scope, id: string): FactRef<WebhookEndpoint> {
  return factByKey(webhookEndpointKind, [scope.merchantId, scope.mode, id])
}

/** Whether the merchant still has the endpoint. */
export function isThere(endpoint: WebhookEndpoint | undefined): endpoint is WebhookEndpoint {
  return endpoint !== undefined && endpoint.status !== 'deleted'
}

/** The refusal for an endpoint that does not exist, was deleted or is another merchant's. */
export function refuseMissingEndpoint(): Decision<never> {
  return refuse('not_found', 'webhook_endpoint_not_found', {
    field: 'id',
    message: 'There is no webhook endpoint with this id.',
  })
}

/** The additional data a signing secret is sealed with: a secret copied to another merchant's row does not open. */
export function secretContext(scope: Scope, dialect: string): string {
  return `webhook-secret:${scope.merchantId}:${scope.mode}:${dialect}`
}
