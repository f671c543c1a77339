import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { createTestEngine, provisionTestMerchant, type TestEngine } from '../../test/support/engine.ts'
import { endpointFor, madeUpDialect } from '../../test/support/webhooks.ts'
import type { Delivery, Engine, NewWebhookEndpoint, Payment } from '../engine/index.ts'
import { money } from '../kernel/money.ts'
import type { Scope } from '../kernel/scope.ts'
import { silentLog } from '../platform/log.ts'
import { createFanOut } from './fan-out-events.ts'

let database: TestDatabase
let built: TestEngine
let merchants = 0

beforeAll(async () => {
  database = await createTestDatabase()
  built = await createTestEngine(database)
})

afterAll(async () => {
  expect(built.defects).toEqual([])
  await built.close()
  await database.drop()
})

const madeUp = madeUpDialect()
const other = madeUpDialect({
  name: 'other',
  renderEvent: (event) =>
    event.type === 'payment.created' ? undefined : { type: event.type, body: `other ${event.type}`, headers: {} },
})

function task(webhooks: Partial<Engine['webhooks']> = {}, dialects = [madeUp, other]): ReturnType<typeof createFanOut> {
  return createFanOut({
    engine: { webhooks: { ...built.engine.webhooks, ...webhooks }, events: built.engine.events },
    store: built.store,
    dialects: new Map(dialects.map((dialect) => [dialect.name, dialect])),
    log: silentLog,
  })
}

async function merchantWith(endpoints: (scope: Scope) => NewWebhookEndpoint[]): Promise<Scope> {
  merchants += 1
  const scope: Scope = { merchantId: `mer_${merchants}`, mode: 'sandbox' }
  return provisionTestMerchant(built, scope, { webhookEndpoints: endpoints(scope) })
}

/** A paid payment: events 1 (created) and 2 (succeeded) of its merchant. */
async function paidPayment(scope: Scope, notifyUrl?: string, dialect = 'made-up'): Promise<Payment> {
  const { result } = await built.engine.payments.create({
    scope,
    dialect,
    amount: money(25_000n, 'INR'),
    method: 'upi',
    metadata: {},
    notifyUrl,
    expiresAfterMs: 900_000,
    attemptsMax: 3,
  })
  return built.engine.payments.pay(scope, result.id, {})
}

function bothEvents({ merchantId, mode }: Scope) {
  return ['1', '2'].map((number) => [merchantId, mode, number])
}

async function summaryOf(scope: Scope, payment: Payment) {
  const deliveries = await built.engine.webhooks.deliveriesOfObject(scope, payment.id, 100)
  return deliveries
    .map(({ eventType, target, url, dialect, lane }) => ({
      eventType,
      target: target.replace(/:we_.*/, ''),
      url,
      dialect,
      lane: lane.replace(/^we_.*/, 'we'),
    }))
    .toSorted((a, b) => `${a.eventType} ${a.url}`.localeCompare(`${b.eventType} ${b.url}`))
}

describe('where an event goes', () => {
  test('to every endpoint with an address, in the words of its own dialect', async () => {
    const scope = await merchantWith((own) => [
      endpointFor(own, 'https://a.example/hook'),
      endpointFor(own, 'https://b.example/hook', 'other'),
      endpointFor(own, null),
    ])
    const payment = await paidPayment(scope)
    await task()(bothEvents(scope))
    const standing = { target: 'endpoint', lane: 'we' }
    expect(await summaryOf(scope, payment)).toEqual([
      { ...standing, eventType: 'payment.created', url: 'https://a.example/hook', dialect: 'made-up' },
      { ...standing, eventType: 'payment.succeeded', url: 'https://a.example/hook', dialect: 'made-up' },
      { ...standing, eventType: 'payment.succeeded', url: 'https://b.example/hook', dialect: 'other' },
    ])
  })

  test('to the address that the object brought, in place of the standing address of its dialect', async () => {
    const scope = await merchantWith((own) => [
      endpointFor(own, 'https://a.example/hook'),
      endpointFor(own, 'https://b.example/hook', 'other'),
    ])
    const payment = await paidPayment(scope, 'https://shop.example:8443/order/7')
    await task()(bothEvents(scope))
    const brought = { target: 'object', url: 'https://shop.example:8443/order/7', lane: 'https://shop.example:8443' }
    expect(await summaryOf(scope, payment)).toEqual([
      { ...brought, eventType: 'payment.created', dialect: 'made-up' },
      {
        target: 'endpoint',
        lane: 'we',
        eventType: 'payment.succeeded',
        url: 'https://b.example/hook',
        dialect: 'other',
      },
      { ...brought, eventType: 'payment.succeeded', dialect: 'made-up' },
    ])
  })

  test('to the brought address with the secret of an endpoint that has no address', async () => {
    const scope = await merchantWith((own) => [endpointFor(own, null)])
    const payment = await paidPayment(scope, 'https://shop.example/order/7')
    await task()(bothEvents(scope))
    expect((await summaryOf(scope, payment)).map(({ target }) => target)).toEqual(['object', 'object'])
  })

  test('nowhere without an endpoint of the dialect to sign, and without failing', async () => {
    const scope = await merchantWith(() => [])
    const payment = await paidPayment(scope, 'https://shop.example/order/7')
    await task()(bothEvents(scope))
    expect(await summaryOf(scope, payment)).toEqual([])
  })

  test('only to those who want its type, and never to a disabled endpoint', async () => {
    const scope = await merchantWith((own) => [
      endpointFor(own, 'https://some.example/hook'),
      endpointFor(own, 'https://off.example/hook'),
    ])
    await built.database.pool.query(
      `update webhook_endpoints set event_types = '["payment.succeeded"]' where merchant_id = $1 and url like '%some%'`,
      [scope.merchantId],
    )
    await built.database.pool.query(
      `update webhook_endpoints set status = 'disabled' where merchant_id = $1 and url like '%off%'`,
      [scope.merchantId],
    )
    const payment = await paidPayment(scope)
    await task()(bothEvents(scope))
    expect((await summaryOf(scope, payment)).map(({ eventType, url }) => [eventType, url])).toEqual([
      ['payment.succeeded', 'https://some.example/hook'],
    ])
  })

  test('never to another merchant, nor to the same merchant in the other mode', async () => {
    const scope = await merchantWith((own) => [endpointFor(own, 'https://a.example/hook')])
    const live: Scope = { merchantId: scope.merchantId, mode: 'live' }
    await provisionTestMerchant(built, live, { webhookEndpoints: [endpointFor(live, 'https://live.example/hook')] })
    const stranger = await merchantWith((own) => [endpointFor(own, 'https://stranger.example/hook')])
    const payments = [await paidPayment(scope), await paidPayment(stranger)] as const
    await task()([...bothEvents(scope), ...bothEvents(stranger)])
    expect((await summaryOf(scope, payments[0])).map(({ url }) => url)).toEqual(Array(2).fill('https://a.example/hook'))
    expect((await summaryOf(stranger, payments[1])).map(({ url }) => url)).toEqual(
      Array(2).fill('https://stranger.example/hook'),
    )
    expect(await built.engine.webhooks.deliveriesOfObject(live, payments[0].id, 10)).toEqual([])
  })
})

describe('a fan-out', () => {
  test('that runs twice, also at the same time, makes each delivery once', async () => {
    const scope = await merchantWith((own) => [endpointFor(own, 'https://a.example/hook')])
    const payment = await paidPayment(scope)
    await Promise.all([1, 2, 3, 4].map(() => task()(bothEvents(scope))))
    await task()(bothEvents(scope))
    expect((await summaryOf(scope, payment)).length).toBe(2)
  })

  test('keeps the bytes and headers as they were rendered the first time', async () => {
    const scope = await merchantWith((own) => [endpointFor(own, 'https://a.example/hook')])
    await paidPayment(scope)
    await task()(bothEvents(scope))
    const changed = madeUpDialect({ renderEvent: () => ({ type: 'x', body: 'changed', headers: {} }) })
    await task({}, [changed])(bothEvents(scope))
    const [delivery] = (await built.engine.webhooks.deliveriesOfEvent(scope, 1n, 10)) as [Delivery]
    expect(JSON.parse(delivery.body)).toMatchObject({ type: 'payment.created' })
    expect(delivery.headers).toEqual({ 'content-type': 'application/json' })
  })

  test('in which one event cannot be rendered delivers the others, fails, and is whole when it runs again', async () => {
    const scope = await merchantWith((own) => [endpointFor(own, 'https://a.example/hook')])
    const payment = await paidPayment(scope)
    const broken = madeUpDialect({
      renderEvent: (event) => {
        if (event.type === 'payment.created') throw new Error('no word for it')
        return { type: event.type, body: '{}', headers: {} }
      },
    })
    await expect(task({}, [broken])(bothEvents(scope))).rejects.toThrow('1 of the deliveries of 2 events')
    expect((await summaryOf(scope, payment)).map(({ eventType }) => eventType)).toEqual(['payment.succeeded'])
    await task()(bothEvents(scope))
    expect((await summaryOf(scope, payment)).length).toBe(2)
  })

  test('in which one delivery cannot be stored stores the others and fails', async () => {
    const scope = await merchantWith((own) => [endpointFor(own, 'https://a.example/hook')])
    const payment = await paidPayment(scope)
    const { deliver } = built.engine.webhooks
    const failing = task({
      deliver: async (input) => {
        if (input.event.type === 'payment.created') throw new Error('the database is away')
        return deliver(input)
      },
    })
    await expect(failing(bothEvents(scope))).rejects.toThrow()
    expect((await summaryOf(scope, payment)).length).toBe(1)
  })

  test('reads events and endpoints in one statement each, however many there are', async () => {
    const scope = await merchantWith((own) => [endpointFor(own, 'https://a.example/hook')])
    await Promise.all(Array.from({ length: 20 }, () => paidPayment(scope)))
    let reads = 0
    const counting = createFanOut({
      engine: {
        events: built.engine.events,
        webhooks: {
          ...built.engine.webhooks,
          listeningEndpoints: (scopes) => {
            reads += 1
            return built.engine.webhooks.listeningEndpoints(scopes)
          },
        },
      },
      store: {
        read: (refs) => {
          reads += 1
          return built.store.read(refs)
        },
      },
      dialects: new Map([['made-up', madeUp]]),
      log: silentLog,
    })
    await counting(Array.from({ length: 40 }, (_, index) => [scope.merchantId, scope.mode, `${index + 1}`]))
    expect(reads).toBe(2)
    const { rows } = await built.database.pool.query(
      'select count(*)::integer as n from deliveries where merchant_id = $1',
      [scope.merchantId],
    )
    expect(rows).toEqual([{ n: 40 }])
  })

  test('refuses a payload that is not its own', async () => {
    await expect(task()([['mer_1', 'elsewhere', '1']])).rejects.toThrow()
  })
})
