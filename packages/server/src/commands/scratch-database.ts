import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDataDirectory } from '../platform/data-directory.ts'
import { startEmbeddedDatabase } from '../platform/embedded-database.ts'
import { installJobSchema } from '../platform/job-schema.ts'
import { migrate } from '../platform/migrations.ts'
import { createScratchDatabase, dropScratchDatabase } from './scratch-database-queries.ts'

const nameBytes = 8
const passwordBytes = 16
/** Nothing in it is worth waiting for the disk. */
const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' }

/**
 * Runs `use` with the addresses of `count` fresh, migrated databases and removes them afterwards, whatever happens. They
 * are made on the server at `serverUrl`; without one, on a server of their own that is started and removed.
 */
export async function withScratchDatabases<Result>(
  serverUrl: string | undefined,
  count: number,
  use: (urls: readonly string[]) => Promise<Result>,
): Promise<Result> {
  if (serverUrl === undefined) return withScratchServer((url) => withScratchDatabases(url, count, use))
  const urls: string[] = []
  try {
    for (let made = 0; made < count; made += 1) {
      const url = await createScratchDatabase(serverUrl)
      urls.push(url)
      await migrate(url)
      await installJobSchema(url)
    }
    return await use(urls)
  } finally {
    for (const url of urls) await dropScratchDatabase(serverUrl, url)
  }
}

async function withScratchServer<Result>(use: (url: string) => Promise<Result>): Promise<Result> {
  const path = join(tmpdir(), `paylect-scratch-${randomBytes(nameBytes).toString('hex')}`)
  const directory = await openDataDirectory(path)
  try {
    const database = await startEmbeddedDatabase({
      directory: directory.file('postgresql'),
      password: randomBytes(passwordBytes).toString('hex'),
      settings,
    })
    try {
      return await use(database.url)
    } finally {
      await database.stop()
    }
  } finally {
    await directory.release()
    await rm(path, { recursive: true, force: true })
  }
}
