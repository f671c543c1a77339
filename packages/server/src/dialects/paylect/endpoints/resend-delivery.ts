import { reply } from '../../../http/endpoint.ts'
import { deliveryObject, deliveryShown } from '../delivery-object.ts'
import { findDelivery } from '../find-object.ts'
import { defineEndpoint, idempotencyFor, idParams, noQuery, refuseBody, replayHeaders } from './define-endpoint.ts'

export const resendDelivery = defineEndpoint({
  method: 'POST',
  path: '/deliveries/:id/resend',
  operation: 'deliveries.resend',
  summary: 'Send a delivery again',
  description:
    'Sends the same bytes to the same address now. One that is still being tried is refused, and so is one whose endpoint is disabled or deleted. Takes no body.',
  scopes: ['deliveries:write'],
  params: idParams,
  query: noQuery,
  response: { 200: deliveryObject },
  errors: ['invalid_request', 'not_found', 'invalid_state', 'idempotency_mismatch'],
  idempotent: true,
  async handler({ params }, call) {
    refuseBody(call)
    const { scope } = call.principal
    const { id } = await findDelivery(call, params.id)
    const idempotency = idempotencyFor(call, 'resend_delivery')
    const outcome = await call.services.engine.webhooks.resendOnce(scope, id, idempotency)
    return reply(200, deliveryShown(outcome.result), replayHeaders(outcome))
  },
})
