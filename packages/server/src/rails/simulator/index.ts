import type { Instant } from '../../kernel/clock.ts'
import type { Rail, RailAttempt, RailContext, RailOperation, RailOutcome, RawNotification } from '../rail.ts'
import { answerCall, answerPoll, scenarioNotUnderstood, succeeded } from './answer.ts'
import { scenarioOf } from './magic-values.ts'
import { createNotification, parseSimulatorNotification } from './notification.ts'
import type { Scenario } from './scenario.ts'

/** What the simulator is built from. */
export interface SimulatorOptions {
  /** The secret that its notifications are signed with, at least `signingKeyLengthMin` characters. */
  readonly signingKey: string
  /**
   * How the rail "sends" a notification: it must be kept durably and come to `parseNotification` when `afterMs` of the
   * mode's clock have passed. A repeated call sends identical bytes again, as rails do. If it fails, the call answers
   * `unknown`, and asking finds the truth.
   */
  readonly schedule: (notification: RawNotification, attempt: RailAttempt, afterMs: number) => Promise<void>
}

/** A shorter key is a mistake of the configuration. */
const signingKeyLengthMin = 16

/** When the second notification of `duplicate` comes, after the first. */
const duplicateAfterMs = 1_000
/** When to ask after a notification that could not be sent. */
const notificationLostPollAfterMs = 5_000

/**
 * Creates the simulated rail. It never touches live data and keeps nothing: every answer is a function of the attempt
 * and the clock (`answer.ts`), so it is the same in every process and after every restart. Scenarios are chosen by
 * `instruction.simulate` or by magic values (docs/sandbox-magic-values.md). Throws `TypeError` for a short key; calls
 * throw `TypeError` only for what routing must never send: live data, another operation, a method it does not carry.
 */
export function createSimulatorRail(options: SimulatorOptions): Rail {
  if (options.signingKey.length < signingKeyLengthMin) {
    throw new TypeError(`the simulator needs a signing key of at least ${signingKeyLengthMin} characters`)
  }
  const callAs = (operation: RailOperation) => async (attempt: RailAttempt, ctx: RailContext) => {
    requireOwn(attempt, operation)
    return call(options, attempt, ctx.now)
  }
  return {
    name: 'simulator',
    modes: ['sandbox'],
    carries,
    collect: callAs('collect'),
    refund: callAs('refund'),
    disburse: callAs('disburse'),
    poll: async (attempt, ctx) => {
      requireOwn(attempt, attempt.operation)
      const scenario = scenarioOf(attempt)
      return scenario ? answerPoll(attempt, scenario, ctx.now) : scenarioNotUnderstood
    },
    parseNotification: (raw) => parseSimulatorNotification(options.signingKey, raw),
  }
}

const carries: Rail['carries'] = {
  collect: ['upi', 'card', 'bank_transfer'],
  refund: ['upi', 'card', 'bank_transfer'],
  disburse: ['bank_transfer', 'upi'],
}

function requireOwn(attempt: RailAttempt, operation: RailOperation): void {
  if (attempt.scope.mode !== 'sandbox') throw new TypeError('the simulator was given live data')
  if (attempt.operation !== operation) throw new TypeError(`asked to ${operation} an attempt to ${attempt.operation}`)
  if (!carries[operation].includes(attempt.method)) {
    throw new TypeError(`the simulator does not carry ${attempt.method} to ${operation}`)
  }
  if (attempt.amount.minor <= 0n) throw new TypeError('an attempt must move a positive amount')
}

async function call(options: SimulatorOptions, attempt: RailAttempt, now: Instant): Promise<RailOutcome> {
  const scenario = scenarioOf(attempt)
  if (!scenario) return scenarioNotUnderstood
  const outcome = answerCall(attempt, scenario, now)
  try {
    await sendNotifications(options, attempt, scenario, outcome, now)
  } catch {
    // The money's story is told by asking; only the news of it is lost, as it may be on any rail.
    const message = 'The notification of the rail could not be scheduled.'
    return { outcome: 'unknown', message, pollAfterMs: notificationLostPollAfterMs }
  }
  return outcome
}

async function sendNotifications(
  { signingKey, schedule }: SimulatorOptions,
  attempt: RailAttempt,
  scenario: Scenario,
  outcome: RailOutcome,
  now: Instant,
): Promise<void> {
  if (scenario.kind === 'late' && outcome.outcome === 'pending') {
    const decisionAt = attempt.createdAt + scenario.delayMs
    const notification = createNotification(signingKey, attempt, succeeded(attempt, scenario), decisionAt)
    await schedule(notification, attempt, decisionAt - now)
  }
  if (scenario.kind === 'duplicate') {
    const notification = createNotification(signingKey, attempt, succeeded(attempt, scenario), attempt.createdAt)
    await schedule(notification, attempt, 0)
    await schedule(notification, attempt, duplicateAfterMs)
  }
}
