import * as z from 'zod'
import { paymentMethods } from '../../../engine/index.ts'
import { reply } from '../../../http/endpoint.ts'
import { money } from '../../../kernel/money.ts'
import { inferred } from '../inferred.ts'
import type { MonetiflowCall } from '../lookup.ts'
import { name } from '../name.ts'
import { paymentShown, paymentWithUrl } from '../objects.ts'
import { instructionFrom } from '../simulate.ts'
import { amountGiven, currencyGiven, metadataGiven, metadataText, textGiven, urlGiven } from '../wire.ts'
import { defineEndpoint, idempotencyFor, replayHeaders } from './define-endpoint.ts'

const body = z.object({
  amount: amountGiven,
  currency: currencyGiven,
  customer_id: textGiven.nullish(),
  payment_method: z.enum(paymentMethods),
  success_url: urlGiven.nullish(),
  callback_url: urlGiven.nullish(),
  metadata: metadataGiven.nullish(),
})

type Given = z.output<typeof body>

const sample = {
  amount: 25000,
  currency: 'INR',
  customer_id: 'usr_8x2k9Lm',
  payment_method: 'upi',
  success_url: 'https://example.com/success',
  callback_url: 'https://example.com/webhook',
  metadata: {
    order_ref: 'ORD-2025-4892',
    customer_email: 'user@example.com',
    customer_phone: '+91-9876543210',
  },
}

const createdStatus = inferred.createStatus.choice

function commandFrom(given: Given, call: MonetiflowCall) {
  const { scope } = call.principal
  const metadata = given.metadata ?? {}
  // Looked at before the payment is made: a scenario that does not exist would be found out only when the payer pays.
  instructionFrom(call, metadata)
  if (given.callback_url) call.services.assertCallbackUrl(scope.mode, given.callback_url, 'callback_url')
  const customer = given.customer_id && {
    reference: given.customer_id,
    email: metadataText(metadata, 'customer_email'),
    phone: metadataText(metadata, 'customer_phone'),
  }
  return {
    scope,
    dialect: name,
    amount: money(given.amount, given.currency),
    method: given.payment_method,
    reference: metadataText(metadata, 'order_ref'),
    customer: customer || undefined,
    successUrl: given.success_url ?? undefined,
    notifyUrl: given.callback_url ?? undefined,
    metadata,
    expiresAfterMs: inferred.paymentExpiresAfterMs.choice,
    attemptsMax: inferred.attemptsMax.choice,
  }
}

function createAt(operation: string, path: string, summary: string) {
  return defineEndpoint({
    method: 'POST',
    path,
    operation,
    summary,
    description: 'Makes a payment and answers with `payment_url`, where the payer goes to pay.',
    scopes: ['payments:write'],
    body,
    response: { [createdStatus]: paymentWithUrl },
    errors: ['invalid_request', 'idempotency_mismatch', 'unsupported', 'forbidden', 'overloaded'],
    idempotent: true,
    examples: [{ name: 'create_payment.py', request: { body: sample } }],
    async handler({ body: given }, call) {
      const { engine, checkoutUrl } = call.services
      const outcome = await engine.payments.create(commandFrom(given, call), idempotencyFor(call, 'create_payment'))
      const payment = outcome.result
      const shown = {
        ...paymentShown(payment),
        payment_url: checkoutUrl(call.baseUrl, call.principal.scope, payment.id),
      }
      return reply(createdStatus, shown, replayHeaders(outcome))
    },
  })
}

/** The document's path. */
export const createPayment = createAt('payments.create', '/v2/payments/create', 'Initialize payment transaction')

/** The same under the resource's own path, as the page's "predictable resource-oriented URLs" would have it. */
export const createPaymentAlias = createAt(
  'payments.createByResource',
  '/v2/payments',
  'Initialize payment transaction (alias)',
)
