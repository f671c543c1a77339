import type { Scope } from '../../kernel/scope.ts'
import { nextState } from '../../kernel/transitions.ts'
import { update } from '../commit/changes.ts'
import { accept, defineCommand, refuse } from '../commit/command.ts'
import { type Delivery, deliveryFact, deliveryKind, deliveryTransitions } from './delivery.ts'

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
  decide({ delivery }, _c, ctx) {
    if (!delivery) return refuse('not_found', 'delivery_not_found', { field: 'delivery_id' })
    const status = nextState(deliveryTransitions, delivery.status, 'resend')
    if (!status) {
      return refuse('invalid_state', 'delivery_pending', {
        message:
          'This delivery is still being tried. It can be sent again once it was delivered, stopped or exhausted.',
      })
    }
    const reopened: Delivery = { ...delivery, status, dueAt: ctx.now, updatedAt: ctx.now, finishedAt: null }
    return accept(reopened, [update(deliveryKind, reopened)])
  },
})
