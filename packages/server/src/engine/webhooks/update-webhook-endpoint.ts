import type { Scope } from '../../kernel/scope.ts'
import { update } from '../commit/changes.ts'
import { accept, defineCommand } from '../commit/command.ts'
import {
  isThere,
  refuseMissingEndpoint,
  type WebhookEndpoint,
  type WebhookPayload,
  webhookEndpointFact,
  webhookEndpointKind,
  withoutSecrets,
} from './webhook-endpoint.ts'

/** What is to be different about an endpoint; what is undefined stays as it is. */
export interface UpdateWebhookEndpoint {
  readonly scope: Scope
  readonly endpointId: string
  readonly url?: string | undefined
  readonly description?: string | null | undefined
  /** Null for all. */
  readonly eventTypes?: readonly string[] | null | undefined
  readonly payload?: WebhookPayload | undefined
}

/**
 * Changes an endpoint. Deliveries that were made keep their address and their bytes. A new address has not failed yet:
 * what was counted against the old one is forgotten. An endpoint that was disabled stays so until it is resumed.
 */
export const updateWebhookEndpoint = defineCommand({
  name: 'update_webhook_endpoint',
  facts: (c: UpdateWebhookEndpoint) => ({ endpoint: webhookEndpointFact(c.scope, c.endpointId) }),
  decide({ endpoint }, c, ctx) {
    if (!isThere(endpoint)) return refuseMissingEndpoint()
    const url = c.url ?? endpoint.url
    const changed: WebhookEndpoint = {
      ...endpoint,
      url,
      description: c.description === undefined ? endpoint.description : c.description,
      eventTypes: c.eventTypes === undefined ? endpoint.eventTypes : c.eventTypes,
      payload: c.payload ?? endpoint.payload,
      failingSince: url === endpoint.url ? endpoint.failingSince : null,
      updatedAt: ctx.now,
    }
    return accept(withoutSecrets(changed), [update(webhookEndpointKind, changed)])
  },
})
