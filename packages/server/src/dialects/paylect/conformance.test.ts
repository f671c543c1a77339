import * as z from 'zod'
import { openDialectGateway } from '../../../test/support/dialect-gateway.ts'
import { madeByUs } from '../../engine/index.ts'
import { type AcceptedRequest, dialectConformance } from '../conformance.ts'
import { makeKey } from './api-key-object.ts'
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

async function issuedKey({ engine, scope }: Gateway) {
  const { keyHash, hint } = makeKey([paylect], { dialect: 'paylect', kind: 'secret', mode: scope.mode })
  const fields = {
    dialect: 'paylect',
    kind: 'secret',
    name: 'A key',
    scopes: ['payments:read'],
    keyHash,
    hint,
  } as const
  return (await engine.access.createApiKey(scope, { ...fields, expiresAt: null, ipAllow: null })).result
}

const someKey: AcceptedRequest = async (gateway) => ({ params: { id: (await issuedKey(gateway)).id } })

async function openEndpoint({ engine, scope, services }: Gateway) {
  // The suite makes more than a merchant may have, by this way and by strange requests that are accepted.
  if ((await engine.webhooks.listEndpoints(scope, { limit: 100 })).items.length > 40) await dropEndpoints(engine, scope)
  const sealedSecret = services.sealWebhookSecret(
    scope,
    'paylect',
    paylect.newCredentials('sandbox').webhookSecret ?? '',
  )
  const { result } = await engine.webhooks.createEndpoint({
    ...{ scope, dialect: 'paylect', url: 'https://shop.example/hook', description: 'The shop', payload: 'full' },
    ...{ eventTypes: null, [madeByUs]: { sealedSecret } },
  })
  return result
}

async function dropEndpoints(engine: Gateway['engine'], scope: Gateway['scope']) {
  const { items } = await engine.webhooks.listEndpoints(scope, { limit: 100 })
  await Promise.all(items.slice(5).map(({ id }) => engine.webhooks.deleteEndpoint(scope, id)))
}

async function endedDelivery(gateway: Gateway) {
  const { engine, scope } = gateway
  const { id: endpointId } = await openEndpoint(gateway)
  const { id: objectId } = await openPayment(gateway)
  const { items } = await engine.events.feed(scope, { after: 0n, limit: 10_000, waitMs: 0 })
  const event = items.findLast((item) => item.objectId === objectId)
  if (!event) throw new Error('a payment was made without an event')
  const delivery = await engine.webhooks.deliver({
    ...{
      scope,
      event,
      endpointId,
      target: `endpoint:${endpointId}`,
      url: 'https://shop.example/hook',
      lane: endpointId,
    },
    ...{ dialect: 'paylect', body: '{}', headers: { 'content-type': 'application/json' } },
  })
  return engine.webhooks.recordAttempt({
    ...{ scope, deliveryId: delivery?.id ?? '', startedAt: 1_000, durationMs: 12, endpoint: null, random: 0.5 },
    ...{ requestHeaders: { 'webhook-id': 'del_1' }, responseHeaders: { server: 'shop' }, retryDelaysMs: [] },
    outcome: { is: 'rejected', status: 500, excerpt: 'no', retryAfterMs: null },
  })
}

const someEndpoint: AcceptedRequest = async (gateway) => ({ params: { id: (await openEndpoint(gateway)).id } })
const someDelivery: AcceptedRequest = async (gateway) => ({ params: { id: (await endedDelivery(gateway)).id } })

const webhookEndpoint = {
  url: 'https://shop.example/webhooks',
  description: 'The shop',
  event_types: ['payment.succeeded', 'refund.succeeded'],
  payload: 'thin',
  dialect: 'paylect',
}

const apiKey = {
  name: 'Reports',
  scopes: ['payments:read', 'balance:read'],
  kind: 'secret',
  dialect: 'paylect',
  expires_at: '2030-01-01T00:00:00Z',
  ip_allow: ['192.0.2.0/24', '2001:db8::1'],
}

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

const customer = {
  reference: 'C-18',
  name: 'A Customer',
  email: 'user@example.com',
  phone: null,
  metadata: { tier: 'gold' },
}

async function aCustomer({ engine, scope }: Gateway) {
  return (await engine.customers.create({ scope, name: 'A Customer' })).result
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
      'GET /bank_accounts/resolve': async ({ engine: { sandbox }, scope }) => {
        const account = { bankCode: 'HDFC0000001', accountNumber: '000123456789', name: 'A Supplier' }
        if (!(await sandbox.resolveBankAccount(scope, account))) await sandbox.addBankAccount(scope, account)
        return { query: { bank_code: account.bankCode, account_number: account.accountNumber } }
      },
      'GET /balance': async (gateway) => {
        await paidPayment(gateway)
        return {}
      },
      'GET /payments/:id/explain': async (gateway) => {
        const { paymentId } = await openRefund(gateway)
        return { params: { id: paymentId } }
      },
      'GET /transactions': async (gateway) => {
        const { paymentId } = await openRefund(gateway)
        return { query: { ...times, object_id: paymentId, type: 'payment', currency: 'INR', order: 'created_at.asc' } }
      },
      'GET /transactions/:number': async (gateway) => {
        const { id: subjectId } = await paidPayment(gateway)
        const { items } = await gateway.engine.statement.list(gateway.scope, { subjectId, limit: 1 })
        return { params: { number: String(items[0]?.number) } }
      },
      'POST /customers': async () => ({ body: { ...customer, reference: null } }),
      'GET /customers': async (gateway) => {
        await aCustomer(gateway)
        return { query: { ...times, order: 'created_at.asc', limit: '100' } }
      },
      'GET /customers/:id': async (gateway) => ({ params: { id: (await aCustomer(gateway)).id } }),
      'PATCH /customers/:id': async (gateway) => {
        return { params: { id: (await aCustomer(gateway)).id }, body: { ...customer, reference: null } }
      },
      'GET /fee_plans': async () => ({ query: { history: 'true', method: 'upi', after: 'card:1' } }),
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
      'POST /webhook_endpoints': async (gateway) => {
        await openEndpoint(gateway)
        return { body: webhookEndpoint }
      },
      'GET /webhook_endpoints': async (gateway) => ({
        query: { limit: '2', before: (await openEndpoint(gateway)).id },
      }),
      'GET /webhook_endpoints/:id': someEndpoint,
      'PATCH /webhook_endpoints/:id': async (gateway) => ({
        ...(await someEndpoint(gateway)),
        body: { url: 'https://shop.example/v2', description: null, event_types: null, payload: 'full' },
      }),
      'DELETE /webhook_endpoints/:id': someEndpoint,
      'POST /webhook_endpoints/:id/rotate_secret': async (gateway) => ({
        ...(await someEndpoint(gateway)),
        body: { overlap: 'P1D' },
      }),
      'POST /webhook_endpoints/:id/pause': someEndpoint,
      'POST /webhook_endpoints/:id/resume': someEndpoint,
      'POST /webhook_endpoints/:id/test': someEndpoint,
      'GET /deliveries': async (gateway) => {
        const { endpointId } = await endedDelivery(gateway)
        return { query: { ...times, endpoint_id: endpointId, status: 'exhausted', event_type: 'payment.created' } }
      },
      'GET /deliveries/:id': someDelivery,
      'POST /deliveries/:id/resend': someDelivery,
      'POST /deliveries/resend': async (gateway) => ({ body: { ids: [(await endedDelivery(gateway)).id] } }),
      'POST /api_keys': async () => ({ body: apiKey }),
      'GET /api_keys': async (gateway) => ({ query: { limit: '2', after: (await issuedKey(gateway)).id } }),
      'GET /api_keys/:id': someKey,
      'POST /api_keys/:id/rotate': async (gateway) => ({ ...(await someKey(gateway)), body: { overlap: 'PT1H' } }),
      'POST /api_keys/:id/revoke': someKey,
      'GET /checkout/payments/:id': somePayment,
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
      'GET /payments/:id/explain',
      'GET /customers/:id',
      'PATCH /customers/:id',
      'GET /webhook_endpoints/:id',
      'PATCH /webhook_endpoints/:id',
      'DELETE /webhook_endpoints/:id',
      'POST /webhook_endpoints/:id/rotate_secret',
      'POST /webhook_endpoints/:id/pause',
      'POST /webhook_endpoints/:id/resume',
      'POST /webhook_endpoints/:id/test',
      'GET /deliveries/:id',
      'POST /deliveries/:id/resend',
      'POST /deliveries/resend',
      'GET /api_keys/:id',
      'POST /api_keys/:id/rotate',
      'POST /api_keys/:id/revoke',
      'GET /checkout/payments/:id',
      'POST /sandbox/payments/:id/outcome',
    ],
    shownOnce: {
      'POST /webhook_endpoints': ['secret'],
      'POST /webhook_endpoints/:id/rotate_secret': ['secret'],
      'POST /api_keys': ['key'],
      'POST /api_keys/:id/rotate': ['key'],
    },
    prepareExample: (name, request, sample) => {
      // A reference is used once, and the example of a payment has made this customer.
      if (name === 'POST /customers') return { ...request, body: { ...request.body, reference: 'C-18' } }
      // Only the accounts that were brought are found.
      return name === 'GET /bank_accounts/resolve' ? sample : request
    },
    otherwise: {
      'POST /webhook_endpoints': { payload: 'full' },
      'PATCH /webhook_endpoints/:id': { payload: 'thin' },
      'POST /webhook_endpoints/:id/rotate_secret': { overlap: 'PT2H' },
      'POST /sandbox/clock': { advance: 'PT2S' },
      'POST /deliveries/resend': { ids: ['del_another'] },
      'POST /customers': { name: 'Another' },
      'PATCH /customers/:id': { name: 'Another' },
      'POST /api_keys': { name: 'Other' },
      'POST /api_keys/:id/rotate': { overlap: 'PT2H' },
    },
    duplicate: {
      endpoint: 'POST /payments',
      request: async () => ({ body: { ...payment, reference: 'ORD-1' } }),
    },
  },
})
