import { payoutTransitions } from '../../../engine/index.ts'
import { reply } from '../../../http/endpoint.ts'
import { statesOf } from '../../../kernel/transitions.ts'
import { filterFrom, filterQuery } from '../list-query.ts'
import { listObject, payoutObject, payoutShown } from '../objects.ts'
import { defineEndpoint } from './define-endpoint.ts'

export const listPayouts = defineEndpoint({
  method: 'GET',
  path: '/payouts',
  operation: 'payouts.list',
  summary: 'List payouts',
  description:
    'Newest first unless `order` says otherwise, whatever dialect made them. `after` and `before` are ids of payouts.',
  scopes: ['payouts:read'],
  query: filterQuery(statesOf(payoutTransitions)),
  response: { 200: listObject(payoutObject) },
  errors: ['invalid_request'],
  examples: [{ name: 'what failed', request: { query: { status: 'failed', limit: '100' } } }],
  async handler({ query }, { services, principal }) {
    const { payouts } = services.engine
    const filter = await filterFrom(query, async (id) => (await payouts.find(principal.scope, { id })) !== undefined)
    const { items, hasMore } = await payouts.list(principal.scope, filter)
    return reply(200, { object: 'list' as const, data: items.map(payoutShown), has_more: hasMore })
  },
})
