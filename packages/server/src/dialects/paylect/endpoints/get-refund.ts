import { reply } from '../../../http/endpoint.ts'
import { findRefund } from '../find-object.ts'
import { refundObject, refundShown } from '../objects.ts'
import { defineEndpoint, idParams, noQuery } from './define-endpoint.ts'

export const getRefund = defineEndpoint({
  method: 'GET',
  path: '/refunds/:id',
  operation: 'refunds.get',
  summary: 'Read a refund',
  description: 'By its house id, or by the merchant’s own reference.',
  scopes: ['refunds:read'],
  params: idParams,
  query: noQuery,
  response: { 200: refundObject },
  errors: ['invalid_request', 'not_found'],
  handler: async ({ params }, call) => reply(200, refundShown(await findRefund(call, params.id))),
})
