import * as z from 'zod'
import { type Delivery, type DeliveryAttempt, deliveryTransitions } from '../../engine/index.ts'
import { statesOf } from '../../kernel/transitions.ts'
import { amountShown, instantShown } from './wire.ts'

const headersShown = z.record(z.string(), z.string())

/** A delivery in the house form. */
export const deliveryObject = z
  .object({
    id: z.string(),
    object: z.literal('delivery'),
    endpoint_id: z.string(),
    event_id: z.string(),
    event_number: amountShown,
    event_type: z.string(),
    url: z.string(),
    dialect: z.string(),
    status: z.enum(statesOf(deliveryTransitions)),
    attempts_made: z.int(),
    next_attempt_at: instantShown.nullable(),
    last_outcome: z.string().nullable(),
    livemode: z.boolean(),
    created_at: instantShown,
    finished_at: instantShown.nullable(),
  })
  .meta({ id: 'Delivery' })

/** One POST as the log shows it. */
const deliveryAttemptObject = z
  .object({
    number: z.int(),
    started_at: instantShown,
    duration_ms: z.int(),
    request_headers: headersShown.nullable(),
    response_status: z.int().nullable(),
    response_headers: headersShown.nullable(),
    response_excerpt: z.string().nullable(),
    error: z.string().nullable(),
  })
  .meta({ id: 'DeliveryAttempt' })

/** A delivery with what was sent and every try. `request.headers` are those that every try has; a signature is made for each. */
export const deliveryWithAttempts = deliveryObject
  .extend({
    request: z.object({
      method: z.literal('POST'),
      url: z.string(),
      headers: headersShown,
      body: z.string(),
    }),
    attempts: z.array(deliveryAttemptObject),
  })
  .meta({ id: 'DeliveryWithAttempts' })

/** The house form of a delivery. */
export function deliveryShown(delivery: Delivery): z.output<typeof deliveryObject> {
  return {
    id: delivery.id,
    object: 'delivery',
    endpoint_id: delivery.endpointId,
    event_id: delivery.eventId,
    event_number: delivery.eventNumber,
    event_type: delivery.eventType,
    url: delivery.url,
    dialect: delivery.dialect,
    status: delivery.status,
    attempts_made: delivery.attemptsMade,
    next_attempt_at: delivery.dueAt,
    last_outcome: delivery.lastOutcome,
    livemode: delivery.mode === 'live',
    created_at: delivery.createdAt,
    finished_at: delivery.finishedAt,
  }
}

/** The house form of a delivery with its tries. */
export function deliveryWithAttemptsShown(
  delivery: Delivery,
  attempts: readonly DeliveryAttempt[],
): z.output<typeof deliveryWithAttempts> {
  const { url, headers, body } = delivery
  return {
    ...deliveryShown(delivery),
    request: { method: 'POST', url, headers: { ...headers }, body },
    attempts: attempts.map((attempt) => ({
      number: attempt.number,
      started_at: attempt.startedAt,
      duration_ms: attempt.durationMs,
      request_headers: attempt.requestHeaders && { ...attempt.requestHeaders },
      response_status: attempt.responseStatus,
      response_headers: attempt.responseHeaders && { ...attempt.responseHeaders },
      response_excerpt: attempt.responseExcerpt,
      error: attempt.error,
    })),
  }
}
