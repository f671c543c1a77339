import { idOf } from '../../src/dialects/monetiflow/ids.ts'
import { createPayment } from '../../src/engine/payments/create-payment.ts'
import { settlePayment } from '../../src/engine/payments/settle-payment.ts'
import { startPaymentAttempt } from '../../src/engine/payments/start-payment-attempt.ts'
import { createPayout } from '../../src/engine/payouts/create-payout.ts'
import { money } from '../../src/kernel/money.ts'
import type { Scope } from '../../src/kernel/scope.ts'
import type { DialectGateway } from './dialect-gateway.ts'

/** The kinds of object that a route can name. A new resource adds its kind, its sample and its maker here. */
export type IdKind =
  | 'payment'
  | 'refund'
  | 'payout'
  | 'event'
  | 'transaction'
  | 'customer'
  | 'apiKey'
  | 'webhookEndpoint'
  | 'delivery'

/** One object of each kind: its id, or its id in each dialect. */
export type ObjectIds = Readonly<Partial<Record<IdKind, string | ((dialect: string) => string)>>>

const nobody = '00000000000000000000000001'
const nobodysScope: Scope = { merchantId: `mer_${nobody}`, mode: 'sandbox' }
const absent = (prefix: string) => () => `${prefix}_${nobody}`

/** Ids of the right form that name nothing. */
export const idSamples: Readonly<Record<IdKind, (dialect: string) => string>> = {
  payment: (dialect) => (dialect === 'monetiflow' ? idOf('payment', nobodysScope, 9_999n) : `pay_${nobody}`),
  refund: (dialect) => (dialect === 'monetiflow' ? idOf('refund', nobodysScope, 9_999n) : `re_${nobody}`),
  payout: (dialect) => (dialect === 'monetiflow' ? idOf('payout', nobodysScope, 9_999n) : `po_${nobody}`),
  event: absent('evt'),
  transaction: () => '999999',
  customer: absent('cus'),
  apiKey: absent('key'),
  webhookEndpoint: absent('we'),
  delivery: absent('del'),
}

/** Makes one object of each kind in a scope, live ones too: through the commands, which ask for no rail. */
export async function madeObjects(gateway: DialectGateway, scope: Scope, payments: number): Promise<ObjectIds> {
  const { engine, testEngine } = gateway
  const { committer } = testEngine
  const common = { scope, dialect: 'paylect', metadata: {}, rail: 'simulator', method: 'upi' } as const
  const paid = []
  for (let made = 0; made < payments; made += 1) {
    const wanted = { ...common, amount: money(1_000, 'INR'), expiresAfterMs: 60_000, attemptsMax: 1 }
    const { result: payment } = await committer.submit(createPayment, wanted)
    const named = { scope, paymentId: payment.id }
    const { result } = await committer.submit(startPaymentAttempt, { ...named, instruction: {} })
    const outcome = { outcome: 'succeeded', railReference: payment.id, received: money(1_000, 'INR') } as const
    await committer.submit(settlePayment, { ...named, attemptId: result.attempt.id, outcome })
    paid.push(payment)
  }
  const payment = paid.at(-1)
  if (!payment) throw new Error('no payment was made')
  const part = { scope, dialect: 'paylect', metadata: {}, instruction: {}, amount: money(100, 'INR') }
  const { result: refund } = await engine.refunds.create({ ...part, paymentId: payment.id })
  const beneficiary = { name: 'A', accountNumber: null, bankCode: null, upiId: 'a@bank' }
  const { result: payout } = await committer.submit(createPayout, { ...common, ...part, beneficiary })
  const { result: customer } = await engine.customers.create({ scope, name: 'A Customer' })
  const key = {
    dialect: 'paylect',
    name: 'a key',
    keyHash: `hash of ${scope.merchantId} ${scope.mode}`,
    hint: 'abcd',
    scopes: [],
  }
  const [apiKey] = await engine.access.issueCredentials({
    scope,
    apiKeys: [key],
    webhookEndpoints: [{ dialect: 'paylect', url: 'https://example.com/hook', sealedSecret: 'sealed' }],
  })
  const { items: events } = await engine.events.feed(scope, { after: 0n, limit: 1, waitMs: 0 })
  const endpoint = await newestEndpoint(gateway, scope)
  const delivery = endpoint && events[0] && (await aDelivery(gateway, scope, events[0], endpoint.id))
  const perDialect =
    (kind: 'payment' | 'refund' | 'payout', object: { id: string; number: bigint }) => (dialect: string) =>
      dialect === 'monetiflow' ? idOf(kind, scope, object.number) : object.id
  return {
    payment: perDialect('payment', payment),
    refund: perDialect('refund', refund),
    payout: perDialect('payout', payout),
    customer: customer.id,
    transaction: String(await engine.statement.lastNumber(scope)),
    ...(events[0] ? { event: events[0].id } : {}),
    ...(apiKey ? { apiKey: apiKey.id } : {}),
    ...(endpoint ? { webhookEndpoint: endpoint.id } : {}),
    ...(delivery ? { delivery: delivery.id } : {}),
  }
}

async function newestEndpoint({ testEngine }: DialectGateway, scope: Scope): Promise<{ id: string } | undefined> {
  const { rows } = await testEngine.database.pool.query<{ id: string }>(
    `select id from webhook_endpoints where merchant_id = $1 and mode = $2 order by id desc limit 1`,
    [scope.merchantId, scope.mode],
  )
  return rows[0]
}

async function aDelivery(
  { engine }: DialectGateway,
  scope: Scope,
  event: { readonly number: bigint; readonly id: string; readonly type: string; readonly objectId: string },
  endpointId: string,
) {
  return engine.webhooks.deliver({
    ...{ scope, endpointId, target: `endpoint:${endpointId}`, url: 'https://example.com/hook', lane: 'example.com' },
    event,
    ...{ dialect: 'paylect', body: '{}', headers: {} },
  })
}
