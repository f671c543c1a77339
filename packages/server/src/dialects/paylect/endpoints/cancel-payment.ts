import { reply } from '../../../http/endpoint.ts'
import { findPayment } from '../find-object.ts'
import { paymentObject, paymentShown } from '../objects.ts'
import { defineEndpoint, idempotencyFor, idParams, noQuery, refuseBody, replayHeaders } from './define-endpoint.ts'

export const cancelPayment = defineEndpoint({
  method: 'POST',
  path: '/payments/:id/cancel',
  operation: 'payments.cancel',
  summary: 'Cancel a payment',
  description:
    'Ends a payment that still waits for its payer; one that is being paid or has ended is refused. Takes no body. An Idempotency-Key is honoured: the same key for another payment is refused.',
  scopes: ['payments:write'],
  params: idParams,
  query: noQuery,
  response: { 200: paymentObject },
  errors: ['invalid_request', 'not_found', 'invalid_state', 'idempotency_mismatch'],
  idempotent: true,
  async handler({ params }, call) {
    refuseBody(call)
    const { id } = await findPayment(call, params.id)
    const idempotency = idempotencyFor(call, 'cancel_payment')
    const outcome = await call.services.engine.payments.cancel(call.principal.scope, id, idempotency)
    return reply(200, paymentShown(outcome.result), replayHeaders(outcome))
  },
})
