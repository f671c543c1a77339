import * as z from 'zod'
import type { EngineEvent, Payment, Payout, Refund } from '../../engine/index.ts'
import { EngineError } from '../../kernel/engine-error.ts'
import { paymentObject, paymentShown, payoutObject, payoutShown, refundObject, refundShown } from './objects.ts'
import { amountShown, instantShown } from './wire.ts'

/**
 * An event, the same in the feed and as a webhook: the payload of Standard Webhooks (`type`, `timestamp`, `data`) with
 * the event's place in the merchant's record (`number`) and among the changes of its object (`object_revision`).
 */
export const eventObject = z.object({
  id: z.string(),
  object: z.literal('event'),
  number: amountShown,
  type: z.string(),
  timestamp: instantShown,
  livemode: z.boolean(),
  object_id: z.string(),
  object_revision: z.int(),
  data: z.discriminatedUnion('object', [paymentObject, refundObject, payoutObject]),
})

/** Whether the house API has a form for what the event is about. */
export function hasHouseForm({ objectKind }: EngineEvent): boolean {
  return ['payment', 'refund', 'payout'].includes(objectKind)
}

/** The house form of an event, whatever dialect its object was made through. `data` is the object as it was then. */
export function eventShown(event: EngineEvent): z.output<typeof eventObject> {
  return {
    id: event.id,
    object: 'event',
    number: event.number,
    type: event.type,
    timestamp: event.createdAt,
    livemode: event.mode === 'live',
    object_id: event.objectId,
    object_revision: event.objectRevision,
    data: dataOf(event),
  }
}

function dataOf({ objectKind, data }: EngineEvent): z.output<typeof eventObject>['data'] {
  switch (objectKind) {
    case 'payment':
      return paymentShown(data as Payment)
    case 'refund':
      return refundShown(data as Refund)
    case 'payout':
      return payoutShown(data as Payout)
    default:
      throw new EngineError('internal', 'event_without_house_form', { objectKind })
  }
}
