import { paymentTransitions } from '../../../engine/index.ts'
import { reply } from '../../../http/endpoint.ts'
import { statesOf } from '../../../kernel/transitions.ts'
import { filterFrom, filterQuery } from '../list-query.ts'
import { listObject, paymentObject, paymentShown } from '../objects.ts'
import { defineEndpoint } from './define-endpoint.ts'

export const listPayments = defineEndpoint({
  method: 'GET',
  path: '/payments',
  operation: 'payments.list',
  summary: 'List payments',
  description: 'Newest first, whatever dialect made them. `after` and `before` are ids of payments.',
  scopes: ['payments:read'],
  query: filterQuery(statesOf(paymentTransitions)),
  response: { 200: listObject(paymentObject) },
  errors: ['invalid_request'],
  examples: [
    {
      name: 'what was paid in May',
      request: {
        query: { status: 'succeeded', created_from: '2026-05-01T00:00:00Z', created_to: '2026-06-01T00:00:00Z' },
      },
    },
  ],
  async handler({ query }, { services, principal }) {
    const { payments } = services.engine
    const filter = await filterFrom(query, async (id) => (await payments.find(principal.scope, { id })) !== undefined)
    const { items, hasMore } = await payments.list(principal.scope, filter)
    return reply(200, { object: 'list' as const, data: items.map(paymentShown), has_more: hasMore })
  },
})
