import { canonicalJson } from '../../kernel/canonical-json.ts'
import type { Instant } from '../../kernel/clock.ts'
import { assertInvariant, EngineError } from '../../kernel/engine-error.ts'
import type { Scope } from '../../kernel/scope.ts'
import type { Account } from '../../ledger/account.ts'
import { applyTransfer } from '../../ledger/posting.ts'
import type { Change, Job, Post, RecordEvent } from './changes.ts'
import { type EngineEvent, eventAddress, eventKind } from './event.ts'
import { type FactRef, factByKey, type Kind, keyTextOf, type RevisedRow, type ScopedRow } from './kind.ts'
import { accountFact, accountKind, type Journal, journalFact, journalKind, transferKind } from './ledger-kinds.ts'
import type { GroupWrites, RowUpdate } from './store.ts'

interface Entry {
  readonly kind: Kind
  readonly row: ScopedRow
  /** The revision in the store, or `undefined` when the store has no such row. */
  readonly storedRevision: number | undefined
  readonly dirty: boolean
}

/**
 * The rows of one group in memory: what was loaded, and what the decisions so far made of it. Decisions are applied
 * whole or not at all: `savepoint` and `rollbackTo` undo a decision whose changes did not fit.
 */
export interface WorkingSet {
  /** Takes a loaded row (or its absence) in. A row that is here already is kept: it is at least as new. */
  take(ref: FactRef, row: ScopedRow | undefined): void
  has(ref: FactRef): boolean
  get(ref: FactRef): ScopedRow | undefined
  savepoint(): number
  rollbackTo(savepoint: number): void
  nextObjectNumber(scope: Scope): bigint
  /** Applies a decision's changes. Throws an `EngineError`; the caller rolls back. */
  apply(scope: Scope, changes: readonly Change[], now: Instant, newEventId: () => string): void
  put(kind: Kind, row: ScopedRow): void
  writes(): GroupWrites
}

/** Creates an empty working set for one group. */
export function createWorkingSet(): WorkingSet {
  const state = createUndoableState()
  return {
    ...state,
    nextObjectNumber: (scope) => {
      const journal = journalOf(state, scope)
      state.put(journalKind, { ...journal, objectNumber: journal.objectNumber + 1n } as Journal)
      return journal.objectNumber + 1n
    },
    apply: (scope, changes, now, newEventId) => {
      // Events are snapshots of what the whole decision leaves, so they come after every other change.
      for (const change of changes) if (change.change !== 'record') applyChange(state, scope, change, now)
      for (const change of changes) if (change.change === 'record') applyRecord(state, scope, change, now, newEventId())
    },
  }
}

type State = ReturnType<typeof createUndoableState>

/** Maps and lists that remember how to take their last changes back. */
function createUndoableState() {
  const tables = createUndoableTables()
  const jobs: Job[] = []
  const { undo, entries } = tables
  return {
    take: tables.take,
    has: tables.has,
    get: (ref: FactRef) => tables.find(ref)?.row,
    /** The row that stands here under the primary key of `row`. */
    current: (kind: Kind, row: ScopedRow) => entries.get(keyTextOf(kind, 'primary', row) as string)?.row,
    savepoint: () => undo.length,
    rollbackTo: (savepoint: number) => {
      while (undo.length > savepoint) undo.pop()?.()
    },
    put: (kind: Kind, row: ScopedRow) => {
      const existing = entries.get(keyTextOf(kind, 'primary', row) as string)
      const revised = existing ? { ...row, revision: (existing.row as RevisedRow).revision + 1 } : row
      tables.setRow({ kind, row: revised, storedRevision: existing?.storedRevision, dirty: true }, existing)
    },
    addJob: (job: Job) => {
      jobs.push(job)
      undo.push(() => jobs.pop())
    },
    writes: () => collectWrites(entries.values(), jobs),
  }
}

function createUndoableTables() {
  const entries = new Map<string, Entry>()
  /** Unique key text → primary key text, or `null` where no row has that key. */
  const uniques = new Map<string, string | null>()
  /** Primary keys that the store was asked for and does not have. */
  const absent = new Set<string>()
  const undo: (() => void)[] = []

  function setUnique(key: string, primary: string | null): void {
    const previous = uniques.get(key)
    uniques.set(key, primary)
    undo.push(() => (previous === undefined ? uniques.delete(key) : uniques.set(key, previous)))
  }
  function setRow(entry: Entry, previous: Entry | undefined): void {
    const { kind, row } = entry
    const primary = keyTextOf(kind, 'primary', row) as string
    entries.set(primary, entry)
    undo.push(() => (previous ? entries.set(primary, previous) : entries.delete(primary)))
    for (const by in kind.uniques) {
      const key = keyTextOf(kind, by, row)
      const before = previous && keyTextOf(kind, by, previous.row)
      // A key that the row gives up names no row any more, until another one takes it.
      if (before !== undefined && before !== key && uniques.get(before) === primary) setUnique(before, null)
      if (key !== undefined && uniques.get(key) !== primary) setUnique(key, primary)
    }
  }
  function find(ref: FactRef): Entry | undefined {
    const key = ref.text
    if (ref.by === 'primary') return entries.get(key)
    const primary = uniques.get(key)
    return primary ? entries.get(primary) : undefined
  }
  function take(ref: FactRef, row: ScopedRow | undefined): void {
    const loaded = row ?? (ref.by === 'primary' ? ref.kind.initial?.(ref.key) : undefined)
    const key = ref.text
    if (loaded === undefined) {
      if (ref.by !== 'primary') uniques.set(key, null)
      else absent.add(key)
      return
    }
    const primary = keyTextOf(ref.kind, 'primary', loaded) as string
    if (ref.by !== 'primary') uniques.set(key, primary)
    if (entries.has(primary)) return
    const storedRevision = row ? ((row as RevisedRow).revision ?? 0) : undefined
    entries.set(primary, { kind: ref.kind, row: loaded, storedRevision, dirty: false })
  }
  function has(ref: FactRef): boolean {
    const key = ref.text
    return ref.by === 'primary' ? entries.has(key) || absent.has(key) : uniques.has(key)
  }
  return { entries, undo, setRow, find, take, has }
}

function collectWrites(entries: Iterable<Entry>, jobs: readonly Job[]): GroupWrites {
  const inserts = new Map<Kind, ScopedRow[]>()
  const updates = new Map<Kind, RowUpdate[]>()
  for (const { kind, row, storedRevision, dirty } of entries) {
    if (!dirty) continue
    if (storedRevision === undefined) listIn(inserts, kind).push(row)
    else listIn(updates, kind).push({ row: row as RevisedRow, fromRevision: storedRevision })
  }
  const events = (inserts.get(eventKind as unknown as Kind) ?? []) as unknown as readonly EngineEvent[]
  return { inserts, updates, jobs, outbox: events.map(eventAddress) }
}

function listIn<Item>(map: Map<Kind, Item[]>, kind: Kind): Item[] {
  const existing = map.get(kind)
  if (existing) return existing
  const created: Item[] = []
  map.set(kind, created)
  return created
}

function applyChange(state: State, scope: Scope, change: Exclude<Change, RecordEvent>, now: Instant): void {
  switch (change.change) {
    case 'insert':
      applyInsert(state, scope, change.kind, change.row)
      return
    case 'update':
      applyUpdate(state, scope, change.kind, change.row)
      return
    case 'post':
      applyPost(state, scope, change, now)
      return
    case 'enqueue':
      state.addJob(change.job)
  }
}

function applyInsert(state: State, scope: Scope, kind: Kind, row: ScopedRow): void {
  assertOwn(scope, kind, row)
  assertInvariant(state.current(kind, row) === undefined, 'insert_over_a_row', { kind: kind.name })
  state.put(kind, row)
}

function applyUpdate(state: State, scope: Scope, kind: Kind, row: RevisedRow): void {
  assertOwn(scope, kind, row)
  const current = state.current(kind, row) as RevisedRow | undefined
  assertInvariant(current !== undefined && !kind.immutable, 'update_of_no_row', { kind: kind.name })
  // A decision that started from an older row than the group holds would undo a neighbour's change.
  assertInvariant(current.revision === row.revision, 'update_from_stale_row', { kind: kind.name })
  assertMove(kind, current, row)
  assertFixed(kind, current, row)
  state.put(kind, row)
}

/** The stores leave fixed properties out of an update: a change of one must not look as if it had been written. */
function assertFixed(kind: Kind, before: ScopedRow, after: ScopedRow): void {
  for (const property of kind.fixed) {
    const was = (before as unknown as Record<string, unknown>)[property]
    const is = (after as unknown as Record<string, unknown>)[property]
    const same = was === is || canonicalJson(was) === canonicalJson(is)
    assertInvariant(same, 'update_of_fixed_property', { kind: kind.name, property })
  }
}

function assertMove(kind: Kind, before: ScopedRow, after: ScopedRow): void {
  const from = (before as unknown as Record<string, unknown>)['status']
  const to = (after as unknown as Record<string, unknown>)['status']
  if (!kind.canMove || from === to) return
  assertInvariant(kind.canMove(String(from), String(to)), 'forbidden_transition', { kind: kind.name, from, to })
}

function applyPost(state: State, scope: Scope, change: Post, now: Instant): void {
  const debit = accountOf(state, scope, change.debit)
  const credit = accountOf(state, scope, change.credit)
  const journal = journalOf(state, scope)
  const draft = { ...change, debit, credit, amountMinor: change.amount.minor }
  assertInvariant(change.amount.currency === debit.currency, 'transfer_currency_differs', { currency: debit.currency })
  const posted = applyTransfer(draft, journal, now)
  state.put(accountKind, posted.debit)
  state.put(accountKind, posted.credit)
  state.put(transferKind, posted.transfer)
  state.put(journalKind, { ...journal, ...posted.chain } as Journal)
}

function applyRecord(state: State, scope: Scope, change: RecordEvent, now: Instant, id: string): void {
  const { kind, object } = change
  const current = state.get(factByKey(kind, [scope.merchantId, scope.mode, object.id]))
  assertInvariant(current !== undefined, 'event_about_no_row', { kind: kind.name })
  const journal = journalOf(state, scope)
  const number = journal.eventNumber + 1n
  const event: EngineEvent = {
    ...scope,
    id,
    number,
    type: change.type,
    objectKind: kind.name,
    objectId: object.id,
    objectRevision: (current as RevisedRow).revision,
    data: { ...current, ...change.data },
    createdAt: now,
  }
  state.put(eventKind, event)
  state.put(journalKind, { ...journal, eventNumber: number } as Journal)
}

function journalOf(state: State, scope: Scope): Journal {
  const journal = state.get(journalFact(scope))
  if (!journal) throw new EngineError('internal', 'journal_not_loaded')
  return journal as Journal
}

function accountOf(state: State, scope: Scope, account: Account): Account {
  assertOwn(scope, accountKind, account)
  const ref = accountFact(scope, account.code as Parameters<typeof accountFact>[1], account.currency)
  const current = state.get(ref)
  if (!current) throw new EngineError('internal', 'account_not_loaded', { account: account.code })
  return current as Account
}

function assertOwn(scope: Scope, kind: Kind, row: ScopedRow): void {
  const own = row.merchantId === scope.merchantId && row.mode === scope.mode
  assertInvariant(own, 'write_outside_scope', { kind: kind.name })
}
