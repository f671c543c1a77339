import * as z from 'zod'
import { reply } from '../../../http/endpoint.ts'
import { requireRefund } from '../lookup.ts'
import { refundObject, refundShown } from '../objects.ts'
import { defineEndpoint } from './define-endpoint.ts'

export const getRefund = defineEndpoint({
  method: 'GET',
  path: '/v2/refunds/:id',
  operation: 'refunds.get',
  summary: 'Fetch refund details',
  scopes: ['refunds:read'],
  params: z.object({ id: z.string() }),
  response: { 200: refundObject },
  errors: ['not_found'],
  handler: async ({ params }, call) => reply(200, refundShown(await requireRefund(call, params.id, 'id'))),
})
