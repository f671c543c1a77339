import { paymentTransitions } from '../../../engine/index.ts'
import { reply } from '../../../http/endpoint.ts'
import { statesOf } from '../../../kernel/transitions.ts'
import { findCustomer } from '../find-object.ts'
import { filterFrom, filterQuery } from '../list-query.ts'
import { listObject, paymentObject, paymentShown } from '../objects.ts'
import { textGiven } from '../wire.ts'
import { defineEndpoint } from './define-endpoint.ts'

export const listPayments = defineEndpoint({
  method: 'GET',
  path: '/payments',
  operation: 'payments.list',
  summary: 'List payments',
  description:
    'Newest first unless `order` says otherwise, whatever dialect made them. `after` and `before` are ids of payments; `customer` is the id or your reference of one.',
  scopes: ['payments:read'],
  query: filterQuery(statesOf(paymentTransitions)).safeExtend({ customer: textGiven().optional() }),
  response: { 200: listObject(paymentObject) },
  errors: ['invalid_request', 'not_found'],
  examples: [
    {
      name: 'what was paid in May',
      request: {
        query: { status: 'succeeded', created_from: '2026-05-01T00:00:00Z', created_to: '2026-06-01T00:00:00Z' },
      },
    },
  ],
  async handler({ query: { customer, ...query } }, call) {
    const { payments } = call.services.engine
    const { scope } = call.principal
    const filter = await filterFrom(query, async (id) => (await payments.find(scope, { id })) !== undefined)
    const ownerId = customer && (await findCustomer(call, customer, 'customer')).id
    const { items, hasMore } = await payments.list(scope, { ...filter, ownerId })
    return reply(200, { object: 'list' as const, data: items.map(paymentShown), has_more: hasMore })
  },
})
