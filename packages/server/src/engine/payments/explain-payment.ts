import type { Instant } from '../../kernel/clock.ts'
import { decimalFromMinor, type Money, money } from '../../kernel/money.ts'
import { describeReason } from '../../ledger/statement.ts'
import type { Transfer } from '../../ledger/transfer.ts'
import { type Attempt, isSettled } from '../attempts/attempt.ts'
import type { EngineEvent } from '../commit/event.ts'
import { feeOf } from '../fees/fee-plan.ts'
import type { Refund } from '../refunds/refund.ts'
import type { Delivery } from '../webhooks/delivery.ts'
import { type DeclineExplanation, explainDecline } from './explain-decline.ts'
import { type Payment, paymentAmount, refundable } from './payment.ts'
import { sentenceOfEvent, sentenceOfStatus } from './payment-sentences.ts'

/** Everything that an explanation is made from, loaded before it is made. Lists are oldest first. */
export interface PaymentFacts {
  readonly payment: Payment
  readonly attempts: readonly Attempt[]
  readonly refunds: readonly Refund[]
  /** The open attempts of its refunds. */
  readonly refundAttempts: readonly Attempt[]
  /** The events of the payment and of its refunds. */
  readonly events: readonly EngineEvent[]
  /** The transfers of the payment and of its refunds. */
  readonly transfers: readonly Transfer[]
  /** The deliveries about the payment and its refunds that are still to be made. */
  readonly deliveries: readonly Delivery[]
  /** When the simulator will send a notification about an open attempt. */
  readonly notifications: readonly { readonly attemptId: string; readonly dueAt: Instant }[]
  readonly now: Instant
}

/** One thing that happened. `by` is `merchant`, `payer`, `paylect` or `rail:` and its name. */
export interface TimelineEntry {
  readonly at: Instant
  readonly what: string
  readonly by: string
}

/** One thing that will happen unless something else happens first. */
export interface NextStep {
  readonly at: Instant | null
  readonly what: string
}

/** One line of the ledger. */
export interface MoneyLine {
  readonly number: bigint
  readonly at: Instant
  readonly from: string
  readonly to: string
  readonly amountMinor: bigint
  readonly why: string
}

/** Why a payment is as it is: structured, with a plain sentence for each part. */
export interface PaymentExplanation {
  readonly payment: Payment
  readonly state: { readonly status: Payment['status']; readonly since: Instant; readonly why: string }
  readonly timeline: readonly TimelineEntry[]
  readonly fee: {
    readonly amountMinor: bigint
    readonly planVersion: number
    readonly basisPoints: number
    readonly fixedMinor: bigint
    readonly sentence: string
  }
  readonly decline: DeclineExplanation | null
  readonly money: { readonly lines: readonly MoneyLine[]; readonly sentence: string }
  readonly refunds: {
    readonly count: number
    readonly paidMinor: bigint
    readonly pendingMinor: bigint
    readonly failedMinor: bigint
    readonly refundableMinor: bigint
    readonly sentence: string
  }
  readonly next: readonly NextStep[]
}

/** Explains a payment from facts that were loaded before. Pure: the same facts give the same explanation. */
export function explainPayment(facts: PaymentFacts): PaymentExplanation {
  const { payment, attempts } = facts
  return {
    payment,
    state: { status: payment.status, since: sinceWhen(facts), why: sentenceOfStatus(payment, attempts) },
    timeline: timelineOf(facts),
    fee: feeExplained(payment),
    decline: declineOf(payment),
    money: moneyExplained(facts),
    refunds: refundsExplained(facts),
    next: nextSteps(facts),
  }
}

/** An amount as a person reads it, with all the places of its currency. */
export function amountText(amount: Money): string {
  return `${decimalFromMinor(amount)} ${amount.currency}`
}

/** Asking a rail again moves an attempt's time, not the payment's status: it is processing since the attempt began. */
function sinceWhen({ payment, attempts }: PaymentFacts): Instant {
  const attempt = attempts.findLast(({ id }) => id === payment.attemptId)
  if (payment.finishedAt !== null) return payment.finishedAt
  if (attempt) return payment.status === 'processing' ? attempt.createdAt : attempt.updatedAt
  return payment.attemptId ? payment.updatedAt : payment.createdAt
}

/** Where an attempt is under way, the decline of an earlier one decides nothing: the timeline tells of it. */
function declineOf({ status, failureCode, failureMessage }: Payment): DeclineExplanation | null {
  return failureCode === null || status === 'processing'
    ? null
    : explainDecline(failureCode, failureMessage, status === 'awaiting_payer')
}

function timelineOf({ attempts, events }: PaymentFacts): TimelineEntry[] {
  const started = attempts.map((attempt, index): TimelineEntry => {
    const amount = amountText(money(attempt.amountMinor, attempt.currency))
    const what = `Attempt ${index + 1} to collect ${amount} by ${attempt.method.replace('_', ' ')} began.`
    return { at: attempt.createdAt, what, by: 'payer' }
  })
  const waiting = attempts
    .filter((attempt) => !isSettled(attempt) && attempt.status !== 'pending')
    .map((attempt): TimelineEntry => {
      const { polls } = attempt
      const said =
        attempt.status === 'unknown' ? 'did not say what became of it' : 'took the attempt and will decide later'
      // The time of the attempt is that of the last answer.
      const what =
        polls === 0 ? `The rail ${said}.` : `Asked ${polls === 1 ? 'once' : `${polls} times`}, the rail ${said}.`
      return { at: attempt.updatedAt, what, by: `rail:${attempt.rail}` }
    })
  const told = events.map((event): TimelineEntry => ({ at: event.createdAt, ...sentenceOfEvent(event) }))
  // A stable sort: of one moment, an event that began comes before what came of it.
  const rank = ({ what, by }: TimelineEntry) =>
    what.startsWith('The payment was created') ? 0 : by === 'payer' ? 1 : 2
  return [...told, ...started, ...waiting].sort((a, b) => a.at - b.at || rank(a) - rank(b))
}

function feeExplained(payment: Payment): PaymentExplanation['fee'] {
  const { planVersion, basisPoints, fixedMinor } = payment.feeTerms
  const amount = paymentAmount(payment)
  const fee =
    payment.status === 'succeeded' ? money(payment.feeMinor, payment.currency) : feeOf(amount, payment.feeTerms)
  const percent = `${Math.floor(basisPoints / 100)}.${String(basisPoints % 100).padStart(2, '0')} %`
  const fixed = fixedMinor === 0n ? '' : `, plus ${amountText(money(fixedMinor, payment.currency))} fixed`
  const whole = fee.minor === amount.minor && fee.minor > 0n ? ', and never more than the amount itself' : ''
  const rule = `${percent} of ${amountText(amount)}, rounded half up to the smallest unit${fixed}${whole}`
  return {
    ...{ amountMinor: payment.feeMinor, planVersion, basisPoints, fixedMinor },
    sentence:
      planVersion === 0
        ? 'No fee plan was in force for this method, so there is no fee.'
        : `The fee ${feeTense(payment)} ${amountText(fee)}: ${rule} (version ${planVersion} of the fee plan, in force when the payment was made).`,
  }
}

function feeTense({ status }: Payment): string {
  if (status === 'succeeded') return 'is'
  return status === 'awaiting_payer' || status === 'processing' || status === 'created' ? 'will be' : 'would have been'
}

function moneyExplained({ payment, transfers }: PaymentFacts): PaymentExplanation['money'] {
  const lines = transfers.map(({ number, createdAt, debitCode, creditCode, amountMinor, reason }): MoneyLine => {
    return { number, at: createdAt, from: debitCode, to: creditCode, amountMinor, why: describeReason(reason) }
  })
  const text = (minor: bigint) => amountText(money(minor, payment.currency))
  const { receivedMinor, capturedMinor, suspenseMinor, feeMinor, refundReservedMinor, feeReturnedMinor } = payment
  const left = capturedMinor - feeMinor - (refundReservedMinor - feeReturnedMinor)
  const waiting = suspenseMinor === 0n ? '' : ` ${text(suspenseMinor)} of it waits in suspense.`
  const refunded = refundReservedMinor === 0n ? '' : `, ${text(refundReservedMinor - feeReturnedMinor)} for refunds`
  const credited =
    capturedMinor === 0n
      ? ''
      : ` ${text(capturedMinor)} was credited, less ${text(feeMinor)} for the fee${refunded}: ${text(left)} for you.`
  return {
    lines,
    sentence:
      receivedMinor === 0n ? 'No money has arrived.' : `${text(receivedMinor)} has arrived.${credited}${waiting}`,
  }
}

function refundsExplained({ payment, refunds }: PaymentFacts): PaymentExplanation['refunds'] {
  const sumOf = (status: Refund['status']) =>
    refunds.reduce((sum, refund) => sum + (refund.status === status ? refund.amountMinor : 0n), 0n)
  const text = (minor: bigint) => amountText(money(minor, payment.currency))
  const [paidMinor, pendingMinor, failedMinor] = [sumOf('succeeded'), sumOf('pending'), sumOf('failed')]
  const refundableMinor = refundable(payment).minor
  const parts = [
    paidMinor > 0n && `${text(paidMinor)} was paid back`,
    pendingMinor > 0n && `${text(pendingMinor)} is under way`,
    failedMinor > 0n && `refunds of ${text(failedMinor)} failed`,
  ].filter((part) => part !== false)
  const left = refundableMinor > 0n ? `${text(refundableMinor)} can still be refunded.` : 'Nothing is left to refund.'
  const none = payment.status === 'succeeded' ? 'There were no refunds.' : 'Only a paid payment can be refunded.'
  return {
    ...{ count: refunds.length, paidMinor, pendingMinor, failedMinor, refundableMinor },
    sentence:
      parts.length > 0 ? `${parts.join('; ')}. ${left}` : payment.status === 'succeeded' ? `${none} ${left}` : none,
  }
}

function nextSteps(facts: PaymentFacts): NextStep[] {
  const { payment, attempts, refundAttempts, deliveries, notifications } = facts
  const steps: NextStep[] = []
  if (payment.dueAt !== null) {
    steps.push({ at: payment.expiresAt, what: 'The payment expires, unless it is paid or cancelled before.' })
  }
  for (const { attemptId, dueAt } of notifications) {
    const ofRefund = refundAttempts.some(({ id }) => id === attemptId)
    steps.push({ at: dueAt, what: `The simulator tells what became of the ${ofRefund ? 'refund' : 'attempt'}.` })
  }
  for (const attempt of [...attempts, ...refundAttempts]) {
    if (isSettled(attempt) || attempt.dueAt === null) continue
    const object = attempt.subjectKind === 'refund' ? 'the refund' : 'the attempt'
    steps.push({
      at: attempt.dueAt,
      what: `The rail ${attempt.rail} is asked what became of ${object}, unless it says so before.`,
    })
  }
  for (const { eventType, url, dueAt, attemptsMade } of deliveries) {
    steps.push({ at: dueAt, what: `The webhook ${eventType} is sent to ${url} (try ${attemptsMade + 1}).` })
  }
  return steps.sort((a, b) => (a.at ?? 0) - (b.at ?? 0))
}
