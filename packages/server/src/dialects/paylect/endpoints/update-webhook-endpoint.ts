import * as z from 'zod'
import { webhookPayloads } from '../../../engine/index.ts'
import { reply } from '../../../http/endpoint.ts'
import { findWebhookEndpoint } from '../find-object.ts'
import {
  descriptionGiven,
  eventTypesGiven,
  webhookEndpointObject,
  webhookEndpointShown,
} from '../webhook-endpoint-object.ts'
import { urlGiven } from '../wire.ts'
import { defineEndpoint, idempotencyFor, idParams, noQuery, replayHeaders } from './define-endpoint.ts'

export const updateWebhookEndpoint = defineEndpoint({
  method: 'PATCH',
  path: '/webhook_endpoints/:id',
  operation: 'webhookEndpoints.update',
  summary: 'Change a webhook endpoint',
  description:
    'Fields that are left out stay as they are; `event_types: null` asks for all. Deliveries that were made before keep their address and their body.',
  scopes: ['webhook_endpoints:write'],
  params: idParams,
  query: noQuery,
  body: z
    .strictObject({
      url: urlGiven.optional(),
      description: descriptionGiven.nullish(),
      event_types: eventTypesGiven.nullish(),
      payload: z.enum(webhookPayloads).optional(),
    })
    .refine((given) => Object.keys(given).length > 0, { error: 'must name at least one field' }),
  response: { 200: webhookEndpointObject },
  errors: ['invalid_request', 'not_found', 'idempotency_mismatch'],
  idempotent: true,
  examples: [{ name: 'another address', request: { body: { url: 'https://example.com/hooks/v2' } } }],
  async handler({ params, body: { url, description, event_types: eventTypes, payload } }, call) {
    const { services, principal } = call
    const { scope } = principal
    const { id: endpointId } = await findWebhookEndpoint(call, params.id)
    if (url !== undefined) services.assertCallbackUrl(scope.mode, url, 'url')
    const outcome = await services.engine.webhooks.updateEndpoint(
      { scope, endpointId, url, description, eventTypes, payload },
      idempotencyFor(call, 'update_webhook_endpoint'),
    )
    return reply(200, webhookEndpointShown(outcome.result), replayHeaders(outcome))
  },
})
