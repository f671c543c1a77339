import type { Instant } from '../../kernel/clock.ts'
import type { Scope } from '../../kernel/scope.ts'
import { canReach, defineTransitions } from '../../kernel/transitions.ts'
import { defineKind, type FactRef, factByKey, factByUnique, type RevisedRow, type ScopedRow } from '../commit/kind.ts'

/** `pending` while tries remain; `stopped` when the receiver said 410 or the address is refused; `exhausted` after the last try. */
export type DeliveryStatus = 'pending' | 'delivered' | 'exhausted' | 'stopped'

/** What can happen to a delivery. */
export type DeliveryEvent = 'acknowledge' | 'exhaust' | 'stop' | 'resend'

/** The life of a delivery. A resend opens an ended one again. */
export const deliveryTransitions = defineTransitions<DeliveryStatus, DeliveryEvent>({
  name: 'delivery',
  initial: 'pending',
  moves: {
    pending: { acknowledge: 'delivered', exhaust: 'exhausted', stop: 'stopped' },
    delivered: { resend: 'pending' },
    exhausted: { resend: 'pending' },
    stopped: { resend: 'pending' },
  },
})

/** One event on its way to one address, as bytes that never change. */
export interface Delivery extends RevisedRow {
  readonly id: string
  readonly eventId: string
  readonly eventNumber: bigint
  readonly eventType: string
  readonly objectId: string
  /** The endpoint whose secret signs it. */
  readonly endpointId: string
  /** Unique per event: `endpoint:<id>` for a standing address, `object` for the one that the object brought. */
  readonly target: string
  readonly url: string
  /** Deliveries of one lane share a place in the queue: a dead receiver delays only its own lane. */
  readonly lane: string
  readonly dialect: string
  readonly body: string
  /** Headers that do not depend on the moment of sending; the signature is added then. */
  readonly headers: Readonly<Record<string, string>>
  readonly status: DeliveryStatus
  readonly attemptsMade: number
  /** When to try next, in the mode's clock; null after the end, and while its endpoint is paused. */
  readonly dueAt: Instant | null
  /** What came of the last try, for people. */
  readonly lastOutcome: string | null
  readonly createdAt: Instant
  readonly updatedAt: Instant
  readonly finishedAt: Instant | null
}

/** Deliveries as a kind. */
export const deliveryKind = defineKind<Delivery>({
  name: 'delivery',
  table: 'deliveries',
  order: 100,
  columns: {
    merchantId: 'text',
    mode: 'text',
    id: 'text',
    eventId: 'text',
    eventNumber: 'bigint',
    eventType: 'text',
    objectId: 'text',
    endpointId: 'text',
    target: 'text',
    url: 'text',
    lane: 'text',
    dialect: 'text',
    body: 'text',
    headers: 'json',
    status: 'text',
    attemptsMade: 'integer',
    dueAt: 'instant',
    lastOutcome: 'text',
    createdAt: 'instant',
    updatedAt: 'instant',
    finishedAt: 'instant',
    revision: 'integer',
  },
  primaryKey: ['merchantId', 'mode', 'id'],
  fixed: [
    'eventId',
    'eventNumber',
    'eventType',
    'objectId',
    'endpointId',
    'target',
    'url',
    'lane',
    'dialect',
    'body',
    'headers',
    'createdAt',
  ],
  uniques: { event_target: ['merchantId', 'mode', 'eventNumber', 'target'] },
  canMove: canReach(deliveryTransitions),
  dueProperty: 'dueAt',
})

/** Names a delivery. */
export function deliveryFact(scope: Scope, id: string): FactRef<Delivery> {
  return factByKey(deliveryKind, [scope.merchantId, scope.mode, id])
}

/** Names the delivery of an event to a target, so that a fan-out that runs twice makes it once. */
export function deliveryByTargetFact(scope: Scope, eventNumber: bigint, target: string): FactRef<Delivery> {
  return factByUnique(deliveryKind, 'event_target', [scope.merchantId, scope.mode, eventNumber, target])
}

/** One POST and what came of it. Written once. */
export interface DeliveryAttempt extends ScopedRow {
  readonly deliveryId: string
  /** From 1. */
  readonly number: number
  readonly startedAt: Instant
  readonly durationMs: number
  /** The receiver's HTTP status, or null when there was no answer. */
  readonly responseStatus: number | null
  /** Why there was no answer. */
  readonly error: string | null
  /** The beginning of the receiver's answer. */
  readonly responseExcerpt: string | null
  /** What was sent beside the body, the signatures included; null where no request could be built. */
  readonly requestHeaders: Readonly<Record<string, string>> | null
  /** What came back, bounded in number and length; null when there was no answer. */
  readonly responseHeaders: Readonly<Record<string, string>> | null
}

/** Delivery attempts as a kind. */
export const deliveryAttemptKind = defineKind<DeliveryAttempt>({
  name: 'delivery_attempt',
  table: 'delivery_attempts',
  order: 101,
  columns: {
    merchantId: 'text',
    mode: 'text',
    deliveryId: 'text',
    number: 'integer',
    startedAt: 'instant',
    durationMs: 'integer',
    responseStatus: 'integer',
    error: 'text',
    responseExcerpt: 'text',
    requestHeaders: 'json',
    responseHeaders: 'json',
  },
  primaryKey: ['merchantId', 'mode', 'deliveryId', 'number'],
  immutable: true,
})
