import { describe, expect, test } from 'vitest'
import { currencyCodes } from '../../kernel/currencies.ts'
import { minorMax, money } from '../../kernel/money.ts'
import { type RailConformanceCase, railConformance } from '../conformance.ts'
import type { Beneficiary, Rail, RailAttempt, RawNotification } from '../rail.ts'
import { createSimulatorRail } from './index.ts'
import { magicBankAccounts, scenarioForms, upiIdOfScenario } from './magic-values.ts'
import { createNotification, parseSimulatorNotification } from './notification.ts'
import { railReferenceOf } from './rail-reference.ts'

const signingKey = 'the key of this installation'
const foreignKey = 'the key of somebody else'
const startAt = Date.UTC(2026, 10, 21, 9)
const minuteMs = 60_000
const beneficiary: Beneficiary = {
  name: 'Asha Rao',
  accountNumber: '50100012345678',
  bankCode: 'SIMU0000001',
  upiId: 'asha@bank',
}

interface Sent {
  readonly notification: RawNotification
  readonly attemptId: string
  readonly afterMs: number
}

function createSubject(): { rail: Rail; sent: Sent[] } {
  const sent: Sent[] = []
  const rail = createSimulatorRail({
    signingKey,
    schedule: async (notification, attempt, afterMs) => {
      sent.push({ notification, attemptId: attempt.id, afterMs })
    },
  })
  return { rail, sent }
}

let attemptsMade = 0
function newAttemptId(): string {
  attemptsMade += 1
  return `att_${String(attemptsMade).padStart(26, '0')}`
}

function collection(simulate?: string, over: Partial<RailAttempt> = {}): RailAttempt {
  return {
    id: newAttemptId(),
    scope: { merchantId: 'mer_1', mode: 'sandbox' },
    operation: 'collect',
    method: 'upi',
    amount: money(25_001n, 'INR'),
    instruction: simulate === undefined ? {} : { simulate },
    originalRailReference: null,
    beneficiary: null,
    createdAt: startAt,
    polls: 0,
    ...over,
  }
}

async function collect(rail: Rail, attempt: RailAttempt, afterMs = 0) {
  return rail.collect?.(attempt, { now: startAt + afterMs })
}

async function poll(rail: Rail, attempt: RailAttempt, polls: number, afterMs = 0) {
  return rail.poll?.({ ...attempt, polls }, { now: startAt + afterMs })
}

function successOf(attempt: RailAttempt, minor = attempt.amount.minor) {
  const received = money(minor, attempt.amount.currency)
  return { outcome: 'succeeded', railReference: railReferenceOf(attempt), received }
}

const cases: readonly RailConformanceCase[] = [
  { title: 'no magic', instruction: {} },
  { title: 'simulate is no scenario', instruction: { simulate: 'explode' } },
  ...scenarioForms.map(({ example }) => ({ title: `simulate ${example}`, instruction: { simulate: example } })),
  ...scenarioForms.map(({ example }) => ({
    title: upiIdOfScenario(example),
    instruction: { payerUpiId: upiIdOfScenario(example) },
    beneficiary: { ...beneficiary, upiId: upiIdOfScenario(example) },
  })),
  ...magicBankAccounts.map(({ lastFourDigits }) => ({
    title: `bank account …${lastFourDigits}`,
    instruction: {},
    beneficiary: { ...beneficiary, accountNumber: `5010001234${lastFourDigits}` },
  })),
]

railConformance({
  name: 'simulator',
  createRail: async () => {
    const { rail, sent } = createSubject()
    return { rail, sentNotifications: () => sent.map(({ notification }) => notification) }
  },
  newAttemptId,
  cases,
  currencies: ['INR', 'JPY', 'KWD', 'BTC', 'USDT'],
  beneficiary,
  startAt,
  signWithForeignKey: (raw) => {
    const told = parseSimulatorNotification(signingKey, raw)
    if (told?.outcome.outcome !== 'succeeded') throw new Error('the simulator sends only news of success')
    return createNotification(foreignKey, collection(undefined, { id: told.attemptId }), told.outcome, startAt)
  },
})

describe('the simulator refuses what routing must never send it', () => {
  test('live data', async () => {
    const { rail } = createSubject()
    const live = collection(undefined, { scope: { merchantId: 'mer_1', mode: 'live' } })
    await expect(collect(rail, live)).rejects.toThrow(TypeError)
    await expect(poll(rail, live, 0)).rejects.toThrow(TypeError)
    expect(rail.modes).toEqual(['sandbox'])
  })

  test('another operation, a method that it does not carry, no money', async () => {
    const { rail } = createSubject()
    await expect(rail.refund?.(collection(), { now: startAt })).rejects.toThrow('asked to refund')
    const cardPayout = collection(undefined, { operation: 'disburse', method: 'card', beneficiary })
    await expect(rail.disburse?.(cardPayout, { now: startAt })).rejects.toThrow('does not carry card')
    await expect(collect(rail, collection(undefined, { amount: money(0n, 'INR') }))).rejects.toThrow('positive')
  })

  test('a signing key that is too short', () => {
    expect(() => createSimulatorRail({ signingKey: 'short', schedule: async () => {} })).toThrow(TypeError)
  })
})

describe('declined', () => {
  test('a decline names its code and says why', async () => {
    const { rail } = createSubject()
    const attempt = collection('declined:insufficient_funds')
    expect(await collect(rail, attempt)).toEqual({
      outcome: 'declined',
      railReference: railReferenceOf(attempt),
      code: 'insufficient_funds',
      message: 'The account does not hold enough money.',
    })
  })

  test('a simulate that is no scenario moves no money', async () => {
    const { rail } = createSubject()
    const declined = { outcome: 'declined', code: 'rail_error', railReference: null }
    expect(await collect(rail, collection('explode'))).toMatchObject(declined)
    expect(await poll(rail, collection('explode'), 0)).toMatchObject(declined)
  })
})

describe('partial and over', () => {
  test.each([
    ['partial', 25_001n, 12_500n],
    ['partial', 1n, 1n],
    ['partial:500', 25_001n, 500n],
    ['partial:500', 300n, 300n],
    ['over', 25_001n, 27_501n],
    ['over', 5n, 6n],
    ['over', minorMax, minorMax],
    ['over:30000', 25_001n, 30_000n],
    ['over:30000', 30_000n, 30_001n],
  ])('%s of %d minor units receives %d', async (simulate, asked, received) => {
    const { rail } = createSubject()
    const attempt = collection(simulate, { amount: money(asked, 'INR') })
    expect(await collect(rail, attempt)).toEqual(successOf(attempt, received))
    expect(await poll(rail, attempt, 0)).toEqual(successOf(attempt, received))
  })

  test('a refund and a payout move the whole amount or nothing', async () => {
    const { rail } = createSubject()
    const refund = collection('partial', { operation: 'refund' })
    const payout = collection('over', { operation: 'disburse', beneficiary })
    expect(await rail.refund?.(refund, { now: startAt })).toEqual(successOf(refund))
    expect(await rail.disburse?.(payout, { now: startAt })).toEqual(successOf(payout))
  })
})

describe('late and pending', () => {
  test('late is pending until its time, and success comes by notification then', async () => {
    const { rail, sent } = createSubject()
    const attempt = collection('late:PT5M')
    const restMs = 4 * minuteMs
    const pending = { outcome: 'pending', railReference: railReferenceOf(attempt), pollAfterMs: restMs }
    expect(await collect(rail, attempt, minuteMs)).toEqual(pending)
    expect(sent).toMatchObject([{ attemptId: attempt.id, afterMs: restMs }])
    expect(sent.map(({ notification }) => rail.parseNotification?.(notification)?.outcome)).toEqual([
      successOf(attempt),
    ])
    expect(await poll(rail, attempt, 0, 5 * minuteMs - 1)).toMatchObject({ outcome: 'pending', pollAfterMs: 1 })
    expect(await poll(rail, attempt, 1, 5 * minuteMs)).toEqual(successOf(attempt))
  })

  test('a call that is repeated sends the same bytes, and none once it is settled', async () => {
    const { rail, sent } = createSubject()
    const attempt = collection('late')
    await collect(rail, attempt)
    await collect(rail, attempt, 10)
    await collect(rail, attempt, minuteMs)
    expect(sent.map(({ afterMs }) => afterMs)).toEqual([minuteMs, minuteMs - 10])
    expect(sent[1]?.notification).toEqual(sent[0]?.notification)
  })

  test('pending is never notified, and known after 30 seconds to who asks', async () => {
    const { rail, sent } = createSubject()
    const attempt = collection('pending')
    expect(await collect(rail, attempt)).toMatchObject({ outcome: 'pending', pollAfterMs: 30_000 })
    expect(await poll(rail, attempt, 5, 29_999)).toMatchObject({ outcome: 'pending' })
    expect(await poll(rail, attempt, 0, 30_000)).toEqual(successOf(attempt))
    expect(sent).toEqual([])
  })
})

describe('duplicate', () => {
  test('succeeds at once, and the same notification is sent twice', async () => {
    const { rail, sent } = createSubject()
    const attempt = collection('duplicate')
    expect(await collect(rail, attempt)).toEqual(successOf(attempt))
    expect(sent.map(({ afterMs }) => afterMs)).toEqual([0, 1_000])
    expect(sent[1]?.notification).toEqual(sent[0]?.notification)
  })
})

describe('unknown and down', () => {
  test('a lost reply is found by the second question', async () => {
    const { rail } = createSubject()
    const attempt = collection('unknown')
    expect(await collect(rail, attempt)).toMatchObject({ outcome: 'unknown' })
    expect(await poll(rail, attempt, 0)).toMatchObject({ outcome: 'unknown' })
    expect(await poll(rail, attempt, 1)).toEqual(successOf(attempt))
  })

  test('a lost reply may have been a decline', async () => {
    const { rail } = createSubject()
    const attempt = collection('unknown:declined:limit_exceeded')
    expect(await poll(rail, attempt, 1)).toMatchObject({ outcome: 'declined', code: 'limit_exceeded' })
  })

  test('a call that never arrived is not received, and succeeds when it is made again', async () => {
    const { rail } = createSubject()
    const attempt = collection('unknown:not_received')
    expect(await collect(rail, attempt)).toMatchObject({ outcome: 'unknown' })
    expect(await poll(rail, attempt, 0)).toEqual({ outcome: 'not_received' })
    expect(await collect(rail, { ...attempt, polls: 1 })).toEqual(successOf(attempt))
    expect(await poll(rail, attempt, 1)).toEqual(successOf(attempt))
  })

  test('a rail that is down says when to ask, has received nothing, and works again', async () => {
    const { rail } = createSubject()
    const attempt = collection('down:PT2M')
    const downForMs = 2 * minuteMs
    expect(await collect(rail, attempt)).toMatchObject({ outcome: 'unknown', pollAfterMs: downForMs })
    expect(await collect(rail, attempt, downForMs - 1)).toMatchObject({ outcome: 'unknown', pollAfterMs: 1 })
    expect(await poll(rail, attempt, 0, downForMs - 1)).toMatchObject({ outcome: 'unknown', pollAfterMs: 1 })
    expect(await poll(rail, attempt, 0, downForMs)).toEqual({ outcome: 'not_received' })
    expect(await collect(rail, { ...attempt, polls: 1 }, downForMs)).toEqual(successOf(attempt))
    expect(await poll(rail, attempt, 1, downForMs)).toEqual(successOf(attempt))
  })

  test('a notification that cannot be scheduled leaves the outcome unknown until somebody asks', async () => {
    const rail = createSimulatorRail({ signingKey, schedule: () => Promise.reject(new Error('the disk is full')) })
    const attempt = collection('duplicate')
    expect(await collect(rail, attempt)).toMatchObject({ outcome: 'unknown' })
    expect(await poll(rail, attempt, 0)).toEqual(successOf(attempt))
  })
})

describe('references', () => {
  test('a reference has the form of its method and belongs to one attempt', () => {
    expect(railReferenceOf({ id: 'att_1', method: 'upi' })).toMatch(/^\d{12}$/)
    expect(railReferenceOf({ id: 'att_1', method: 'card' })).toMatch(/^7\d{22}$/)
    expect(railReferenceOf({ id: 'att_1', method: 'bank_transfer' })).toMatch(/^SIMU\d{18}$/)
    expect(railReferenceOf({ id: 'att_1', method: 'upi' })).toBe(railReferenceOf({ id: 'att_1', method: 'upi' }))
    expect(railReferenceOf({ id: 'att_1', method: 'upi' })).not.toBe(railReferenceOf({ id: 'att_2', method: 'upi' }))
  })

  test('every currency of the kernel comes back through a notification', async () => {
    const { rail, sent } = createSubject()
    for (const currency of currencyCodes()) {
      await collect(rail, collection('late', { amount: money(7n, currency) }))
      const told = rail.parseNotification?.(sent.at(-1)?.notification ?? { headers: {}, body: '' })
      expect(told?.outcome).toMatchObject({ received: money(7n, currency) })
    }
  })
})
