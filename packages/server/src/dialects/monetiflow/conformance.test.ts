import * as z from 'zod'
import { type DialectGateway, openDialectGateway } from '../../../test/support/dialect-gateway.ts'
import { type AcceptedRequest, dialectConformance } from '../conformance.ts'
import { idOf } from './ids.ts'
import { monetiflow } from './index.ts'

const payment = {
  amount: 25000,
  currency: 'INR',
  customer_id: 'usr_8x2k9Lm',
  payment_method: 'upi',
  success_url: 'https://example.com/success',
  callback_url: 'https://example.com/webhook',
  metadata: { order_ref: 'ORD-2025-4892', customer_email: 'user@example.com', customer_phone: '+91-9876543210' },
}
const payout = {
  amount: 100,
  currency: 'INR',
  beneficiary: { name: 'A Supplier', account_number: '000123456789', ifsc: 'HDFC0000001' },
  metadata: { batch: 7 },
}

async function paidPayment({ engine, scope }: Parameters<AcceptedRequest>[0]) {
  const { result } = await engine.payments.create({
    scope,
    dialect: 'monetiflow',
    amount: { minor: 25_000n, currency: 'INR' },
    method: 'upi',
    metadata: {},
    expiresAfterMs: 60_000,
    attemptsMax: 1,
  })
  return engine.payments.pay(scope, result.id, {})
}

const someRefund: AcceptedRequest = async (gateway) => {
  const paid = await paidPayment(gateway)
  const { engine, scope } = gateway
  const { result } = await engine.refunds.create({
    scope,
    dialect: 'monetiflow',
    paymentId: paid.id,
    metadata: {},
    instruction: {},
  })
  return { params: { id: idOf('refund', scope, result.number) } }
}

const somePayout: AcceptedRequest = async (gateway) => {
  await paidPayment(gateway)
  const { engine, scope } = gateway
  const { result } = await engine.payouts.create({
    scope,
    dialect: 'monetiflow',
    amount: { minor: 100n, currency: 'INR' },
    method: 'bank_transfer',
    beneficiary: { name: 'A Supplier', accountNumber: '000123456789', bankCode: 'HDFC0000001', upiId: null },
    metadata: {},
    instruction: {},
  })
  return { params: { id: idOf('payout', scope, result.number) } }
}

const fundedPayout: AcceptedRequest = async (gateway) => {
  await paidPayment(gateway)
  return { body: payout }
}

dialectConformance({
  dialect: monetiflow,
  openGateway: (): Promise<DialectGateway> => openDialectGateway([monetiflow]),
  samples: {
    credentials: (key) => ({ authorization: `Bearer ${key}` }),
    badCredentials: [
      { authorization: 'Bearer mk_test_00000000000000000000000000000000' },
      { authorization: 'Bearer mk_live_YOUR_KEY' },
      { authorization: 'Bearer sk_test_00000000000000000000000000000000' },
      { authorization: 'Bearer' },
      { authorization: 'Bearer mk_test_a mk_test_b' },
      { authorization: `Bearer mk_test_${'a'.repeat(5_000)}` },
      { authorization: `Basic ${Buffer.from('mk_test_a:').toString('base64')}` },
      { 'x-api-key': 'mk_test_a' },
    ],
    errorBody: z.strictObject({
      error: z.strictObject({
        code: z.string().regex(/^[a-z_]+$/),
        message: z.string().min(1),
        param: z.string().optional(),
        request_id: z.string().startsWith('req_'),
      }),
    }),
    statuses: {
      invalid_request: 400,
      unauthenticated: 401,
      forbidden: 403,
      not_found: 404,
      conflict: 400,
      idempotency_mismatch: 400,
      invalid_state: 400,
      insufficient_funds: 400,
      limit_exceeded: 400,
      declined: 400,
      rate_limited: 429,
      unsupported: 400,
      rail_unavailable: 503,
      overloaded: 503,
      internal: 500,
    },
    accepted: {
      'POST /v2/payments/create': async () => ({ body: payment }),
      'POST /v2/payments': async () => ({ body: payment }),
      'GET /v2/payments': async (gateway) => {
        await paidPayment(gateway)
        return { query: { limit: '2', status: 'success' } }
      },
      'GET /v2/payments/:id': async (gateway) => {
        return { params: { id: idOf('payment', gateway.scope, (await paidPayment(gateway)).number) } }
      },
      'POST /v2/refunds/create': async (gateway) => {
        const { number } = await paidPayment(gateway)
        return {
          body: { payment_id: idOf('payment', gateway.scope, number), amount: 500, reason: 'returned', metadata: {} },
        }
      },
      'GET /v2/refunds/:id': someRefund,
      'POST /v2/payouts/send': fundedPayout,
      'GET /v2/payouts/:id': somePayout,
      'GET /v2/transactions': async (gateway) => {
        await someRefund(gateway)
        await somePayout(gateway)
        return { query: { from: '2026-11-21', to: '9999-12-31T23:59:59Z', currency: 'INR' } }
      },
      'GET /v2/balance': async (gateway) => {
        await paidPayment(gateway)
        return {}
      },
    },
    naming: ['GET /v2/payments/:id', 'POST /v2/refunds/create', 'GET /v2/refunds/:id', 'GET /v2/payouts/:id'],
    duplicate: {
      endpoint: 'POST /v2/payouts/send',
      request: async (gateway) => {
        const { body } = await fundedPayout(gateway)
        return { body: { ...body, reference: 'PO-1' } }
      },
    },
  },
})
