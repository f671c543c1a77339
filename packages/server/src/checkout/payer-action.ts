import type { Engine, Payment, RailInstruction } from '../engine/index.ts'
import { EngineError } from '../kernel/engine-error.ts'
import { checkoutState } from './checkout-view.ts'

/** What the buttons of the page ask for. The last two stand in for a bank and a clock, and exist in the sandbox only. */
const payerActions = ['pay', 'decline', 'expire'] as const

/** One of them. */
export type PayerAction = (typeof payerActions)[number]

/** A button that was pressed, and the try that its page had seen last (an empty text: none); `undefined` when the caller did not say. */
export interface PressedButton {
  readonly action: PayerAction
  readonly seenAttemptId: string | undefined
}

/** The scenario behind "Decline this payment". */
const declinedScenario = 'declined:do_not_honor'

/**
 * Reads the form. Throws `EngineError` `invalid_request` when it names no button. `after` is optional, so that a script may press a button with `action`
 * alone.
 */
export function pressedButton(form: unknown): PressedButton {
  const fields = typeof form === 'object' && form !== null ? (form as Readonly<Record<string, unknown>>) : {}
  const action = payerActions.find((known) => known === fields['action'])
  if (!action) {
    throw new EngineError('invalid_request', 'action_unknown', {
      field: 'action',
      message: `The form field action must be one of ${payerActions.join(', ')}.`,
    })
  }
  const after = fields['after']
  return { action, seenAttemptId: typeof after === 'string' ? after : undefined }
}

/**
 * Does what the button says and resolves with the payment as it is then. A button that comes too late (a double click, a form posted again, a payment that
 * has ended meanwhile) changes nothing. Throws `EngineError` `forbidden` for a sandbox button in live mode, and the engine's own error only
 * while the payment still waits for its payer, so that trying again makes sense.
 */
export async function press(engine: Engine, payment: Payment, button: PressedButton): Promise<Payment> {
  const { merchantId, mode, id } = payment
  const scope = { merchantId, mode }
  if (mode !== 'sandbox' && button.action !== 'pay') {
    throw new EngineError('forbidden', 'sandbox_only', { message: 'This can be done in the sandbox only.' })
  }
  if (isTooLate(engine, payment, button)) return payment
  try {
    return button.action === 'expire'
      ? await engine.payments.expire(scope, id, true)
      : await engine.payments.pay(scope, id, instructionOf(payment, button.action))
  } catch (error) {
    const current = await engine.payments.find(scope, { id })
    const isRace = error instanceof EngineError && error.kind === 'invalid_state'
    // Once an attempt is recorded the poller finishes it, whatever went wrong here: the page tells what is known.
    if (current && (isRace || current.status !== 'awaiting_payer' || current.attemptId !== payment.attemptId)) {
      return current
    }
    throw error
  }
}

function isTooLate(engine: Engine, payment: Payment, { seenAttemptId }: PressedButton): boolean {
  if (checkoutState(payment, engine.now(payment.mode)) !== 'awaiting') return true
  return seenAttemptId !== undefined && seenAttemptId !== (payment.attemptId ?? '')
}

/** In the sandbox the merchant may have chosen the outcome when making the payment; in live mode nobody chooses. */
function instructionOf({ mode, metadata }: Payment, action: 'pay' | 'decline'): RailInstruction {
  if (mode !== 'sandbox') return {}
  if (action === 'decline') return { simulate: declinedScenario }
  const chosen = metadata['simulate']
  return { simulate: typeof chosen === 'string' ? chosen : 'succeeded' }
}
