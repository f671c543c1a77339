import type { Decision, DecisionContext } from '../../src/engine/commit/command.ts'
import { sampleInstant, sampleScope } from '../../src/engine/commit/sample-rows.ts'
import type { EngineError } from '../../src/kernel/engine-error.ts'
import type { Id, IdPrefix } from '../../src/kernel/ids.ts'

/** A context for a decision that is called by hand: the sample scope, a clock that stands still, ids that count. */
export function decisionContext(now = sampleInstant + 1_000): DecisionContext {
  let made = 0
  let number = 100n
  return {
    scope: sampleScope,
    now,
    newId: <Prefix extends IdPrefix>(prefix: Prefix): Id<Prefix> => {
      made += 1
      return `${prefix}_new${made}`
    },
    nextNumber: () => {
      number += 1n
      return number
    },
  }
}

/** What a decision accepted. Throws the refusal when it refused. */
export function accepted<Result>(decision: Decision<Result>): Extract<Decision<Result>, { accepted: true }> {
  if (!decision.accepted) throw decision.error
  return decision
}

/** The refusal of a decision. Throws when it accepted. */
export function refused(decision: Decision<unknown>): EngineError {
  if (decision.accepted) throw new Error('the decision accepted what it should refuse')
  return decision.error
}

/** The transfers of a decision as one line each: `debit > credit amount reason`, with the type where it is not posted. */
export function transfersOf(decision: Decision<unknown>): string[] {
  return accepted(decision).changes.flatMap((change) => {
    if (change.change !== 'post') return []
    const type = change.type === 'posted' ? '' : ` (${change.type})`
    return [`${change.debit.code} > ${change.credit.code} ${change.amount.minor} ${change.reason}${type}`]
  })
}

/** The types of the events of a decision, and the names of its jobs. */
export function announcedBy(decision: Decision<unknown>): string[] {
  return accepted(decision).changes.flatMap((change) => {
    if (change.change === 'record') return [change.type]
    return change.change === 'enqueue' ? [change.job.name] : []
  })
}
