/*
 * Rail work in three steps, so that no network call happens inside a transaction: the attempt is recorded (by the command
 * that made it), the rail is called here, the outcome is recorded. A crash in between leaves the attempt `pending`, and
 * its due time brings the poller, which asks the rail what became of it. Calls are safe to repeat: the attempt's id is
 * the rail's idempotency key, and a second record of an outcome changes nothing.
 */

import type { Instant } from '../../kernel/clock.ts'
import { assertInvariant, EngineError } from '../../kernel/engine-error.ts'
import type { Mode, Scope } from '../../kernel/scope.ts'
import type {
  Beneficiary,
  Rail,
  RailAttempt,
  RailOutcome,
  RailPollOutcome,
  RailRegistry,
  RawNotification,
} from '../../rails/rail.ts'
import type { Committer } from '../commit/committer.ts'
import { readRow } from '../commit/read-row.ts'
import type { Store } from '../commit/store.ts'
import { type Payment, paymentFact } from '../payments/payment.ts'
import { settlePayment } from '../payments/settle-payment.ts'
import type { StartedAttempt } from '../payments/start-payment-attempt.ts'
import { type Payout, payoutFact } from '../payouts/payout.ts'
import { settlePayout } from '../payouts/settle-payout.ts'
import { type Refund, refundFact } from '../refunds/refund.ts'
import { settleRefund } from '../refunds/settle-refund.ts'
import { type Attempt, attemptAmount, attemptFact, isSettled } from './attempt.ts'

/** What rail work needs. */
export interface AttemptRunner {
  readonly committer: Committer
  readonly store: Store
  readonly rails: RailRegistry
  now(mode: Mode): Instant
  /** Told when a rail threw, which a rail does only for a bug. */
  onRailDefect(error: unknown, rail: string): void
  /** A rail that has not answered by then has an unknown outcome, in milliseconds of real time. */
  readonly railTimeoutMs: number
}

/** After a call whose outcome is unknown, ask for the first time after this, in milliseconds of the mode's clock. */
const unknownPollAfterMs = 15_000

/** Calls the rail for an attempt that nobody has called it for yet, and records the outcome. Safe to repeat. */
export async function submitAttempt(runner: AttemptRunner, scope: Scope, attemptId: string): Promise<void> {
  const attempt = await readRow(runner.store, attemptFact(scope, attemptId))
  if (attempt) await submitRecorded(runner, attempt)
}

/** The same for an attempt as its command has just recorded it. Answers what the outcome made of its subject. */
export async function submitRecorded(runner: AttemptRunner, attempt: Attempt): Promise<AttemptSubject | undefined> {
  if (attempt.status !== 'pending') return undefined
  const { rail, asked } = await prepared(runner, attempt)
  return settleAttempt(runner, attempt, await callRail(runner, rail, asked), false)
}

/** The first call for an attempt to collect. Answers the payment as the outcome left it. */
export async function collectRecorded(runner: AttemptRunner, started: StartedAttempt): Promise<Payment> {
  const subject = await submitRecorded(runner, started.attempt)
  return (subject as Payment | undefined) ?? started.payment
}

/** Asks the rail what became of an attempt whose due time has come, and records the answer. */
export async function pollAttempt(runner: AttemptRunner, scope: Scope, attemptId: string): Promise<void> {
  const attempt = await readRow(runner.store, attemptFact(scope, attemptId))
  if (!attempt || isSettled(attempt)) return
  const { rail, asked } = await prepared(runner, attempt)
  const answer = await guarded<RailPollOutcome>(runner, rail, () => rail.poll?.(asked, { now: runner.now(scope.mode) }))
  // The rail has never seen the call: making it now, under the same id, cannot move the money twice.
  const again = { ...asked, polls: asked.polls + 1 }
  const outcome = answer.outcome === 'not_received' ? await callRail(runner, rail, again) : answer
  await settleAttempt(runner, attempt, outcome, true)
}

/**
 * Takes a notification that claims to come from a rail. Returns false when the bytes are not the rail's. A notification
 * about an attempt that is settled already changes nothing.
 */
export async function receiveNotification(
  runner: AttemptRunner,
  railName: string,
  raw: RawNotification,
): Promise<boolean> {
  const notification = runner.rails.find(railName)?.parseNotification?.(raw)
  if (!notification) return false
  const attempt = await readRow(runner.store, attemptFact(notification.scope, notification.attemptId))
  if (!attempt || attempt.rail !== railName) return false
  await settleAttempt(runner, attempt, notification.outcome, false)
  return true
}

/** What an attempt is made for. */
export type AttemptSubject = Payment | Payout | Refund

/** Records an outcome through the command of the attempt's subject, and answers the subject as it is then. */
export async function settleAttempt(
  runner: AttemptRunner,
  attempt: Attempt,
  outcome: RailOutcome,
  polled: boolean,
): Promise<AttemptSubject> {
  const { merchantId, mode, subjectId, id: attemptId } = attempt
  const scope = { merchantId, mode }
  const common = { scope, attemptId, outcome, polled }
  if (attempt.subjectKind === 'payment') {
    return (await runner.committer.submit(settlePayment, { ...common, paymentId: subjectId })).result
  }
  if (attempt.subjectKind === 'payout') {
    return (await runner.committer.submit(settlePayout, { ...common, payoutId: subjectId })).result
  }
  const refund = await readRow(runner.store, refundFact(scope, subjectId))
  assertInvariant(refund !== undefined, 'refund_of_attempt_missing')
  const settled = { ...common, refundId: subjectId, paymentId: refund.paymentId }
  return (await runner.committer.submit(settleRefund, settled)).result
}

async function callRail(runner: AttemptRunner, rail: Rail, asked: RailAttempt): Promise<RailOutcome> {
  return guarded<RailOutcome>(runner, rail, () => rail[asked.operation]?.(asked, { now: runner.now(asked.scope.mode) }))
}

/** A rail that throws or does not answer in time may have moved the money: the outcome is unknown, never declined. */
async function guarded<Outcome extends { readonly outcome: string }>(
  runner: AttemptRunner,
  rail: Rail,
  call: () => Promise<Outcome> | undefined,
): Promise<Outcome | Extract<RailOutcome, { outcome: 'unknown' }>> {
  const unknown = (message: string) => ({ outcome: 'unknown', message, pollAfterMs: unknownPollAfterMs }) as const
  const timeout = Promise.withResolvers<ReturnType<typeof unknown>>()
  const timer = setTimeout(() => timeout.resolve(unknown('The rail did not answer in time.')), runner.railTimeoutMs)
  // A call that never settles is no reason for a process to live on.
  timer.unref()
  try {
    const answer = call()
    if (!answer) throw new EngineError('internal', 'rail_cannot_do_this', { rail: rail.name })
    return await Promise.race([answer, timeout.promise])
  } catch (error) {
    runner.onRailDefect(error, rail.name)
    return unknown('The rail failed while it was asked.')
  } finally {
    clearTimeout(timer)
  }
}

async function prepared(runner: AttemptRunner, attempt: Attempt): Promise<{ rail: Rail; asked: RailAttempt }> {
  const rail = runner.rails.find(attempt.rail)
  if (!rail) throw new EngineError('internal', 'rail_not_installed', { rail: attempt.rail })
  const { merchantId, mode, id, operation, method, instruction, createdAt, polls } = attempt
  const asked: RailAttempt = {
    id,
    scope: { merchantId, mode },
    operation,
    method,
    amount: attemptAmount(attempt),
    instruction,
    createdAt,
    polls,
    originalRailReference: operation === 'refund' ? await originalReferenceOf(runner, attempt) : null,
    beneficiary: operation === 'disburse' ? await beneficiaryOf(runner, attempt) : null,
  }
  return { rail, asked }
}

async function originalReferenceOf(runner: AttemptRunner, { merchantId, mode, subjectId }: Attempt) {
  const scope = { merchantId, mode }
  const refund = await readRow(runner.store, refundFact(scope, subjectId))
  const payment = refund && (await readRow(runner.store, paymentFact(scope, refund.paymentId)))
  const collection = payment?.attemptId ? await readRow(runner.store, attemptFact(scope, payment.attemptId)) : undefined
  return collection?.railReference ?? null
}

async function beneficiaryOf(runner: AttemptRunner, attempt: Attempt): Promise<Beneficiary | null> {
  const { merchantId, mode, subjectId } = attempt
  return (await readRow(runner.store, payoutFact({ merchantId, mode }, subjectId)))?.beneficiary ?? null
}
