import * as z from 'zod'
import { reply } from '../../../http/endpoint.ts'
import { filterFrom, listQuery } from '../list-filter.ts'
import { listObject, paymentShown, paymentWithUrl } from '../objects.ts'
import { defineEndpoint } from './define-endpoint.ts'

export const listPayments = defineEndpoint({
  method: 'GET',
  path: '/v2/payments',
  operation: 'payments.list',
  summary: 'List payments',
  description: 'Newest first. The document calls this path in its authentication example.',
  scopes: ['payments:read'],
  query: z.object({ ...listQuery, type: z.literal('payment').optional() }),
  response: { 200: listObject(paymentWithUrl) },
  errors: ['invalid_request'],
  async handler({ query }, call) {
    const { engine, checkoutUrl } = call.services
    const { scope } = call.principal
    const houseIdOf = async (number: bigint) => (await engine.payments.find(scope, { number }))?.id
    const filter = await filterFrom(query, ['payment'], { scope, idKind: 'payment', houseIdOf })
    const page = await engine.transactions.list(scope, filter)
    const data = page.items.flatMap(({ type, object }) =>
      type === 'payment' ? [{ ...paymentShown(object), payment_url: checkoutUrl(call.baseUrl, scope, object.id) }] : [],
    )
    return reply(200, { object: 'list' as const, data, has_more: page.hasMore, total: page.total })
  },
})
