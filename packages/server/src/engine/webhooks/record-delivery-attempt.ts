import type { Instant } from '../../kernel/clock.ts'
import type { Scope } from '../../kernel/scope.ts'
import { nextState } from '../../kernel/transitions.ts'
import { insert, update } from '../commit/changes.ts'
import { accept, defineCommand, refuse } from '../commit/command.ts'
import {
  type Delivery,
  type DeliveryAttempt,
  type DeliveryEvent,
  deliveryAttemptKind,
  deliveryFact,
  deliveryKind,
  deliveryTransitions,
} from './delivery.ts'
import { endpointHealth } from './endpoint-health.ts'
import { nextTryAt } from './retry-schedule.ts'
import { webhookEndpointFact } from './webhook-endpoint.ts'

/**
 * What came of one POST:
 * - `acknowledged`: the receiver's status is one that its dialect takes for a yes.
 * - `rejected`: it answered otherwise; `gone` when it said 410 and wants no more.
 * - `unreachable`: there was no answer; `error` says why, in words for people.
 * - `blocked`: the address is not one that we may call; trying again would not help.
 */
export type DeliveryOutcome =
  | { readonly is: 'acknowledged'; readonly status: number; readonly excerpt: string }
  | { readonly is: 'rejected'; readonly status: number; readonly excerpt: string; readonly retryAfterMs: number | null }
  | { readonly is: 'gone'; readonly status: number; readonly excerpt: string }
  | { readonly is: 'unreachable'; readonly error: string }
  | { readonly is: 'blocked'; readonly error: string }

/** A POST that was made, and what is needed to plan the next one. */
export interface RecordDeliveryAttempt {
  readonly scope: Scope
  readonly deliveryId: string
  readonly startedAt: Instant
  readonly durationMs: number
  readonly outcome: DeliveryOutcome
  /** The endpoint whose own address was tried, as the sender has read it; null for an address that an object brought. */
  readonly endpoint: { readonly id: string; readonly isFailing: boolean } | null
  /** What was sent beside the body; null where no request could be built. */
  readonly requestHeaders: Readonly<Record<string, string>> | null
  /** What came back; null when there was no answer. */
  readonly responseHeaders: Readonly<Record<string, string>> | null
  /** The dialect's waits; see `retry-schedule.ts`. */
  readonly retryDelaysMs: readonly number[]
  /** A number in [0, 1) for the jitter. */
  readonly random: number
}

/** The longest part of an answer that is kept, in characters. */
const excerptLengthMax = 1_000
/** Headers of an answer that are kept, at most, and the characters that are kept of each. */
const responseHeadersMax = 50
const responseHeaderLengthMax = 500

/**
 * Records one POST and moves the delivery on: delivered, to be tried again, exhausted or stopped. A POST that comes to
 * light after the delivery has ended (a lease ran out, and another sender was faster) is recorded and changes no state.
 *
 * A success for an endpoint that the sender has not read as failing does not load the endpoint: the usual delivery pays
 * nothing. If it began to fail in that very moment, the next success tells.
 */
export const recordDeliveryAttempt = defineCommand({
  name: 'record_delivery_attempt',
  facts: (c: RecordDeliveryAttempt) => ({
    delivery: deliveryFact(c.scope, c.deliveryId),
    endpoint:
      c.endpoint && (c.endpoint.isFailing || c.outcome.is !== 'acknowledged')
        ? webhookEndpointFact(c.scope, c.endpoint.id)
        : undefined,
  }),
  decide({ delivery, endpoint }, c, ctx) {
    if (!delivery) return refuse('not_found', 'delivery_not_found', { field: 'delivery_id' })
    const attempted: Delivery = {
      ...delivery,
      attemptsMade: delivery.attemptsMade + 1,
      updatedAt: ctx.now,
    }
    const moved = delivery.status === 'pending' ? after(attempted, c, ctx.now) : attempted
    // A try of an address that the endpoint no longer has says nothing about the one that it has.
    const health =
      endpoint?.url === delivery.url ? endpointHealth(endpoint, c.outcome.is === 'acknowledged', ctx.now) : []
    const attempt = attemptOf(attempted, c)
    return accept(moved, [update(deliveryKind, moved), insert(deliveryAttemptKind, attempt), ...health])
  },
})

function after(delivery: Delivery, c: RecordDeliveryAttempt, now: Instant): Delivery {
  const { outcome } = c
  const lastOutcome = wordsOf(outcome)
  if (outcome.is === 'acknowledged') return ended(delivery, 'acknowledge', lastOutcome, now)
  if (outcome.is === 'gone' || outcome.is === 'blocked') return ended(delivery, 'stop', lastOutcome, now)
  const dueAt = nextTryAt({
    attemptsMade: delivery.attemptsMade,
    retryDelaysMs: c.retryDelaysMs,
    random: c.random,
    retryAfterMs: outcome.is === 'rejected' ? outcome.retryAfterMs : null,
    now,
  })
  return dueAt === undefined
    ? ended(delivery, 'exhaust', lastOutcome, now)
    : { ...delivery, dueAt, lastOutcome, updatedAt: now }
}

function ended(delivery: Delivery, event: DeliveryEvent, lastOutcome: string, now: Instant): Delivery {
  const status = nextState(deliveryTransitions, delivery.status, event) ?? delivery.status
  return { ...delivery, status, dueAt: null, lastOutcome, updatedAt: now, finishedAt: now }
}

function wordsOf(outcome: DeliveryOutcome): string {
  switch (outcome.is) {
    case 'gone':
      return `HTTP ${outcome.status}: the receiver wants no more of these`
    case 'unreachable':
      return `no answer: ${outcome.error}`
    case 'blocked':
      return `not sent: ${outcome.error}`
    default:
      return `HTTP ${outcome.status}`
  }
}

function attemptOf(delivery: Delivery, c: RecordDeliveryAttempt): DeliveryAttempt {
  const { outcome } = c
  const answered = 'status' in outcome
  return {
    merchantId: delivery.merchantId,
    mode: delivery.mode,
    deliveryId: delivery.id,
    number: delivery.attemptsMade,
    startedAt: c.startedAt,
    durationMs: c.durationMs,
    responseStatus: answered ? outcome.status : null,
    error: answered ? null : outcome.error,
    responseExcerpt: answered ? outcome.excerpt.slice(0, excerptLengthMax).toWellFormed() : null,
    requestHeaders: c.requestHeaders,
    responseHeaders: c.responseHeaders && boundedHeaders(c.responseHeaders),
  }
}

function boundedHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const kept = Object.entries(headers).slice(0, responseHeadersMax)
  return Object.fromEntries(
    kept.map(([name, value]) => [
      name.slice(0, responseHeaderLengthMax),
      // PostgreSQL's json holds no NUL, and a header that has one is worth no lost record.
      value.replaceAll('\0', '\ufffd').slice(0, responseHeaderLengthMax).toWellFormed(),
    ]),
  )
}
