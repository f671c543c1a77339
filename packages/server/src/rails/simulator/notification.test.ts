import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { minorMax, money } from '../../kernel/money.ts'
import type { RailAttempt } from '../rail.ts'
import {
  createNotification,
  type NotifiableOutcome,
  parseSimulatorNotification,
  signatureHeader,
} from './notification.ts'

const signingKey = 'a key of the simulator'
const startAt = Date.UTC(2026, 10, 21, 9)
const attempt: RailAttempt = {
  id: 'att_01jd0000000000000000000001',
  scope: { merchantId: 'mer_1', mode: 'sandbox' },
  operation: 'collect',
  method: 'upi',
  amount: money(25_000n, 'INR'),
  instruction: {},
  originalRailReference: null,
  beneficiary: null,
  createdAt: startAt,
  polls: 0,
}
const success: NotifiableOutcome = {
  outcome: 'succeeded',
  railReference: '123456789012',
  received: money(minorMax, 'INR'),
}

function signed(body: string, seconds = '1700000000') {
  const signature = createHmac('sha256', signingKey).update(`${seconds}.${body}`).digest('hex')
  return { headers: { [signatureHeader]: `t=${seconds},v1=${signature}` }, body }
}

describe('a notification comes back as it was told', () => {
  const outcomes: readonly NotifiableOutcome[] = [
    success,
    { outcome: 'declined', railReference: null, code: 'limit_exceeded', message: 'Too "much" ☂.' },
    { outcome: 'declined', railReference: '7', code: 'rail_error', message: 'No.' },
    { outcome: 'pending', railReference: null, pollAfterMs: 5 },
  ]
  test.each(outcomes)('$outcome', (outcome) => {
    const raw = createNotification(signingKey, attempt, outcome, startAt)
    const expected = { scope: attempt.scope, attemptId: attempt.id, outcome }
    expect(parseSimulatorNotification(signingKey, raw)).toEqual(expected)
  })

  test('amounts travel as decimal strings of minor units', () => {
    const { body } = createNotification(signingKey, attempt, success, startAt)
    expect(JSON.parse(body)).toEqual({
      id: expect.stringMatching(/^ntf_[0-9a-f]{32}$/),
      attempt: attempt.id,
      merchant: 'mer_1',
      mode: 'sandbox',
      at: startAt,
      outcome: 'succeeded',
      railReference: '123456789012',
      receivedMinor: '9000000000000000',
      currency: 'INR',
    })
  })

  test('the same news is the same bytes, other news has another id', () => {
    const first = createNotification(signingKey, attempt, success, startAt)
    const other = createNotification(signingKey, attempt, { ...success, received: money(1n, 'INR') }, startAt)
    expect(createNotification(signingKey, attempt, success, startAt)).toEqual(first)
    expect(JSON.parse(other.body).id).not.toBe(JSON.parse(first.body).id)
  })
})

describe('what the rail did not sign, or could not mean, is refused', () => {
  const told = JSON.parse(createNotification(signingKey, attempt, success, startAt).body)

  test('the form that the next tests break is accepted', () => {
    expect(parseSimulatorNotification(signingKey, signed(JSON.stringify(told)))).toBeDefined()
  })

  test.each([
    ['live data', { ...told, mode: 'live' }],
    ['an unknown currency', { ...told, currency: 'inr' }],
    ['no money', { ...told, receivedMinor: '0' }],
    ['a negative amount', { ...told, receivedMinor: '-1' }],
    ['a number for an amount', { ...told, receivedMinor: 25_000 }],
    ['an amount out of range', { ...told, receivedMinor: `${minorMax + 1n}` }],
    ['an outcome that nobody can tell', { ...told, outcome: 'unknown', message: 'lost', pollAfterMs: 1 }],
    ['a missing attempt', { ...told, attempt: undefined }],
    ['an empty merchant', { ...told, merchant: '' }],
    ['a member too many', { ...told, status: 'succeeded' }],
    ['no object', [told]],
  ])('%s', (_, body) => {
    expect(parseSimulatorNotification(signingKey, signed(JSON.stringify(body)))).toBeUndefined()
  })

  test.each([
    ['another time than was signed', (header: string) => header.replace('t=', 't=1')],
    ['an upper-case digest', (header: string) => header.toUpperCase().replace('T=', 't=').replace('V1=', 'v1=')],
    ['a short digest', (header: string) => header.slice(0, -2)],
    ['a digest with a tail', (header: string) => `${header},v1=${'0'.repeat(64)}`],
    ['no time', (header: string) => header.slice(header.indexOf('v1='))],
    ['an empty header', () => ''],
  ])('a signature with %s', (_, spoil) => {
    const raw = createNotification(signingKey, attempt, success, startAt)
    const headers = { ...raw.headers, [signatureHeader]: spoil(raw.headers[signatureHeader] ?? '') }
    expect(parseSimulatorNotification(signingKey, { headers, body: raw.body })).toBeUndefined()
  })

  test('a body that is longer than any of ours', () => {
    const padded = `${JSON.stringify(told)}${' '.repeat(20_000)}`
    expect(parseSimulatorNotification(signingKey, signed(padded))).toBeUndefined()
  })
})
