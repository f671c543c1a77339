import * as z from 'zod'
import { reply } from '../../../http/endpoint.ts'
import { money } from '../../../kernel/money.ts'
import { findPayment } from '../find-object.ts'
import { name } from '../name.ts'
import { refundObject, refundShown } from '../objects.ts'
import { instructionFrom } from '../simulate.ts'
import { amountGiven, currencyGiven, metadataGiven, textGiven, urlGiven } from '../wire.ts'
import { defineEndpoint, idempotencyFor, noQuery, replayHeaders } from './define-endpoint.ts'

const reasonCharactersMax = 500

const body = z
  .strictObject({
    payment_id: textGiven(),
    amount: amountGiven.nullish(),
    currency: currencyGiven.nullish(),
    reason: textGiven(reasonCharactersMax).nullish(),
    reference: textGiven().nullish(),
    notify_url: urlGiven.nullish(),
    metadata: metadataGiven.nullish(),
  })
  .refine(({ amount, currency }) => !currency || amount, { path: ['amount'], error: 'is required with currency' })

export const createRefund = defineEndpoint({
  method: 'POST',
  path: '/refunds',
  operation: 'refunds.create',
  summary: 'Create a refund',
  description:
    'Gives back `amount` of a paid payment, or all that is left of it. `payment_id` is any name that `GET /v1/payments/:id` takes; `currency`, where given, must be the payment’s; `reference` is yours and is used once.',
  scopes: ['refunds:write'],
  query: noQuery,
  body,
  response: { 201: refundObject },
  errors: [
    'invalid_request',
    'not_found',
    'conflict',
    'invalid_state',
    'limit_exceeded',
    'insufficient_funds',
    'idempotency_mismatch',
  ],
  idempotent: true,
  examples: [
    { name: 'all that is left', request: { body: { payment_id: 'ORD-2026-4892' } } },
    { name: 'a part', request: { body: { payment_id: 'ORD-2026-4892', amount: 500, reason: 'One item returned.' } } },
  ],
  async handler({ body: given }, call) {
    const { scope } = call.principal
    const metadata = given.metadata ?? {}
    const instruction = instructionFrom(call, metadata)
    if (given.notify_url) call.services.assertCallbackUrl(scope.mode, given.notify_url, 'notify_url')
    const payment = await findPayment(call, given.payment_id, 'payment_id')
    const outcome = await call.services.engine.refunds.create(
      {
        scope,
        dialect: name,
        paymentId: payment.id,
        amount: given.amount ? money(given.amount, given.currency ?? payment.currency) : undefined,
        reason: given.reason ?? undefined,
        reference: given.reference ?? undefined,
        notifyUrl: given.notify_url ?? undefined,
        metadata,
        instruction,
      },
      idempotencyFor(call, 'create_refund'),
    )
    return reply(201, refundShown(outcome.result), replayHeaders(outcome))
  },
})
