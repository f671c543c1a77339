import * as z from 'zod'
import type { Payment } from '../../../engine/index.ts'
import { reply } from '../../../http/endpoint.ts'
import { pageItemsMax } from '../../../http/pagination.ts'
import { customerShown } from '../customer-object.ts'
import { paymentExpanded } from '../expanded-objects.ts'
import { findPayment, type HouseCall } from '../find-object.ts'
import { attemptShown, paymentShown, refundShown } from '../objects.ts'
import { expandGiven } from '../wire.ts'
import { checkoutUrlsOf, defineEndpoint, idParams } from './define-endpoint.ts'

const expansions = ['attempts', 'checkout_url', 'refunds', 'customer'] as const

/** As many as a payment can have. */
async function attemptsOf({ services, principal }: HouseCall, payment: Payment) {
  const { items } = await services.engine.payments.attempts(principal.scope, payment.id, { limit: pageItemsMax })
  return items.map(attemptShown)
}

/** The newest refunds; the list of refunds has them all. */
async function refundsOf({ services, principal }: HouseCall, payment: Payment) {
  const { items } = await services.engine.refunds.list(principal.scope, { ownerId: payment.id, limit: pageItemsMax })
  return items.map(refundShown)
}

async function customerOf({ services, principal }: HouseCall, { customerId }: Payment) {
  if (customerId === null) return null
  const customer = await services.engine.customers.find(principal.scope, { id: customerId })
  return customer ? customerShown(customer) : null
}

export const getPayment = defineEndpoint({
  method: 'GET',
  path: '/payments/:id',
  operation: 'payments.get',
  summary: 'Read a payment',
  description:
    'By its house id, by the id that any dialect shows for it, or by the merchant’s own reference. `expand` adds, with commas between: `attempts` and `refunds` (newest first, up to 100), `customer`, and `checkout_url`, the page where its payer pays.',
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
      ...(wanted.has('refunds') ? { refunds: await refundsOf(call, payment) } : {}),
      ...(wanted.has('customer') ? { customer: await customerOf(call, payment) } : {}),
    })
  },
})
