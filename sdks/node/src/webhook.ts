import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Now, systemNow } from './clock.ts'
import { PaylectError, SignatureVerificationError } from './errors.ts'
import type { PaylectEvent } from './webhook-event.ts'

const toleranceSecondsDefault = 300
const secretPrefix = 'whsec_'
const signatureVersion = 'v1'
/** A rotation makes two; more than these are not looked at. */
const signaturesMax = 20
const msPerSecond = 1000

/** Headers in any of the forms that Node and its frameworks hand out: `Headers`, an object, pairs, or `rawHeaders`. */
export type WebhookHeaders =
  | Headers
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | readonly (readonly [string, string])[]
  | readonly string[]

/** What is checked. */
export interface WebhookInput {
  /** The body as it arrived: its bytes, or their text before anything has parsed it. */
  readonly payload: Uint8Array | string
  readonly headers: WebhookHeaders
  /** The endpoint's secret (`whsec_…`); several while it is being rotated, of which one must fit. */
  readonly secret: string | readonly string[]
  /** How far the time of sending may lie from now, in either direction, in seconds; 300 unless given. */
  readonly toleranceSeconds?: number | undefined
  /** The time, in epoch milliseconds; this machine's unless given. */
  readonly now?: Now | undefined
}

/**
 * Checks that a webhook comes from the gateway, was not changed and is not an old one sent again, after Standard
 * Webhooks 1.0 (`webhook-id`, `webhook-timestamp`, `webhook-signature`, HMAC-SHA256, compared in constant time), and
 * answers with its event. Throws `SignatureVerificationError` when it does not hold, `PaylectError` when the call itself
 * is wrong. The same event can come more than once: its `id` is always the same.
 */
export function verifyWebhook(input: WebhookInput): PaylectEvent {
  const payload = bytesOf(input.payload)
  const id = headerOf(input.headers, 'webhook-id')
  const timestamp = headerOf(input.headers, 'webhook-timestamp')
  const signatures = headerOf(input.headers, 'webhook-signature')
  checkTime(timestamp, input)
  const content = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), payload])
  const keys = keysFrom(input.secret)
  // Every key meets every signature, so that the time taken tells nothing about which of them fits.
  const given = signatures.split(' ').slice(0, signaturesMax).map(signatureBytesOf)
  const matches = keys.flatMap((key) => {
    const expected = createHmac('sha256', key).update(content).digest()
    return given.map((bytes) => bytes !== undefined && isSame(bytes, expected))
  })
  if (!matches.includes(true)) {
    throw new SignatureVerificationError(
      'No signature of the webhook fits. Check that the secret is this endpoint’s, and that the payload is the body as it arrived, before anything parsed it.',
    )
  }
  return eventFrom(payload)
}

function bytesOf(payload: unknown): Uint8Array {
  if (typeof payload === 'string') return Buffer.from(payload)
  if (payload instanceof Uint8Array) return payload
  throw new PaylectError(
    'payload must be the body as it arrived (a Buffer, a Uint8Array or a string), not what a framework has parsed from it: an object that is written again has other bytes. In Express use express.raw({ type: "application/json" }) for this route.',
  )
}

function headerOf(headers: WebhookHeaders, name: string): string {
  const found = pairsOf(headers).filter(([key]) => key.toLowerCase() === name)
  const [first, ...others] = found.map(([, value]) => value)
  if (first === undefined || first === '') throw new SignatureVerificationError(`The header ${name} is missing.`)
  if (others.length > 0) throw new SignatureVerificationError(`The header ${name} stands there more than once.`)
  return first
}

function pairsOf(headers: WebhookHeaders): (readonly [string, string])[] {
  if (headers instanceof Headers) return [...headers]
  if (!Array.isArray(headers)) {
    return Object.entries(headers as Readonly<Record<string, string | readonly string[] | undefined>>).flatMap(
      ([name, value]) => [value ?? []].flat().map((one) => [name, one] as const),
    )
  }
  const entries = headers as readonly (string | readonly [string, string])[]
  return entries.flatMap((entry, index) => {
    if (typeof entry !== 'string') return [entry]
    const value = entries[index + 1]
    return index % 2 === 0 && typeof value === 'string' ? [[entry, value] as const] : []
  })
}

function checkTime(timestamp: string, { toleranceSeconds = toleranceSecondsDefault, now = systemNow }: WebhookInput) {
  if (!/^\d{1,12}$/.test(timestamp)) {
    throw new SignatureVerificationError('The header webhook-timestamp is not a number of seconds.')
  }
  const ageSeconds = Math.floor(now() / msPerSecond) - Number(timestamp)
  // Written so that a tolerance that is not a number refuses.
  if (Math.abs(ageSeconds) <= toleranceSeconds) return
  const words = ageSeconds > 0 ? `was sent ${ageSeconds} seconds ago` : `comes from ${-ageSeconds} seconds ahead`
  throw new SignatureVerificationError(`The webhook ${words}; ${toleranceSeconds} are tolerated. Check the clock.`)
}

function keysFrom(secret: string | readonly string[]): Buffer[] {
  const secrets = typeof secret === 'string' ? [secret] : secret
  const keys = secrets.map((one) =>
    Buffer.from(one.startsWith(secretPrefix) ? one.slice(secretPrefix.length) : one, 'base64'),
  )
  if (keys.length === 0 || keys.some((key) => key.length === 0)) {
    throw new PaylectError('secret must be the endpoint’s secret (whsec_…), or a list of such secrets.')
  }
  return keys
}

/** The bytes of one `v1,…`; undefined for another version, such as `v1a`. */
function signatureBytesOf(text: string): Buffer | undefined {
  const comma = text.indexOf(',')
  return text.slice(0, comma) === signatureVersion ? Buffer.from(text.slice(comma + 1), 'base64') : undefined
}

function isSame(given: Buffer, expected: Buffer): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function eventFrom(payload: Uint8Array): PaylectEvent {
  try {
    return JSON.parse(Buffer.from(payload).toString('utf8')) as PaylectEvent
  } catch (cause) {
    throw new PaylectError('The webhook is signed, but its body is not JSON.', { cause })
  }
}
