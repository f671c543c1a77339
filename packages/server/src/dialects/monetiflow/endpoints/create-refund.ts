import * as z from 'zod'
import { reply } from '../../../http/endpoint.ts'
import { money } from '../../../kernel/money.ts'
import { inferred } from '../inferred.ts'
import { requirePayment } from '../lookup.ts'
import { name } from '../name.ts'
import { refundObject, refundShown } from '../objects.ts'
import { instructionFrom } from '../simulate.ts'
import { amountGiven, currencyGiven, metadataGiven, urlGiven } from '../wire.ts'
import { defineEndpoint, idempotencyFor, replayHeaders } from './define-endpoint.ts'

const reasonCharactersMax = 500
const createdStatus = inferred.createStatus.choice

export const createRefund = defineEndpoint({
  method: 'POST',
  path: '/v2/refunds/create',
  operation: 'refunds.create',
  summary: 'Issue refund',
  description: 'Gives back a part of a paid payment, or all that is left of it where no amount is given.',
  scopes: ['refunds:write'],
  body: z.object({
    payment_id: z.string(),
    amount: amountGiven.nullish(),
    currency: currencyGiven.nullish(),
    reason: z.string().min(1).max(reasonCharactersMax).nullish(),
    callback_url: urlGiven.nullish(),
    metadata: metadataGiven.nullish(),
  }),
  response: { [createdStatus]: refundObject },
  errors: [
    'invalid_request',
    'not_found',
    'invalid_state',
    'limit_exceeded',
    'insufficient_funds',
    'idempotency_mismatch',
  ],
  idempotent: true,
  examples: [
    { name: 'a part', request: { body: { payment_id: 'pay_8x2k9Lm', amount: 500, reason: 'returned' } } },
    { name: 'all that is left', request: { body: { payment_id: 'pay_8x2k9Lm' } } },
  ],
  async handler({ body: given }, call) {
    const { scope } = call.principal
    const metadata = given.metadata ?? {}
    const instruction = instructionFrom(call, metadata)
    if (given.callback_url) call.services.assertCallbackUrl(scope.mode, given.callback_url, 'callback_url')
    const payment = await requirePayment(call, given.payment_id, 'payment_id')
    const outcome = await call.services.engine.refunds.create(
      {
        scope,
        dialect: name,
        paymentId: payment.id,
        amount: given.amount ? money(given.amount, given.currency ?? payment.currency) : undefined,
        reason: given.reason ?? undefined,
        notifyUrl: given.callback_url ?? undefined,
        metadata,
        instruction,
      },
      idempotencyFor(call, 'create_refund'),
    )
    return reply(createdStatus, refundShown(outcome.result), replayHeaders(outcome))
  },
})
