import * as z from 'zod'
import type { Beneficiary } from '../../../engine/index.ts'
import { reply } from '../../../http/endpoint.ts'
import { money } from '../../../kernel/money.ts'
import { name } from '../name.ts'
import { payoutObject, payoutShown } from '../objects.ts'
import { instructionFrom } from '../simulate.ts'
import { amountGiven, currencyGiven, metadataGiven, textGiven, urlGiven } from '../wire.ts'
import { defineEndpoint, idempotencyFor, noQuery, replayHeaders } from './define-endpoint.ts'

const descriptionCharactersMax = 500

const beneficiary = z
  .strictObject({
    name: textGiven(),
    account_number: z
      .string()
      .regex(/^[0-9A-Za-z]{4,34}$/, 'must be 4 to 34 letters and digits')
      .nullish(),
    bank_code: z
      .string()
      .regex(/^[0-9A-Za-z]{4,34}$/, 'must be the bank’s routing code, 4 to 34 letters and digits')
      .nullish(),
    upi_id: z
      .string()
      .regex(/^[\w.:-]{2,191}@[A-Za-z][\w.-]{1,63}$/, 'must be a UPI id such as name@bank')
      .nullish(),
  })
  .superRefine(({ account_number: accountNumber, bank_code: bankCode, upi_id: upiId }, ctx) => {
    const refuse = (field: string, message: string) =>
      ctx.addIssue({ code: 'custom', path: [field], message, input: undefined })
    if (upiId && (accountNumber || bankCode)) {
      refuse('upi_id', 'must not be given together with account_number or bank_code')
    }
    if (upiId) return
    if (!accountNumber) refuse('account_number', 'is required, with bank_code, where there is no upi_id')
    if (accountNumber && !bankCode) refuse('bank_code', 'is required with account_number')
  })

function beneficiaryFrom(given: z.output<typeof beneficiary>): Beneficiary {
  return {
    name: given.name,
    accountNumber: given.account_number ?? null,
    bankCode: given.bank_code ?? null,
    upiId: given.upi_id ?? null,
  }
}

export const createPayout = defineEndpoint({
  method: 'POST',
  path: '/payouts',
  operation: 'payouts.create',
  summary: 'Create a payout',
  description:
    'Sends money from the available balance to a bank account (`account_number` and `bank_code`) or a UPI id. `reference` is yours and is used once.',
  scopes: ['payouts:write'],
  query: noQuery,
  body: z.strictObject({
    amount: amountGiven,
    currency: currencyGiven,
    beneficiary,
    reference: textGiven().nullish(),
    description: textGiven(descriptionCharactersMax).nullish(),
    notify_url: urlGiven.nullish(),
    metadata: metadataGiven.nullish(),
  }),
  response: { 201: payoutObject },
  errors: ['invalid_request', 'conflict', 'insufficient_funds', 'idempotency_mismatch', 'unsupported', 'forbidden'],
  idempotent: true,
  examples: [
    {
      name: 'to a UPI id',
      request: { body: { amount: 100, currency: 'INR', beneficiary: { name: 'A Supplier', upi_id: 'supplier@bank' } } },
    },
  ],
  async handler({ body: given }, call) {
    const { scope } = call.principal
    const metadata = given.metadata ?? {}
    const instruction = instructionFrom(call, metadata)
    if (given.notify_url) call.services.assertCallbackUrl(scope.mode, given.notify_url, 'notify_url')
    const outcome = await call.services.engine.payouts.create(
      {
        scope,
        dialect: name,
        amount: money(given.amount, given.currency),
        method: given.beneficiary.upi_id ? 'upi' : 'bank_transfer',
        beneficiary: beneficiaryFrom(given.beneficiary),
        reference: given.reference ?? undefined,
        description: given.description ?? undefined,
        notifyUrl: given.notify_url ?? undefined,
        metadata,
        instruction,
      },
      idempotencyFor(call, 'create_payout'),
    )
    return reply(201, payoutShown(outcome.result), replayHeaders(outcome))
  },
})
