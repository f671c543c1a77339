import * as z from 'zod'
import { sandboxOutcomes } from '../../../engine/index.ts'
import { reply } from '../../../http/endpoint.ts'
import { findPayment } from '../find-object.ts'
import { paymentObject, paymentShown } from '../objects.ts'
import { amountGiven } from '../wire.ts'
import { defineEndpoint, idempotencyFor, idParams, noQuery, replayHeaders } from './define-endpoint.ts'

export const applyOutcome = defineEndpoint({
  method: 'POST',
  path: '/sandbox/payments/:id/outcome',
  operation: 'sandbox.applyOutcome',
  summary: 'Bring about the outcome of a payment',
  description:
    '`amount`, in minor units, goes with `partial` and `over`; `code` goes with `declined`. A replay under one Idempotency-Key brings about nothing more and answers with the payment as it is then.',
  scopes: ['sandbox:write'],
  sandboxOnly: true,
  params: idParams,
  query: noQuery,
  body: z.strictObject({
    outcome: z.enum(sandboxOutcomes),
    amount: amountGiven.optional(),
    code: z.string().optional(),
  }),
  response: { 200: paymentObject },
  errors: ['invalid_request', 'not_found', 'invalid_state', 'idempotency_mismatch'],
  idempotent: true,
  examples: [
    { name: 'success', request: { body: { outcome: 'succeeded' } } },
    { name: 'decline', request: { body: { outcome: 'declined', code: 'insufficient_funds' } } },
    { name: 'too little', request: { body: { outcome: 'partial', amount: 100 } } },
  ],
  async handler({ params, body }, call) {
    const { engine } = call.services
    const payment = await findPayment(call, params.id)
    const { outcome, amount: amountMinor, code } = body
    const wanted = { outcome, amountMinor, code }
    const idempotency = idempotencyFor(call, 'apply_outcome')
    const after = await engine.sandbox.applyOutcome(call.principal.scope, payment, wanted, idempotency)
    return reply(200, paymentShown(after.result), replayHeaders(after))
  },
})
