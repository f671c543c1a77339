/*
 * The archive of a backup: a gzip'd text of lines (UTF-8), each ending with a line feed, made of
 *   1. one header, JSON: format, version, when, the migrations, and every table with its columns;
 *   2. for each table, in an order in which they can be put back: one line of JSON with its name, its rows as PostgreSQL's
 *      COPY writes them as text, a line `\.`, and one line of JSON with the count of rows and the SHA-256 of the rows' lines;
 *   3. one last line of JSON with the count of tables. An archive without it was cut short.
 * A row of COPY text is one line, and none is `\.`: line feeds and backslashes in values are escaped.
 */
import { createHash } from 'node:crypto'
import * as z from 'zod'

/** What an archive says it is. */
export const archiveFormat = 'paylect-backup'
/** Raised when an older Paylect could not read the archive. */
export const archiveVersion = 1
/** Ends the rows of a table. */
export const endOfRows = '\\.'

/** One table in the header. */
export const archivedTable = z.strictObject({ name: z.string(), columns: z.array(z.string()).min(1) })

/** The first line. */
export const archiveHeader = z.object({
  format: z.literal(archiveFormat),
  version: z.literal(archiveVersion),
  created_at: z.string(),
  /** Names and checksums of the migrations that the database had. */
  migrations: z.array(z.strictObject({ name: z.string(), checksum: z.string() })),
  tables: z.array(archivedTable),
  sequences: z.array(z.strictObject({ name: z.string(), last_value: z.string().nullable() })),
})

/** What stands before the rows of a table, behind them, and at the very end. */
export const tableBegin = z.strictObject({ table: z.string() })
/** See `tableBegin`. */
export const tableEnd = z.strictObject({ rows: z.number().int(), sha256: z.string() })
/** See `tableBegin`. */
export const archiveEnd = z.strictObject({ tables: z.number().int() })

/** The first line of an archive. */
export type ArchiveHeader = z.output<typeof archiveHeader>

/** The archive cannot be read or does not say what it should. The message tells what is wrong. */
export class ArchiveError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'ArchiveError'
  }
}

/** The longest line that is taken: a row holds at most a few bodies and excerpts. */
const lineBytesMax = 64 * 1024 * 1024
const lineFeed = 10

/** The lines of an archive, one at a time, without their line feeds. */
export interface LineReader {
  /** The next line. Throws `ArchiveError` at the end of the archive, naming what was expected there. */
  next(expected: string): Promise<Buffer>
  /** The next line as JSON of this shape. Throws `ArchiveError` when it is something else. */
  nextJson<Shape extends z.ZodType>(shape: Shape, expected: string): Promise<z.output<Shape>>
  /** Whether nothing is left. */
  isAtEnd(): Promise<boolean>
}

/** Reads lines from a stream of bytes. */
export function createLineReader(bytes: AsyncIterable<Buffer>): LineReader {
  const lines = linesOf(bytes)[Symbol.asyncIterator]()
  const next = async (expected: string) => {
    const { value, done } = await lines.next().catch((error: unknown) => {
      if (error instanceof ArchiveError) throw error
      const reason = error instanceof Error ? error.message : String(error)
      throw new ArchiveError(`The archive cannot be read (${reason}) where ${expected} should stand.`, error)
    })
    if (done) throw new ArchiveError(`The archive ends where ${expected} should stand: it was cut short.`)
    return value
  }
  return {
    next,
    nextJson: async (shape, expected) => {
      const line = await next(expected)
      try {
        return shape.parse(JSON.parse(line.toString('utf8')))
      } catch (error) {
        throw new ArchiveError(`The archive does not hold ${expected} where it should.`, error)
      }
    },
    isAtEnd: async () => (await lines.next()).done === true,
  }
}

async function* linesOf(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer, undefined> {
  let unfinished: Buffer[] = []
  let unfinishedBytes = 0
  for await (const chunk of bytes) {
    let begin = 0
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, begin)) {
      const piece = chunk.subarray(begin, end)
      yield unfinished.length === 0 ? piece : Buffer.concat([...unfinished, piece])
      unfinished = []
      unfinishedBytes = 0
      begin = end + 1
    }
    if (begin === chunk.length) continue
    unfinished.push(chunk.subarray(begin))
    unfinishedBytes += chunk.length - begin
    if (unfinishedBytes > lineBytesMax) throw new ArchiveError('The archive has a line that is too long to be a row.')
  }
  if (unfinished.length > 0) throw new ArchiveError('The archive ends in the middle of a line: it was cut short.')
}

/** Counts rows and sums up their bytes, on the way out and on the way in. */
export interface RowSum {
  add(lines: Buffer, rows: number): void
  end(): z.output<typeof tableEnd>
}

/** Starts a count for one table. */
export function createRowSum(): RowSum {
  const hash = createHash('sha256')
  let count = 0
  return {
    add: (lines, rows) => {
      hash.update(lines)
      count += rows
    },
    end: () => ({ rows: count, sha256: hash.digest('hex') }),
  }
}
