/*
 * The committer: every write of the engine goes through here.
 *
 * States
 *   idle        no group in flight, nothing waits. A command that arrives starts a group of one at once; there is no timer.
 *   running     a group is in flight: loading, deciding, writing, committing. Commands that arrive wait in the queue
 *               and form the next group, at most `groupMax` of them, in the order of their arrival.
 *   overlapping another group is in flight beside it, so that the database works while this process thinks. It starts only
 *               when enough commands wait (small groups cost more than they gain), of merchants who have none in flight.
 *   splitting   a group in flight was refused by the store, or could not be decided; its commands run again one by one,
 *               so that the one at fault fails alone. The queue waits.
 *   draining    no command is taken any more; what waits is still run.
 * A merchant's commands are in one group at a time and leave the queue in the order of their arrival, so a process decides
 * them one after another.
 *
 * Why no write is lost: a command is answered only from a settled group, after the store has said that the commit is
 * durable (`StoreTransaction.commit`). Until then its promise is open, whatever happened to the group.
 *
 * That holds for an answer that writes nothing, too: one that is given again, or one that finds everything done already.
 * The rows it speaks of may be visible before they are safe (a primary that crashed shows commits that its standby has not
 * got), so its transaction is committed and not given up: its locks stand in the WAL, and its commit waits for all
 * that was written before.
 *
 * Why no write is doubled: a group is run again only after a failure for which the store vouches that nothing was
 * committed (`lost_race`, `retry`, `vetoed`, `unavailable`). When the connection is lost during the commit itself, the
 * store asks the database what became of that very transaction (by its id and timeline) before it answers; if the
 * database cannot be asked within the bound, the answer is `outcome_unknown`, never a second try. The caller's own retry
 * is caught by its idempotency record, which is written in the same transaction as the effect.
 *
 * Why nothing is decided on stale facts: every command locks its merchant's journal row first and every mutable fact
 * after it, in one order of kinds and keys in every process; the locks are held until the commit. Inside a group,
 * decisions see the rows as the earlier ones left them (`working-set.ts`). A fact that is absent cannot be locked; its
 * unique index refuses the second insert, and the loser is decided again on fresh facts. An update names the revision
 * it was decided on, so even a row that was changed behind the locks would be refused, not overwritten.
 *
 * Why two processes do not block each other for ever: locks are taken in one global order; what deadlock remains (the
 * second round of facts) is ended by the database and the group is run again whole.
 */
import { EngineError } from '../../kernel/engine-error.ts'
import type { Command, ScopedInput } from './command.ts'
import { type Answer, type DecisionSources, decideGroup, type Submission } from './group.ts'
import type { Idempotency } from './idempotency.ts'
import { type GroupWrites, type Store, StoreError, type StoreTransaction } from './store.ts'

/** What a command came to. `replayed` tells that the result is an earlier one, given again for the same idempotency key. */
export interface Outcome<Result> {
  readonly result: Result
  readonly replayed: boolean
}

/** The engine's only way to write. */
export interface Committer {
  /**
   * Runs a command and resolves once its changes are durable. Throws the `EngineError` of a refusal; `overloaded` when the
   * queue is full, the database cannot be reached, or its answer to a commit was lost (code `outcome_unknown`).
   */
  submit<Input extends ScopedInput, Refs, More, Result>(
    command: Command<Input, Refs, More, Result>,
    input: Input,
    idempotency?: Idempotency,
  ): Promise<Outcome<Result>>
  /** Stops taking commands and resolves when every waiting one is answered. */
  drain(): Promise<void>
  /** Commands that wait. */
  depth(): number
}

/** What the committer reports while it works; all times in seconds. */
export interface CommitterMetrics {
  group(size: number, commitSeconds: number): void
  waited(seconds: number): void
  answered(command: string, result: Answer['is']): void
}

/** How a committer is built. */
export interface CommitterOptions {
  readonly store: Store
  readonly sources: DecisionSources
  readonly metrics: CommitterMetrics
  /** The most groups in flight at once. */
  readonly groupsInFlightMax: number
  /** How many commands must wait for a group to start beside another; 16 unless told otherwise. */
  readonly overlapMin?: number
  /**
   * Runs what it is given after answers have gone out and what has arrived was read: the next group is the larger for it.
   * `setImmediate` unless a simulation keeps the time.
   */
  readonly breathe?: (next: () => void) => unknown
  /** The most commands in one group. */
  readonly groupMax: number
  /** The most commands that may wait; beyond it callers get `overloaded`. */
  readonly queueMax: number
  /** Told after each durable group, for example to wake the webhook sender. */
  readonly onCommitted: (writes: GroupWrites) => void
  /** Told of defects: vetoes of the database, decisions that threw, observers that threw. */
  readonly onDefect: (error: unknown, command: string) => void
  /** Waits between tries when the database cannot be reached, in milliseconds. */
  readonly unavailableBackoffMs: readonly number[]
}

/** Observers look on: one that throws is reported, but it stops no lane and turns no durable write into a failure. */
function withQuietObservers(options: CommitterOptions): CommitterOptions {
  const { metrics, onCommitted, onDefect } = options
  const quietly = (observe: () => void, name: string): void => {
    try {
      observe()
    } catch (error) {
      if (name !== 'on_defect') quietly(() => onDefect(error, name), 'on_defect')
    }
  }
  return {
    ...options,
    metrics: {
      group: (size, seconds) => quietly(() => metrics.group(size, seconds), 'metrics'),
      waited: (seconds) => quietly(() => metrics.waited(seconds), 'metrics'),
      answered: (command, result) => quietly(() => metrics.answered(command, result), 'metrics'),
    },
    onCommitted: (writes) => quietly(() => onCommitted(writes), 'on_committed'),
    onDefect: (error, command) => quietly(() => onDefect(error, command), 'on_defect'),
  }
}

interface Waiting extends Submission {
  readonly resolve: (outcome: Outcome<unknown>) => void
  readonly reject: (error: unknown) => void
  readonly enqueuedAtMs: number
  deferrals: number
}

interface Line {
  queue: Waiting[]
  /** Merchants who have commands in flight. */
  readonly busy: Set<string>
  inFlight: number
  isScheduled: boolean
  /** Below this length the queue is not searched again for a group that may overlap. */
  searchedLength: number
  /** Called when nothing waits and nothing is in flight. */
  onIdle: (() => void) | undefined
}

const overlapMinDefault = 16

function createLine(): Line {
  return { queue: [], busy: new Set(), inFlight: 0, isScheduled: false, searchedLength: 0, onIdle: undefined }
}
/** How often one group is tried again after a lost race or a deadlock before its callers are told to come back. */
const retriesMax = 3
/** How often a command may be passed on to the next group because an earlier one changed the facts it needs. */
const deferralsMax = 3
const overloadedRetryAfterSeconds = 1

/** Creates a committer. One per process; several processes may run one against the same database. */
export function createCommitter(given: CommitterOptions): Committer {
  const options = withQuietObservers(given)
  const line = createLine()
  let draining = false
  return {
    submit: (command, input, idempotency) =>
      new Promise<Outcome<never>>((resolve, reject) => {
        if (draining) return reject(overloaded('shutting_down', 'The server is shutting down. Try again.'))
        if (line.queue.length >= options.queueMax) {
          return reject(overloaded('queue_full', 'Too many requests are waiting. Try again in a moment.'))
        }
        const settle = resolve as (outcome: Outcome<unknown>) => void
        const enqueuedAtMs = performance.now()
        line.queue.push({ command, input, idempotency, resolve: settle, reject, enqueuedAtMs, deferrals: 0 })
        schedule(options, line)
      }),
    drain: async () => {
      draining = true
      if (line.inFlight === 0 && line.queue.length === 0) return
      const idle = Promise.withResolvers<void>()
      line.onIdle = idle.resolve
      await idle.promise
    },
    depth: () => line.queue.length,
  }
}

/** Commands that were submitted in the same turn join one group. */
function schedule(options: CommitterOptions, line: Line): void {
  if (line.isScheduled) return
  line.isScheduled = true
  queueMicrotask(() => {
    line.isScheduled = false
    startGroups(options, line)
  })
}

function startGroups(options: CommitterOptions, line: Line): void {
  while (line.queue.length > 0 && line.inFlight < options.groupsInFlightMax) {
    const group = line.inFlight === 0 ? line.queue.splice(0, options.groupMax) : takeOverlapping(options, line)
    if (group.length === 0) return
    line.inFlight += 1
    void runToEnd(options, line, group)
  }
  if (line.queue.length === 0 && line.inFlight === 0) line.onIdle?.()
}

/** Takes the commands of merchants who have none in flight, if they are enough for a group of their own. */
function takeOverlapping({ groupMax, overlapMin = overlapMinDefault }: CommitterOptions, line: Line): Waiting[] {
  if (line.queue.length < Math.max(overlapMin, line.searchedLength)) return []
  const taken: Waiting[] = []
  const left: Waiting[] = []
  for (const waiting of line.queue) {
    const isFree = taken.length < groupMax && !line.busy.has(waiting.input.scope.merchantId)
    ;(isFree ? taken : left).push(waiting)
  }
  // One busy merchant may fill the queue: it is searched again only once it has grown by a group.
  line.searchedLength = line.queue.length + overlapMin
  if (taken.length < overlapMin) return []
  line.queue = left
  return taken
}

async function runToEnd(options: CommitterOptions, line: Line, group: readonly Waiting[]): Promise<void> {
  const merchants = new Set(group.map(({ input }) => input.scope.merchantId))
  for (const merchant of merchants) line.busy.add(merchant)
  const startedAtMs = performance.now()
  for (const waiting of group) options.metrics.waited((startedAtMs - waiting.enqueuedAtMs) / 1000)
  const deferred = await runGroup(options, group)
  line.queue.unshift(...deferred)
  for (const merchant of merchants) line.busy.delete(merchant)
  line.inFlight -= 1
  line.searchedLength = 0
  options.metrics.group(group.length, (performance.now() - startedAtMs) / 1000)
  const breathe = options.breathe ?? setImmediate
  breathe(() => startGroups(options, line))
}

/** Runs one group to its end; returns the commands that must decide in the next one. Never throws. */
async function runGroup(options: CommitterOptions, group: readonly Waiting[]): Promise<Waiting[]> {
  try {
    const answers = await decideAndCommit(options, group)
    return settleGroup(options, group, answers)
  } catch (error) {
    if (group.length > 1 && mayFailAlone(error)) return splitGroup(options, group)
    for (const waiting of group) settle(options, waiting, { is: 'failed', error })
    return []
  }
}

async function splitGroup(options: CommitterOptions, group: readonly Waiting[]): Promise<Waiting[]> {
  const deferred: Waiting[] = []
  for (const waiting of group) deferred.push(...(await runGroup(options, [waiting])))
  return deferred
}

/**
 * A failure that says something about one command of the group, not about the store as a whole. What is not a store's
 * error was thrown while facts were named or decided, before anything was sent.
 */
function mayFailAlone(error: unknown): boolean {
  return !(error instanceof StoreError) || ['lost_race', 'retry', 'vetoed'].includes(error.failure)
}

/** One group, tried again where that is safe: whole after a deadlock, alone after a lost race. */
async function decideAndCommit(options: CommitterOptions, group: readonly Waiting[]): Promise<readonly Answer[]> {
  let unavailableTries = 0
  for (let tries = 1; ; tries += 1) {
    try {
      return await tryGroup(options, group)
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      if (error.failure === 'unavailable' && unavailableTries < options.unavailableBackoffMs.length) {
        await sleep(options.unavailableBackoffMs[unavailableTries] ?? 0)
        unavailableTries += 1
      } else if (!mayTryAgain(error, group.length, tries)) throw error
    }
  }
}

function mayTryAgain(error: StoreError, groupSize: number, tries: number): boolean {
  if (tries > retriesMax) return false
  return error.failure === 'retry' || (error.failure === 'lost_race' && groupSize === 1)
}

async function tryGroup(options: CommitterOptions, group: readonly Waiting[]): Promise<readonly Answer[]> {
  const tx = await options.store.begin()
  const { answers, writes } = await decided(options, tx, group)
  const isEmpty = writes.inserts.size === 0 && writes.updates.size === 0 && writes.jobs.length === 0
  if (isEmpty && !answers.some((answer) => answer.is === 'result')) {
    await tx.rollback()
    return answers
  }
  await tx.commit(writes)
  if (isEmpty) return answers
  options.onCommitted(writes)
  return answers
}

async function decided(options: CommitterOptions, tx: StoreTransaction, group: readonly Waiting[]) {
  try {
    return await decideGroup(tx, group, options.sources)
  } catch (error) {
    await tx.rollback()
    throw error
  }
}

function settleGroup(options: CommitterOptions, group: readonly Waiting[], answers: readonly Answer[]): Waiting[] {
  return group.filter((waiting, index) => {
    const answer = answers[index] ?? { is: 'failed', error: new Error('a group answered fewer commands than it took') }
    if (answer.is === 'deferred' && waiting.deferrals < deferralsMax) {
      waiting.deferrals += 1
      return true
    }
    settle(options, waiting, answer)
    return false
  })
}

function settle(options: CommitterOptions, waiting: Waiting, answer: Answer): void {
  options.metrics.answered(waiting.command.name, answer.is)
  if (answer.is === 'result') waiting.resolve({ result: answer.result, replayed: answer.replayed })
  else if (answer.is === 'refused') waiting.reject(answer.error)
  else if (answer.is === 'deferred') waiting.reject(contended())
  else {
    const error = engineErrorOf(answer.error)
    if (error.kind === 'internal') options.onDefect(answer.error, waiting.command.name)
    waiting.reject(error)
  }
}

function engineErrorOf(error: unknown): EngineError {
  if (error instanceof EngineError) return error
  if (!(error instanceof StoreError)) return new EngineError('internal', 'decision_failed')
  switch (error.failure) {
    case 'lost_race':
    case 'retry':
      return contended()
    case 'unavailable':
      return overloaded('database_unavailable', 'The database cannot be reached. Nothing was changed. Try again.')
    case 'in_doubt':
      return overloaded(
        'outcome_unknown',
        'The database did not confirm the write. Repeat the request with the same idempotency key to learn its outcome.',
      )
    case 'vetoed':
      return new EngineError('internal', 'vetoed_by_database', { constraint: error.constraint })
  }
}

function contended(): EngineError {
  return overloaded('contention', 'Too many requests change the same object. Nothing was changed. Try again.')
}

function overloaded(code: string, message: string): EngineError {
  return new EngineError('overloaded', code, { message, retryAfterSeconds: overloadedRetryAfterSeconds })
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
