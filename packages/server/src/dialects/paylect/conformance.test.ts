import * as z from 'zod'
import { openDialectGateway } from '../../../test/support/dialect-gateway.ts'
import { type AcceptedRequest, dialectConformance } from '../conformance.ts'
import { paylect } from './index.ts'

const somePayment: AcceptedRequest = async ({ engine, scope }) => {
  const { result } = await engine.payments.create({
    scope,
    dialect: 'paylect',
    amount: { minor: 25_000n, currency: 'INR' },
    method: 'upi',
    reference: 'ORD-1',
    metadata: {},
    expiresAfterMs: 400 * 24 * 3_600_000,
    attemptsMax: 1,
  })
  return { params: { id: result.id } }
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
      'GET /payments/:id': somePayment,
      'POST /sandbox/payments/:id/outcome': async (gateway) => {
        return { ...(await somePayment(gateway)), body: { outcome: 'partial', amount: 100 } }
      },
      'GET /sandbox/clock': async () => ({}),
      'POST /sandbox/clock': async () => ({ body: { advance: 'PT1S' } }),
    },
    naming: ['GET /payments/:id', 'POST /sandbox/payments/:id/outcome'],
  },
})
