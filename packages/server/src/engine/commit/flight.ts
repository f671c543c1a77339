/*
 * A flight: several statements in one write to the server and one answer to all of them. The statements are followed by
 * a single synchronisation point, so the server sends its answers in one piece, and after the first failure it skips what
 * is left of the flight: a `commit` behind a failed statement is never executed.
 *
 * States of a statement on a connection: unknown (it is sent with its text) → sent (until it has answered once) → ready
 * (from then on only its name and values are sent, and the server does not describe its columns again). A statement that
 * was sent in a flight that failed may or may not be known to the server: it is closed and sent anew. One without a name
 * stays unknown.
 */
import type pg from 'pg'
import { typeParsers } from '../../platform/database-types.ts'
import type { Statement } from './kind-sql.ts'

/** What a statement answered. */
export interface Answered {
  /** The command tag's first word: a `commit` that answers `ROLLBACK` has not committed. */
  readonly command: string
  readonly rows: readonly (readonly unknown[])[]
}

type Parser = (text: string) => unknown

interface KnownStatement {
  state: 'sent' | 'ready'
  readonly parsers: readonly Parser[]
}

/** The statements that one connection knows, by name. A name stands for one text for ever. */
export type KnownStatements = Map<string, KnownStatement>

/** What of the driver's connection a flight uses; its typings ask for arguments that the driver has long dropped. */
interface Wire {
  readonly stream: { cork(): void; uncork(): void }
  parse(message: { name: string; text: string }): void
  bind(message: { statement: string; values: readonly WireValue[] }): void
  describe(message: { type: 'P' }): void
  execute(): void
  close(message: { type: 'S'; name: string }): void
  sync(): void
}

/** Sends the statements. Rejects with the first failure; then nothing behind the failed statement was executed. */
export function sendFlight(
  client: pg.Client,
  known: KnownStatements,
  statements: readonly Statement[],
): Promise<readonly Answered[]> {
  const wireValues = statements.map(({ values }) => values.map(wireValueOf))
  return new Promise((resolve, reject) => {
    const answers: Answered[] = []
    let rows: unknown[][] = []
    let parsers: readonly Parser[] = []
    let unreadable: unknown
    const flight = {
      submit: (connection: unknown) => writeFlight(connection as Wire, known, statements, wireValues),
      handleRowDescription: ({ fields }: { fields: readonly { dataTypeID: number }[] }) => {
        parsers = fields.map(({ dataTypeID }) => typeParsers.getTypeParser(dataTypeID, 'text') as Parser)
      },
      handleDataRow: ({ fields }: { fields: readonly (string | null)[] }) => {
        const { name } = statements[answers.length] as Statement
        const statement = known.get(name)
        const wanted = statement?.state === 'ready' ? statement.parsers : parsers
        try {
          rows.push(fields.map((text, index) => (text === null ? null : (wanted[index] as Parser)(text))))
        } catch (error) {
          unreadable ??= error
        }
      },
      handleCommandComplete: ({ text }: { text: string }) => {
        const { name } = statements[answers.length] as Statement
        if (name !== '' && known.get(name)?.state !== 'ready') known.set(name, { state: 'ready', parsers })
        answers.push({ command: text.split(' ', 1)[0] ?? '', rows })
        rows = []
        parsers = []
      },
      handleError: reject,
      handleReadyForQuery: () => (unreadable === undefined ? resolve(answers) : reject(unreadable)),
    }
    client.query(flight)
  })
}

function writeFlight(
  wire: Wire,
  known: KnownStatements,
  statements: readonly Statement[],
  wireValues: readonly (readonly WireValue[])[],
): void {
  wire.stream.cork()
  try {
    statements.forEach(({ name, text }, index) => {
      const state = known.get(name)?.state
      if (state === 'sent') wire.close({ type: 'S', name })
      if (state !== 'ready') {
        wire.parse({ name, text })
        if (name !== '') known.set(name, { state: 'sent', parsers: [] })
      }
      wire.bind({ statement: name, values: wireValues[index] ?? [] })
      if (state !== 'ready') wire.describe({ type: 'P' })
      wire.execute()
    })
    wire.sync()
  } finally {
    wire.stream.uncork()
  }
}

/** Bytes are in PostgreSQL's binary form, and the driver says so to the server. */
type WireValue = string | Buffer | null

/** A value in PostgreSQL's text form. The driver's own form quotes and escapes every number of an array, too. */
function wireValueOf(value: unknown): WireValue {
  if (value === null || value === undefined) return null
  if (value instanceof Buffer) return value
  return Array.isArray(value) ? arrayText(value) : String(value)
}

function arrayText(values: readonly unknown[]): string {
  let text = '{'
  for (const value of values) {
    if (text.length > 1) text += ','
    if (value === null || value === undefined) text += 'NULL'
    else if (typeof value !== 'string') text += String(value)
    else text += `"${needsEscape.test(value) ? value.replace(escaped, '\\$&') : value}"`
  }
  return `${text}}`
}

const needsEscape = /["\\]/
const escaped = /["\\]/g
