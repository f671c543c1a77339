import type { Instant } from '../../kernel/clock.ts'
import { type Money, money } from '../../kernel/money.ts'
import type { Scope } from '../../kernel/scope.ts'
import { canReach, defineTransitions, nextState } from '../../kernel/transitions.ts'
import type { PaymentMethod, RailInstruction, RailOperation, RailOutcome } from '../../rails/rail.ts'
import { type Change, enqueue, insert } from '../commit/changes.ts'
import type { DecisionContext } from '../commit/command.ts'
import { defineKind, type FactRef, factByKey, type RevisedRow } from '../commit/kind.ts'

/** `unknown` is a state like any other: nobody knows yet. Polling resolves it; a timeout never turns it into declined. */
export type AttemptStatus = 'pending' | 'processing' | 'unknown' | 'succeeded' | 'declined'

/** What can happen to an attempt: the four outcomes of a rail. */
export type AttemptEvent = RailOutcome['outcome']

/** The life of an attempt. */
export const attemptTransitions = defineTransitions<AttemptStatus, AttemptEvent>({
  name: 'attempt',
  initial: 'pending',
  moves: {
    pending: { succeeded: 'succeeded', declined: 'declined', pending: 'processing', unknown: 'unknown' },
    processing: { succeeded: 'succeeded', declined: 'declined', pending: 'processing', unknown: 'unknown' },
    unknown: { succeeded: 'succeeded', declined: 'declined', pending: 'processing', unknown: 'unknown' },
    succeeded: {},
    declined: {},
  },
})

/** One try to collect or send an amount on one rail. Its id is the rail's idempotency key. */
export interface Attempt extends RevisedRow {
  readonly id: string
  readonly subjectKind: 'payment' | 'refund' | 'payout'
  readonly subjectId: string
  readonly rail: string
  readonly operation: RailOperation
  readonly method: PaymentMethod
  readonly status: AttemptStatus
  readonly amountMinor: bigint
  readonly currency: string
  /** What the rail says it moved, in minor units; zero until it succeeded. */
  readonly receivedMinor: bigint
  readonly instruction: RailInstruction
  readonly railReference: string | null
  readonly code: string | null
  readonly message: string | null
  /** How often the rail was asked what became of it. */
  readonly polls: number
  /** When to ask the rail next, in the mode's clock. */
  readonly dueAt: Instant | null
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

/** Attempts as a kind. */
export const attemptKind = defineKind<Attempt>({
  name: 'attempt',
  table: 'attempts',
  order: 70,
  columns: {
    merchantId: 'text',
    mode: 'text',
    id: 'text',
    subjectKind: 'text',
    subjectId: 'text',
    rail: 'text',
    operation: 'text',
    method: 'text',
    status: 'text',
    amountMinor: 'bigint',
    currency: 'text',
    receivedMinor: 'bigint',
    instruction: 'json',
    railReference: 'text',
    code: 'text',
    message: 'text',
    polls: 'integer',
    dueAt: 'instant',
    createdAt: 'instant',
    updatedAt: 'instant',
    revision: 'integer',
  },
  primaryKey: ['merchantId', 'mode', 'id'],
  fixed: [
    'subjectKind',
    'subjectId',
    'rail',
    'operation',
    'method',
    'amountMinor',
    'currency',
    'instruction',
    'createdAt',
  ],
  canMove: canReach(attemptTransitions),
  dueProperty: 'dueAt',
})

/** Names an attempt. */
export function attemptFact(scope: Scope, id: string): FactRef<Attempt> {
  return factByKey(attemptKind, [scope.merchantId, scope.mode, id])
}

/** Whether the attempt's outcome is known for good. */
export function isSettled(attempt: Attempt): boolean {
  return attempt.status === 'succeeded' || attempt.status === 'declined'
}

/** The job that makes the first call to the rail; its payload is `{ merchantId, mode, attemptId }`. */
export const submitAttemptJobName = 'submit_attempt'

/**
 * If the process dies between the commit and the call, nobody has asked the rail: the poller picks the attempt up after
 * this time, in milliseconds of the mode's clock.
 */
const firstPollAfterMs = 30_000

interface AttemptSpec {
  readonly subjectKind: Attempt['subjectKind']
  readonly subjectId: string
  readonly rail: string
  readonly operation: RailOperation
  readonly method: PaymentMethod
  readonly amount: Money
  readonly instruction: RailInstruction
}

/** A new attempt. `railReference` of a refund's attempt names the collection that is paid back. */
export function newAttempt(id: string, spec: AttemptSpec, ctx: DecisionContext): Attempt {
  return {
    ...ctx.scope,
    id,
    subjectKind: spec.subjectKind,
    subjectId: spec.subjectId,
    rail: spec.rail,
    operation: spec.operation,
    method: spec.method,
    status: 'pending',
    amountMinor: spec.amount.minor,
    currency: spec.amount.currency,
    receivedMinor: 0n,
    instruction: spec.instruction,
    railReference: null,
    code: null,
    message: null,
    polls: 0,
    dueAt: ctx.now + firstPollAfterMs,
    createdAt: ctx.now,
    updatedAt: ctx.now,
    revision: 0,
  }
}

/** The changes that record an attempt and ask a worker to make it: the row first, the call only after the commit. */
export function recordAttempt(attempt: Attempt): Change[] {
  const { merchantId, mode, id } = attempt
  return [insert(attemptKind, attempt), enqueue(submitAttemptJobName, { merchantId, mode, attemptId: id })]
}

/** What a rail has said about an attempt, for the command that settles the attempt's subject. */
export interface RailAnswer {
  readonly scope: Scope
  readonly attemptId: string
  readonly outcome: RailOutcome
  /** Whether the rail was asked, which slows the next question down. */
  readonly polled?: boolean | undefined
}

/** The attempt after a rail's answer, or `undefined` when it was settled before: a late or repeated answer changes nothing. */
export function attemptAfter(
  attempt: Attempt,
  { outcome, polled }: Pick<RailAnswer, 'outcome' | 'polled'>,
  now: Instant,
): Attempt | undefined {
  const status = nextState(attemptTransitions, attempt.status, outcome.outcome)
  if (!status) return undefined
  const polls = attempt.polls + (polled ? 1 : 0)
  const railReference =
    'railReference' in outcome ? (outcome.railReference ?? attempt.railReference) : attempt.railReference
  return {
    ...attempt,
    status,
    railReference,
    receivedMinor: outcome.outcome === 'succeeded' ? outcome.received.minor : 0n,
    code: outcome.outcome === 'declined' ? outcome.code : null,
    message: 'message' in outcome ? outcome.message : null,
    polls,
    dueAt: 'pollAfterMs' in outcome ? now + pollDelayMs(outcome.pollAfterMs, polls) : null,
    updatedAt: now,
  }
}

/** The amount the attempt was made for. */
export function attemptAmount(attempt: Attempt): Money {
  return money(attempt.amountMinor, attempt.currency)
}

const pollDelayMaxMs = 60 * 60_000
const pollDoublingsMax = 10

/** Polling backs off: each poll doubles the rail's own advice, up to an hour. */
function pollDelayMs(adviceMs: number, polls: number): number {
  return Math.min(Math.max(adviceMs, 1) * 2 ** Math.min(polls, pollDoublingsMax), pollDelayMaxMs)
}
