import { reply } from '../../../http/endpoint.ts'
import { findPayout } from '../find-object.ts'
import { payoutObject, payoutShown } from '../objects.ts'
import { defineEndpoint, idParams, noQuery } from './define-endpoint.ts'

export const getPayout = defineEndpoint({
  method: 'GET',
  path: '/payouts/:id',
  operation: 'payouts.get',
  summary: 'Read a payout',
  description: 'By its house id, or by the merchant’s own reference.',
  scopes: ['payouts:read'],
  params: idParams,
  query: noQuery,
  response: { 200: payoutObject },
  errors: ['invalid_request', 'not_found'],
  handler: async ({ params }, call) => reply(200, payoutShown(await findPayout(call, params.id))),
})
