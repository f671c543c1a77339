import * as z from 'zod'
import { transactionTypes } from '../../../engine/index.ts'
import { reply } from '../../../http/endpoint.ts'
import { filterFrom, listQuery } from '../list-filter.ts'
import { houseIdOfTransaction } from '../lookup.ts'
import { listObject, transactionObject, transactionShown } from '../objects.ts'
import { defineEndpoint } from './define-endpoint.ts'

export const listTransactions = defineEndpoint({
  method: 'GET',
  path: '/v2/transactions',
  operation: 'transactions.list',
  summary: 'List all transactions',
  description: 'Payments, refunds and payouts as one list, newest first.',
  scopes: ['transactions:read'],
  query: z.object({ ...listQuery, type: z.enum(transactionTypes).optional() }),
  response: { 200: listObject(transactionObject) },
  errors: ['invalid_request'],
  async handler({ query }, call) {
    const types = query.type === undefined ? transactionTypes : [query.type]
    const { scope } = call.principal
    const houseIdOf = (number: bigint) => houseIdOfTransaction(call, number)
    const filter = await filterFrom(query, types, { scope, idKind: 'transaction', houseIdOf })
    const page = await call.services.engine.transactions.list(scope, filter)
    return reply(200, {
      object: 'list' as const,
      data: page.items.map(transactionShown),
      has_more: page.hasMore,
      total: page.total,
    })
  },
})
