import * as z from 'zod'
import { madeByUs, webhookPayloads } from '../../../engine/index.ts'
import { reply } from '../../../http/endpoint.ts'
import { name as houseName } from '../name.ts'
import {
  descriptionGiven,
  eventTypesGiven,
  newSecret,
  webhookEndpointShown,
  webhookEndpointWithSecret,
} from '../webhook-endpoint-object.ts'
import { textGiven, urlGiven } from '../wire.ts'
import { defineEndpoint, idempotencyFor, noQuery, replayHeaders } from './define-endpoint.ts'

export const createWebhookEndpoint = defineEndpoint({
  method: 'POST',
  path: '/webhook_endpoints',
  operation: 'webhookEndpoints.create',
  summary: 'Create a webhook endpoint',
  description:
    'From now on events are sent to `url`: those of `event_types`, or all that the dialect tells of. `payload` is `full` or `thin` (only the object’s id; house API only). `secret` signs the webhooks; it is shown this once, so an answer given again for the same Idempotency-Key has `secret: null`. A merchant can have 50.',
  scopes: ['webhook_endpoints:write'],
  query: noQuery,
  body: z.strictObject({
    url: urlGiven,
    description: descriptionGiven.nullish(),
    event_types: eventTypesGiven.nullish(),
    payload: z.enum(webhookPayloads).default('full'),
    dialect: textGiven().default(houseName),
  }),
  response: { 201: webhookEndpointWithSecret },
  errors: ['invalid_request', 'limit_exceeded', 'idempotency_mismatch'],
  idempotent: true,
  examples: [
    {
      name: 'what was paid, with no more than its id',
      request: {
        body: { url: 'https://example.com/webhooks', event_types: ['payment.succeeded'], payload: 'thin' },
      },
    },
  ],
  async handler({ body: given }, call) {
    const { services, principal } = call
    const { scope } = principal
    const { url, dialect, payload } = given
    services.assertCallbackUrl(scope.mode, url, 'url')
    const { secret, sealedSecret } = newSecret(services, scope, dialect)
    const outcome = await services.engine.webhooks.createEndpoint(
      {
        ...{ scope, dialect, url, payload, [madeByUs]: { sealedSecret } },
        ...{ description: given.description ?? null, eventTypes: given.event_types ?? null },
      },
      idempotencyFor(call, 'create_webhook_endpoint'),
    )
    const shown = webhookEndpointShown(outcome.result)
    return reply(201, { ...shown, secret: outcome.replayed ? null : secret }, replayHeaders(outcome))
  },
})
