import * as z from 'zod'
import { reply } from '../../../http/endpoint.ts'
import { customerFields } from '../customer-fields.ts'
import { customerObject, customerShown } from '../customer-object.ts'
import { findCustomer } from '../find-object.ts'
import { defineEndpoint, idempotencyFor, idParams, noQuery, replayHeaders } from './define-endpoint.ts'

const body = z.strictObject(customerFields).refine((given) => Object.keys(given).length > 0, {
  error: 'Give at least one field to change.',
})

export const updateCustomer = defineEndpoint({
  method: 'PATCH',
  path: '/customers/:id',
  operation: 'customers.update',
  summary: 'Change a customer',
  description:
    'Fields that are left out stay as they are, null clears one, `metadata` is replaced whole. Payments keep the reference that they were made with.',
  scopes: ['customers:write'],
  params: idParams,
  query: noQuery,
  body,
  response: { 200: customerObject },
  errors: ['invalid_request', 'not_found', 'conflict', 'idempotency_mismatch'],
  idempotent: true,
  examples: [{ name: 'another address', request: { body: { email: 'other@example.com' } } }],
  async handler({ params, body: changes }, call) {
    const { scope } = call.principal
    const { id: customerId } = await findCustomer(call, params.id)
    const idempotency = idempotencyFor(call, 'update_customer')
    const outcome = await call.services.engine.customers.update({ scope, customerId, changes }, idempotency)
    return reply(200, customerShown(outcome.result), replayHeaders(outcome))
  },
})
