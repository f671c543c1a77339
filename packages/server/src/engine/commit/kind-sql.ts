import { reviveCanonical } from '../../kernel/canonical-json.ts'
import { isoFromInstant } from '../../kernel/clock.ts'
import { storedColumn } from './column-values.ts'
import { jsonArray } from './json-array.ts'
import { type ColumnType, type FactRef, type Kind, keyProperties, type ScopedRow } from './kind.ts'
import type { DueClaim, RowUpdate } from './store.ts'

/** A statement ready for the driver: `name` makes the server plan it once a connection. Rows come back as arrays. */
export interface Statement {
  readonly name: string
  readonly text: string
  readonly values: readonly unknown[]
  readonly rowMode: 'array'
}

const sqlTypes: Record<ColumnType, string> = {
  text: 'text',
  bigint: 'bigint',
  integer: 'integer',
  boolean: 'boolean',
  instant: 'timestamptz',
  json: 'json',
}

/** One statement that loads all rows of a kind that are named by one of its keys, in key order, locked unless immutable. */
export function loadStatement(kind: Kind, by: string, refs: readonly FactRef[], locked: boolean): Statement {
  const properties = keyProperties(kind, by)
  const lock = locked && !kind.immutable
  const name = `${lock ? 'lock' : 'read'}_${kind.name}_${by}`
  return statement(name, columnsOfKeys(properties, refs), () => {
    const arrays = properties.map((property, index) => `$${index + 1}::${arrayTypeOf(kind, property)}`)
    const match = properties.map((property) => `t.${columnOf(property)} = k.${columnOf(property)}`)
    const order = kind.primaryKey.map((property) => `t.${columnOf(property)}`)
    // crosses merchants: a group holds rows of several merchants, each matched by its full key.
    return `select ${columnsOf(kind, 't')} from unnest(${arrays}) as k(${properties.map(columnOf)})
      join ${kind.table} t on ${match.join(' and ')} order by ${order}${lock ? ' for update of t' : ''}`
  })
}

/** One statement that inserts all new rows of a kind. */
export function insertStatement(kind: Kind, rows: readonly ScopedRow[]): Statement {
  return statement(`insert_${kind.name}`, columnsOfRows(kind, kind.properties, rows), () => {
    const arrays = kind.properties.map((property, index) => `$${index + 1}::${arrayTypeOf(kind, property)}`)
    // crosses merchants: a group holds rows of several merchants, each matched by its full key.
    return `insert into ${kind.table} (${kind.properties.map(columnOf)}) select * from unnest(${arrays})`
  })
}

/**
 * One statement that updates all changed rows of a kind, but for the properties that are fixed. A row whose revision has
 * moved since the decision makes the statement fail with SQLSTATE `PLREV`, so that a lost update cannot be committed.
 */
export function updateStatement(kind: Kind, updates: readonly RowUpdate[]): Statement {
  const { primaryKey, fixed } = kind
  const changing = kind.properties.filter((property) => !fixed.has(property))
  const sent = [...primaryKey, ...changing]
  const rows = updates.map((update) => update.row)
  const values = columnsOfRows(kind, sent, rows)
  values.push(updates.map((update) => update.fromRevision))
  return statement(`update_${kind.name}`, values, () => {
    const arrays = sent.map((property, index) => `$${index + 1}::${arrayTypeOf(kind, property)}`)
    const names = sent.map(columnOf)
    const match = primaryKey.map((property) => `t.${columnOf(property)} = u.${columnOf(property)}`)
    // crosses merchants: a group holds rows of several merchants, each matched by its full key.
    return `with changed as (
      update ${kind.table} t set ${changing.map((property) => `${columnOf(property)} = u.${columnOf(property)}`)}
      from unnest(${arrays}, $${sent.length + 1}::integer[]) as u(${names}, from_revision)
      where ${match.join(' and ')} and t.revision = u.from_revision returning 1)
      select expect_rows((select count(*) from changed), cardinality($${sent.length + 1}::integer[]))`
  })
}

/** Claims due rows, earliest first: moves their due time to the end of the lease, skipping rows that another worker or a group holds. */
export function claimStatement({ kind, mode, dueBy, leaseUntil, limit }: DueClaim): Statement {
  const values = [mode, isoFromInstant(dueBy), isoFromInstant(leaseUntil), limit]
  return statement(`claim_${kind.name}`, values, () => {
    const due = columnOf(kind.dueProperty as string)
    const key = kind.primaryKey.map(columnOf)
    // crosses merchants: workers serve every merchant of the shard; a claimed row is handled in its own scope.
    return `with due as (
      select ${key}, ${due} as was_due from ${kind.table} where mode = $1 and ${due} <= $2::timestamptz
      order by ${due}, ${key} limit $4 for update skip locked),
      claimed as (
      update ${kind.table} t set ${due} = $3::timestamptz, revision = t.revision + 1
      from due where ${key.map((column) => `t.${column} = due.${column}`).join(' and ')}
      returning t.*, due.was_due)
      select ${columnsOf(kind, 'c')} from claimed c order by c.was_due, ${key.map((column) => `c.${column}`)}`
  })
}

/** The earliest due time of a kind in a mode. */
export function nextDueStatement(kind: Kind, mode: string): Statement {
  return statement(`next_due_${kind.name}`, [mode], () => {
    const due = columnOf(kind.dueProperty as string)
    // crosses merchants: the worker needs the earliest time over the merchants of the shard, nothing else.
    return `select min(${due}) from ${kind.table} where mode = $1 and ${due} is not null`
  })
}

/** Turns a driver's row array back into a row of the kind. */
export function rowFromValues<Row extends ScopedRow>(kind: Kind<Row>, values: readonly unknown[]): Row {
  const row: Record<string, unknown> = {}
  kind.properties.forEach((property, index) => {
    const value = values[index]
    row[property] = kind.columns[property] === 'json' ? reviveCanonical(value) : value
  })
  return row as unknown as Row
}

const textCache = new Map<string, string>()

function statement(name: string, values: readonly unknown[], write: () => string): Statement {
  let text = textCache.get(name)
  if (text === undefined) {
    text = write()
    textCache.set(name, text)
  }
  return { name, text, values, rowMode: 'array' }
}

/** The kind's columns as a select list, in the order that `rowFromValues` expects. */
export function columnsOf(kind: Kind, alias: string): string {
  return kind.properties.map((property) => `${alias}.${columnOf(property)}`).join(', ')
}

function arrayTypeOf(kind: Kind, property: string): string {
  return `${sqlTypes[kind.columns[property] as ColumnType]}[]`
}

/** `amountMinor` is stored as `amount_minor`: one rule, no table of names. */
export function columnOf(property: string): string {
  return property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function columnsOfKeys(properties: readonly string[], refs: readonly FactRef[]): unknown[] {
  return properties.map((_, index) => refs.map((ref) => ref.key[index]))
}

function columnsOfRows(kind: Kind, properties: readonly string[], rows: readonly ScopedRow[]): unknown[] {
  return properties.map((property) => {
    const column = storedColumn(kind, property, rows)
    return kind.columns[property] === 'json' ? jsonArray(column as (string | null)[]) : column
  })
}
