import type { Dialect } from '../dialects/dialect.ts'
import {
  type Delivery,
  type DeliveryOutcome,
  type Engine,
  type RecordDeliveryAttempt,
  retryAfterMsOf,
  type WebhookEndpoint,
} from '../engine/index.ts'
import type { Clock } from '../kernel/clock.ts'
import type { RandomSource } from '../kernel/ids.ts'
import type { Mode } from '../kernel/scope.ts'
import { type HttpClient, type HttpReply, OutboundError } from '../platform/http-client.ts'
import type { Log } from '../platform/log.ts'
import type { Metrics, WebhookAttemptResult } from '../platform/metrics.ts'
import type { SecretReader } from './webhook-secrets.ts'

/** What one POST needs. */
export interface DeliveryPoster {
  readonly engine: Pick<Engine, 'webhooks' | 'now'>
  readonly dialects: ReadonlyMap<string, Dialect>
  /** One client a mode: loopback may be open for the sandbox, never for live deliveries. */
  readonly http: Readonly<Record<Mode, Pick<HttpClient, 'post'>>>
  readonly secretsOf: SecretReader
  /** Real time: receivers hold a signature's age and a `Retry-After` date against their own clocks, also in the sandbox. */
  readonly realClock: Clock
  readonly random: RandomSource
  readonly metrics: Pick<Metrics, 'countWebhookAttempt'>
  readonly log: Log
}

/** A POST that was made, or could not be. */
export interface PostedDelivery {
  readonly outcome: DeliveryOutcome
  readonly durationMs: number
  readonly requestHeaders: Readonly<Record<string, string>> | null
  readonly responseHeaders: Readonly<Record<string, string>> | null
}

/** HTTP 410 Gone: the receiver says that it wants no more of these (RFC 9110, 15.5.11). */
const statusGone = 410
/** No dialect can keep a connection of ours for longer; the sender's lease is longer than this. */
export const postTimeoutMaxMs = 30_000

/**
 * Makes one try of a delivery and records it; the bytes are the stored ones, only the signature is made anew. Answers
 * whether the receiver acknowledged. Throws when the try could not be made or recorded for reasons of ours (no dialect,
 * no secret, no database): the delivery falls due again when its lease ends, so it may then be sent a second time. For a
 * paused endpoint nothing is sent and nothing recorded: the delivery waits.
 */
export async function postAndRecord(
  poster: DeliveryPoster,
  delivery: Delivery,
  endpoint: WebhookEndpoint | undefined,
): Promise<boolean> {
  const { engine, dialects, random } = poster
  const dialect = dialects.get(delivery.dialect)
  if (!dialect) throw new Error(`no dialect named ${delivery.dialect} is installed`)
  if (endpoint?.status === 'paused') {
    await engine.webhooks.park(delivery)
    // Nothing was refused: the lane is not one that fails.
    return true
  }
  const startedAt = engine.now(delivery.mode)
  const posted = await tryOnce(poster, delivery, endpoint, dialect)
  const { merchantId, mode, id: deliveryId } = delivery
  await engine.webhooks.recordAttempt({
    scope: { merchantId, mode },
    deliveryId,
    startedAt,
    ...posted,
    endpoint: endpoint ? standsFor(endpoint, delivery) : null,
    retryDelaysMs: dialect.webhooks.retryDelaysMs,
    random: fractionFrom(random),
  })
  return posted.outcome.is === 'acknowledged'
}

/** What a try says about the endpoint; nothing where the address is not the endpoint's own. */
function standsFor(endpoint: WebhookEndpoint, { target }: Delivery): RecordDeliveryAttempt['endpoint'] {
  const { id, failingSince } = endpoint
  return target === `endpoint:${id}` ? { id, isFailing: failingSince !== null } : null
}

async function tryOnce(
  poster: DeliveryPoster,
  delivery: Delivery,
  endpoint: WebhookEndpoint | undefined,
  dialect: Dialect,
): Promise<PostedDelivery> {
  if (!endpoint || endpoint.status === 'deleted') return unsent('the endpoint was removed')
  if (endpoint.status !== 'enabled') return unsent('the endpoint is disabled')
  const secrets = poster.secretsOf(endpoint, poster.engine.now(delivery.mode))
  const startedMs = performance.now()
  const posted = await post(poster, delivery, secrets, dialect)
  poster.metrics.countWebhookAttempt(resultOf(posted.outcome))
  return { ...posted, durationMs: Math.round(performance.now() - startedMs) }
}

function unsent(error: string): PostedDelivery {
  return { outcome: { is: 'blocked', error }, durationMs: 0, requestHeaders: null, responseHeaders: null }
}

async function post(
  poster: DeliveryPoster,
  delivery: Delivery,
  secrets: readonly string[],
  dialect: Dialect,
): Promise<Omit<PostedDelivery, 'durationMs'>> {
  const { http, log } = poster
  const { id: deliveryId, body, url, mode } = delivery
  let requestHeaders: Readonly<Record<string, string>> | null = null
  try {
    requestHeaders = headersOf(poster, delivery, secrets, dialect)
    const timeoutMs = Math.min(dialect.webhooks.timeoutMs, postTimeoutMaxMs)
    const reply = await http[mode].post({ url, headers: requestHeaders, body, timeoutMs })
    return { outcome: outcomeOfReply(poster, reply, dialect.webhooks), requestHeaders, responseHeaders: reply.headers }
  } catch (error) {
    if (error instanceof OutboundError) {
      return { outcome: outcomeOf(error, dialect.webhooks), requestHeaders, responseHeaders: null }
    }
    // A header that cannot be sent, or a signature that cannot be made: ours to mend, so it must not stop the delivery.
    log.error({ err: error, deliveryId, dialect: delivery.dialect }, 'a delivery could not be made into a request')
    const outcome = { is: 'unreachable', error: 'the request could not be built' } as const
    return { outcome, requestHeaders: null, responseHeaders: null }
  }
}

/** What is sent beside the body. Signatures are no secrets: they are worth nothing for another body or another moment. */
function headersOf(
  { realClock }: DeliveryPoster,
  { id: deliveryId, body, headers }: Delivery,
  secrets: readonly string[],
  { sign }: Dialect,
): Readonly<Record<string, string>> {
  const signature = sign({ deliveryId, body, secret: secrets[0] ?? '', secrets, sentAt: realClock.now() })
  return { ...headers, ...signature }
}

function outcomeOfReply(
  { realClock }: DeliveryPoster,
  reply: HttpReply,
  webhooks: Dialect['webhooks'],
): DeliveryOutcome {
  const answer = { status: reply.status, excerpt: reply.bodyExcerpt }
  if (webhooks.acknowledges(reply.status)) return { is: 'acknowledged', ...answer }
  if (reply.status === statusGone) return { is: 'gone', ...answer }
  return { is: 'rejected', ...answer, retryAfterMs: retryAfterMsOf(reply.headers['retry-after'], realClock.now()) }
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
