import { type Money, minorMax } from '../../kernel/money.ts'
import type { Scope } from '../../kernel/scope.ts'
import type { Account } from '../../ledger/account.ts'
import { type AccountCode, clearingCode } from '../../ledger/chart.ts'
import { type DeclineCode, declineCodes, type RailOutcome } from '../../rails/rail.ts'
import { type Attempt, attemptFact, isSettled } from '../attempts/attempt.ts'
import { type AttemptRunner, collectRecorded, submitAttempt } from '../attempts/run-attempt.ts'
import type { Change } from '../commit/changes.ts'
import { accept, type Decision, type DecisionContext, defineCommand, refuse } from '../commit/command.ts'
import type { Outcome } from '../commit/committer.ts'
import type { Idempotency } from '../commit/idempotency.ts'
import { accountFact } from '../commit/ledger-kinds.ts'
import { readRow } from '../commit/read-row.ts'
import { expirePayment } from '../payments/end-payment.ts'
import { outstanding, type Payment, paymentFact } from '../payments/payment.ts'
import { settlePayment } from '../payments/settle-payment.ts'
import { type StartedAttempt, startPaymentAttempt } from '../payments/start-payment-attempt.ts'

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

interface BringAbout {
  readonly scope: Scope
  readonly paymentId: string
  readonly wanted: ApplyOutcome
}

/** What was brought about at once, and the attempt whose rail is still to be called. */
interface BroughtAbout {
  readonly payment: Payment
  readonly attempt: Attempt | null
}

/**
 * Decides as the real command would: expiry, an attempt with that scenario, or the answer of the open attempt's rail. It is
 * one command, so that the record of its idempotency key is written with what it did.
 */
const bringAbout = defineCommand({
  name: 'bring_about_outcome',
  facts: (c: BringAbout) => ({ payment: paymentFact(c.scope, c.paymentId) }),
  more: ({ payment }, c) => {
    const open = payment?.status === 'processing' || payment?.status === 'awaiting_payer' ? payment : undefined
    const account = (code: AccountCode) => open && accountFact(c.scope, code, open.currency)
    return {
      attempt: open?.attemptId ? attemptFact(c.scope, open.attemptId) : undefined,
      clearing: open && account(clearingCode(open.rail)),
      available: account('available'),
      fees: account('fees'),
      suspense: account('suspense'),
    }
  },
  decide(facts, c, ctx): Decision<BroughtAbout> {
    const { payment, attempt } = facts
    const { scope, paymentId, wanted } = c
    if (!payment) return refuse('not_found', 'payment_not_found', { field: 'payment_id' })
    const refused = refusalOfOutcome(payment, wanted)
    if (refused) return refused
    if (wanted.outcome === 'expired') {
      return withoutAttempt(expirePayment.decide({ payment }, { scope, paymentId, force: true }, ctx))
    }
    if (payment.status === 'processing' && attempt && !isSettled(attempt)) {
      const answer = { scope, paymentId, attemptId: attempt.id, outcome: railOutcome(attempt, wanted) }
      return withoutAttempt(settlePayment.decide({ ...facts, payment, attempt }, answer, ctx))
    }
    const instruction = { simulate: scenarioText(wanted) }
    const started = startPaymentAttempt.decide({ payment }, { scope, paymentId, instruction }, ctx)
    // Nobody knows what became of it: that is for the rail to act out.
    if (!started.accepted || wanted.outcome === 'unknown') return started
    return settledAtOnce(facts, c, started.result, started.changes, ctx)
  },
})

/** The accounts that a collection may touch, as loaded. */
interface Accounts {
  readonly clearing?: Account | undefined
  readonly available?: Account | undefined
  readonly fees?: Account | undefined
  readonly suspense?: Account | undefined
}

/**
 * The attempt and the rail's answer in one decision: the answer is known before anybody is asked, so nothing can be lost
 * between them.
 */
function settledAtOnce(
  accounts: Accounts,
  { scope, paymentId, wanted }: BringAbout,
  { payment, attempt }: StartedAttempt,
  begun: readonly Change[],
  ctx: DecisionContext,
): Decision<BroughtAbout> {
  const processing = { ...payment, revision: payment.revision + 1 }
  const answer = { scope, paymentId, attemptId: attempt.id, outcome: railOutcome(attempt, wanted) }
  const settled = settlePayment.decide({ ...accounts, payment: processing, attempt }, answer, ctx)
  if (!settled.accepted) return settled
  return accept({ payment: settled.result, attempt: null }, [...begun, ...settled.changes])
}

function withoutAttempt(decision: Decision<Payment>): Decision<BroughtAbout> {
  return decision.accepted ? accept({ payment: decision.result, attempt: null }, decision.changes) : decision
}

/**
 * Makes a payment end (or go on) in a chosen way, through the same decisions as the real thing: a payment that waits for
 * its payer gets an attempt with that outcome; one whose attempt is open hears it from its rail. Sandbox only. A replay
 * brings about nothing (but finishes what a crash has interrupted) and answers with the payment as it is then.
 */
export async function applyOutcome(
  runner: AttemptRunner,
  scope: Scope,
  payment: Payment,
  wanted: ApplyOutcome,
  idempotency?: Idempotency,
): Promise<Outcome<Payment>> {
  const input: BringAbout = { scope, paymentId: payment.id, wanted }
  const { result, replayed } = await runner.committer.submit(bringAbout, input, idempotency)
  const { attempt } = result
  if (replayed) {
    if (attempt) await submitAttempt(runner, scope, attempt.id)
    const after = await readRow(runner.store, paymentFact(scope, payment.id))
    return { result: after ?? result.payment, replayed }
  }
  return { result: attempt ? await collectRecorded(runner, { ...result, attempt }) : result.payment, replayed }
}

function refusalOfOutcome(payment: Payment, { outcome, amountMinor, code }: ApplyOutcome): Decision<never> | undefined {
  if (code !== undefined && (outcome !== 'declined' || !(declineCodes as readonly string[]).includes(code))) {
    return invalid('code', `With the outcome "declined", code is one of ${declineCodes.join(', ')}.`)
  }
  const owed = outstanding(payment)
  if (outcome === 'over' && payment.receivedMinor + (amountMinor ?? tooMuch(owed.minor)) > minorMax) {
    return invalid('amount', `A payment takes in at most ${minorMax} minor units.`)
  }
  if (amountMinor === undefined) return undefined
  const fits = outcome === 'partial' ? amountMinor > 0n && amountMinor < owed.minor : amountMinor > owed.minor
  if ((outcome === 'partial' || outcome === 'over') && fits) return undefined
  return invalid('amount', `The amount goes with "partial" (below ${owed.minor}) and "over" (above ${owed.minor}).`)
}

function invalid(field: string, message: string): Decision<never> {
  return refuse('invalid_request', 'sandbox_outcome_invalid', { field, message })
}

/** A tenth more than is owed, and one. */
function tooMuch(owedMinor: bigint): bigint {
  return owedMinor + owedMinor / 10n + 1n
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
      return received(wanted.amountMinor ?? tooMuch(owed.minor))
    case 'unknown':
      return { outcome: 'unknown', message: 'Unknown on request of the sandbox.', pollAfterMs: 15_000 }
    default:
      return received(owed.minor)
  }
}
