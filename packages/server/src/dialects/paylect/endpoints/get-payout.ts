import * as z from 'zod'
import { reply } from '../../../http/endpoint.ts'
import { pageItemsMax } from '../../../http/pagination.ts'
import { payoutAttemptShown, payoutExpanded } from '../expanded-objects.ts'
import { findPayout } from '../find-object.ts'
import { payoutShown } from '../objects.ts'
import { expandGiven } from '../wire.ts'
import { defineEndpoint, idParams } from './define-endpoint.ts'

export const getPayout = defineEndpoint({
  method: 'GET',
  path: '/payouts/:id',
  operation: 'payouts.get',
  summary: 'Read a payout',
  description: 'By its house id, or by the merchant’s own reference. `expand=attempts` adds the tries to send it.',
  scopes: ['payouts:read'],
  params: idParams,
  query: z.strictObject({ expand: expandGiven(['attempts']).optional() }),
  response: { 200: payoutExpanded },
  errors: ['invalid_request', 'not_found'],
  examples: [{ name: 'with its attempts', request: { query: { expand: 'attempts' } } }],
  async handler({ params, query }, call) {
    const payout = await findPayout(call, params.id)
    if (!query.expand) return reply(200, payoutShown(payout))
    const { attempts } = call.services.engine
    const { items } = await attempts.list(call.principal.scope, payout.id, { limit: pageItemsMax })
    return reply(200, { ...payoutShown(payout), attempts: items.map(payoutAttemptShown) })
  },
})
