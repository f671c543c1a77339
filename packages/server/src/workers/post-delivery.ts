import type { Dialect } from '../dialects/dialect.ts'
import {
  type Delivery,
  type DeliveryOutcome,
  type Engine,
  retryAfterMsOf,
  type WebhookEndpoint,
} from '../engine/index.ts'
import type { Clock } from '../kernel/clock.ts'
import type { RandomSource } from '../kernel/ids.ts'
import type { Mode } from '../kernel/scope.ts'
import { type HttpClient, OutboundError } from '../platform/http-client.ts'
import type { Log } from '../platform/log.ts'
import type { Metrics, WebhookAttemptResult } from '../platform/metrics.ts'

/** What one POST needs. */
export interface DeliveryPoster {
  readonly engine: Pick<Engine, 'webhooks' | 'now'>
  readonly dialects: ReadonlyMap<string, Dialect>
  /** One client a mode: loopback may be open for the sandbox, never for live deliveries. */
  readonly http: Readonly<Record<Mode, Pick<HttpClient, 'post'>>>
  readonly secretOf: (endpoint: WebhookEndpoint) => string
  /** Real time: receivers hold a signature's age and a `Retry-After` date against their own clocks, also in the sandbox. */
  readonly realClock: Clock
  readonly random: RandomSource
  readonly metrics: Pick<Metrics, 'countWebhookAttempt'>
  readonly log: Log
}

/** A POST that was made. */
export interface PostedDelivery {
  readonly outcome: DeliveryOutcome
  readonly durationMs: number
}

/** HTTP 410 Gone: the receiver says that it wants no more of these (RFC 9110, 15.5.11). */
const statusGone = 410
/** No dialect can keep a connection of ours for longer; the sender's lease is longer than this. */
export const postTimeoutMaxMs = 30_000

/**
 * Makes one try of a delivery and records it; the bytes are the stored ones, only the signature is made anew. Answers
 * whether the receiver acknowledged. Throws when the try could not be made or recorded for reasons of ours (no dialect,
 * no secret, no database): the delivery falls due again when its lease ends, so it may then be sent a second time.
 */
export async function postAndRecord(
  poster: DeliveryPoster,
  delivery: Delivery,
  endpoint: WebhookEndpoint | undefined,
): Promise<boolean> {
  const { engine, dialects, random } = poster
  const dialect = dialects.get(delivery.dialect)
  if (!dialect) throw new Error(`no dialect named ${delivery.dialect} is installed`)
  const startedAt = engine.now(delivery.mode)
  const { outcome, durationMs } = await tryOnce(poster, delivery, endpoint, dialect)
  const { merchantId, mode, id: deliveryId } = delivery
  await engine.webhooks.recordAttempt({
    scope: { merchantId, mode },
    deliveryId,
    startedAt,
    durationMs,
    outcome,
    retryDelaysMs: dialect.webhooks.retryDelaysMs,
    random: fractionFrom(random),
  })
  return outcome.is === 'acknowledged'
}

async function tryOnce(
  poster: DeliveryPoster,
  delivery: Delivery,
  endpoint: WebhookEndpoint | undefined,
  dialect: Dialect,
): Promise<PostedDelivery> {
  if (!endpoint) return { outcome: { is: 'blocked', error: 'the endpoint was removed' }, durationMs: 0 }
  if (endpoint.status !== 'enabled') {
    return { outcome: { is: 'blocked', error: 'the endpoint is disabled' }, durationMs: 0 }
  }
  const secret = poster.secretOf(endpoint)
  const startedMs = performance.now()
  const outcome = await post(poster, delivery, secret, dialect)
  poster.metrics.countWebhookAttempt(resultOf(outcome))
  return { outcome, durationMs: Math.round(performance.now() - startedMs) }
}

async function post(
  { http, realClock, log }: DeliveryPoster,
  delivery: Delivery,
  secret: string,
  { sign, webhooks }: Dialect,
): Promise<DeliveryOutcome> {
  const { id: deliveryId, body, url, mode } = delivery
  try {
    const signature = sign({ deliveryId, body, secret, sentAt: realClock.now() })
    const headers = { ...delivery.headers, ...signature }
    const timeoutMs = Math.min(webhooks.timeoutMs, postTimeoutMaxMs)
    const reply = await http[mode].post({ url, headers, body, timeoutMs })
    const answer = { status: reply.status, excerpt: reply.bodyExcerpt }
    if (webhooks.acknowledges(reply.status)) return { is: 'acknowledged', ...answer }
    if (reply.status === statusGone) return { is: 'gone', ...answer }
    const retryAfterMs = retryAfterMsOf(reply.headers['retry-after'], realClock.now())
    return { is: 'rejected', ...answer, retryAfterMs }
  } catch (error) {
    if (error instanceof OutboundError) return outcomeOf(error, webhooks)
    // A header that cannot be sent, or a signature that cannot be made: ours to mend, so it must not stop the delivery.
    log.error({ err: error, deliveryId, dialect: delivery.dialect }, 'a delivery could not be made into a request')
    return { is: 'unreachable', error: 'the request could not be built' }
  }
}

function outcomeOf(error: OutboundError, webhooks: Dialect['webhooks']): DeliveryOutcome {
  if (error.reason === 'blocked_address' || error.reason === 'invalid_url') {
    return { is: 'blocked', error: error.message }
  }
  // The head had arrived: the receiver has seen the request and said yes, whatever became of the rest of its answer.
  if (error.status !== null && webhooks.acknowledges(error.status)) {
    return { is: 'acknowledged', status: error.status, excerpt: '' }
  }
  return { is: 'unreachable', error: error.message }
}

function resultOf({ is }: DeliveryOutcome): WebhookAttemptResult {
  if (is === 'acknowledged') return 'delivered'
  if (is === 'unreachable' || is === 'blocked') return is
  return 'rejected'
}

/** A number in [0, 1) of 32 random bits. */
function fractionFrom(random: RandomSource): number {
  return Buffer.from(random.bytes(4)).readUInt32LE() / 2 ** 32
}
