import type { Instant } from '../../kernel/clock.ts'
import { EngineError, type ErrorDetail, type ErrorKind } from '../../kernel/engine-error.ts'
import type { Id, IdPrefix } from '../../kernel/ids.ts'
import type { Scope } from '../../kernel/scope.ts'
import type { Change } from './changes.ts'
import type { FactRef, ScopedRow } from './kind.ts'

/** The rows that a command needs, by the names its decision uses. */
export type FactRefs = { readonly [name: string]: FactRef<never> | FactRef | undefined }

/** The rows as loaded: `undefined` where none exists. Kinds with an initial row are always there. */
export type Facts<Refs> = {
  readonly [Name in keyof Refs]: Refs[Name] extends FactRef<infer Row> | undefined ? Row | undefined : never
}

/** What a decision may know beside its facts. It is handed in, so that `decide` stays pure. */
export interface DecisionContext {
  readonly scope: Scope
  /** The merchant's clock: real time in live mode, the sandbox clock in sandbox mode. */
  readonly now: Instant
  newId<Prefix extends IdPrefix>(prefix: Prefix): Id<Prefix>
  /** The next number of the merchant's objects in this mode, from 1. Dialects derive their short ids from it. */
  nextNumber(): bigint
}

/** The outcome of a decision: a result with the changes that make it true, or a refusal that changes nothing. */
export type Decision<Result> =
  | { readonly accepted: true; readonly result: Result; readonly changes: readonly Change[] }
  | { readonly accepted: false; readonly error: EngineError }

/** Every command's input names the tenant it acts for. */
export interface ScopedInput {
  readonly scope: Scope
}

/**
 * A write to the engine. `facts` names the rows, `more` names those that follow from the first ones (at most one more
 * round), `decide` takes the decision. `decide` does no I/O, reads no clock and makes no random number.
 */
export interface Command<Input extends ScopedInput, Refs, More, Result> {
  readonly name: string
  readonly facts: (input: Input) => Refs
  readonly more: ((facts: Facts<Refs>, input: Input) => More) | undefined
  readonly decide: (facts: Facts<Refs> & Partial<Facts<More>>, input: Input, ctx: DecisionContext) => Decision<Result>
  /**
   * The part of the input that the caller sent, for commands whose input also holds what is made anew for each try, such
   * as a secret's hash: two requests under one idempotency key are one when they ask the same. All of it unless given.
   */
  readonly asked?: ((input: Input) => unknown) | undefined
}

/**
 * A command of any shape, for the committer that runs them all. Its parameters are `never`: whoever calls it has to say
 * where the values come from, and it answers nothing that is known.
 */
export interface AnyCommand {
  readonly name: string
  readonly facts: (input: never) => unknown
  readonly more: ((facts: never, input: never) => unknown) | undefined
  readonly decide: (facts: never, input: never, ctx: DecisionContext) => Decision<unknown>
  readonly asked?: ((input: never) => unknown) | undefined
}

/** Declares a command; types of facts and result follow from the literal. */
export function defineCommand<
  Input extends ScopedInput,
  Refs extends FactRefs,
  Result,
  More extends FactRefs = Record<never, never>,
>(
  command: Omit<Command<Input, Refs, More, Result>, 'more'> & {
    readonly more?: (facts: Facts<Refs>, input: Input) => More
  },
): Command<Input, Refs, More, Result> {
  return { ...command, more: command.more }
}

/** Accepts: `result` is what the caller gets once `changes` are committed. */
export function accept<Result>(result: Result, changes: readonly Change[]): Decision<Result> {
  return { accepted: true, result, changes }
}

/** Refuses: nothing changes and the caller gets the error. */
export function refuse(kind: ErrorKind, code: string, detail: ErrorDetail = {}): Decision<never> {
  return { accepted: false, error: new EngineError(kind, code, detail) }
}

/** Rows that may be absent, narrowed: throws `internal` where a fact must exist because another fact says so. */
export function present<Row extends ScopedRow>(row: Row | undefined, name: string): Row {
  if (!row) throw new EngineError('internal', 'fact_missing', { fact: name })
  return row
}
