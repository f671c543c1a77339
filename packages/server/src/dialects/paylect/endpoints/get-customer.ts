import { reply } from '../../../http/endpoint.ts'
import { customerObject, customerShown } from '../customer-object.ts'
import { findCustomer } from '../find-object.ts'
import { defineEndpoint, idParams, noQuery } from './define-endpoint.ts'

export const getCustomer = defineEndpoint({
  method: 'GET',
  path: '/customers/:id',
  operation: 'customers.get',
  summary: 'Read a customer',
  description: 'By its house id, or by your own reference.',
  scopes: ['customers:read'],
  params: idParams,
  query: noQuery,
  response: { 200: customerObject },
  errors: ['invalid_request', 'not_found'],
  handler: async ({ params }, call) => reply(200, customerShown(await findCustomer(call, params.id))),
})
