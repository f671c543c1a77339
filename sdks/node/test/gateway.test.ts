import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type GatewayProcess,
  makeDataDirectory,
  startGatewayProcess,
} from '../../../packages/server/test/support/gateway-process.ts'
import {
  AuthenticationError,
  ConflictError,
  IdempotencyError,
  InsufficientFundsError,
  InvalidRequestError,
  InvalidStateError,
  LimitExceededError,
  NotFoundError,
  OutcomeUnknownError,
  Paylect,
  type PaylectEvent,
  responseOf,
  verifyWebhook,
} from '../src/index.ts'
import { type LosingProxy, startLosingProxy } from './losing-proxy.ts'

let directory: Awaited<ReturnType<typeof makeDataDirectory>>
let gateway: GatewayProcess
let proxy: LosingProxy
let paylect: Paylect
let throughProxy: Paylect
const order = { amount: 25_000, currency: 'INR', method: 'upi' } as const
const beneficiary = { name: 'Asha Rao', account_number: '12345678901', bank_code: 'HDFC0001234' }

beforeAll(async () => {
  directory = await makeDataDirectory()
  gateway = await startGatewayProcess({ dataDirectory: directory.path })
  const { baseUrl } = gateway.sandbox
  proxy = await startLosingProxy(baseUrl)
  paylect = new Paylect({ apiKey: houseKey(), baseUrl })
  throughProxy = new Paylect({ apiKey: houseKey(), baseUrl: proxy.url })
})

afterAll(async () => {
  await proxy?.close()
  await gateway?.stop()
  await directory?.remove()
})

function houseKey(): string {
  return gateway.sandbox.dialects['paylect']?.apiKey ?? ''
}

async function paidPayment(reference: string) {
  const payment = await paylect.payments.create({ ...order, reference })
  return paylect.sandbox.applyOutcome(payment.id, { outcome: 'succeeded' })
}

async function refusalOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => expect.fail('the call was not refused'),
    (error: unknown) => error,
  )
}

/** Reads the object until it has left the state, at most five seconds. */
async function settled<Shown extends { readonly status: string }>(read: () => Promise<Shown>, from: string) {
  const deadline = performance.now() + 5_000
  for (;;) {
    const shown = await read()
    if (shown.status !== from || performance.now() > deadline) return shown
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe('a merchant’s day', () => {
  test('a payment is created, paid, refunded in part, and paid out', async () => {
    const payment = await paylect.payments.create({ ...order, reference: 'DAY-1', metadata: { basket: 7 } })
    expect(payment).toMatchObject({ object: 'payment', status: 'awaiting_payer', metadata: { basket: 7 } })
    expect(new URL(payment.checkout_url).origin).toBe(gateway.sandbox.baseUrl)
    const paid = await paylect.sandbox.applyOutcome(payment.id, { outcome: 'succeeded' })
    expect(paid).toMatchObject({ status: 'succeeded', amount_captured: 25_000, fee: 500 })

    const refund = await paylect.refunds.create({ payment_id: payment.id, amount: 5_000 })
    expect(await settled(() => paylect.refunds.get(refund.id), 'pending')).toMatchObject({ status: 'succeeded' })
    const payout = await paylect.payouts.create({ amount: 10_000, currency: 'INR', beneficiary })
    expect(await settled(() => paylect.payouts.get(payout.id), 'processing')).toMatchObject({ status: 'succeeded' })

    const expanded = await paylect.payments.get('DAY-1', { expand: ['attempts', 'checkout_url'] })
    expect(expanded).toMatchObject({ amount_refunded: 5_000, checkout_url: payment.checkout_url })
    expect(expanded.attempts).toHaveLength(1)
    const { balances } = await paylect.balance.get()
    expect(balances.map(({ currency }) => currency)).toEqual(['INR'])
  })

  test('a webhook is verified from its bytes, and is refused once they are changed', async () => {
    const received: { payload: Buffer; headers: NodeJS.Dict<string | string[]> }[] = []
    const receiver = createServer(async (request, response) => {
      received.push({ payload: await buffer(request), headers: request.headers })
      response.end()
    })
    receiver.listen(0, '127.0.0.1')
    await once(receiver, 'listening')
    try {
      const { port } = receiver.address() as AddressInfo
      const payment = await paylect.payments.create({ ...order, notify_url: `http://127.0.0.1:${port}/hook` })
      await expect.poll(() => received.length, { timeout: 10_000 }).toBeGreaterThan(0)
      const [webhook] = received
      if (!webhook) throw new Error('there is no webhook')
      const secret = gateway.sandbox.dialects['paylect']?.webhookSecret ?? ''
      const event = verifyWebhook({ ...webhook, secret })
      expect(event).toMatchObject({ type: 'payment.created', object_id: payment.id })
      expect(event).toEqual(await paylect.events.get(event.id))
      const payload = Buffer.from(webhook.payload.toString('utf8').replace('25000', '95000'))
      expect(() => verifyWebhook({ headers: webhook.headers, payload, secret })).toThrow('No signature')
    } finally {
      receiver.closeAllConnections()
      receiver.close()
    }
  })
})

describe('lists', () => {
  test('a loop over a list sees every object once, whatever the size of its pages', async () => {
    const ids: string[] = []
    for (let made = 0; made < 7; made++) ids.push((await paylect.payments.create({ ...order, currency: 'EUR' })).id)
    const seen: string[] = []
    for await (const payment of paylect.payments.list({ currency: 'EUR', limit: 3 })) seen.push(payment.id)
    expect(seen).toEqual(ids.toReversed())

    const before: string[] = []
    const oldest = ids[0] ?? ''
    for await (const payment of paylect.payments.list({ currency: 'EUR', limit: 2, before: oldest })) {
      before.push(payment.id)
    }
    expect(before).toEqual(ids.slice(1))
    const first = await paylect.payments.list({ currency: 'EUR', limit: 3 }).page()
    expect([first.data.length, first.hasMore]).toEqual([3, true])
    expect((await first.nextPage())?.data.map(({ id }) => id)).toEqual(seen.slice(3, 6))
    expect(responseOf(first)?.requestId).toMatch(/^req_/)
    expect(await paylect.payments.list({ currency: 'EUR' }).toArray({ itemsMax: 2 })).toHaveLength(2)
  })

  test('the stream of events goes on where it is told to, waits for what happens next, and ends with its signal', async () => {
    const known: PaylectEvent[] = []
    for await (const event of paylect.events.list({ limit: 4 })) known.push(event)
    expect(known.map(({ number }) => number)).toEqual(known.map((_, index) => index + 1))

    const controller = new AbortController()
    const seen: string[] = []
    const after = known.at(-3)?.number
    const tail = (async () => {
      for await (const event of paylect.events.stream({ after, signal: controller.signal, waitSeconds: 10 })) {
        seen.push(event.id)
        if (seen.length >= 3) controller.abort()
      }
    })()
    await expect.poll(() => seen.length).toBe(2)
    const late = await paylect.payments.create(order)
    await tail
    expect(seen.slice(0, 2)).toEqual(known.slice(-2).map(({ id }) => id))
    const third = await paylect.events.get(seen[2] ?? '')
    expect([third.type, third.object_id]).toEqual(['payment.created', late.id])
  })
})

describe('a write that is sent again', () => {
  test('the same idempotency key gives the first answer again, marked as such', async () => {
    const key = 'order-17'
    const first = await paylect.payments.create(order, { idempotencyKey: key })
    const again = await paylect.payments.create(order, { idempotencyKey: key })
    expect(again).toEqual(first)
    expect([responseOf(first)?.replayed, responseOf(again)?.replayed]).toEqual([false, true])
    const refusal = await refusalOf(paylect.payments.create({ ...order, amount: 1 }, { idempotencyKey: key }))
    expect(refusal).toBeInstanceOf(IdempotencyError)
  })

  test.each(['request', 'reply'] as const)(
    'a connection that dies with the %s makes one payment, not two',
    async (lost) => {
      const description = `lost ${lost}`
      proxy.lose(lost)
      const payment = await throughProxy.payments.create({ ...order, currency: 'USD', description })
      expect(responseOf(payment)?.tries).toBe(2)
      expect(new Set(proxy.keys.slice(-2)).size).toBe(1)
      const all = await paylect.payments.list({ currency: 'USD' }).toArray({ itemsMax: 100 })
      expect(all.filter((one) => one.description === description).map(({ id }) => id)).toEqual([payment.id])
    },
  )

  test('when every answer is lost the outcome is unknown, and the key in the error finds it out', async () => {
    proxy.lose('reply', 'reply', 'reply')
    const sent = { ...order, currency: 'GBP' } as const
    const error = await refusalOf(throughProxy.payments.create(sent))
    if (!(error instanceof OutcomeUnknownError)) throw error
    expect([error.tries, error.isRepeatable]).toEqual([3, true])
    const payment = await throughProxy.payments.create(sent, { idempotencyKey: error.idempotencyKey })
    const all = await paylect.payments.list({ currency: 'GBP' }).toArray({ itemsMax: 100 })
    expect(all.map(({ id }) => id)).toEqual([payment.id])
  })
})

describe('refusals', () => {
  test('each is an error of its own class, with the code, the field and the id of the request', async () => {
    const paid = await paidPayment('REFUSED-1')
    const bad = new Paylect({ apiKey: 'sk_test_nobody', baseUrl: gateway.sandbox.baseUrl })
    const tries = [
      [() => paylect.payments.create({ ...order, amount: -1 }), InvalidRequestError, 400, 'field_invalid', 'amount'],
      [() => bad.balance.get(), AuthenticationError, 401, undefined, undefined],
      [() => paylect.payments.get('pay_nowhere'), NotFoundError, 404, 'payment_not_found', undefined],
      [
        () => paylect.payments.create({ ...order, reference: 'REFUSED-1' }),
        ConflictError,
        409,
        'reference_already_used',
        'reference',
      ],
      [() => paylect.payments.cancel(paid.id), InvalidStateError, 409, 'payment_not_cancellable', undefined],
      [
        () => paylect.refunds.create({ payment_id: paid.id, amount: 25_001 }),
        LimitExceededError,
        422,
        'refund_exceeds_payment',
        'amount',
      ],
      [
        () => paylect.payouts.create({ amount: 9e12, currency: 'INR', beneficiary }),
        InsufficientFundsError,
        422,
        'balance_insufficient',
        undefined,
      ],
    ] as const
    for (const [call, kind, status, code, field] of tries) {
      const error = await refusalOf(call())
      expect(error).toBeInstanceOf(kind)
      expect(error).toMatchObject({ status, requestId: expect.stringMatching(/^req_/), name: kind.name })
      if (code !== undefined) expect(error).toMatchObject({ code })
      if (field !== undefined) expect(error).toMatchObject({ field })
    }
  })
})
