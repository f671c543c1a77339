import * as z from 'zod'
import { reply } from '../../../http/endpoint.ts'
import { EngineError } from '../../../kernel/engine-error.ts'
import { textGiven } from '../wire.ts'
import { defineEndpoint } from './define-endpoint.ts'

export const resolveBankAccount = defineEndpoint({
  method: 'GET',
  path: '/bank_accounts/resolve',
  operation: 'bankAccounts.resolve',
  summary: 'Find out who holds a bank account',
  description:
    'To look before you pay out. In the sandbox, the accounts that fixtures brought are found; live, a rail has to offer it.',
  scopes: ['payouts:read'],
  query: z.strictObject({ bank_code: textGiven(), account_number: textGiven() }),
  response: {
    200: z
      .object({
        object: z.literal('bank_account'),
        bank_code: z.string(),
        account_number: z.string(),
        name: z.string().describe('The holder’s name.'),
      })
      .meta({ id: 'BankAccount' }),
  },
  errors: ['invalid_request', 'not_found', 'unsupported'],
  examples: [{ name: 'an account', request: { query: { bank_code: 'HDFC0000001', account_number: '000123456789' } } }],
  async handler({ query }, { services, principal }) {
    const account = { bankCode: query.bank_code, accountNumber: query.account_number }
    const found = await services.engine.sandbox.resolveBankAccount(principal.scope, account)
    if (!found) {
      throw new EngineError('not_found', 'bank_account_not_found', {
        message: 'No such bank account is known. Check the bank code and the account number.',
      })
    }
    const { bankCode: bank_code, accountNumber: account_number, name } = found
    return reply(200, { object: 'bank_account' as const, bank_code, account_number, name })
  },
})
