import type { Scope } from '../../kernel/scope.ts'
import { nextState } from '../../kernel/transitions.ts'
import type { RailInstruction } from '../../rails/rail.ts'
import { type Attempt, attemptKind, newAttempt } from '../attempts/attempt.ts'
import { insert, update } from '../commit/changes.ts'
import { accept, defineCommand, refuse } from '../commit/command.ts'
import { outstanding, type Payment, paymentFact, paymentKind, paymentTransitions } from './payment.ts'

/** The payer has chosen to pay. */
export interface StartPaymentAttempt {
  readonly scope: Scope
  readonly paymentId: string
  readonly instruction: RailInstruction
}

/** A payment with the attempt that was made for it. */
export interface StartedAttempt {
  readonly payment: Payment
  readonly attempt: Attempt
}

/**
 * Records an attempt to collect what is outstanding. Refuses a payment that is not waiting for its payer. Whoever submits
 * this calls the rail as soon as it is durable; if that process dies, the attempt's due time brings the poller.
 */
export const startPaymentAttempt = defineCommand({
  name: 'start_payment_attempt',
  facts: (c: StartPaymentAttempt) => ({ payment: paymentFact(c.scope, c.paymentId) }),
  decide({ payment }, c, ctx) {
    if (!payment) return refuse('not_found', 'payment_not_found', { field: 'payment_id' })
    const status = nextState(paymentTransitions, payment.status, 'attempt')
    if (!status) return refusedState(payment)
    if (ctx.now >= payment.expiresAt) {
      return refuse('invalid_state', 'payment_expired', { message: 'This payment has expired.' })
    }
    const attempt = newAttempt(
      ctx.newId('att'),
      {
        subjectKind: 'payment',
        subjectId: payment.id,
        rail: payment.rail,
        operation: 'collect',
        method: payment.method,
        amount: outstanding(payment),
        instruction: c.instruction,
      },
      ctx,
    )
    const started: Payment = {
      ...payment,
      status,
      attemptsMade: payment.attemptsMade + 1,
      attemptId: attempt.id,
      dueAt: null,
      updatedAt: ctx.now,
    }
    return accept<StartedAttempt>({ payment: started, attempt }, [
      update(paymentKind, started),
      insert(attemptKind, attempt),
    ])
  },
})

function refusedState(payment: Payment) {
  return refuse('invalid_state', 'payment_not_payable', {
    status: payment.status,
    message: `This payment cannot be paid any more: it is ${payment.status.replace('_', ' ')}.`,
  })
}
