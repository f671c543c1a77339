import { reply } from '../../../http/endpoint.ts'
import { balanceObject, balanceShown } from '../objects.ts'
import { defineEndpoint } from './define-endpoint.ts'

export const getBalance = defineEndpoint({
  method: 'GET',
  path: '/v2/balance',
  operation: 'balance.get',
  summary: 'Get account balance',
  scopes: ['balance:read'],
  response: { 200: balanceObject },
  errors: [],
  async handler(_, { services, principal }) {
    const balances = await services.engine.balances.list(principal.scope)
    return reply(200, balanceShown(balances, principal.scope.mode === 'live'))
  },
})
