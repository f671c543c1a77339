import type { Instant } from '../../kernel/clock.ts'
import type { Scope } from '../../kernel/scope.ts'
import { update } from '../commit/changes.ts'
import { accept, defineCommand, refuse } from '../commit/command.ts'
import { type Delivery, deliveryFact, deliveryKind } from './delivery.ts'
import { type WebhookEndpoint, webhookEndpointFact } from './webhook-endpoint.ts'

/** A delivery whose endpoint seems to be paused, or to be so no longer. */
export interface ParkDelivery {
  readonly scope: Scope
  readonly deliveryId: string
  readonly endpointId: string
}

/**
 * When a delivery of an endpoint is to go out for the first time or once more: now, or not while the endpoint is paused.
 * For the argument that none is forgotten see `pause-webhook-endpoint.ts`.
 */
export function dueAtFor(endpoint: Pick<WebhookEndpoint, 'status'> | undefined, now: Instant): Instant | null {
  return endpoint?.status === 'paused' ? null : now
}

/** Lets a due delivery of a paused endpoint wait; if the endpoint was resumed meanwhile, the delivery is due now. */
export const parkDelivery = defineCommand({
  name: 'park_delivery',
  facts: (c: ParkDelivery) => ({
    delivery: deliveryFact(c.scope, c.deliveryId),
    endpoint: webhookEndpointFact(c.scope, c.endpointId),
  }),
  decide({ delivery, endpoint }, _c, ctx) {
    if (!delivery) return refuse('not_found', 'delivery_not_found', { field: 'delivery_id' })
    if (delivery.status !== 'pending') return accept(delivery, [])
    const parked: Delivery = { ...delivery, dueAt: dueAtFor(endpoint, ctx.now), updatedAt: ctx.now }
    return accept(parked, [update(deliveryKind, parked)])
  },
})

/** Lets a waiting delivery go, unless its endpoint is paused again. Answers whether it went. */
export const releaseDelivery = defineCommand({
  name: 'release_delivery',
  facts: (c: ParkDelivery) => ({
    delivery: deliveryFact(c.scope, c.deliveryId),
    endpoint: webhookEndpointFact(c.scope, c.endpointId),
  }),
  decide({ delivery, endpoint }, _c, ctx) {
    const waits = delivery?.status === 'pending' && delivery.dueAt === null
    if (!waits || endpoint?.status === 'paused') return accept(false, [])
    // Also for an endpoint that is gone: the sender then ends the delivery with a reason, and it is seen in the log.
    const released: Delivery = { ...delivery, dueAt: ctx.now, updatedAt: ctx.now }
    return accept(true, [update(deliveryKind, released)])
  },
})
