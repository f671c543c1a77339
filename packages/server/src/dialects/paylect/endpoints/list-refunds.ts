import { refundTransitions } from '../../../engine/index.ts'
import { reply } from '../../../http/endpoint.ts'
import { statesOf } from '../../../kernel/transitions.ts'
import { findPayment } from '../find-object.ts'
import { filterFrom, filterQuery } from '../list-query.ts'
import { listObject, refundObject, refundShown } from '../objects.ts'
import { textGiven } from '../wire.ts'
import { defineEndpoint } from './define-endpoint.ts'

export const listRefunds = defineEndpoint({
  method: 'GET',
  path: '/refunds',
  operation: 'refunds.list',
  summary: 'List refunds',
  description:
    'Newest first unless `order` says otherwise, whatever dialect made them. `payment_id` is any name that `GET /v1/payments/:id` takes; `after` and `before` are ids of refunds.',
  scopes: ['refunds:read'],
  query: filterQuery(statesOf(refundTransitions)).safeExtend({ payment_id: textGiven().optional() }),
  response: { 200: listObject(refundObject) },
  errors: ['invalid_request', 'not_found'],
  examples: [{ name: 'of one payment', request: { query: { payment_id: 'ORD-2026-4892' } } }],
  async handler({ query: { payment_id: paymentName, ...query } }, call) {
    const { refunds } = call.services.engine
    const { scope } = call.principal
    const filter = await filterFrom(query, async (id) => (await refunds.find(scope, { id })) !== undefined)
    const ownerId = paymentName && (await findPayment(call, paymentName, 'payment_id')).id
    const { items, hasMore } = await refunds.list(scope, { ...filter, ownerId })
    return reply(200, { object: 'list' as const, data: items.map(refundShown), has_more: hasMore })
  },
})
