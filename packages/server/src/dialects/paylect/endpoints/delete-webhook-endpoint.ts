import * as z from 'zod'
import { reply } from '../../../http/endpoint.ts'
import { defineEndpoint, idempotencyFor, idParams, noQuery, refuseBody, replayHeaders } from './define-endpoint.ts'

export const deleteWebhookEndpoint = defineEndpoint({
  method: 'DELETE',
  path: '/webhook_endpoints/:id',
  operation: 'webhookEndpoints.delete',
  summary: 'Delete a webhook endpoint',
  description:
    'For good: it hears of nothing more, and what still waits for it is not sent. Its deliveries stay in the log.',
  scopes: ['webhook_endpoints:write'],
  params: idParams,
  query: noQuery,
  response: {
    200: z.object({ id: z.string(), object: z.literal('webhook_endpoint'), deleted: z.literal(true) }),
  },
  errors: ['invalid_request', 'not_found', 'idempotency_mismatch'],
  idempotent: true,
  async handler({ params }, call) {
    refuseBody(call)
    const { webhooks } = call.services.engine
    // Without looking first: a replay is about an endpoint that is gone already.
    const idempotency = idempotencyFor(call, 'delete_webhook_endpoint')
    const outcome = await webhooks.deleteEndpoint(call.principal.scope, params.id, idempotency)
    const shown = { id: outcome.result.id, object: 'webhook_endpoint' as const, deleted: true as const }
    return reply(200, shown, replayHeaders(outcome))
  },
})
