import type { Instant } from '../../kernel/clock.ts'
import { EngineError } from '../../kernel/engine-error.ts'
import type { Scope } from '../../kernel/scope.ts'
import { accept, type Decision, defineCommand } from '../commit/command.ts'

/** A move of the sandbox's clock as a merchant asked for it, and where it leads. */
export interface ClockMove {
  readonly scope: Scope
  /** The request in the caller's words: what two requests under one key must share. */
  readonly request: Readonly<Record<string, string>>
  /** Where it leads, or why it is refused; a replay is not refused for what has changed since. */
  readonly target: Instant | EngineError
}

/**
 * Fixes where a move under an idempotency key leads. The clock is the installation's and no merchant's row, so the move is
 * not part of a decision: what is kept is its target. A replay gets the first request's target, so that moving there again
 * moves the clock only if the first move did not come that far.
 */
export const agreeClockMove = defineCommand({
  name: 'agree_clock_move',
  asked: ({ request }: ClockMove) => request,
  facts: (_: ClockMove) => ({}),
  decide(_, { target }): Decision<{ readonly target: Instant }> {
    return target instanceof EngineError ? { accepted: false, error: target } : accept({ target }, [])
  },
})
