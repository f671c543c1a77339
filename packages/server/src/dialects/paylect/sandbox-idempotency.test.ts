import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type DialectGateway, openDialectGateway } from '../../../test/support/dialect-gateway.ts'
import { type HouseAnswer, houseCaller } from '../../../test/support/house-caller.ts'
import { paylect } from './index.ts'

let gateway: DialectGateway
beforeAll(async () => {
  gateway = await openDialectGateway([paylect])
})
afterAll(() => gateway.close())
beforeEach(() => gateway.forgetCalls())

const call = houseCaller(() => gateway)
const dayMs = 86_400_000
const keyed = (key: string) => ({ headers: { 'idempotency-key': key } })
const replayed = ({ headers }: HouseAnswer) => headers['idempotent-replayed']

async function openPayment(attemptsMax = 3): Promise<string> {
  const wanted = { amount: 1_000, currency: 'INR', method: 'upi', expires_in: 'P90D', attempts_max: attemptsMax }
  return String((await call('POST', '/payments', wanted)).body['id'])
}

describe('the outcome of a payment under one Idempotency-Key', () => {
  const apply = (id: string, outcome: object, key: string) =>
    call('POST', `/sandbox/payments/${id}/outcome`, outcome, keyed(key))

  test('is brought about once: a replay after the state changed brings about nothing and shows the payment as it is', async () => {
    const id = await openPayment()
    const first = await apply(id, { outcome: 'declined' }, 'o-1')
    expect([first.status, first.body['status'], first.body['attempts_made']]).toEqual([200, 'awaiting_payer', 1])
    expect(replayed(first)).toBeUndefined()
    const soon = await apply(id, { outcome: 'declined' }, 'o-1')
    expect([soon.status, soon.body, replayed(soon)]).toEqual([200, first.body, 'true'])
    await apply(id, { outcome: 'succeeded' }, 'o-2')
    const before = await gateway.rowCounts()
    for (const [outcome, key] of [
      ['declined', 'o-1'],
      ['succeeded', 'o-2'],
    ] as const) {
      const again = await apply(id, { outcome }, key)
      expect([again.status, replayed(again)]).toEqual([200, 'true'])
      expect(again.body).toEqual((await call('GET', `/payments/${id}`)).body)
      expect(again.body).toMatchObject({ status: 'succeeded', attempts_made: 2, amount_received: 1_000 })
    }
    expect(await gateway.rowCounts()).toEqual(before)
  })

  test('is refused for another outcome, another amount and another payment', async () => {
    const [id, other] = [await openPayment(), await openPayment()]
    await apply(id, { outcome: 'partial', amount: 400 }, 'o-3')
    const before = await gateway.rowCounts()
    for (const [payment, wanted] of [
      [id, { outcome: 'succeeded' }],
      [id, { outcome: 'partial', amount: 300 }],
      [id, { outcome: 'partial' }],
      [other, { outcome: 'partial', amount: 400 }],
    ] as const) {
      const answer = await apply(payment, wanted, 'o-3')
      expect([answer.status, answer.body['code']], JSON.stringify(wanted)).toEqual([422, 'idempotency_key_reused'])
    }
    expect(await gateway.rowCounts()).toEqual(before)
  })

  test('that was refused leaves its key free, and ten at once make one attempt', async () => {
    const id = await openPayment()
    expect((await apply(id, { outcome: 'declined', code: 'because' }, 'o-4')).status).toBe(400)
    const answers = await Promise.all(Array.from({ length: 10 }, () => apply(id, { outcome: 'declined' }, 'o-4')))
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200))
    expect(answers.filter((answer) => replayed(answer) === 'true')).toHaveLength(9)
    expect((await call('GET', `/payments/${id}`)).body['attempts_made']).toBe(1)
  })

  test('belongs to its merchant: another one’s same key is its own', async () => {
    const id = await openPayment()
    await apply(id, { outcome: 'declined' }, 'o-5')
    const wanted = { amount: 1_000, currency: 'INR', method: 'upi' }
    const { body: theirs } = await call('POST', '/payments', wanted, { role: 'other' })
    const options = { role: 'other', ...keyed('o-5') } as const
    const answer = await call('POST', `/sandbox/payments/${theirs['id']}/outcome`, { outcome: 'succeeded' }, options)
    expect([answer.status, answer.body['status'], replayed(answer)]).toEqual([200, 'succeeded', undefined])
  })
})

describe('a move of the sandbox’s clock under one Idempotency-Key', () => {
  const move = (step: object, key: string) => call('POST', '/sandbox/clock', step, keyed(key))
  const now = () => gateway.testEngine.clocks.sandbox.now()
  const iso = (instant: number) => new Date(instant).toISOString()

  test('happens once, and a replay tells what the clock shows, not what it showed', async () => {
    const start = now()
    const first = await move({ advance: 'PT30M' }, 'c-1')
    expect([first.status, first.body, replayed(first)]).toEqual([200, { now: iso(start + 1_800_000) }, undefined])
    const again = await move({ advance: 'PT30M' }, 'c-1')
    expect([again.status, again.body, replayed(again)]).toEqual([200, { now: iso(start + 1_800_000) }, 'true'])
    await move({ advance: 'P1D' }, 'c-2')
    const later = await move({ advance: 'PT30M' }, 'c-1')
    expect([later.status, later.body, replayed(later)]).toEqual([200, { now: iso(now()) }, 'true'])
    expect(now()).toBe(start + 1_800_000 + dayMs)
  })

  test('to an instant that has passed since is answered again, though without the key it is refused', async () => {
    const target = iso(now() + dayMs)
    await move({ set: target }, 'c-3')
    await move({ advance: 'P1D' }, 'c-4')
    const before = now()
    const again = await move({ set: target }, 'c-3')
    expect([again.status, again.body, replayed(again)]).toEqual([200, { now: iso(before) }, 'true'])
    expect((await call('POST', '/sandbox/clock', { set: target })).body['code']).toBe('clock_goes_back')
    expect(now()).toBe(before)
  })

  test('is refused for another step, and a refused move leaves the key free', async () => {
    expect((await move({ advance: 'P11Y' }, 'c-5')).status).toBe(400)
    expect((await move({ advance: 'PT1S' }, 'c-5')).status).toBe(200)
    const before = now()
    for (const step of [{ advance: 'PT2S' }, { set: iso(before + 1_000) }, { set: iso(before) }]) {
      expect((await move(step, 'c-5')).status, JSON.stringify(step)).toBe(422)
    }
    expect(now()).toBe(before)
  })

  test('that was broken off before the clock moved is finished by its replay', async () => {
    const target = now() + dayMs
    const { engine, scope } = gateway
    const kept = { operation: 'paylect:move_clock', key: 'c-6', keptMs: 30 * dayMs }
    await engine.sandbox.agreeClockMove({ scope, request: { advance: 'P1D' }, target }, kept)
    const again = await move({ advance: 'P1D' }, 'c-6')
    expect([again.body, replayed(again), now()]).toEqual([{ now: iso(target) }, 'true', target])
  })

  test('keeps its promise for 30 days from where it leads, however far that is, and not for longer', async () => {
    await move({ advance: 'P300D' }, 'c-7')
    await move({ advance: 'P29D' }, 'c-8')
    const before = now()
    expect(replayed(await move({ advance: 'P300D' }, 'c-7'))).toBe('true')
    expect(now()).toBe(before)
    await move({ advance: 'P2D' }, 'c-9')
    const late = await move({ advance: 'P300D' }, 'c-7')
    expect([late.status, replayed(late), now()]).toEqual([200, undefined, before + 302 * dayMs])
  })
})
