import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { Instant } from '../../kernel/clock.ts'
import { isCurrency, minorMax, money } from '../../kernel/money.ts'
import {
  declineCodes,
  type RailAttempt,
  type RailNotification,
  type RailOutcome,
  type RawNotification,
} from '../rail.ts'

/** The header that carries `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`. */
export const signatureHeader = 'x-simulator-signature'

/** Longer bodies are not ours and are not hashed. */
const bodyLengthMax = 16_384
const signaturePattern = /^t=([0-9]{1,12}),v1=([0-9a-f]{64})$/

/** What a notification can tell. `unknown` is nobody's news: a rail that does not know says nothing. */
export type NotifiableOutcome = Exclude<RailOutcome, { outcome: 'unknown' }>

const minorText = z
  .string()
  .regex(/^[1-9][0-9]{0,15}$/)
  .transform(BigInt)
  .refine((minor) => minor <= minorMax)
const text = z.string().min(1).max(500)
const envelope = { id: text, attempt: text, merchant: text, mode: z.literal('sandbox'), at: z.int() }

/** The body: flat JSON; amounts are decimal strings of minor units. Unknown members are refused: we wrote every one. */
const bodySchema = z.discriminatedUnion('outcome', [
  z.strictObject({
    ...envelope,
    outcome: z.literal('succeeded'),
    railReference: text,
    receivedMinor: minorText,
    currency: z.string().refine(isCurrency),
  }),
  z.strictObject({
    ...envelope,
    outcome: z.literal('declined'),
    railReference: text.nullable(),
    code: z.enum(declineCodes),
    message: text,
  }),
  z.strictObject({
    ...envelope,
    outcome: z.literal('pending'),
    railReference: text.nullable(),
    pollAfterMs: z.int().positive(),
  }),
])

/**
 * Signs a notification of the simulator: what became of an attempt, as it was decided at `at`. The same arguments give
 * the same bytes and the same notification id. The payer's page of the sandbox settles a pending attempt with it.
 */
export function createNotification(
  signingKey: string,
  attempt: RailAttempt,
  outcome: NotifiableOutcome,
  at: Instant,
): RawNotification {
  const told = outcomeMembers(outcome)
  const idHash = createHash('sha256')
    .update(`notification:${attempt.id}:${at}:${JSON.stringify(told)}`)
    .digest('hex')
  const body = JSON.stringify({
    id: `ntf_${idHash.slice(0, 32)}`,
    attempt: attempt.id,
    merchant: attempt.scope.merchantId,
    mode: attempt.scope.mode,
    at,
    ...told,
  })
  const seconds = `${Math.max(Math.floor(at / 1_000), 0)}`
  const signature = signatureOf(signingKey, seconds, body).toString('hex')
  return {
    headers: { 'content-type': 'application/json', [signatureHeader]: `t=${seconds},v1=${signature}` },
    body,
  }
}

/**
 * Verifies the signature in constant time and reads the notification; `undefined` for everything that `createNotification`
 * did not sign with this key. Its age is not judged: a notification may come late or again, and one that is replayed
 * can only repeat what is settled.
 */
export function parseSimulatorNotification(signingKey: string, raw: RawNotification): RailNotification | undefined {
  const match = signaturePattern.exec(raw.headers[signatureHeader] ?? '')
  if (!match || raw.body.length > bodyLengthMax) return undefined
  const [, seconds = '', signature = ''] = match
  if (!timingSafeEqual(signatureOf(signingKey, seconds, raw.body), Buffer.from(signature, 'hex'))) return undefined

  const parsed = bodySchema.safeParse(jsonOrUndefined(raw.body))
  if (!parsed.success) return undefined
  const { attempt, merchant, mode } = parsed.data
  return { scope: { merchantId: merchant, mode }, attemptId: attempt, outcome: outcomeOf(parsed.data) }
}

function outcomeMembers(outcome: NotifiableOutcome): Readonly<Record<string, unknown>> {
  if (outcome.outcome !== 'succeeded') return { ...outcome }
  const { received, ...rest } = outcome
  return { ...rest, receivedMinor: received.minor.toString(), currency: received.currency }
}

function outcomeOf(body: z.infer<typeof bodySchema>): NotifiableOutcome {
  switch (body.outcome) {
    case 'succeeded': {
      const { outcome, railReference, receivedMinor, currency } = body
      return { outcome, railReference, received: money(receivedMinor, currency) }
    }
    case 'declined': {
      const { outcome, railReference, code, message } = body
      return { outcome, railReference, code, message }
    }
    case 'pending': {
      const { outcome, railReference, pollAfterMs } = body
      return { outcome, railReference, pollAfterMs }
    }
  }
}

function signatureOf(signingKey: string, seconds: string, body: string): Buffer {
  return createHmac('sha256', signingKey).update(`${seconds}.${body}`).digest()
}

function jsonOrUndefined(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
