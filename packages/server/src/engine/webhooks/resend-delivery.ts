import type { Instant } from '../../kernel/clock.ts'
import type { Scope } from '../../kernel/scope.ts'
import { nextState } from '../../kernel/transitions.ts'
import { update } from '../commit/changes.ts'
import { accept, type Decision, defineCommand, refuse } from '../commit/command.ts'
import { type Delivery, deliveryFact, deliveryKind, deliveryTransitions } from './delivery.ts'
import { dueAtFor } from './park-delivery.ts'
import { type WebhookEndpoint, webhookEndpointFact } from './webhook-endpoint.ts'

/** A delivery that a person wants to be sent once more. */
export interface ResendDelivery {
  readonly scope: Scope
  readonly deliveryId: string
}

/**
 * Opens an ended delivery again: the same bytes go out now. What is left of the retry schedule still holds; a delivery
 * that had exhausted it gets one more try. Refuses a delivery that is still being tried.
 */
export const resendDelivery = defineCommand({
  name: 'resend_delivery',
  facts: (c: ResendDelivery) => ({ delivery: deliveryFact(c.scope, c.deliveryId) }),
  more: ({ delivery }, c) => ({ endpoint: delivery && webhookEndpointFact(c.scope, delivery.endpointId) }),
  decide({ delivery, endpoint }, _c, ctx) {
    if (!delivery) return refuse('not_found', 'delivery_not_found', { field: 'delivery_id' })
    const reopened = reopen(delivery, endpoint, ctx.now)
    return 'accepted' in reopened ? reopened : accept(reopened, [update(deliveryKind, reopened)])
  },
})

/** The delivery as it is to be sent once more, or the refusal of one that cannot be. */
export function reopen(
  delivery: Delivery,
  endpoint: WebhookEndpoint | undefined,
  now: Instant,
): Delivery | Decision<never> {
  const status = nextState(deliveryTransitions, delivery.status, 'resend')
  if (!status) {
    return refuse('invalid_state', 'delivery_pending', {
      message: 'This delivery is still being tried. It can be sent again once it was delivered, stopped or exhausted.',
    })
  }
  if (endpoint?.status !== 'enabled' && endpoint?.status !== 'paused') {
    return refuse('invalid_state', 'webhook_endpoint_disabled', {
      message: 'The webhook endpoint of this delivery is disabled or deleted, so nothing is sent to it.',
    })
  }
  return { ...delivery, status, dueAt: dueAtFor(endpoint, now), updatedAt: now, finishedAt: null }
}
