import * as z from 'zod'
import { reply } from '../../../http/endpoint.ts'
import { requirePayment } from '../lookup.ts'
import { paymentShown, paymentWithUrl } from '../objects.ts'
import { defineEndpoint } from './define-endpoint.ts'

export const getPayment = defineEndpoint({
  method: 'GET',
  path: '/v2/payments/:id',
  operation: 'payments.get',
  summary: 'Fetch payment details',
  scopes: ['payments:read'],
  params: z.object({ id: z.string() }),
  response: { 200: paymentWithUrl },
  errors: ['not_found'],
  async handler({ params }, call) {
    const payment = await requirePayment(call, params.id, 'id')
    const paymentUrl = call.services.checkoutUrl(call.baseUrl, call.principal.scope, payment.id)
    return reply(200, { ...paymentShown(payment), payment_url: paymentUrl })
  },
})
