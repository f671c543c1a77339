import * as z from 'zod'
import type { Beneficiary } from '../../../engine/index.ts'
import { reply } from '../../../http/endpoint.ts'
import { money } from '../../../kernel/money.ts'
import { inferred } from '../inferred.ts'
import { name } from '../name.ts'
import { payoutObject, payoutShown } from '../objects.ts'
import { instructionFrom } from '../simulate.ts'
import { amountGiven, currencyGiven, metadataGiven, textGiven, urlGiven } from '../wire.ts'
import { defineEndpoint, idempotencyFor, replayHeaders } from './define-endpoint.ts'

const ifscPattern = /^[A-Z]{4}0[A-Z0-9]{6}$/
const createdStatus = inferred.createStatus.choice

const beneficiary = z
  .object({
    name: textGiven,
    account_number: z
      .string()
      .regex(/^[0-9A-Za-z]{4,34}$/, 'must be 4 to 34 letters and digits')
      .nullish(),
    ifsc: z.string().regex(ifscPattern, 'must be an IFSC of 11 characters such as HDFC0000001').nullish(),
    upi_id: z
      .string()
      .regex(/^[\w.:-]{2,191}@[A-Za-z][\w.-]{1,63}$/, 'must be a UPI id such as name@bank')
      .nullish(),
  })
  .superRefine((given, ctx) => {
    const refuse = (field: string, message: string) =>
      ctx.addIssue({ code: 'custom', path: [field], message, input: given })
    if (given.upi_id && (given.account_number || given.ifsc)) {
      refuse('upi_id', 'must not be given together with account_number or ifsc')
    }
    if (given.upi_id) return
    if (!given.account_number) refuse('account_number', 'is required, with ifsc, where there is no upi_id')
    if (given.account_number && !given.ifsc) refuse('ifsc', 'is required with account_number')
  })

function beneficiaryFrom(given: z.output<typeof beneficiary>): Beneficiary {
  return {
    name: given.name,
    accountNumber: given.account_number ?? null,
    bankCode: given.ifsc ?? null,
    upiId: given.upi_id ?? null,
  }
}

export const sendPayout = defineEndpoint({
  method: 'POST',
  path: '/v2/payouts/send',
  operation: 'payouts.send',
  summary: 'Process payout request',
  description: 'Sends money from the available balance to a bank account (`account_number`, `ifsc`) or a UPI id.',
  scopes: ['payouts:write'],
  body: z.object({
    amount: amountGiven,
    currency: currencyGiven,
    beneficiary,
    reference: textGiven.nullish(),
    callback_url: urlGiven.nullish(),
    metadata: metadataGiven.nullish(),
  }),
  response: { [createdStatus]: payoutObject },
  errors: ['invalid_request', 'conflict', 'insufficient_funds', 'idempotency_mismatch', 'unsupported', 'forbidden'],
  idempotent: true,
  examples: [
    {
      name: 'to a bank account',
      request: {
        body: {
          amount: 1000,
          currency: 'INR',
          beneficiary: { name: 'A Supplier', account_number: '000123456789', ifsc: 'HDFC0000001' },
          reference: 'PO-2025-17',
        },
      },
    },
    {
      name: 'to a UPI id',
      request: {
        body: { amount: 1000, currency: 'INR', beneficiary: { name: 'A Supplier', upi_id: 'supplier@bank' } },
      },
    },
  ],
  async handler({ body: given }, call) {
    const { scope } = call.principal
    const metadata = given.metadata ?? {}
    const instruction = instructionFrom(call, metadata)
    if (given.callback_url) call.services.assertCallbackUrl(scope.mode, given.callback_url, 'callback_url')
    const outcome = await call.services.engine.payouts.create(
      {
        scope,
        dialect: name,
        amount: money(given.amount, given.currency),
        method: given.beneficiary.upi_id ? 'upi' : 'bank_transfer',
        beneficiary: beneficiaryFrom(given.beneficiary),
        reference: given.reference ?? undefined,
        notifyUrl: given.callback_url ?? undefined,
        metadata,
        instruction,
      },
      idempotencyFor(call, 'create_payout'),
    )
    return reply(createdStatus, payoutShown(outcome.result), replayHeaders(outcome))
  },
})
