import { EngineError } from '../../kernel/engine-error.ts'
import type { Money } from '../../kernel/money.ts'
import type { Scope } from '../../kernel/scope.ts'
import { type DeclineCode, declineCodes, type RailOutcome } from '../../rails/rail.ts'
import { type Attempt, attemptFact, isSettled } from '../attempts/attempt.ts'
import { type AttemptRunner, settleAttempt, submitAttempt } from '../attempts/run-attempt.ts'
import { readRow } from '../commit/read-row.ts'
import { expirePayment } from '../payments/end-payment.ts'
import { outstanding, type Payment } from '../payments/payment.ts'
import { startPaymentAttempt } from '../payments/start-payment-attempt.ts'

/** What the sandbox can make happen to a payment. */
export const sandboxOutcomes = ['succeeded', 'declined', 'expired', 'partial', 'over', 'unknown'] as const

/** One of them. */
export type SandboxOutcome = (typeof sandboxOutcomes)[number]

/** An outcome to be brought about. `amountMinor` belongs to `partial` and `over`, `code` to `declined`. */
export interface ApplyOutcome {
  readonly outcome: SandboxOutcome
  readonly amountMinor?: bigint | undefined
  readonly code?: string | undefined
}

/**
 * Makes a payment end (or go on) in a chosen way, through the same commands as the real thing: a payment that waits for
 * its payer gets an attempt with that outcome; one whose attempt is open hears it from its rail. Sandbox only.
 */
export async function applyOutcome(
  runner: AttemptRunner,
  scope: Scope,
  payment: Payment,
  wanted: ApplyOutcome,
): Promise<void> {
  assertApplicable(payment, wanted)
  if (wanted.outcome === 'expired') {
    await runner.committer.submit(expirePayment, { scope, paymentId: payment.id, force: true })
    return
  }
  const open = payment.status === 'processing' ? await openAttempt(runner, scope, payment) : undefined
  if (open) {
    await settleAttempt(runner, open, railOutcome(open, wanted), false)
    return
  }
  const instruction = { simulate: scenarioText(wanted) }
  const { result } = await runner.committer.submit(startPaymentAttempt, { scope, paymentId: payment.id, instruction })
  await submitAttempt(runner, scope, result.attempt.id)
}

async function openAttempt(runner: AttemptRunner, scope: Scope, payment: Payment): Promise<Attempt | undefined> {
  if (!payment.attemptId) return undefined
  const attempt = await readRow(runner.store, attemptFact(scope, payment.attemptId))
  return attempt && !isSettled(attempt) ? attempt : undefined
}

function assertApplicable(payment: Payment, { outcome, amountMinor, code }: ApplyOutcome): void {
  if (code !== undefined && (outcome !== 'declined' || !(declineCodes as readonly string[]).includes(code))) {
    throw invalid('code', `With the outcome "declined", code is one of ${declineCodes.join(', ')}.`)
  }
  if (amountMinor === undefined) return
  const owed = outstanding(payment)
  const fits = outcome === 'partial' ? amountMinor > 0n && amountMinor < owed.minor : amountMinor > owed.minor
  if ((outcome !== 'partial' && outcome !== 'over') || !fits) {
    throw invalid('amount', `The amount goes with "partial" (below ${owed.minor}) and "over" (above ${owed.minor}).`)
  }
}

function invalid(field: string, message: string): EngineError {
  return new EngineError('invalid_request', 'sandbox_outcome_invalid', { field, message })
}

/** The simulator's words for the outcome; the grammar stands in the simulator's table of scenarios. */
function scenarioText({ outcome, amountMinor, code }: ApplyOutcome): string {
  const argument = outcome === 'declined' ? code : amountMinor?.toString()
  return argument === undefined ? outcome : `${outcome}:${argument}`
}

function railOutcome(attempt: Attempt, wanted: ApplyOutcome): RailOutcome {
  const railReference = attempt.railReference ?? `sandbox-${attempt.id}`
  const owed: Money = { minor: attempt.amountMinor, currency: attempt.currency }
  const received = (minor: bigint): RailOutcome => {
    return {
      outcome: 'succeeded',
      railReference,
      received: { minor: minor > 0n ? minor : 1n, currency: owed.currency },
    }
  }
  switch (wanted.outcome) {
    case 'declined':
      return {
        outcome: 'declined',
        railReference,
        code: (wanted.code ?? 'do_not_honor') as DeclineCode,
        message: 'Declined on request of the sandbox.',
      }
    case 'partial':
      return received(wanted.amountMinor ?? owed.minor / 2n)
    case 'over':
      return received(wanted.amountMinor ?? owed.minor + owed.minor / 10n + 1n)
    case 'unknown':
      return { outcome: 'unknown', message: 'Unknown on request of the sandbox.', pollAfterMs: 15_000 }
    default:
      return received(owed.minor)
  }
}
