import * as z from 'zod'
import { reply } from '../../../http/endpoint.ts'
import { invalidField } from '../../../http/field-errors.ts'
import { isoFromInstant } from '../../../kernel/clock.ts'
import { balanceObject, balanceShown } from '../objects.ts'
import { instantFilter } from '../wire.ts'
import { defineEndpoint } from './define-endpoint.ts'

export const getBalance = defineEndpoint({
  method: 'GET',
  path: '/balance',
  operation: 'balance.get',
  summary: 'Read the balance',
  description:
    'By currency: `available` may be paid out now, `pending` waits (money of unfinished payments, refunds under way), `reserved` is held by payouts under way. With `at`, an instant of the past, what it was then.',
  scopes: ['balance:read'],
  query: z.strictObject({ at: instantFilter.optional() }),
  response: { 200: balanceObject },
  errors: ['invalid_request'],
  examples: [{ name: 'at the end of May', request: { query: { at: '2026-05-31T23:59:59.999Z' } } }],
  async handler({ query: { at } }, { services, principal: { scope } }) {
    const now = services.engine.now(scope.mode)
    if (at !== undefined && at > now) {
      throw invalidField('at', `at must not lie in the future; it is ${isoFromInstant(now)}.`)
    }
    const balances = await services.engine.balances.list(scope, at)
    return reply(200, balanceShown(balances, scope.mode === 'live'))
  },
})
