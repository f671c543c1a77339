import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import { PaylectError, SignatureVerificationError } from './errors.ts'
import { verifyWebhook, type WebhookHeaders } from './webhook.ts'

const sentAt = Date.UTC(2026, 10, 21, 12)
const secret = `whsec_${Buffer.from('a secret of thirty two bytes….').toString('base64')}`
const otherSecret = `whsec_${Buffer.from('another secret').toString('base64')}`
const payload = JSON.stringify({ id: 'evt_1', type: 'payment.succeeded', data: { object: 'payment', note: '₹ 250' } })

/** Signed by the published library of Standard Webhooks, not by us. */
function signedHeaders(key = secret): Record<string, string> {
  return {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(sentAt / 1000),
    'webhook-signature': new Webhook(key).sign('msg_1', new Date(sentAt), payload),
  }
}

const now = () => sentAt
const event = JSON.parse(payload) as unknown

describe('a webhook', () => {
  const signed = signedHeaders()
  const shouted = Object.fromEntries(Object.entries(signed).map(([name, value]) => [name.toUpperCase(), value]))
  const forms: readonly (readonly [string, WebhookHeaders])[] = [
    ['an object', signed],
    ['an object in upper case', shouted],
    ['an object of lists', Object.fromEntries(Object.entries(signed).map(([name, value]) => [name, [value]]))],
    ['Headers', new Headers(signed)],
    ['pairs', Object.entries(signed)],
    ['rawHeaders', Object.entries(signed).flat()],
  ]
  test.each(forms)('is accepted with headers as %s', (_, headers) => {
    expect(verifyWebhook({ payload, headers, secret, now })).toEqual(event)
  })

  test('is accepted as text, as a Buffer and as bytes', () => {
    for (const form of [payload, Buffer.from(payload), new Uint8Array(Buffer.from(payload))]) {
      expect(verifyWebhook({ payload: form, headers: signed, secret, now })).toEqual(event)
    }
  })

  test('is accepted while its secret is being rotated, on either side', () => {
    expect(verifyWebhook({ payload, headers: signed, secret: [otherSecret, secret], now })).toEqual(event)
    const both = `v1a,aGVsbG8= ${signedHeaders(otherSecret)['webhook-signature']} ${signed['webhook-signature']}`
    expect(verifyWebhook({ payload, headers: { ...signed, 'webhook-signature': both }, secret, now })).toEqual(event)
  })

  const changes: readonly (readonly [string, Record<string, string>])[] = [
    ['another id', { 'webhook-id': 'msg_2' }],
    ['another time', { 'webhook-timestamp': String(sentAt / 1000 + 1) }],
    [
      'a signature of another version',
      { 'webhook-signature': (signed['webhook-signature'] ?? '').replace('v1,', 'v2,') },
    ],
    ['an empty signature', { 'webhook-signature': 'v1,' }],
    ['a signature without a version', { 'webhook-signature': 'abc' }],
    ['no time', { 'webhook-timestamp': '' }],
    ['a time in words', { 'webhook-timestamp': 'now' }],
  ]
  test.each(changes)('is refused with %s', (_, change) => {
    const headers = { ...signed, ...change }
    expect(() => verifyWebhook({ payload, headers, secret, now })).toThrow(SignatureVerificationError)
  })

  test('is refused with another body, another secret, a header missing or twice', () => {
    const given = { payload, headers: signed, secret, now }
    const repeated = [...Object.entries(signed), ['Webhook-Id', 'msg_1'] as const]
    for (const change of [
      { payload: `${payload} ` },
      { secret: otherSecret },
      { headers: {} },
      { headers: repeated },
    ]) {
      expect(() => verifyWebhook({ ...given, ...change })).toThrow(SignatureVerificationError)
    }
  })

  test('is refused when it is too old or from too far ahead, to the second', () => {
    const at = (seconds: number) => () =>
      verifyWebhook({ payload, headers: signed, secret, now: () => sentAt + seconds * 1000 })
    expect([at(300)(), at(-300)()]).toEqual([event, event])
    expect(at(301)).toThrow('301 seconds ago')
    expect(at(-301)).toThrow('301 seconds ahead')
    const toleranceSeconds = Number.NaN
    expect(() => verifyWebhook({ payload, headers: signed, secret, toleranceSeconds, now })).toThrow(
      SignatureVerificationError,
    )
  })

  test('that a framework has parsed is refused with the way out', () => {
    const parsed = JSON.parse(payload) as unknown as string
    expect(() => verifyWebhook({ payload: parsed, headers: signed, secret, now })).toThrow('express.raw')
  })

  test('is not checked against an empty secret', () => {
    for (const none of ['', 'whsec_', [], [secret, '']]) {
      expect(() => verifyWebhook({ payload, headers: signed, secret: none, now })).toThrow(PaylectError)
    }
  })
})
