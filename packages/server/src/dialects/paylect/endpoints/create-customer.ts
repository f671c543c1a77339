import * as z from 'zod'
import { reply } from '../../../http/endpoint.ts'
import { customerFields } from '../customer-fields.ts'
import { customerObject, customerShown } from '../customer-object.ts'
import { defineEndpoint, idempotencyFor, noQuery, replayHeaders } from './define-endpoint.ts'

export const createCustomer = defineEndpoint({
  method: 'POST',
  path: '/customers',
  operation: 'customers.create',
  summary: 'Create a customer',
  description:
    '`reference` is yours and names one customer. Payments that bring a new customer along make one as well.',
  scopes: ['customers:write'],
  query: noQuery,
  body: z.strictObject(customerFields).refine((given) => Object.values(given).some((value) => value != null), {
    error: 'Say at least one thing about the customer.',
  }),
  response: { 201: customerObject },
  errors: ['invalid_request', 'conflict', 'idempotency_mismatch', 'forbidden'],
  idempotent: true,
  examples: [{ name: 'a customer', request: { body: { reference: 'C-17', email: 'user@example.com' } } }],
  async handler({ body }, call) {
    const input = { scope: call.principal.scope, ...body }
    const outcome = await call.services.engine.customers.create(input, idempotencyFor(call, 'create_customer'))
    return reply(201, customerShown(outcome.result), replayHeaders(outcome))
  },
})
