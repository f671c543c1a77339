import { update } from '../commit/changes.ts'
import { accept, defineCommand } from '../commit/command.ts'
import type { NamedWebhookEndpoint } from './pause-webhook-endpoint.ts'
import {
  isThere,
  refuseMissingEndpoint,
  type WebhookEndpoint,
  webhookEndpointFact,
  webhookEndpointKind,
  withoutSecrets,
} from './webhook-endpoint.ts'

/**
 * Deletes an endpoint for good: it hears of nothing more, what still waits for it is stopped when its time comes, and no
 * read finds it. The row stays, because its deliveries name it; the secrets in it do not.
 */
export const deleteWebhookEndpoint = defineCommand({
  name: 'delete_webhook_endpoint',
  facts: (c: NamedWebhookEndpoint) => ({ endpoint: webhookEndpointFact(c.scope, c.endpointId) }),
  decide({ endpoint }, _c, ctx) {
    if (!isThere(endpoint)) return refuseMissingEndpoint()
    const deleted: WebhookEndpoint = {
      ...endpoint,
      status: 'deleted',
      sealedSecret: '',
      previousSealedSecret: null,
      previousSecretUntil: null,
      updatedAt: ctx.now,
    }
    return accept(withoutSecrets(deleted), [update(webhookEndpointKind, deleted)])
  },
})
