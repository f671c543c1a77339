import * as z from 'zod'
import { reply } from '../../../http/endpoint.ts'
import { refundExpanded } from '../expanded-objects.ts'
import { findPayment, findRefund } from '../find-object.ts'
import { paymentShown, refundShown } from '../objects.ts'
import { expandGiven } from '../wire.ts'
import { defineEndpoint, idParams } from './define-endpoint.ts'

export const getRefund = defineEndpoint({
  method: 'GET',
  path: '/refunds/:id',
  operation: 'refunds.get',
  summary: 'Read a refund',
  description:
    'By its house id, or by the merchant’s own reference. `expand=payment` adds the payment that it belongs to.',
  scopes: ['refunds:read'],
  params: idParams,
  query: z.strictObject({ expand: expandGiven(['payment']).optional() }),
  response: { 200: refundExpanded },
  errors: ['invalid_request', 'not_found'],
  examples: [{ name: 'with its payment', request: { query: { expand: 'payment' } } }],
  async handler({ params, query }, call) {
    const refund = await findRefund(call, params.id)
    const payment = query.expand ? { payment: paymentShown(await findPayment(call, refund.paymentId)) } : {}
    return reply(200, { ...refundShown(refund), ...payment })
  },
})
