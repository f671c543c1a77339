import * as z from 'zod'
import { openDialectGateway } from '../../../test/support/dialect-gateway.ts'
import { type AcceptedRequest, dialectConformance } from '../conformance.ts'
import { paylect } from './index.ts'

type Gateway = Parameters<AcceptedRequest>[0]

async function openPayment({ engine, scope }: Gateway) {
  const { result } = await engine.payments.create({
    scope,
    dialect: 'paylect',
    amount: { minor: 25_000n, currency: 'INR' },
    method: 'upi',
    metadata: {},
    expiresAfterMs: 400 * 24 * 3_600_000,
    attemptsMax: 1,
  })
  return result
}

async function paidPayment(gateway: Gateway) {
  const { id } = await openPayment(gateway)
  return gateway.engine.payments.pay(gateway.scope, id, {})
}

async function openRefund(gateway: Gateway) {
  const { engine, scope } = gateway
  const { id: paymentId } = await paidPayment(gateway)
  const command = { scope, dialect: 'paylect', paymentId, metadata: {}, instruction: {} }
  return (await engine.refunds.create(command)).result
}

async function openPayout(gateway: Gateway) {
  const { engine, scope } = gateway
  await paidPayment(gateway)
  const { result } = await engine.payouts.create({
    ...{ scope, dialect: 'paylect', amount: { minor: 100n, currency: 'INR' }, method: 'upi', metadata: {} },
    beneficiary: { name: 'A Supplier', accountNumber: null, bankCode: null, upiId: 'supplier@bank' },
    instruction: {},
  })
  return result
}

const somePayment: AcceptedRequest = async (gateway) => ({ params: { id: (await openPayment(gateway)).id } })

const times = { created_from: '2026-11-21T00:00:00Z', created_to: '9999-12-31T23:59:59Z' }

const payment = {
  amount: 25_000,
  currency: 'INR',
  method: 'upi',
  reference: null,
  customer: { reference: 'C-17', name: 'A Customer', email: 'user@example.com', phone: '+91 98765 43210' },
  description: 'Two books',
  success_url: 'https://example.com/thanks',
  failure_url: null,
  notify_url: 'https://example.com/webhook',
  expires_in: 'PT30M',
  attempts_max: 2,
  metadata: { basket: 7, simulate: 'succeeded' },
}

const payout = {
  amount: 100,
  currency: 'INR',
  beneficiary: { name: 'A Supplier', account_number: '000123456789', bank_code: 'HDFC0000001' },
  reference: null,
  description: null,
  notify_url: null,
  metadata: { batch: 7 },
}

const fundedPayout: AcceptedRequest = async (gateway) => {
  await paidPayment(gateway)
  return { body: payout }
}

dialectConformance({
  dialect: paylect,
  openGateway: () => openDialectGateway([paylect]),
  samples: {
    credentials: (key) => ({ authorization: `Bearer ${key}` }),
    badCredentials: [
      { authorization: 'Bearer sk_test_00000000000000000000000000000000' },
      { authorization: 'Bearer sk_live_' },
      { authorization: 'Bearer mk_test_00000000000000000000000000000000' },
      { authorization: 'sk_test_a' },
      { authorization: `Bearer sk_test_${'a'.repeat(5_000)}` },
      { 'x-api-key': 'sk_test_a' },
    ],
    errorBody: z.strictObject({
      type: z.string().startsWith('urn:paylect:error:'),
      title: z.string().min(1),
      status: z.int().min(400).max(599),
      detail: z.string().min(1),
      code: z.string().regex(/^[a-z_]+$/),
      field: z.string().optional(),
      request_id: z.string().startsWith('req_'),
    }),
    statuses: {
      invalid_request: 400,
      unauthenticated: 401,
      forbidden: 403,
      not_found: 404,
      conflict: 409,
      idempotency_mismatch: 422,
      invalid_state: 409,
      insufficient_funds: 422,
      limit_exceeded: 422,
      declined: 402,
      rate_limited: 429,
      unsupported: 422,
      rail_unavailable: 503,
      overloaded: 503,
      internal: 500,
    },
    accepted: {
      'POST /payments': async () => ({ body: payment }),
      'GET /payments': async (gateway) => {
        const { id: after } = await openPayment(gateway)
        return { query: { ...times, after, limit: '2', currency: 'INR' } }
      },
      'GET /payments/:id': async (gateway) => {
        return { ...(await somePayment(gateway)), query: { expand: 'checkout_url,attempts' } }
      },
      'POST /payments/:id/cancel': somePayment,
      'GET /payments/:id/attempts': async (gateway) => ({ params: { id: (await paidPayment(gateway)).id } }),
      'POST /refunds': async (gateway) => {
        const { id } = await paidPayment(gateway)
        const body = { payment_id: id, amount: 500, currency: 'INR', reason: 'returned', metadata: {} }
        return { body: { ...body, reference: null, notify_url: null } }
      },
      'GET /refunds': async (gateway) => {
        const { paymentId, id } = await openRefund(gateway)
        return { query: { ...times, payment_id: paymentId, before: id } }
      },
      'GET /refunds/:id': async (gateway) => ({ params: { id: (await openRefund(gateway)).id } }),
      'POST /payouts': fundedPayout,
      'GET /payouts': async (gateway) => {
        await openPayout(gateway)
        return { query: { ...times, status: 'processing' } }
      },
      'GET /payouts/:id': async (gateway) => ({ params: { id: (await openPayout(gateway)).id } }),
      'GET /balance': async (gateway) => {
        await paidPayment(gateway)
        return {}
      },
      'GET /events': async (gateway) => {
        await openRefund(gateway)
        await openPayout(gateway)
        return { query: { limit: '100' } }
      },
      'GET /events/:id': async ({ engine, scope, ...gateway }) => {
        const { id } = await openPayment({ engine, scope, ...gateway })
        const { items } = await engine.events.feed(scope, { after: 0n, limit: 1_000, waitMs: 0 })
        return { params: { id: items.findLast(({ objectId }) => objectId === id)?.id ?? '' } }
      },
      'POST /sandbox/payments/:id/outcome': async (gateway) => {
        return { ...(await somePayment(gateway)), body: { outcome: 'partial', amount: 100 } }
      },
      'GET /sandbox/clock': async () => ({}),
      'POST /sandbox/clock': async () => ({ body: { advance: 'PT1S' } }),
    },
    naming: [
      'GET /payments/:id',
      'POST /payments/:id/cancel',
      'GET /payments/:id/attempts',
      'POST /refunds',
      'GET /refunds/:id',
      'GET /payouts/:id',
      'GET /events/:id',
      'POST /sandbox/payments/:id/outcome',
    ],
    duplicate: {
      endpoint: 'POST /payments',
      request: async () => ({ body: { ...payment, reference: 'ORD-1' } }),
    },
  },
})
