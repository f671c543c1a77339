import { reply } from '../../../http/endpoint.ts'
import { customerObject, customerShown } from '../customer-object.ts'
import { customerQuery, filterFrom } from '../list-query.ts'
import { listObject } from '../objects.ts'
import { defineEndpoint } from './define-endpoint.ts'

export const listCustomers = defineEndpoint({
  method: 'GET',
  path: '/customers',
  operation: 'customers.list',
  summary: 'List customers',
  description: 'Newest first unless `order` says otherwise. `after` and `before` are ids of customers.',
  scopes: ['customers:read'],
  query: customerQuery,
  response: { 200: listObject(customerObject) },
  errors: ['invalid_request'],
  examples: [{ name: 'by your own name', request: { query: { reference: 'C-17' } } }],
  async handler({ query }, { services, principal }) {
    const { customers } = services.engine
    const filter = await filterFrom(query, async (id) => (await customers.find(principal.scope, { id })) !== undefined)
    const { items, hasMore } = await customers.list(principal.scope, filter)
    return reply(200, { object: 'list' as const, data: items.map(customerShown), has_more: hasMore })
  },
})
