import * as z from 'zod'
import { madeByUs } from '../../../engine/index.ts'
import { reply } from '../../../http/endpoint.ts'
import { findWebhookEndpoint } from '../find-object.ts'
import { newSecret, webhookEndpointShown, webhookEndpointWithSecret } from '../webhook-endpoint-object.ts'
import { spanGiven } from '../wire.ts'
import { defineEndpoint, idempotencyFor, idParams, noQuery, replayHeaders } from './define-endpoint.ts'

const dayMs = 24 * 3_600_000
const overlapMaxMs = 7 * dayMs

export const rotateWebhookEndpointSecret = defineEndpoint({
  method: 'POST',
  path: '/webhook_endpoints/:id/rotate_secret',
  operation: 'webhookEndpoints.rotateSecret',
  summary: 'Replace the secret of a webhook endpoint',
  description:
    'Webhooks are signed with the new secret and, until `overlap` has passed (an ISO 8601 duration up to `P7D`; `P1D` is a good one, `PT0S` is none), with the old one too: `webhook-signature` then holds both. Two secrets are valid at most. `secret` is shown this once, as when an endpoint is created.',
  scopes: ['webhook_endpoints:write'],
  params: idParams,
  query: noQuery,
  body: z.strictObject({ overlap: spanGiven(0, overlapMaxMs) }),
  response: { 200: webhookEndpointWithSecret },
  errors: ['invalid_request', 'not_found', 'idempotency_mismatch'],
  idempotent: true,
  examples: [{ name: 'with two days to change over', request: { body: { overlap: 'P2D' } } }],
  async handler({ params, body }, call) {
    const { services, principal } = call
    const { scope } = principal
    const { id: endpointId, dialect } = await findWebhookEndpoint(call, params.id)
    const { secret, sealedSecret } = newSecret(services, scope, dialect)
    const outcome = await services.engine.webhooks.rotateSecret(
      { scope, endpointId, overlapMs: body.overlap, [madeByUs]: { sealedSecret } },
      idempotencyFor(call, 'rotate_webhook_secret'),
    )
    const shown = webhookEndpointShown(outcome.result)
    return reply(200, { ...shown, secret: outcome.replayed ? null : secret }, replayHeaders(outcome))
  },
})
