import { canonicalText, heldValue } from '../../kernel/canonical-json.ts'
import type { Instant } from '../../kernel/clock.ts'
import { assertInvariant, EngineError } from '../../kernel/engine-error.ts'
import type { Id, IdPrefix } from '../../kernel/ids.ts'
import type { Mode, Scope } from '../../kernel/scope.ts'
import type { AnyCommand, DecisionContext, Facts, ScopedInput } from './command.ts'
import {
  type Idempotency,
  type IdempotencyRecord,
  idempotencyFact,
  idempotencyKind,
  requestHashOf,
} from './idempotency.ts'
import type { FactRef } from './kind.ts'
import { journalFact } from './ledger-kinds.ts'
import type { GroupWrites, StoreTransaction } from './store.ts'
import { createWorkingSet, type WorkingSet } from './working-set.ts'

/** A command that waits for its answer. */
export interface Submission {
  readonly command: AnyCommand
  readonly input: ScopedInput
  readonly idempotency: Idempotency | undefined
}

/** What a decided command answers once its group is durable. `deferred` asks for a place in the next group. */
export type Answer =
  | { readonly is: 'result'; readonly result: unknown; readonly replayed: boolean }
  | { readonly is: 'refused'; readonly error: EngineError }
  | { readonly is: 'failed'; readonly error: unknown }
  | { readonly is: 'deferred' }

/** What decisions take from outside, one instance a process. */
export interface DecisionSources {
  now(mode: Mode): Instant
  newId<Prefix extends IdPrefix>(mode: Mode, prefix: Prefix): Id<Prefix>
}

/** The answers of a group, in the order of its submissions, and everything it writes. */
export interface DecidedGroup {
  readonly answers: readonly Answer[]
  readonly writes: GroupWrites
}

/**
 * Loads the facts of a group in at most two rounds and takes its decisions one after another, each over the facts as the
 * ones before left them. Nothing is written yet. A command whose facts or decision throw fails alone.
 */
export async function decideGroup(
  tx: StoreTransaction,
  submissions: readonly Submission[],
  sources: DecisionSources,
): Promise<DecidedGroup> {
  const working = createWorkingSet()
  const prepared = submissions.map((submission) => attempted(() => prepare(submission)))
  await loadInto(working, tx, refsOf(prepared, firstRefs))
  const ready = prepared.map((item) => (item instanceof Failure ? item : attempted(() => withMore(working, item))))
  await loadInto(working, tx, refsOf(ready, moreRefs))
  const answers = ready.map((item) =>
    item instanceof Failure ? failed(item.error) : decideOne(working, item, sources),
  )
  return { answers, writes: working.writes() }
}

/**
 * Decides one command over a working set that is kept over many: loads what the command needs and nobody has loaded yet,
 * and applies its changes. Nothing is written. Throws what the command's facts throw.
 */
export async function decideNext(
  working: WorkingSet,
  tx: StoreTransaction,
  submission: Submission,
  sources: DecisionSources,
): Promise<Answer> {
  const prepared = prepare(submission)
  await loadInto(working, tx, firstRefs(prepared))
  const ready = withMore(working, prepared)
  await loadInto(working, tx, moreRefs(ready))
  return decideOne(working, ready, sources)
}

/** A submission with the facts that it names, each named once. */
interface Prepared extends Submission {
  readonly named: NamedRefs
  readonly record: FactRef<IdempotencyRecord> | undefined
}

/** The same once its first facts are loaded: what follows from them. */
interface Ready extends Prepared {
  /** The facts that `more` was named for. */
  readonly seen: NamedFacts
  readonly more: NamedRefs
}

type NamedRefs = { readonly [name: string]: FactRef | undefined }
type NamedFacts = Facts<NamedRefs>

const noRefs: NamedRefs = {}

function prepare(submission: Submission): Prepared {
  const { command, input, idempotency } = submission
  const named = command.facts(input as never) as NamedRefs
  return { ...submission, named, record: idempotency && idempotencyFact(input.scope, idempotency) }
}

function withMore(working: WorkingSet, prepared: Prepared): Ready {
  const seen = factsOf(working, prepared.named)
  return { ...prepared, seen, more: moreNamed(prepared, seen) }
}

function moreNamed({ command, input }: Submission, facts: NamedFacts): NamedRefs {
  return command.more ? (command.more(facts as never, input as never) as NamedRefs) : noRefs
}

function firstRefs({ input, named, record }: Prepared): FactRef[] {
  const refs: FactRef[] = [journalFact(input.scope), ...listed(named)]
  if (record) refs.push(record)
  return refs
}

function moreRefs({ more }: Ready): FactRef[] {
  return listed(more)
}

function refsOf<Item>(items: readonly (Item | Failure)[], refs: (item: Item) => FactRef[]): FactRef[] {
  return items.flatMap((item) => (item instanceof Failure ? [] : refs(item)))
}

function decideOne(working: WorkingSet, ready: Ready, sources: DecisionSources): Answer {
  const { command, input, idempotency, record } = ready
  const savepoint = working.savepoint()
  try {
    const now = sources.now(input.scope.mode)
    const earlier = record && (working.get(record) as IdempotencyRecord | undefined)
    if (idempotency && earlier && earlier.expiresAt > now) return replay(earlier, command, input)
    const facts = factsOf(working, ready.named)
    const more = areSame(facts, ready.seen) ? ready.more : moreNamed(ready, facts)
    // An earlier command of the group has changed what this one needs: it decides in the next group, on loaded facts.
    if (more !== ready.more && listed(more).some((ref) => !working.has(ref))) return { is: 'deferred' }
    const decision = command.decide(
      { ...facts, ...factsOf(working, more) } as never,
      input as never,
      contextOf(working, input.scope, sources, now),
    )
    if (!decision.accepted) {
      working.rollbackTo(savepoint)
      return { is: 'refused', error: decision.error }
    }
    working.apply(input.scope, decision.changes, now, () => sources.newId(input.scope.mode, 'evt'))
    if (idempotency) keepResult(working, ready, idempotency, decision.result, now)
    return { is: 'result', result: decision.result, replayed: false }
  } catch (error) {
    working.rollbackTo(savepoint)
    return failed(error)
  }
}

/** Rows are never changed in place: the same row object is the same fact. */
function areSame(facts: NamedFacts, others: NamedFacts): boolean {
  for (const name in facts) if (facts[name] !== others[name]) return false
  return true
}

function failed(error: unknown): Answer {
  const refusal = error instanceof EngineError && error.kind !== 'internal'
  return refusal ? { is: 'refused', error } : { is: 'failed', error }
}

function contextOf(working: WorkingSet, scope: Scope, sources: DecisionSources, now: Instant): DecisionContext {
  return {
    scope,
    now,
    newId: (prefix) => sources.newId(scope.mode, prefix),
    nextNumber: () => working.nextObjectNumber(scope),
  }
}

function listed(refs: NamedRefs): FactRef[] {
  return Object.values(refs).filter((ref) => ref !== undefined)
}

function factsOf(working: WorkingSet, refs: NamedRefs): Facts<NamedRefs> {
  const facts: Record<string, unknown> = {}
  for (const name in refs) {
    const ref = refs[name]
    facts[name] = ref && working.get(ref)
  }
  return facts as Facts<NamedRefs>
}

async function loadInto(working: WorkingSet, tx: StoreTransaction, refs: readonly FactRef[]): Promise<void> {
  const wanted = new Map<string, FactRef>()
  for (const ref of refs) if (!working.has(ref)) wanted.set(ref.text, ref)
  if (wanted.size === 0) return
  const list = [...wanted.values()]
  const rows = await tx.load(list)
  list.forEach((ref, index) => {
    working.take(ref, rows[index])
  })
}

function replay(earlier: IdempotencyRecord, command: AnyCommand, input: ScopedInput): Answer {
  if (earlier.requestHash === requestHashOf(command.name, askedOf(command, input))) {
    return { is: 'result', result: heldValue(earlier.result), replayed: true }
  }
  return {
    is: 'refused',
    error: new EngineError('idempotency_mismatch', 'idempotency_key_reused', {
      field: 'idempotency_key',
      message: 'This idempotency key was used with a different request. Use a new key for a new request.',
    }),
  }
}

function askedOf({ asked }: AnyCommand, input: ScopedInput): unknown {
  return asked ? asked(input as never) : input
}

function keepResult(
  working: WorkingSet,
  { command, input, record: ref }: Ready,
  idempotency: Idempotency,
  result: unknown,
  now: Instant,
): void {
  // SQL's null would stand for "nothing stored"; a command that is repeated by key has something to repeat.
  assertInvariant(result !== null && result !== undefined, 'idempotent_result_missing', { command: command.name })
  const expired = ref && (working.get(ref) as IdempotencyRecord | undefined)
  const record: IdempotencyRecord = {
    ...input.scope,
    operation: idempotency.operation,
    key: idempotency.key,
    requestHash: requestHashOf(command.name, askedOf(command, input)),
    // As the text that is stored, so that a replay from memory and one from the database give the same value.
    result: canonicalText(result),
    createdAt: now,
    expiresAt: now + idempotency.keptMs,
    revision: expired?.revision ?? 0,
  }
  working.put(idempotencyKind, record)
}

class Failure {
  readonly error: unknown
  constructor(error: unknown) {
    this.error = error
  }
}

function attempted<Value>(action: () => Value): Value | Failure {
  try {
    return action()
  } catch (error) {
    return new Failure(error)
  }
}
