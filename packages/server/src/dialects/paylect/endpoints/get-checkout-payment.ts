import * as z from 'zod'
import { paymentMethods, paymentTransitions } from '../../../engine/index.ts'
import { reply } from '../../../http/endpoint.ts'
import { EngineError } from '../../../kernel/engine-error.ts'
import { isId } from '../../../kernel/ids.ts'
import { statesOf } from '../../../kernel/transitions.ts'
import { amountShown, instantShown } from '../wire.ts'
import { defineEndpoint, idParams, noQuery } from './define-endpoint.ts'

/** What the payer of a payment may see of it. */
const checkoutPaymentObject = z.object({
  id: z.string(),
  object: z.literal('checkout_payment'),
  status: z.enum(statesOf(paymentTransitions)),
  amount: amountShown,
  currency: z.string(),
  method: z.enum(paymentMethods),
  description: z.string().nullable(),
  expires_at: instantShown,
  success_url: z.string().nullable(),
  failure_url: z.string().nullable(),
})

export const getCheckoutPayment = defineEndpoint({
  method: 'GET',
  path: '/checkout/payments/:id',
  operation: 'checkout.getPayment',
  summary: 'Read what a payer may see of a payment',
  description:
    'The one call that a publishable key may make. By the house id alone, which nobody can guess; your own references may be guessed, so they name nothing here.',
  scopes: ['checkout:read'],
  params: idParams,
  query: noQuery,
  response: { 200: checkoutPaymentObject },
  errors: ['invalid_request', 'not_found'],
  async handler({ params: { id } }, { services, principal }) {
    const payment = isId('pay', id) ? await services.engine.payments.find(principal.scope, { id }) : undefined
    if (!payment) {
      throw new EngineError('not_found', 'payment_not_found', {
        field: 'id',
        message: 'There is no payment with this id.',
      })
    }
    const { status, amountMinor, currency, method, description, expiresAt, successUrl, failureUrl } = payment
    return reply(200, {
      ...{ id: payment.id, object: 'checkout_payment' as const, status, amount: amountMinor, currency, method },
      ...{ description, expires_at: expiresAt, success_url: successUrl, failure_url: failureUrl },
    })
  },
})
