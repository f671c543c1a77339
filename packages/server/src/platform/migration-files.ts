import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** One migration as it lies on disk. */
export interface MigrationFile {
  /** The file's name without `.sql`, for example `0001_ledger`. Migrations run in the order of their names. */
  readonly name: string
  readonly path: string
  readonly sql: string
  /** SHA-256 of the text in hexadecimal, line ends counted as `\n` so that a checkout on another system agrees. */
  readonly checksum: string
}

/** A migration cannot be run, or what was run does not agree with the files. The message names the file and what to do. */
export class MigrationError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'MigrationError'
  }
}

/** The migrations of this version of Paylect. */
export const DEFAULT_MIGRATIONS_DIRECTORY = join(import.meta.dirname, '../../migrations')

const FILE_NAME = /^\d{4}_[a-z0-9_]+\.sql$/
/** Each file runs in a transaction that we open and close; a statement that ends it would split the file. */
const TRANSACTION_STATEMENT = /^[ \t]*(commit|rollback|start\s+transaction|begin\s+transaction)\s*;/im

/**
 * Reads the migrations in a directory, in order. Other files than `.sql` are ignored.
 * Throws `MigrationError` for a name that is not `NNNN_name.sql`, a number used twice, or a transaction statement in a file.
 */
export async function readMigrationFiles(directory: string): Promise<MigrationFile[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    throw new MigrationError(`The migrations in ${directory} cannot be read. Reinstall Paylect.`, error)
  })
  const files: MigrationFile[] = []
  for (const fileName of names.filter((name) => name.endsWith('.sql')).sort()) {
    const path = join(directory, fileName)
    if (!FILE_NAME.test(fileName)) {
      throw new MigrationError(`${path}: a migration is named NNNN_name.sql, four digits and lower-case letters.`)
    }
    const earlier = files.find((file) => file.name.slice(0, 4) === fileName.slice(0, 4))
    if (earlier !== undefined)
      throw new MigrationError(`${path}: the number is taken by ${earlier.path}. Renumber the newer one.`)
    files.push(await readMigrationFile(path, fileName.slice(0, -'.sql'.length)))
  }
  return files
}

async function readMigrationFile(path: string, name: string): Promise<MigrationFile> {
  const sql = (await readFile(path, 'utf8')).replaceAll('\r\n', '\n')
  const statement = TRANSACTION_STATEMENT.exec(sql)
  if (statement !== null) {
    const { line } = placeIn(sql, statement.index + 1)
    throw new MigrationError(
      `${path}:${line}: "${statement[0].trim()}" cannot stand here; the whole file is one transaction.`,
    )
  }
  return { name, path, sql, checksum: createHash('sha256').update(sql).digest('hex') }
}

/** Turns PostgreSQL's 1-based position, which counts characters and not UTF-16 units, into line, column and the line's text. */
export function placeIn(sql: string, position: number): { line: number; column: number; text: string } {
  const before = [...sql].slice(0, position - 1).join('')
  const line = before.split('\n').length
  const column = [...(before.split('\n').at(-1) ?? '')].length + 1
  return { line, column, text: sql.split('\n')[line - 1] ?? '' }
}
