import * as z from 'zod'
import { reply } from '../../../http/endpoint.ts'
import { requirePayout } from '../lookup.ts'
import { payoutObject, payoutShown } from '../objects.ts'
import { defineEndpoint } from './define-endpoint.ts'

export const getPayout = defineEndpoint({
  method: 'GET',
  path: '/v2/payouts/:id',
  operation: 'payouts.get',
  summary: 'Fetch payout details',
  scopes: ['payouts:read'],
  params: z.object({ id: z.string() }),
  response: { 200: payoutObject },
  errors: ['not_found'],
  handler: async ({ params }, call) => reply(200, payoutShown(await requirePayout(call, params.id, 'id'))),
})
