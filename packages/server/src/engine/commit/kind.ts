import type { Instant } from '../../kernel/clock.ts'
import type { Mode } from '../../kernel/scope.ts'

/** How a property is stored: `instant` is epoch milliseconds in code and `timestamptz` in PostgreSQL; `json` holds canonical JSON. */
export type ColumnType = 'text' | 'bigint' | 'integer' | 'boolean' | 'instant' | 'json'

/** The row of every kind begins with its scope: that is what keeps merchants and modes apart. */
export interface ScopedRow {
  readonly merchantId: string
  readonly mode: Mode
}

/** A row that may change carries a revision, raised by one at each change; a write names the revision it was decided on. */
export interface RevisedRow extends ScopedRow {
  readonly revision: number
}

type ColumnTypeOf<Value> = [Value] extends [bigint | null]
  ? 'bigint'
  : [Value] extends [boolean | null]
    ? 'boolean'
    : [Value] extends [number | null]
      ? 'integer' | 'instant'
      : [Value] extends [string | null]
        ? 'text'
        : 'json'

/** Column types by property; the compiler holds them against the row's own types. */
export type Columns<Row> = { readonly [Property in keyof Row & string]-?: ColumnTypeOf<Row[Property]> }

/** A rule on one row that the memory store checks; the migration states the same rule as a CHECK or trigger. */
export interface RowRule<Row> {
  readonly name: string
  holds(row: Row): boolean
}

/** Everything both stores need to know about one kind of row. Adding a kind means one of these and a table in a migration. */
export interface Kind<Row extends ScopedRow = ScopedRow> {
  readonly name: string
  readonly table: string
  /** Kinds are locked and written in this order, in every process: the first half of the argument against deadlocks. */
  readonly order: number
  readonly columns: { readonly [property: string]: ColumnType }
  readonly properties: readonly string[]
  readonly primaryKey: readonly string[]
  /** Named unique keys, each by its properties. A row with `null` in one of them is outside that key. */
  readonly uniques: { readonly [name: string]: readonly string[] }
  /** Immutable rows are never updated and never locked. */
  readonly immutable: boolean
  /** Properties that an insert sets for good, the primary key among them. An update leaves them out, in both stores. */
  readonly fixed: ReadonlySet<string>
  readonly rules: readonly RowRule<Row>[]
  /** A change of `status` that the tables forbid is vetoed by both stores. */
  readonly canMove: ((from: string, to: string) => boolean) | undefined
  /** What a fact of this kind is when no row exists yet: counters and balances start at zero, other kinds are absent. */
  readonly initial: ((key: FactKey) => Row) | undefined
  /** The property that holds the next due time, where rows of this kind wait for the clock. */
  readonly dueProperty: string | undefined
}

/** The values of a key, in the order of the key's properties. */
export type FactKey = readonly (string | bigint)[]

/** Names one row: by its primary key or by one of its unique keys. */
export interface FactRef<Row extends ScopedRow = ScopedRow> {
  readonly kind: Kind<Row>
  /** `primary` or the name of a unique key. */
  readonly by: string
  readonly key: FactKey
  /** `keyText` of the above: equal for equal references. */
  readonly text: string
}

interface KindSpec<Row extends ScopedRow> {
  readonly name: string
  readonly table: string
  readonly order: number
  readonly columns: Columns<Row>
  readonly primaryKey: readonly (keyof Row & string)[]
  readonly uniques?: { readonly [name: string]: readonly (keyof Row & string)[] }
  readonly immutable?: boolean
  /** Beside the primary key. A decision that changes one is a defect. */
  readonly fixed?: readonly (keyof Row & string)[]
  readonly rules?: readonly RowRule<Row>[]
  readonly canMove?: (from: string, to: string) => boolean
  readonly initial?: (key: FactKey) => Row
  readonly dueProperty?: keyof Row & string
}

/** Declares a kind. Every kind's primary key begins with `merchantId, mode`. */
export function defineKind<Row extends ScopedRow>(spec: KindSpec<Row>): Kind<Row> {
  return Object.freeze({
    ...spec,
    properties: Object.keys(spec.columns),
    uniques: spec.uniques ?? {},
    immutable: spec.immutable ?? false,
    fixed: new Set([...spec.primaryKey, ...(spec.fixed ?? [])]),
    rules: spec.rules ?? [],
    canMove: spec.canMove,
    initial: spec.initial,
    dueProperty: spec.dueProperty,
  })
}

/** Names a row by its primary key. */
export function factByKey<Row extends ScopedRow>(kind: Kind<Row>, key: FactKey): FactRef<Row> {
  return { kind, by: 'primary', key, text: keyText(kind, 'primary', key) }
}

/** Names a row by one of its unique keys. */
export function factByUnique<Row extends ScopedRow>(kind: Kind<Row>, by: string, key: FactKey): FactRef<Row> {
  return { kind, by, key, text: keyText(kind, by, key) }
}

/** The properties behind a reference's key. */
export function keyProperties(kind: Kind, by: string): readonly string[] {
  const properties = by === 'primary' ? kind.primaryKey : kind.uniques[by]
  if (!properties) throw new TypeError(`kind ${kind.name} has no key named ${by}`)
  return properties
}

/** The key of `row` under `by` as text, or `undefined` when one of its values is null (the row is outside that key). */
export function keyTextOf(kind: Kind, by: string, row: ScopedRow): string | undefined {
  const values: (string | bigint)[] = []
  for (const property of keyProperties(kind, by)) {
    const value = (row as unknown as Record<string, string | bigint | null>)[property]
    if (value === null || value === undefined) return undefined
    values.push(value)
  }
  return keyText(kind, by, values)
}

/** One text for a key. U+0000 cannot stand in PostgreSQL text, so it keeps the values apart. */
export function keyText(kind: Pick<Kind, 'name'>, by: string, key: FactKey): string {
  let text = `${kind.name}\u0000${by}`
  for (const value of key) text += `\u0000${value}`
  return text
}

/** The row's due time, or `null` where it waits for nothing. */
export function dueAtOf(kind: Kind, row: ScopedRow): Instant | null {
  if (!kind.dueProperty) return null
  return (row as unknown as Record<string, Instant | null>)[kind.dueProperty] ?? null
}
