import { reply } from '../../../http/endpoint.ts'
import { explanationObject, explanationShown } from '../explanation-object.ts'
import { findPayment } from '../find-object.ts'
import { defineEndpoint, idParams, noQuery } from './define-endpoint.ts'

export const explainPayment = defineEndpoint({
  method: 'GET',
  path: '/payments/:id/explain',
  operation: 'payments.explain',
  summary: 'Explain a payment',
  description:
    'Why it is as it is: its state, how its fee is computed, what a decline means, where its money went, and what happens next and when. Figures, each part with a plain sentence.',
  scopes: ['payments:read'],
  params: idParams,
  query: noQuery,
  response: { 200: explanationObject },
  errors: ['invalid_request', 'not_found'],
  async handler({ params }, call) {
    const payment = await findPayment(call, params.id)
    return reply(200, explanationShown(await call.services.engine.payments.explain(payment)))
  },
})
