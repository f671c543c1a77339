import { idOf } from '../../src/dialects/monetiflow/ids.ts'
import { paylect } from '../../src/dialects/paylect/index.ts'
import { madeByUs } from '../../src/engine/index.ts'
import type { DialectGateway } from '../support/dialect-gateway.ts'
import { type IdPools, openIdPools } from './fuzz-pools.ts'

/** Webhook endpoints are dropped above this, so that there is room for new ones most of the time. */
const endpointsMax = 45
const endpointsKept = 20
const feedMax = 10_000
const hookUrl = 'https://shop.example/hook'
const account = { bankCode: 'HDFC0000001', accountNumber: '000123456789', name: 'A Supplier' }

/** Opens the pools of a gateway and puts into it what no request can make: a known bank account. */
export async function openWorld(gateway: DialectGateway): Promise<IdPools> {
  const { rows } = await gateway.testEngine.database.pool.query<{ id: string }>('select id from api_keys')
  const known = await gateway.engine.sandbox.resolveBankAccount(gateway.scope, account)
  if (!known) await gateway.engine.sandbox.addBankAccount(gateway.scope, account)
  return openIdPools(new Set(rows.map(({ id }) => id)))
}

/**
 * Makes one of everything that requests alone would rarely leave in the right state: a paid payment with a refund and a
 * payout, an open payment, and a delivery that has ended. Their ids go into the pools.
 */
export async function stock(gateway: DialectGateway, pools: IdPools): Promise<void> {
  const { engine, scope } = gateway
  const paid = await newPayment(gateway)
  await engine.payments.pay(scope, paid.id, {})
  const given = { scope, dialect: 'paylect', metadata: {}, instruction: {} }
  const refundAmount = { minor: 100n, currency: 'INR' }
  const refund = (await engine.refunds.create({ ...given, paymentId: paid.id, amount: refundAmount })).result
  const beneficiary = { name: 'A Supplier', accountNumber: null, bankCode: null, upiId: 'supplier@bank' }
  const amount = { minor: 100n, currency: 'INR' }
  const payout = (await engine.payouts.create({ ...given, amount, method: 'upi', beneficiary })).result
  const open = await newPayment(gateway)
  for (const { id, number } of [paid, open]) {
    pools.add('paylect', 'payments', id)
    pools.add('monetiflow', 'payments', idOf('payment', scope, number))
  }
  pools.add('monetiflow', 'refunds', idOf('refund', scope, refund.number))
  pools.add('monetiflow', 'payouts', idOf('payout', scope, payout.number))
  pools.add('paylect', 'refunds', refund.id)
  pools.add('paylect', 'payouts', payout.id)
  await endDelivery(gateway, pools, open.id)
}

async function newPayment({ engine, scope }: DialectGateway) {
  const { result } = await engine.payments.create({
    scope,
    dialect: 'paylect',
    amount: { minor: 25_000n, currency: 'INR' },
    method: 'upi',
    metadata: {},
    expiresAfterMs: 24 * 3_600_000,
    attemptsMax: 1,
  })
  return result
}

async function endDelivery({ engine, scope, services }: DialectGateway, pools: IdPools, objectId: string) {
  const { items } = await engine.webhooks.listEndpoints(scope, { limit: 100 })
  if (items.length > endpointsMax) {
    await Promise.all(items.slice(endpointsKept).map(({ id }) => engine.webhooks.deleteEndpoint(scope, id)))
  }
  const secret = paylect.newCredentials('sandbox').webhookSecret ?? ''
  const sealedSecret = services.sealWebhookSecret(scope, 'paylect', secret)
  const { result: endpoint } = await engine.webhooks.createEndpoint({
    ...{ scope, dialect: 'paylect', url: hookUrl, description: null, payload: 'full' },
    ...{ eventTypes: null, [madeByUs]: { sealedSecret } },
  })
  const event = await newestEventAbout({ engine, scope }, objectId)
  const delivery = await engine.webhooks.deliver({
    ...{ scope, event, endpointId: endpoint.id, target: `endpoint:${endpoint.id}`, url: hookUrl },
    ...{ lane: endpoint.id, dialect: 'paylect', body: '{}', headers: { 'content-type': 'application/json' } },
  })
  const deliveryId = delivery?.id ?? ''
  await engine.webhooks.recordAttempt({
    ...{ scope, deliveryId, startedAt: 1_000, durationMs: 12, endpoint: null, random: 0.5, retryDelaysMs: [] },
    ...{ requestHeaders: { 'webhook-id': 'del_1' }, responseHeaders: { server: 'shop' } },
    outcome: { is: 'rejected', status: 500, excerpt: 'no', retryAfterMs: null },
  })
  pools.add('paylect', 'webhook_endpoints', endpoint.id)
  pools.add('paylect', 'deliveries', deliveryId)
}

async function newestEventAbout({ engine, scope }: Pick<DialectGateway, 'engine' | 'scope'>, objectId: string) {
  let after = 0n
  for (;;) {
    const { items } = await engine.events.feed(scope, { after, limit: feedMax, waitMs: 0 })
    const found = items.findLast((item) => item.objectId === objectId)
    if (found) return found
    const last = items.at(-1)
    if (!last) throw new Error('a payment was made without an event')
    after = last.number
  }
}
