import { reply } from '../../../http/endpoint.ts'
import { findPayment } from '../find-object.ts'
import { filterFrom, pageQuery } from '../list-query.ts'
import { attemptObject, attemptShown, listObject } from '../objects.ts'
import { defineEndpoint, idParams } from './define-endpoint.ts'

export const listAttempts = defineEndpoint({
  method: 'GET',
  path: '/payments/:id/attempts',
  operation: 'payments.listAttempts',
  summary: 'List the attempts of a payment',
  description: 'Newest first unless `order` says otherwise. `after` and `before` are ids of attempts of this payment.',
  scopes: ['payments:read'],
  params: idParams,
  query: pageQuery,
  response: { 200: listObject(attemptObject) },
  errors: ['invalid_request', 'not_found'],
  async handler({ params, query }, call) {
    const { payments } = call.services.engine
    const { scope } = call.principal
    const payment = await findPayment(call, params.id)
    const isOfPayment = async (id: string) => (await payments.attempt(scope, id))?.subjectId === payment.id
    const { items, hasMore } = await payments.attempts(scope, payment.id, await filterFrom(query, isOfPayment))
    return reply(200, { object: 'list' as const, data: items.map(attemptShown), has_more: hasMore })
  },
})
