import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Instant } from '../kernel/clock.ts'
import { minorMax, money } from '../kernel/money.ts'
import {
  type Beneficiary,
  declineCodes,
  type PaymentMethod,
  paymentMethods,
  type Rail,
  type RailAttempt,
  type RailInstruction,
  type RailOperation,
  type RailOutcome,
  type RailPollOutcome,
  type RawNotification,
} from './rail.ts'

/** One situation that the rail can be brought into, by what is asked of it. */
export interface RailConformanceCase {
  readonly title: string
  readonly instruction: RailInstruction
  /** Instead of the usual beneficiary, where the situation is chosen by where a payout goes. */
  readonly beneficiary?: Beneficiary
}

/** A rail, and what its far side has sent us since it was created. */
export interface RailUnderTest {
  readonly rail: Rail
  readonly sentNotifications: () => readonly RawNotification[]
}

/** What the suite needs to know of a rail. */
export interface RailConformanceOptions {
  readonly name: string
  /** Connects to the same far side with the same keys each time, as the same installation does after a restart. */
  readonly createRail: () => Promise<RailUnderTest>
  /** An attempt id that the far side has never seen. */
  readonly newAttemptId: () => string
  /** Every kind of answer that the rail can give should be among them. */
  readonly cases: readonly RailConformanceCase[]
  readonly currencies: readonly string[]
  /** A beneficiary that every method can pay. */
  readonly beneficiary: Beneficiary
  /** When the attempts are made. */
  readonly startAt: Instant
  /** The same notification, signed as it should be, but with a key that is not ours. */
  readonly signWithForeignKey: (notification: RawNotification) => RawNotification
}

const operations: readonly RailOperation[] = ['collect', 'refund', 'disburse']
const concurrentCalls = 5
/** However impatiently a rail is asked, it must have settled after this many questions. */
const stepsMax = 100
/** A rail that wants to be asked less often than this has forgotten us. */
const pollAfterMsMax = 31 * 24 * 3_600_000
const messageLengthMax = 500
const muchLaterMs = 400 * 24 * 3_600_000

interface Lane {
  readonly operation: RailOperation
  readonly method: PaymentMethod
}

/** How far an attempt has come: what was answered, and what the next question must carry. */
interface Standing {
  readonly outcome: RailOutcome
  readonly attempt: RailAttempt
  readonly now: Instant
}

/**
 * The suite that every rail must pass: it declares what it can do, answers one attempt id in one way, settles, never
 * changes a settled answer, and believes only its own notifications. Call it in a test file of the rail.
 */
export function railConformance(options: RailConformanceOptions): void {
  describe(`${options.name} keeps the contract of a rail`, () => {
    describeCapabilities(options)
    describe.each(options.cases)('$title', (situation) => {
      describeAnswers(options, situation)
      describeSettling(options, situation)
    })
    describeOddInput(options)
    describeNotifications(options)
  })
}

function describeCapabilities(options: RailConformanceOptions): void {
  test('it can do exactly what it declares to carry', async () => {
    const { rail } = await options.createRail()
    for (const operation of operations) {
      const methods = rail.carries[operation]
      expect(methods.length > 0, operation).toBe(typeof rail[operation] === 'function')
      expect(new Set(methods).size, operation).toBe(methods.length)
      expect(paymentMethods, operation).toEqual(expect.arrayContaining([...methods]))
    }
    expect(lanesOf(rail).length).toBeGreaterThan(0)
    expect(rail.modes.length).toBeGreaterThan(0)
    expect(rail.name).toMatch(/^[a-z][a-z0-9_]*$/)
  })
}

function describeAnswers(options: RailConformanceOptions, situation: RailConformanceCase): void {
  test('the same attempt gets the same answer: again, at once, and after a restart', async () => {
    const { rail } = await options.createRail()
    const restarted = await options.createRail()
    for (const lane of lanesOf(rail)) {
      const attempt = attemptOf(options, rail, lane, situation)
      const first = await callRail(rail, attempt, options.startAt)
      const together = Array.from({ length: concurrentCalls }, () => callRail(rail, attempt, options.startAt))
      const later = [await callRail(rail, attempt, options.startAt)]
      const elsewhere = await callRail(restarted.rail, attempt, options.startAt)
      for (const outcome of [...(await Promise.all(together)), ...later, elsewhere]) {
        expect(outcome, laneName(lane)).toEqual(first)
      }
    }
  })

  test('it settles, and impatient questions do not change how', async () => {
    const { rail } = await options.createRail()
    for (const lane of lanesOf(rail)) {
      const attempt = attemptOf(options, rail, lane, situation)
      const patient = await settle(rail, attempt, (pollAfterMs) => pollAfterMs)
      const impatient = await settle(rail, attempt, (pollAfterMs) => Math.ceil(pollAfterMs / 2))
      expect(impatient.outcome, laneName(lane)).toEqual(patient.outcome)
    }
  })
}

function describeSettling(options: RailConformanceOptions, situation: RailConformanceCase): void {
  test('a settled answer never changes', async () => {
    const { rail } = await options.createRail()
    for (const lane of lanesOf(rail)) {
      const { outcome, attempt, now } = await settle(rail, attemptOf(options, rail, lane, situation))
      expect(await callRail(rail, attempt, now), laneName(lane)).toEqual(outcome)
      for (const laterMs of [0, 1, muchLaterMs]) {
        expect(await callRail(rail, attempt, now + laterMs), laneName(lane)).toEqual(outcome)
        if (!rail.poll) continue
        const asked = { ...attempt, polls: attempt.polls + 1 }
        expect(await rail.poll(attempt, { now: now + laterMs }), laneName(lane)).toEqual(outcome)
        expect(await rail.poll(asked, { now: now + laterMs }), laneName(lane)).toEqual(outcome)
      }
    }
  })

  test('a notification of the end tells what asking tells', async () => {
    const { rail, sentNotifications } = await options.createRail()
    for (const lane of lanesOf(rail)) {
      const made = attemptOf(options, rail, lane, situation)
      const sentBefore = sentNotifications().length
      const { outcome } = await settle(rail, made)
      for (const raw of sentNotifications().slice(sentBefore)) {
        const told = rail.parseNotification?.(raw)
        expect(told, laneName(lane)).toMatchObject({ attemptId: made.id, scope: made.scope })
        if (told && isSettled(told.outcome)) expect(told.outcome, laneName(lane)).toEqual(outcome)
      }
    }
  })
}

function describeOddInput(options: RailConformanceOptions): void {
  test('it answers the smallest and the largest amount in every currency, in that currency', async () => {
    const { rail } = await options.createRail()
    for (const { lane, situation } of everySituation(options, rail)) {
      for (const currency of options.currencies) {
        for (const minor of [1n, 2n, minorMax]) {
          const attempt = { ...attemptOf(options, rail, lane, situation), amount: money(minor, currency) }
          await settle(rail, frozen(attempt))
        }
      }
    }
  })

  test('it answers odd but valid attempts', async () => {
    const { rail } = await options.createRail()
    for (const { lane, situation } of everySituation(options, rail)) {
      const usual = attemptOf(options, rail, lane, situation)
      const oddities: readonly Partial<RailAttempt>[] = [
        { createdAt: options.startAt + muchLaterMs },
        { createdAt: options.startAt - muchLaterMs },
        { polls: 1_000_000 },
        { instruction: { ...usual.instruction, note: 'Ünï ☂ "quoted"\n', empty: '', none: null, gone: undefined } },
        { originalRailReference: null, scope: { ...usual.scope, merchantId: 'm' } },
      ]
      for (const oddity of oddities) {
        const attempt = frozen({ ...usual, ...oddity, id: options.newAttemptId() })
        expectValid(attempt, await callRail(rail, attempt, options.startAt))
        if (rail.poll) expectValid(attempt, await rail.poll(attempt, { now: options.startAt }))
      }
    }
  })

  test('two attempts never share a reference', async () => {
    const { rail } = await options.createRail()
    const references: (string | null)[] = []
    for (const { lane, situation } of everySituation(options, rail)) {
      const { outcome } = await settle(rail, attemptOf(options, rail, lane, situation))
      if (isSettled(outcome) && outcome.railReference !== null) references.push(outcome.railReference)
    }
    expect(new Set(references).size).toBe(references.length)
  })
}

function describeNotifications(options: RailConformanceOptions): void {
  test('a notification is believed only as it was signed', async () => {
    const { rail, authentic } = await provokeNotifications(options)
    for (const raw of authentic) {
      expect(rail.parseNotification?.(raw)).toBeDefined()
      for (const tampered of tamperedFrom(raw, options)) {
        expect(rail.parseNotification?.(tampered), JSON.stringify(tampered)).toBeUndefined()
      }
    }
    const other = authentic.find(({ body }) => body !== authentic[0]?.body)
    if (authentic[0] && other) {
      expect(rail.parseNotification?.({ headers: other.headers, body: authentic[0].body })).toBeUndefined()
    }
  })

  test('the same notification reads the same each time', async () => {
    const { rail, authentic } = await provokeNotifications(options)
    for (const raw of authentic) expect(rail.parseNotification?.(raw)).toEqual(rail.parseNotification?.({ ...raw }))
  })

  test('garbage is refused without an error', async () => {
    const { rail, authentic } = await provokeNotifications(options)
    const headerNames = ['content-type', ...authentic.flatMap(({ headers }) => Object.keys(headers))]
    const headers = fc.dictionary(fc.oneof(fc.constantFrom(...headerNames), fc.string()), fc.string())
    const body = fc.oneof(fc.string(), fc.json(), fc.constantFrom('', '{}', 'null', '[', '0'))
    fc.assert(fc.property(headers, body, (some, text) => !rail.parseNotification?.({ headers: some, body: text })))
  })
}

/** Brings every situation about, and hands back what the rail sent: something, if it can read notifications at all. */
async function provokeNotifications(
  options: RailConformanceOptions,
): Promise<{ rail: Rail; authentic: readonly RawNotification[] }> {
  const { rail, sentNotifications } = await options.createRail()
  for (const { lane, situation } of everySituation(options, rail)) {
    await settle(rail, attemptOf(options, rail, lane, situation))
  }
  const authentic = sentNotifications()
  expect(authentic.length > 0, 'sends what it can read').toBe(rail.parseNotification !== undefined)
  return { rail, authentic }
}

function tamperedFrom(raw: RawNotification, options: RailConformanceOptions): RawNotification[] {
  const bodies = [`${raw.body} `, ` ${raw.body}`, raw.body.slice(0, -1), '']
  // A digit or a letter that becomes its neighbour is what a forger would try: an amount, an id, an outcome.
  for (let index = 0; index < raw.body.length; index += 1) {
    const flipped = String.fromCharCode(raw.body.charCodeAt(index) ^ 1)
    bodies.push(raw.body.slice(0, index) + flipped + raw.body.slice(index + 1))
  }
  return [
    ...bodies.map((body) => ({ headers: raw.headers, body })),
    { headers: {}, body: raw.body },
    options.signWithForeignKey(raw),
  ]
}

function lanesOf(rail: Rail): Lane[] {
  return operations.flatMap((operation) => rail.carries[operation].map((method) => ({ operation, method })))
}

function laneName({ operation, method }: Lane): string {
  return `${operation} by ${method}`
}

function everySituation(
  options: RailConformanceOptions,
  rail: Rail,
): { readonly lane: Lane; readonly situation: RailConformanceCase }[] {
  return lanesOf(rail).flatMap((lane) => options.cases.map((situation) => ({ lane, situation })))
}

/** A new attempt, frozen to the bottom, so that a rail which writes to its argument throws. */
function attemptOf(
  options: RailConformanceOptions,
  rail: Rail,
  { operation, method }: Lane,
  situation: RailConformanceCase,
): RailAttempt {
  return frozen({
    id: options.newAttemptId(),
    scope: { merchantId: 'mer_conformance', mode: rail.modes[0] ?? 'sandbox' },
    operation,
    method,
    amount: money(100_01n, options.currencies[0] ?? 'INR'),
    instruction: situation.instruction,
    originalRailReference: operation === 'refund' ? 'original-reference' : null,
    beneficiary: operation === 'disburse' ? (situation.beneficiary ?? options.beneficiary) : null,
    createdAt: options.startAt,
    polls: 0,
  })
}

function frozen(attempt: RailAttempt): RailAttempt {
  for (const part of [attempt.scope, attempt.amount, attempt.instruction, attempt.beneficiary]) Object.freeze(part)
  return Object.freeze(attempt)
}

async function callRail(rail: Rail, attempt: RailAttempt, now: Instant): Promise<RailOutcome> {
  const perform = rail[attempt.operation]
  if (!perform) throw new Error(`${rail.name} carries ${attempt.operation} but cannot do it`)
  return perform(attempt, { now })
}

/** Does what the engine does: calls, waits, asks, calls again what was not received, until the rail has settled. */
async function settle(
  rail: Rail,
  attempt: RailAttempt,
  waitMs: (pollAfterMs: number) => number = (pollAfterMs) => pollAfterMs,
): Promise<Standing> {
  let now = attempt.createdAt
  let polls = 0
  let answer: RailPollOutcome = await callRail(rail, attempt, now)
  for (let step = 0; step < stepsMax; step += 1) {
    expectValid(attempt, answer)
    const asked = frozen({ ...attempt, polls })
    if (answer.outcome === 'not_received') {
      answer = await callRail(rail, asked, now)
      continue
    }
    if (isSettled(answer)) return { outcome: answer, attempt: asked, now }
    if (!rail.poll) throw new Error(`${rail.name} answers ${answer.outcome} but cannot be asked`)
    now += waitMs(answer.pollAfterMs)
    answer = await rail.poll(asked, { now })
    polls += 1
  }
  throw new Error(`${rail.name} has not settled after ${stepsMax} questions`)
}

function isSettled(outcome: RailPollOutcome): outcome is Extract<RailOutcome, { outcome: 'succeeded' | 'declined' }> {
  return outcome.outcome === 'succeeded' || outcome.outcome === 'declined'
}

function expectValid(attempt: RailAttempt, answer: RailPollOutcome): void {
  switch (answer.outcome) {
    case 'succeeded':
      expect(answer.railReference).not.toBe('')
      expect(answer.received).toEqual(money(answer.received.minor, attempt.amount.currency))
      expect(answer.received.minor).toBeGreaterThan(0n)
      // Only a payer can pay another amount than the one that was asked for.
      if (attempt.operation !== 'collect') expect(answer.received).toEqual(attempt.amount)
      return
    case 'declined':
      expect(answer.railReference).not.toBe('')
      expect(declineCodes).toContain(answer.code)
      expectMessage(attempt, answer.message)
      return
    case 'pending':
      expect(answer.railReference).not.toBe('')
      expectPollAfter(answer.pollAfterMs)
      return
    case 'unknown':
      expectMessage(attempt, answer.message)
      expectPollAfter(answer.pollAfterMs)
      return
    case 'not_received':
      expect(answer).toEqual({ outcome: 'not_received' })
      return
    default:
      throw new Error(`not an outcome: ${JSON.stringify(answer satisfies never)}`)
  }
}

function expectMessage({ beneficiary }: RailAttempt, message: string): void {
  expect(message.length).toBeGreaterThan(0)
  expect(message.length).toBeLessThanOrEqual(messageLengthMax)
  if (beneficiary?.accountNumber) expect(message).not.toContain(beneficiary.accountNumber)
}

function expectPollAfter(pollAfterMs: number): void {
  expect(Number.isSafeInteger(pollAfterMs)).toBe(true)
  expect(pollAfterMs).toBeGreaterThan(0)
  expect(pollAfterMs).toBeLessThanOrEqual(pollAfterMsMax)
}
