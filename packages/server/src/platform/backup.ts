import { createWriteStream } from 'node:fs'
import { access, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { isoFromInstant, systemClock } from '../kernel/clock.ts'
import { type ArchiveHeader, archiveFormat, archiveVersion, createRowSum, endOfRows } from './backup-archive.ts'
import {
  copySettings,
  jobsColumns,
  jobsCopy,
  jobsTable,
  quoted,
  readMigrations,
  readSequences,
  readTables,
} from './backup-catalogue.ts'
import { connectionConfig } from './database.ts'

/** What a backup is made of and where it goes. */
export interface BackupOptions {
  readonly url: string
  /** The archive. It must not exist; it appears whole or not at all, and only its owner may read it. */
  readonly path: string
  /** Hears of each table before it is read. */
  readonly onTable?: (name: string) => void
}

/** What an archive holds, or what was put back from one. */
export interface ArchiveSummary {
  readonly tables: number
  readonly rows: number
  readonly createdAt: string
}

const applicationName = 'paylect-backup'
const archiveMode = 0o600
const lineFeed = 10

/**
 * Writes every row of ours and every waiting job, as they stand at one moment, to an archive; a gateway may be at work
 * meanwhile. The master key is not in it. Throws when the file exists, and what the database or the disk throws.
 */
export async function writeBackup(options: BackupOptions): Promise<ArchiveSummary> {
  await refuseExisting(options.path)
  const client = new pg.Client(connectionConfig(options.url, applicationName))
  client.on('error', () => undefined)
  await client.connect()
  const unfinished = `${options.path}.unfinished`
  try {
    await client.query('begin isolation level repeatable read read only')
    await client.query(copySettings)
    const summary = { tables: 0, rows: 0, createdAt: isoFromInstant(systemClock.now()) }
    const file = createWriteStream(unfinished, { flags: 'wx', mode: archiveMode, flush: true })
    await pipeline(Readable.from(archiveOf(client, summary, options.onTable)), createGzip(), file)
    await rename(unfinished, options.path)
    await syncFolder(dirname(options.path))
    return summary
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  } finally {
    await client.end()
  }
}

async function refuseExisting(path: string): Promise<void> {
  const exists = await access(path).then(
    () => true,
    () => false,
  )
  if (exists) throw new Error(`${path} exists already. Name a new file: a backup never replaces one.`)
}

async function* archiveOf(
  client: pg.Client,
  summary: { tables: number; rows: number; createdAt: string },
  onTable: BackupOptions['onTable'],
): AsyncGenerator<Buffer> {
  const tables = [...(await readTables(client)), { name: jobsTable, columns: jobsColumns }]
  const header: ArchiveHeader = {
    format: archiveFormat,
    version: archiveVersion,
    created_at: summary.createdAt,
    migrations: await readMigrations(client),
    tables,
    sequences: await readSequences(client),
  }
  yield jsonLine(header)
  for (const { name, columns } of tables) {
    onTable?.(name)
    yield jsonLine({ table: name })
    const sum = createRowSum()
    const copy = name === jobsTable ? jobsCopy : `copy ${quoted(name)} (${columns.map(quoted).join(', ')}) to stdout`
    for await (const chunk of client.query(copyTo(copy)) as AsyncIterable<Buffer>) {
      sum.add(chunk, countLineFeeds(chunk))
      yield chunk
    }
    const end = sum.end()
    yield Buffer.concat([Buffer.from(`${endOfRows}\n`), jsonLine(end)])
    summary.tables += 1
    summary.rows += end.rows
  }
  yield jsonLine({ tables: summary.tables })
}

function jsonLine(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`)
}

function countLineFeeds(chunk: Buffer): number {
  let count = 0
  for (let at = chunk.indexOf(lineFeed); at !== -1; at = chunk.indexOf(lineFeed, at + 1)) count += 1
  return count
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
