import type { Instant } from '../../kernel/clock.ts'
import type { Mode } from '../../kernel/scope.ts'
import type { Job } from './changes.ts'
import { rowAsStored } from './column-values.ts'
import type { EventAddress } from './event.ts'
import { dueAtOf, type FactRef, type Kind, keyTextOf, type RevisedRow, type ScopedRow } from './kind.ts'
import { type DueClaim, type GroupWrites, type Store, StoreError, type StoreTransaction } from './store.ts'

/** A store in memory. It gives nothing durability, but the same answers as PostgreSQL, fast and without chance. */
export interface MemoryStore extends Store {
  /** Takes the jobs that were added since the last call, in order. */
  takeJobs(): Job[]
  /** Takes the events that were put into the outbox since the last call, one list a group, in order. */
  takeOutbox(): (readonly EventAddress[])[]
  /** Every row of a kind, for invariants that a test checks. */
  rows<Row extends ScopedRow>(kind: Kind<Row>): Row[]
}

interface Tables {
  /** Rows by primary key text; every kind's text begins with the kind's name. */
  readonly rows: Map<string, { kind: Kind; row: ScopedRow }>
  /** Unique key text → primary key text. */
  readonly uniques: Map<string, string>
}

/** Creates an empty store. Transactions run one after another, as if each locked everything. */
export function createMemoryStore(): MemoryStore {
  const tables: Tables = { rows: new Map(), uniques: new Map() }
  let jobs: Job[] = []
  let outbox: (readonly EventAddress[])[] = []
  let last: Promise<void> = Promise.resolve()
  const find = (ref: FactRef) => findRow(tables, ref)

  return {
    begin: async () => {
      const before = last
      const turn = Promise.withResolvers<void>()
      last = turn.promise
      await before
      const add = (writes: GroupWrites) => {
        jobs.push(...writes.jobs)
        if (writes.outbox.length > 0) outbox.push(writes.outbox)
      }
      return transaction(tables, find, add, turn.resolve)
    },
    read: async (refs) => refs.map(find),
    claimDue: async (claim) => claimDueRows(tables, claim),
    nextDue: async (kind, mode) => dueRows(tables, kind, mode)[0]?.dueAt,
    close: async () => {},
    takeJobs: () => {
      const taken = jobs
      jobs = []
      return taken
    },
    takeOutbox: () => {
      const taken = outbox
      outbox = []
      return taken
    },
    rows: <Row extends ScopedRow>(kind: Kind<Row>) =>
      [...tables.rows.values()].filter((entry) => entry.kind.name === kind.name).map((entry) => entry.row as Row),
  }
}

function transaction(
  tables: Tables,
  find: (ref: FactRef) => ScopedRow | undefined,
  add: (writes: GroupWrites) => void,
  end: () => void,
): StoreTransaction {
  return {
    load: async (refs) => refs.map(find),
    commit: async (writes) => {
      try {
        applyWrites(tables, writes)
        add(writes)
      } finally {
        end()
      }
    },
    rollback: async () => end(),
  }
}

function findRow(tables: Tables, ref: FactRef): ScopedRow | undefined {
  const key = ref.text
  const primary = ref.by === 'primary' ? key : tables.uniques.get(key)
  return primary === undefined ? undefined : tables.rows.get(primary)?.row
}

/** Checks everything before it changes anything, so that a refused group leaves no trace. */
function applyWrites(tables: Tables, writes: GroupWrites): void {
  const staged: { kind: Kind; row: ScopedRow; primary: string }[] = []
  for (const [kind, rows] of writes.inserts) {
    for (const row of rows)
      staged.push({ kind, row: rowAsStored(kind, row), primary: checkedInsert(tables, kind, row) })
  }
  for (const [kind, updates] of writes.updates) {
    for (const update of updates) {
      const primary = checkedUpdate(tables, kind, update)
      staged.push({ kind, row: rowAsStored(kind, withFixed(tables, kind, primary, update.row)), primary })
    }
  }
  const freed = freedUniques(tables, writes.updates)
  const taken = new Map<string, string>()
  const inserted = new Set<string>()
  for (const { kind, row, primary } of staged) {
    if (inserted.has(primary)) throw new StoreError('lost_race', `${kind.table}: key exists`, `${kind.table}_pkey`)
    inserted.add(primary)
    checkUniques(tables, taken, freed, kind, row, primary)
  }
  for (const key of freed) tables.uniques.delete(key)
  for (const { kind, row, primary } of staged) tables.rows.set(primary, { kind, row })
  for (const [key, primary] of taken) tables.uniques.set(key, primary)
}

/** Unique keys that updated rows give up: others may take them in the same group. */
function freedUniques(tables: Tables, updates: GroupWrites['updates']): ReadonlySet<string> {
  const freed = new Set<string>()
  for (const [kind, rows] of updates) {
    for (const { row } of rows) {
      const before = tables.rows.get(keyTextOf(kind, 'primary', row) as string)?.row
      for (const by in kind.uniques) {
        const key = before && keyTextOf(kind, by, before)
        if (key !== undefined && key !== keyTextOf(kind, by, row)) freed.add(key)
      }
    }
  }
  return freed
}

function checkedInsert(tables: Tables, kind: Kind, row: ScopedRow): string {
  const primary = keyTextOf(kind, 'primary', row) as string
  if (tables.rows.has(primary)) throw new StoreError('lost_race', `${kind.table}: key exists`, `${kind.table}_pkey`)
  checkRules(kind, row)
  return primary
}

function checkedUpdate(tables: Tables, kind: Kind, update: { row: RevisedRow; fromRevision: number }): string {
  const primary = keyTextOf(kind, 'primary', update.row) as string
  if (kind.immutable) throw new StoreError('vetoed', `${kind.table} is append-only`, `${kind.table}_append_only`)
  const current = tables.rows.get(primary)?.row as RevisedRow | undefined
  if (current?.revision !== update.fromRevision) throw new StoreError('lost_race', `${kind.table}: row has moved`)
  checkRules(kind, update.row)
  const from = statusOf(current)
  const to = statusOf(update.row)
  if (kind.canMove && from !== to && !kind.canMove(String(from), String(to))) {
    throw new StoreError('vetoed', `${kind.table}: ${from} to ${to}`, `${kind.table}_status_moves`)
  }
  return primary
}

/** The row with the fixed properties of the row that it replaces. */
function withFixed(tables: Tables, kind: Kind, primary: string, row: RevisedRow): RevisedRow {
  const before = tables.rows.get(primary)?.row as unknown as Record<string, unknown>
  const fixed = [...kind.fixed].map((property) => [property, before[property]])
  return { ...row, ...Object.fromEntries(fixed) }
}

function checkRules(kind: Kind, row: ScopedRow): void {
  for (const rule of kind.rules) {
    if (!rule.holds(row)) throw new StoreError('vetoed', `${kind.table}: ${rule.name}`, rule.name)
  }
}

function checkUniques(
  tables: Tables,
  taken: Map<string, string>,
  freed: ReadonlySet<string>,
  kind: Kind,
  row: ScopedRow,
  primary: string,
): void {
  for (const by in kind.uniques) {
    const key = keyTextOf(kind, by, row)
    if (key === undefined) continue
    const owner = taken.get(key) ?? (freed.has(key) ? undefined : tables.uniques.get(key))
    if (owner !== undefined && owner !== primary) {
      throw new StoreError('lost_race', `${kind.table}: ${by} is taken`, `${kind.table}_${by}_key`)
    }
    taken.set(key, primary)
  }
}

function dueRows(tables: Tables, kind: Kind, mode: Mode): { primary: string; row: RevisedRow; dueAt: Instant }[] {
  const due: { primary: string; row: RevisedRow; dueAt: Instant }[] = []
  for (const [primary, { kind: rowKind, row }] of tables.rows) {
    if (rowKind.name !== kind.name || row.mode !== mode) continue
    const dueAt = dueAtOf(kind, row)
    if (dueAt !== null) due.push({ primary, row: row as RevisedRow, dueAt })
  }
  return due.sort((a, b) => a.dueAt - b.dueAt || (a.primary < b.primary ? -1 : 1))
}

function claimDueRows(tables: Tables, claim: DueClaim): RevisedRow[] {
  const { kind, mode, dueBy, leaseUntil, limit } = claim
  const due = dueRows(tables, kind, mode).filter((candidate) => candidate.dueAt <= dueBy)
  return due.slice(0, limit).map(({ primary, row }) => {
    const moved = { ...row, [kind.dueProperty as string]: leaseUntil, revision: row.revision + 1 }
    const claimed = rowAsStored(kind, moved) as RevisedRow
    tables.rows.set(primary, { kind, row: claimed })
    return claimed
  })
}

function statusOf(row: ScopedRow): unknown {
  return (row as unknown as Record<string, unknown>)['status']
}
