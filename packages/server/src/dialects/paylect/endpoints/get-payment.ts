import * as z from 'zod'
import type { Payment } from '../../../engine/index.ts'
import { reply } from '../../../http/endpoint.ts'
import { pageItemsMax } from '../../../http/pagination.ts'
import { findPayment, type HouseCall } from '../find-object.ts'
import { attemptShown, paymentExpanded, paymentShown } from '../objects.ts'
import { expandGiven } from '../wire.ts'
import { checkoutUrlsOf, defineEndpoint, idParams } from './define-endpoint.ts'

const expansions = ['attempts', 'checkout_url'] as const

/** As many as a payment can have. */
async function attemptsOf({ services, principal }: HouseCall, payment: Payment) {
  const { items } = await services.engine.payments.attempts(principal.scope, payment.id, { limit: pageItemsMax })
  return items.map(attemptShown)
}

export const getPayment = defineEndpoint({
  method: 'GET',
  path: '/payments/:id',
  operation: 'payments.get',
  summary: 'Read a payment',
  description:
    'By its house id, by the id that any dialect shows for it, or by the merchant’s own reference. `expand=attempts,checkout_url` adds its attempts, newest first, and the page where its payer pays.',
  scopes: ['payments:read'],
  params: idParams,
  query: z.strictObject({ expand: expandGiven(expansions).optional() }),
  response: { 200: paymentExpanded },
  errors: ['invalid_request', 'not_found'],
  examples: [{ name: 'with its attempts', request: { query: { expand: 'attempts' } } }],
  async handler({ params, query }, call) {
    const payment = await findPayment(call, params.id)
    const wanted = new Set(query.expand)
    return reply(200, {
      ...paymentShown(payment),
      ...(wanted.has('attempts') ? { attempts: await attemptsOf(call, payment) } : {}),
      ...(wanted.has('checkout_url') ? { checkout_url: checkoutUrlsOf(call)(payment.id) } : {}),
    })
  },
})
