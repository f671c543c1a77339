import { reply } from '../../../http/endpoint.ts'
import { deliveryWithAttempts, deliveryWithAttemptsShown } from '../delivery-object.ts'
import { findDelivery } from '../find-object.ts'
import { defineEndpoint, idParams, noQuery } from './define-endpoint.ts'

/** Tries that are shown, the first ones; a schedule has ten, the rest are resends. */
const attemptsShownMax = 100

export const getDelivery = defineEndpoint({
  method: 'GET',
  path: '/deliveries/:id',
  operation: 'deliveries.get',
  summary: 'Read a delivery',
  description:
    'With what was sent and every try: headers, status, the beginning of the answer, and how long it took. At most 100 tries.',
  scopes: ['deliveries:read'],
  params: idParams,
  query: noQuery,
  response: { 200: deliveryWithAttempts },
  errors: ['invalid_request', 'not_found'],
  async handler({ params }, call) {
    const delivery = await findDelivery(call, params.id)
    const { webhooks } = call.services.engine
    const attempts = await webhooks.attempts(call.principal.scope, delivery.id, attemptsShownMax)
    return reply(200, deliveryWithAttemptsShown(delivery, attempts))
  },
})
