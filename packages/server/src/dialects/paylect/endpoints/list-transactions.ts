import { reply } from '../../../http/endpoint.ts'
import { invalidField } from '../../../http/field-errors.ts'
import { isId } from '../../../kernel/ids.ts'
import { findPayment, findPayout, findRefund, type HouseCall } from '../find-object.ts'
import { transactionQuery } from '../list-query.ts'
import { listObject } from '../objects.ts'
import { transactionObject, transactionShown } from '../transaction-object.ts'
import { defineEndpoint } from './define-endpoint.ts'

/** The id of an object that the merchant has: another one's is not found, and not an empty list. */
async function subjectIdOf(call: HouseCall, name: string): Promise<string> {
  if (isId('pay', name)) return (await findPayment(call, name, 'object_id')).id
  if (isId('re', name)) return (await findRefund(call, name, 'object_id')).id
  if (isId('po', name)) return (await findPayout(call, name, 'object_id')).id
  throw invalidField('object_id', 'object_id must be the id of a payment, a refund or a payout.')
}

/** Refuses a position that the ledger has not reached: a list that begins at a slip of the pen would look complete. */
async function assertReached({ services, principal }: HouseCall, side: 'after' | 'before', number: bigint | undefined) {
  if (number === undefined || number <= (await services.engine.statement.lastNumber(principal.scope))) return
  throw invalidField(side, `${side} must be the number of a transaction that this list can show.`)
}

export const listTransactions = defineEndpoint({
  method: 'GET',
  path: '/transactions',
  operation: 'transactions.list',
  summary: 'List transactions',
  description:
    'The ledger as you see it: each transfer that changed your balance, newest first. `amount` is the signed change of what is available, `amount_pending` and `amount_reserved` those of the other two; each sums to the balance. `after` and `before` are numbers of transactions; `object_id` is the id of a payment, a refund or a payout.',
  scopes: ['transactions:read'],
  query: transactionQuery,
  response: { 200: listObject(transactionObject) },
  errors: ['invalid_request', 'not_found'],
  examples: [
    {
      name: 'the fees of May',
      request: { query: { type: 'fee', created_from: '2026-05-01T00:00:00Z', created_to: '2026-06-01T00:00:00Z' } },
    },
    { name: 'from the beginning', request: { query: { order: 'created_at.asc', limit: '100' } } },
  ],
  async handler({ query }, call) {
    const { scope } = call.principal
    const { created_from: createdFrom, created_to: createdTo, object_id: objectId, order, ...others } = query
    await assertReached(call, 'after', others.after)
    await assertReached(call, 'before', others.before)
    const subjectId = objectId === undefined ? undefined : await subjectIdOf(call, objectId)
    const oldestFirst = order === 'created_at.asc'
    const filter = { ...others, createdFrom, createdTo, subjectId, oldestFirst }
    const { items, hasMore } = await call.services.engine.statement.list(scope, filter)
    const data = items.map((entry) => transactionShown(entry, scope.mode === 'live'))
    return reply(200, { object: 'list' as const, data, has_more: hasMore })
  },
})
