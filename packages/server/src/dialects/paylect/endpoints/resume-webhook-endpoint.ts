import { reply } from '../../../http/endpoint.ts'
import { findWebhookEndpoint } from '../find-object.ts'
import { webhookEndpointObject, webhookEndpointShown } from '../webhook-endpoint-object.ts'
import { defineEndpoint, idempotencyFor, idParams, noQuery, refuseBody, replayHeaders } from './define-endpoint.ts'

export const resumeWebhookEndpoint = defineEndpoint({
  method: 'POST',
  path: '/webhook_endpoints/:id/resume',
  operation: 'webhookEndpoints.resume',
  summary: 'Resume a webhook endpoint',
  description:
    'Sends what waits, the oldest first, and goes on. Also enables an endpoint that was disabled; what was not delivered meanwhile is in the feed, and what has failed can be sent again. Takes no body.',
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
    const idempotency = idempotencyFor(call, 'resume_webhook_endpoint')
    const outcome = await call.services.engine.webhooks.resumeEndpoint(scope, id, idempotency)
    return reply(200, webhookEndpointShown(outcome.result), replayHeaders(outcome))
  },
})
