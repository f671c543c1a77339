/*
 * How PostgreSQL's values become ours, on every connection that we open:
 *   int8                     bigint
 *   numeric                  string, exact
 *   timestamptz              Instant: epoch milliseconds, microseconds cut off; ±Infinity for 'infinity'
 *   timestamp, date          string as PostgreSQL writes it: they name no moment, and pg would read them in local time
 *   arrays of these          arrays of these, null elements kept
 *   everything else          as pg does it (int4 number, bool boolean, json parsed, bytea Buffer, text string)
 */
import pg from 'pg'
import type { Instant } from '../kernel/clock.ts'

const { builtins } = pg.types
const arrays = { int8: 1016, numeric: 1231, timestamp: 1115, date: 1182, timestamptz: 1185, text: 1009 } as const

type Parser = (text: string) => unknown

const parsePgTimestamp: (text: string) => unknown = pg.types.getTypeParser(builtins.TIMESTAMPTZ, 'text')
const parseTextArray: (text: string) => unknown = pg.types.getTypeParser(arrays.text as number, 'text')
const keepText: Parser = (text) => text

/** What was read last: rows that were written together bear one moment. */
let read: { readonly text: string; readonly instant: Instant } | undefined

/** Reads PostgreSQL's text of a `timestamptz`, in whatever time zone the session writes it. */
function instantFromTimestamptz(text: string): Instant {
  if (read?.text !== text) read = { text, instant: parseTimestamptz(text) }
  return read.instant
}

function parseTimestamptz(text: string): Instant {
  // Sessions in UTC write this form, which the engine's own parser reads several times faster than pg's.
  if (text.endsWith('+00') && text.charCodeAt(4) === 45 && text.charCodeAt(10) === 32) {
    return Date.parse(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`)
  }
  const parsed = parsePgTimestamp(text)
  return parsed instanceof Date ? parsed.getTime() : Number(parsed)
}

const parsers: ReadonlyMap<number, Parser> = new Map<number, Parser>([
  [builtins.INT8, BigInt],
  [builtins.NUMERIC, keepText],
  [builtins.TIMESTAMPTZ, instantFromTimestamptz],
  [builtins.TIMESTAMP, keepText],
  [builtins.DATE, keepText],
  [arrays.int8, arrayOf(BigInt)],
  [arrays.numeric, arrayOf(keepText)],
  [arrays.timestamptz, arrayOf(instantFromTimestamptz)],
  [arrays.timestamp, arrayOf(keepText)],
  [arrays.date, arrayOf(keepText)],
])

/** Goes into the `types` of every client and pool; pg's own global parsers are left alone. */
export const typeParsers: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format: 'text' | 'binary') => {
    const parser = format === 'binary' ? undefined : parsers.get(oid)
    return parser ?? pg.types.getTypeParser(oid, format)
  }) as typeof pg.types.getTypeParser,
}

function arrayOf(parse: Parser): Parser {
  const parseElement = (element: unknown): unknown => {
    if (Array.isArray(element)) return element.map(parseElement)
    return typeof element === 'string' ? parse(element) : element
  }
  return (text) => parseElement(parseTextArray(text))
}
