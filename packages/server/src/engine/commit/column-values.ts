import { canonicalJson, parseCanonicalJson } from '../../kernel/canonical-json.ts'
import { isoFromInstant } from '../../kernel/clock.ts'
import type { ColumnType, Kind, ScopedRow } from './kind.ts'
import { StoreError } from './store.ts'

const bigintMax = 2n ** 63n - 1n
const integerMax = 2 ** 31 - 1
/** The years that ISO 8601 writes with four digits, which PostgreSQL reads back as they are. */
const instantMin = -62_135_596_800_000
const instantMax = 253_402_300_799_999
/** In canonical JSON: an escaped U+0000 or half of a surrogate pair. PostgreSQL can make text of neither. */
const unstorableEscape = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/

/**
 * A property's value in the form that it is written to PostgreSQL: times as ISO 8601, JSON as canonical text, absent
 * values as `null`. Throws `StoreError` `vetoed` for what the column cannot hold, before anything is sent, so that both
 * stores refuse the same rows and one bad value cannot pass for a database that is away.
 */
export function storedValue(kind: Kind, property: string, row: ScopedRow): unknown {
  return storedColumn(kind, property, [row])[0]
}

/** `storedValue` of one property for many rows, in their order. */
export function storedColumn(kind: Kind, property: string, rows: readonly ScopedRow[]): unknown[] {
  const type = kind.columns[property] as ColumnType
  const stored: (value: unknown) => unknown =
    type === 'json'
      ? (value) => jsonText(kind, property, value)
      : (value) => {
          if (!fits[type](value)) throw unstorable(kind, property)
          return type === 'instant' ? isoFromInstant(value as number) : value
        }
  return rows.map((row) => {
    const value = (row as unknown as Record<string, unknown>)[property]
    return value === null || value === undefined ? null : stored(value)
  })
}

/** The row as a store gives it back: only the kind's properties, times in whole milliseconds, JSON read from its text. */
export function rowAsStored<Row extends ScopedRow>(kind: Kind<Row>, row: ScopedRow): Row {
  const stored: Record<string, unknown> = {}
  for (const property of kind.properties) {
    const value = storedValue(kind, property, row)
    const type = kind.columns[property]
    if (type === 'json' && value !== null) stored[property] = parseCanonicalJson(value as string)
    else stored[property] = type === 'instant' && value !== null ? Date.parse(value as string) : value
  }
  return Object.freeze(stored) as unknown as Row
}

const fits: { readonly [Type in Exclude<ColumnType, 'json'>]: (value: unknown) => boolean } = {
  text: (value) => typeof value === 'string' && value.isWellFormed() && !value.includes('\0'),
  bigint: (value) => typeof value === 'bigint' && value <= bigintMax && value >= -bigintMax - 1n,
  integer: (value) =>
    Number.isInteger(value) && (value as number) <= integerMax && (value as number) >= -integerMax - 1,
  boolean: (value) => typeof value === 'boolean',
  instant: (value) => typeof value === 'number' && value >= instantMin && value <= instantMax,
}

function jsonText(kind: Kind, property: string, value: unknown): string {
  let text: string
  try {
    text = canonicalJson(value)
  } catch (error) {
    throw unstorable(kind, property, error)
  }
  if (text.includes('\\u') && unstorableEscape.test(text)) throw unstorable(kind, property)
  return text
}

function unstorable(kind: Kind, property: string, cause?: unknown): StoreError {
  return new StoreError('vetoed', `${kind.table}: ${property} cannot be stored`, `${kind.table}_storable`, cause)
}
