import { reply } from '../../../http/endpoint.ts'
import { findWebhookEndpoint } from '../find-object.ts'
import { webhookEndpointObject, webhookEndpointShown } from '../webhook-endpoint-object.ts'
import { defineEndpoint, idempotencyFor, idParams, noQuery, refuseBody, replayHeaders } from './define-endpoint.ts'

export const pauseWebhookEndpoint = defineEndpoint({
  method: 'POST',
  path: '/webhook_endpoints/:id/pause',
  operation: 'webhookEndpoints.pause',
  summary: 'Pause a webhook endpoint',
  description:
    'Nothing is sent and nothing is lost: events go on making deliveries, which wait until the endpoint is resumed. Pausing a paused one changes nothing. Takes no body.',
  scopes: ['webhook_endpoints:write'],
  params: idParams,
  query: noQuery,
  response: { 200: webhookEndpointObject },
  errors: ['invalid_request', 'not_found', 'invalid_state', 'idempotency_mismatch'],
  idempotent: true,
  async handler({ params }, call) {
    refuseBody(call)
    const { scope } = call.principal
    const { id } = await findWebhookEndpoint(call, params.id)
    const idempotency = idempotencyFor(call, 'pause_webhook_endpoint')
    const outcome = await call.services.engine.webhooks.pauseEndpoint(scope, id, idempotency)
    return reply(200, webhookEndpointShown(outcome.result), replayHeaders(outcome))
  },
})
