import * as z from 'zod'
import { paymentMethods } from '../../../engine/index.ts'
import { reply } from '../../../http/endpoint.ts'
import { money } from '../../../kernel/money.ts'
import { emailGiven } from '../customer-fields.ts'
import type { HouseCall } from '../find-object.ts'
import { name } from '../name.ts'
import { paymentShown, paymentWithUrl } from '../objects.ts'
import { instructionFrom } from '../simulate.ts'
import { amountGiven, currencyGiven, metadataGiven, spanGiven, textGiven, urlGiven } from '../wire.ts'
import { checkoutUrlsOf, defineEndpoint, idempotencyFor, noQuery, replayHeaders } from './define-endpoint.ts'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
const expiresInDefaultMs = 60 * minuteMs
const expiresInMaxMs = 90 * dayMs
const attemptsMaxDefault = 3
const attemptsMaxMax = 20
const descriptionCharactersMax = 500

const customer = z.strictObject({
  reference: textGiven(),
  name: textGiven().nullish(),
  email: emailGiven.nullish(),
  phone: textGiven().nullish(),
})

const body = z.strictObject({
  amount: amountGiven,
  currency: currencyGiven,
  method: z.enum(paymentMethods),
  reference: textGiven().nullish(),
  customer: customer.nullish(),
  description: textGiven(descriptionCharactersMax).nullish(),
  success_url: urlGiven.nullish(),
  failure_url: urlGiven.nullish(),
  notify_url: urlGiven.nullish(),
  expires_in: spanGiven(minuteMs, expiresInMaxMs).nullish(),
  attempts_max: z.int().min(1).max(attemptsMaxMax).nullish(),
  metadata: metadataGiven.nullish(),
})

type Given = z.output<typeof body>

function commandFrom(given: Given, call: HouseCall) {
  const { scope } = call.principal
  const metadata = given.metadata ?? {}
  // Looked at before the payment is made: a scenario that does not exist would be found out only when the payer pays.
  instructionFrom(call, metadata)
  if (given.notify_url) call.services.assertCallbackUrl(scope.mode, given.notify_url, 'notify_url')
  return {
    scope,
    dialect: name,
    amount: money(given.amount, given.currency),
    method: given.method,
    reference: given.reference ?? undefined,
    referenceUnique: true,
    customer: given.customer ? customerFrom(given.customer) : undefined,
    description: given.description ?? undefined,
    successUrl: given.success_url ?? undefined,
    failureUrl: given.failure_url ?? undefined,
    notifyUrl: given.notify_url ?? undefined,
    metadata,
    expiresAfterMs: given.expires_in ?? expiresInDefaultMs,
    attemptsMax: given.attempts_max ?? attemptsMaxDefault,
  }
}

function customerFrom({ reference, name: fullName, email, phone }: NonNullable<Given['customer']>) {
  return { reference, name: fullName ?? undefined, email: email ?? undefined, phone: phone ?? undefined }
}

export const createPayment = defineEndpoint({
  method: 'POST',
  path: '/payments',
  operation: 'payments.create',
  summary: 'Create a payment',
  description:
    'Opens a payment and answers with `checkout_url`, where the payer pays. `reference` is yours and is used once. It can be paid for `expires_in` (an ISO 8601 duration, one hour unless given); after `attempts_max` declined attempts (3 unless given) it has failed.',
  scopes: ['payments:write'],
  query: noQuery,
  body,
  response: { 201: paymentWithUrl },
  errors: ['invalid_request', 'conflict', 'idempotency_mismatch', 'unsupported', 'forbidden', 'overloaded'],
  idempotent: true,
  examples: [
    { name: 'the least', request: { body: { amount: 25000, currency: 'INR', method: 'upi' } } },
    {
      name: 'an order',
      request: {
        body: {
          amount: 25000,
          currency: 'INR',
          method: 'card',
          reference: 'ORD-2026-4892',
          customer: { reference: 'C-17', email: 'user@example.com' },
          success_url: 'https://example.com/thanks',
          expires_in: 'PT30M',
          metadata: { basket: 7 },
        },
      },
    },
  ],
  async handler({ body: given }, call) {
    const checkoutUrl = checkoutUrlsOf(call)
    const command = commandFrom(given, call)
    const outcome = await call.services.engine.payments.create(command, idempotencyFor(call, 'create_payment'))
    const shown = { ...paymentShown(outcome.result), checkout_url: checkoutUrl(outcome.result.id) }
    return reply(201, shown, replayHeaders(outcome))
  },
})
