import { record, update } from '../commit/changes.ts'
import { accept, defineCommand, refuse } from '../commit/command.ts'
import { endpointTestEventType } from './event-types.ts'
import type { NamedWebhookEndpoint } from './pause-webhook-endpoint.ts'
import {
  isThere,
  refuseMissingEndpoint,
  secretsOutOfEvents,
  type WebhookEndpoint,
  webhookEndpointFact,
  webhookEndpointKind,
  withoutSecrets,
} from './webhook-endpoint.ts'

/**
 * Records a test event about an endpoint. It is an event like the others, in the feed too, but is delivered to that
 * endpoint alone, whatever types the endpoint asks for. A paused endpoint gets it when it is resumed.
 */
export const sendTestEvent = defineCommand({
  name: 'send_test_event',
  facts: (c: NamedWebhookEndpoint) => ({ endpoint: webhookEndpointFact(c.scope, c.endpointId) }),
  decide({ endpoint }, _c, ctx) {
    if (!isThere(endpoint)) return refuseMissingEndpoint()
    if (endpoint.status === 'disabled') {
      return refuse('invalid_state', 'webhook_endpoint_disabled', {
        message: 'This webhook endpoint is disabled and hears of nothing. Resume it first.',
      })
    }
    if (endpoint.url === null) {
      return refuse('invalid_state', 'webhook_endpoint_without_url', {
        message: 'This webhook endpoint has no address of its own. Give it a url first.',
      })
    }
    // The endpoint's own revision moves with it, so that a replay finds this very event again.
    const touched: WebhookEndpoint = { ...endpoint, updatedAt: ctx.now }
    return accept(withoutSecrets(touched), [
      update(webhookEndpointKind, touched),
      record(endpointTestEventType, webhookEndpointKind, touched, secretsOutOfEvents),
    ])
  },
})
