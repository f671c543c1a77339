import { reply } from '../../../http/endpoint.ts'
import { balanceObject, balanceShown } from '../objects.ts'
import { defineEndpoint, noQuery } from './define-endpoint.ts'

export const getBalance = defineEndpoint({
  method: 'GET',
  path: '/balance',
  operation: 'balance.get',
  summary: 'Read the balance',
  description:
    'By currency: `available` may be paid out now, `pending` waits (money of unfinished payments, refunds under way), `reserved` is held by payouts under way.',
  scopes: ['balance:read'],
  query: noQuery,
  response: { 200: balanceObject },
  errors: ['invalid_request'],
  async handler(_, { services, principal }) {
    const balances = await services.engine.balances.list(principal.scope)
    return reply(200, balanceShown(balances, principal.scope.mode === 'live'))
  },
})
