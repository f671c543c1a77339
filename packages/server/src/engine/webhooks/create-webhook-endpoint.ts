import type { Scope } from '../../kernel/scope.ts'
import { merchantFact } from '../access/merchant.ts'
import { insert } from '../commit/changes.ts'
import { accept, type DecisionContext, defineCommand, refuse } from '../commit/command.ts'
import {
  apiVersionNow,
  endpointsPerMerchantMax,
  madeByUs,
  type WebhookEndpoint,
  type WebhookPayload,
  webhookEndpointKind,
  withoutSecrets,
} from './webhook-endpoint.ts'

/** A place that a merchant wants to hear of events at. */
export interface CreateWebhookEndpoint {
  readonly scope: Scope
  readonly dialect: string
  readonly url: string
  readonly description: string | null
  /** Null for all. */
  readonly eventTypes: readonly string[] | null
  readonly payload: WebhookPayload
  /** The secret, which the caller made, sealed and shows once: no part of what an idempotency key promises. */
  readonly [madeByUs]: { readonly sealedSecret: string }
}

/** The command's input: with how many endpoints the merchant had just before. */
export interface CountedWebhookEndpoint extends CreateWebhookEndpoint {
  readonly [madeByUs]: { readonly sealedSecret: string; readonly endpointsNow: number }
}

/** Adds an endpoint, enabled from the start. Refuses a merchant that does not exist or has as many as it can have. */
export const createWebhookEndpoint = defineCommand({
  name: 'create_webhook_endpoint',
  facts: (c: CountedWebhookEndpoint) => ({ merchant: merchantFact(c.scope) }),
  decide({ merchant }, c, ctx) {
    if (!merchant) return refuse('not_found', 'merchant_unknown', { message: 'There is no such merchant.' })
    const { dialect, url, description, eventTypes, payload } = c
    const { sealedSecret, endpointsNow } = c[madeByUs]
    if (endpointsNow >= endpointsPerMerchantMax) {
      return refuse('limit_exceeded', 'webhook_endpoints_too_many', {
        message: `A merchant can have ${endpointsPerMerchantMax} webhook endpoints. Delete one that is not needed.`,
      })
    }
    const endpoint = { ...webhookEndpointRow({ dialect, url, sealedSecret }, ctx), description, eventTypes, payload }
    return accept(withoutSecrets(endpoint), [insert(webhookEndpointKind, endpoint)])
  },
})

/** A new endpoint's row, with everything that nobody has chosen. */
export function webhookEndpointRow(
  given: Pick<WebhookEndpoint, 'dialect' | 'url' | 'sealedSecret'>,
  ctx: DecisionContext,
): WebhookEndpoint {
  return {
    ...ctx.scope,
    dialect: given.dialect,
    url: given.url,
    sealedSecret: given.sealedSecret,
    id: ctx.newId('we'),
    eventTypes: null,
    status: 'enabled',
    description: null,
    apiVersion: apiVersionNow,
    payload: 'full',
    previousSealedSecret: null,
    previousSecretUntil: null,
    failingSince: null,
    disabledReason: null,
    createdAt: ctx.now,
    updatedAt: ctx.now,
    revision: 0,
  }
}
