import * as z from 'zod'
import { reply } from '../../../http/endpoint.ts'
import { findPayment } from '../find-payment.ts'
import { paymentObject, paymentShown } from '../objects.ts'
import { defineEndpoint } from './define-endpoint.ts'

export const getPayment = defineEndpoint({
  method: 'GET',
  path: '/payments/:id',
  summary: 'Read a payment',
  description: 'By its house id, by the id that any dialect shows for it, or by the merchant’s own reference.',
  scopes: ['payments:read'],
  params: z.object({ id: z.string() }),
  response: { 200: paymentObject },
  errors: ['not_found'],
  handler: async ({ params }, call) => reply(200, paymentShown(await findPayment(call, params.id))),
})
