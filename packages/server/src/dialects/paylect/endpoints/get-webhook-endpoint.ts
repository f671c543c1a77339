import { reply } from '../../../http/endpoint.ts'
import { findWebhookEndpoint } from '../find-object.ts'
import { webhookEndpointObject, webhookEndpointShown } from '../webhook-endpoint-object.ts'
import { defineEndpoint, idParams, noQuery } from './define-endpoint.ts'

export const getWebhookEndpoint = defineEndpoint({
  method: 'GET',
  path: '/webhook_endpoints/:id',
  operation: 'webhookEndpoints.get',
  summary: 'Read a webhook endpoint',
  description: 'Without its secret. `failing_since` is the first failure after which nothing was acknowledged.',
  scopes: ['webhook_endpoints:read'],
  params: idParams,
  query: noQuery,
  response: { 200: webhookEndpointObject },
  errors: ['invalid_request', 'not_found'],
  handler: async ({ params }, call) => reply(200, webhookEndpointShown(await findWebhookEndpoint(call, params.id))),
})
