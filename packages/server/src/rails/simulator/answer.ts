import type { Instant } from '../../kernel/clock.ts'
import { type Money, minorMax, money } from '../../kernel/money.ts'
import type { DeclineCode, RailAttempt, RailDeclined, RailOutcome, RailPollOutcome, RailSucceeded } from '../rail.ts'
import { railReferenceOf } from './rail-reference.ts'
import { type LostReplyTruth, pendingDelayMs, pollsUntilKnown, type Scenario } from './scenario.ts'

// What the simulator knows of an attempt is computed from the attempt and the clock each time. It only moves forward
// as time passes and questions are counted, so no answer ever takes back a settled one:
//
//   succeeded, declined, partial, over, duplicate    settled from the first call on
//   late, pending       pending → succeeded          at createdAt + the delay
//   unknown             unknown → its truth          when asked for the second time
//   unknown:not_received, down                       unknown → not_received → succeeded
//
// The simulator cannot remember whether a call was repeated, and `not_received` after a success would lie about money.
// So `not_received` is the answer to the very first question only; later questions find the call done.

/** When to ask again about a lost reply. */
const pollAfterMsDefault = 5_000

const declineMessages: Readonly<Record<DeclineCode, string>> = {
  insufficient_funds: 'The account does not hold enough money.',
  do_not_honor: 'The bank declined without giving a reason.',
  expired_instrument: 'The card or the mandate has expired.',
  invalid_account: 'The account does not exist or cannot be used.',
  limit_exceeded: 'The amount exceeds a limit of the account.',
  authentication_failed: 'The payer was not authenticated.',
  suspected_fraud: 'The bank suspects fraud.',
  cancelled_by_payer: 'The payer cancelled.',
  payer_timed_out: 'The payer did not act in time.',
  rail_error: 'The rail could not process the attempt.',
}

/** What the simulator answers to a call. Pure. */
export function answerCall(attempt: RailAttempt, scenario: Scenario, now: Instant): RailOutcome {
  switch (scenario.kind) {
    case 'unknown': {
      const { truth } = scenario
      if (truth.kind === 'not_received') return attempt.polls === 0 ? lostReply() : succeeded(attempt, scenario)
      return attempt.polls < pollsUntilKnown ? lostReply() : known(attempt, truth)
    }
    case 'down': {
      const restMs = restOf(attempt, scenario.outageMs, now)
      return restMs > 0 ? noAnswer(restMs) : succeeded(attempt, scenario)
    }
    case 'late':
      return decidedAfter(attempt, scenario, restOf(attempt, scenario.delayMs, now))
    case 'pending':
      return decidedAfter(attempt, scenario, restOf(attempt, pendingDelayMs, now))
    case 'declined':
      return declined(attempt, scenario.code)
    default:
      return succeeded(attempt, scenario)
  }
}

/** What the simulator answers when it is asked about an attempt. Pure. */
export function answerPoll(attempt: RailAttempt, scenario: Scenario, now: Instant): RailPollOutcome {
  switch (scenario.kind) {
    case 'unknown': {
      const { truth } = scenario
      if (truth.kind === 'not_received') return attempt.polls === 0 ? notReceived : succeeded(attempt, scenario)
      // This question is not among `polls` yet, which counts the earlier ones.
      return attempt.polls + 1 < pollsUntilKnown ? lostReply() : known(attempt, truth)
    }
    case 'down': {
      const isUp = restOf(attempt, scenario.outageMs, now) === 0
      return isUp && attempt.polls === 0 ? notReceived : answerCall(attempt, scenario, now)
    }
    default:
      return answerCall(attempt, scenario, now)
  }
}

/** What the simulator answers to a `simulate` that is no scenario: the mistake is named, and no money moves. */
export const scenarioNotUnderstood: RailDeclined = {
  outcome: 'declined',
  railReference: null,
  code: 'rail_error',
  message: 'The value of simulate is not a scenario of the sandbox.',
}

/** Success of an attempt. What arrived is what was asked, but in a collection whose scenario is partial or over. */
export function succeeded(attempt: RailAttempt, scenario: Scenario): RailSucceeded {
  return { outcome: 'succeeded', railReference: railReferenceOf(attempt), received: receivedIn(attempt, scenario) }
}

const notReceived: RailPollOutcome = { outcome: 'not_received' }

function receivedIn({ operation, amount }: RailAttempt, scenario: Scenario): Money {
  if (operation !== 'collect' || (scenario.kind !== 'partial' && scenario.kind !== 'over')) return amount
  const asked = amount.minor
  if (scenario.kind === 'partial') {
    const half = asked > 1n ? asked / 2n : 1n
    return money(lesser(scenario.minor ?? half, asked), amount.currency)
  }
  const more = scenario.minor ?? asked + asked / 10n
  return money(lesser(more > asked ? more : asked + 1n, minorMax), amount.currency)
}

function lesser(left: bigint, right: bigint): bigint {
  return left < right ? left : right
}

function declined(attempt: RailAttempt, code: DeclineCode): RailDeclined {
  return { outcome: 'declined', railReference: railReferenceOf(attempt), code, message: declineMessages[code] }
}

function known(attempt: RailAttempt, truth: Exclude<LostReplyTruth, { kind: 'not_received' }>): RailOutcome {
  return truth.kind === 'declined' ? declined(attempt, truth.code) : succeeded(attempt, truth)
}

/** What is left of `durationMs` since the attempt was made; never more than the whole, should a clock stand behind. */
function restOf(attempt: RailAttempt, durationMs: number, now: Instant): number {
  return Math.min(Math.max(attempt.createdAt + durationMs - now, 0), durationMs)
}

function decidedAfter(attempt: RailAttempt, scenario: Scenario, restMs: number): RailOutcome {
  if (restMs === 0) return succeeded(attempt, scenario)
  return { outcome: 'pending', railReference: railReferenceOf(attempt), pollAfterMs: restMs }
}

function lostReply(): RailOutcome {
  return { outcome: 'unknown', message: 'The reply of the rail was lost.', pollAfterMs: pollAfterMsDefault }
}

function noAnswer(pollAfterMs: number): RailOutcome {
  return { outcome: 'unknown', message: 'The rail does not answer.', pollAfterMs }
}
