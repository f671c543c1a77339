import * as z from 'zod'
import { reply } from '../../../http/endpoint.ts'
import { EngineError } from '../../../kernel/engine-error.ts'
import { transactionObject, transactionShown } from '../transaction-object.ts'
import { numberGiven } from '../wire.ts'
import { defineEndpoint, noQuery } from './define-endpoint.ts'

export const getTransaction = defineEndpoint({
  method: 'GET',
  path: '/transactions/:number',
  operation: 'transactions.get',
  summary: 'Read a transaction',
  description: 'By its number. A number that the list does not show is not found.',
  scopes: ['transactions:read'],
  params: z.object({ number: numberGiven('a transaction') }),
  query: noQuery,
  response: { 200: transactionObject },
  errors: ['invalid_request', 'not_found'],
  async handler({ params }, { services, principal: { scope } }) {
    const entry = await services.engine.statement.find(scope, params.number)
    if (entry) return reply(200, transactionShown(entry, scope.mode === 'live'))
    throw new EngineError('not_found', 'transaction_not_found', {
      field: 'number',
      message: 'There is no transaction with this number.',
    })
  },
})
