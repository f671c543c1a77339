import type { Scope } from '../../kernel/scope.ts'
import { nextState } from '../../kernel/transitions.ts'
import { record, update } from '../commit/changes.ts'
import { accept, defineCommand, refuse } from '../commit/command.ts'
import { type Payment, paymentFact, paymentKind, paymentTransitions } from './payment.ts'

/** Ends a payment that nobody has paid. */
export interface EndPayment {
  readonly scope: Scope
  readonly paymentId: string
}

/** Cancels a payment on the merchant's word. Refuses one that is being paid or has ended. */
export const cancelPayment = defineCommand({
  name: 'cancel_payment',
  facts: (c: EndPayment) => ({ payment: paymentFact(c.scope, c.paymentId) }),
  decide({ payment }, _c, ctx) {
    if (!payment) return refuse('not_found', 'payment_not_found', { field: 'payment_id' })
    return end(payment, 'cancel', ctx.now)
  },
})

/** What the expiry timer asks for; `force` is the sandbox's way to expire a payment before its time. */
export interface ExpirePayment extends EndPayment {
  readonly force: boolean
}

/** Expires a payment whose time is over. A payment that is not due (any more) is left as it is. */
export const expirePayment = defineCommand({
  name: 'expire_payment',
  facts: (c: ExpirePayment) => ({ payment: paymentFact(c.scope, c.paymentId) }),
  decide({ payment }, c, ctx) {
    if (!payment) return refuse('not_found', 'payment_not_found', { field: 'payment_id' })
    if (c.force) return end(payment, 'expire', ctx.now)
    const due = nextState(paymentTransitions, payment.status, 'expire') && ctx.now >= payment.expiresAt
    return due ? end(payment, 'expire', ctx.now) : accept(payment, [])
  },
})

function end(payment: Payment, event: 'cancel' | 'expire', now: number) {
  const status = nextState(paymentTransitions, payment.status, event)
  if (!status) {
    return refuse('invalid_state', `payment_not_${event === 'cancel' ? 'cancellable' : 'expirable'}`, {
      status: payment.status,
      message: `This payment cannot be ${event === 'cancel' ? 'cancelled' : 'expired'}: it is ${payment.status}.`,
    })
  }
  const ended: Payment = { ...payment, status, dueAt: null, updatedAt: now, finishedAt: now }
  return accept(ended, [update(paymentKind, ended), record(`payment.${status}`, paymentKind, ended)])
}
