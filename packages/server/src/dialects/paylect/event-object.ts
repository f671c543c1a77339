import * as z from 'zod'
import type {
  EngineEvent,
  Payment,
  Payout,
  Refund,
  VisibleWebhookEndpoint,
  WebhookPayload,
} from '../../engine/index.ts'
import { EngineError } from '../../kernel/engine-error.ts'
import { paymentObject, paymentShown, payoutObject, payoutShown, refundObject, refundShown } from './objects.ts'
import { webhookEndpointObject, webhookEndpointShown } from './webhook-endpoint-object.ts'
import { amountShown, instantShown } from './wire.ts'

/**
 * An event, the same in the feed and as a webhook: the payload of Standard Webhooks (`type`, `timestamp`, `data`) with
 * the event's place in the merchant's record (`number`) and among the changes of its object (`object_revision`, and
 * `object_sequence`, which counts the object's events without gaps).
 */
export const eventObject = z
  .object({
    id: z.string(),
    object: z.literal('event'),
    number: amountShown,
    type: z.string(),
    timestamp: instantShown,
    livemode: z.boolean(),
    object_id: z.string(),
    object_revision: z.int(),
    object_sequence: z.int(),
    data: z.discriminatedUnion('object', [paymentObject, refundObject, payoutObject, webhookEndpointObject]),
  })
  .meta({ id: 'Event' })

/** An event for a receiver that reads the object itself: `data` only says which one. */
export const thinEventObject = eventObject
  .extend({ data: z.object({ id: z.string(), object: z.enum(['payment', 'refund', 'payout', 'webhook_endpoint']) }) })
  .meta({ id: 'ThinEvent' })

/** Whether the house API has a form for what the event is about. */
export function hasHouseForm({ objectKind }: EngineEvent): boolean {
  return ['payment', 'refund', 'payout', 'webhook_endpoint'].includes(objectKind)
}

/**
 * The house form of an event, whatever dialect its object was made through. `data` is the object as it was then;
 * `objectSequence` is the event's place among those of its object.
 */
export function eventShown(event: EngineEvent, objectSequence: number): z.output<typeof eventObject> {
  return {
    id: event.id,
    object: 'event',
    number: event.number,
    type: event.type,
    timestamp: event.createdAt,
    livemode: event.mode === 'live',
    object_id: event.objectId,
    object_revision: event.objectRevision,
    object_sequence: objectSequence,
    data: dataOf(event),
  }
}

/** The body of an event's webhook, in wire form. */
export function eventBody(event: EngineEvent, objectSequence: number, payload: WebhookPayload): unknown {
  const shown = eventShown(event, objectSequence)
  if (payload === 'full') return z.encode(eventObject, shown)
  return z.encode(thinEventObject, { ...shown, data: { id: shown.data.id, object: shown.data.object } })
}

function dataOf({ objectKind, data }: EngineEvent): z.output<typeof eventObject>['data'] {
  switch (objectKind) {
    case 'payment':
      return paymentShown(data as Payment)
    case 'refund':
      return refundShown(data as Refund)
    case 'payout':
      return payoutShown(data as Payout)
    case 'webhook_endpoint':
      return webhookEndpointShown(data as VisibleWebhookEndpoint)
    default:
      throw new EngineError('internal', 'event_without_house_form', { objectKind })
  }
}
