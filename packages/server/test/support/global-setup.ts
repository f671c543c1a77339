import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, stat, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { type DataDirectory, DataDirectoryInUseError, openDataDirectory } from '../../src/platform/data-directory.ts'
import {
  type EmbeddedDatabase,
  startEmbeddedDatabase,
  stopAbandonedDatabase,
} from '../../src/platform/embedded-database.ts'
import { installJobSchema } from '../../src/platform/job-schema.ts'
import { migrate } from '../../src/platform/migrations.ts'

/**
 * What this run's tests get: a server to make databases on and a migrated database to clone; or why there is none, which
 * only the tests that ask for a database report.
 */
export type TestServer =
  | { readonly adminUrl: string; readonly templateName: string; readonly strategy: 'file_copy' | 'wal_log' }
  | { readonly problem: string }

declare module 'vitest' {
  interface ProvidedContext {
    testServer: TestServer
  }
}

/** Losing test data in a power cut does no harm, and not waiting for the disk makes tests several times faster. */
const FAST_SETTINGS = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', shared_buffers: '64MB' }
/** `PAYLECT_TEST_FSYNC=on` tests against a server that waits for the disk, as in production. */
const isDurable = process.env['PAYLECT_TEST_FSYNC'] === 'on'
const externalUrl = process.env['PAYLECT_TEST_DATABASE_URL']

/** Linux's file system in memory, where cloning a database takes 10 ms and not 400; containers often have little of it. */
const MEMORY_DIRECTORY = '/dev/shm'
const MEMORY_FREE_BYTES_MIN = 2 * 1024 ** 3

/**
 * Starts one server for the whole test run (or uses `PAYLECT_TEST_DATABASE_URL`, whose user must be allowed to make databases),
 * and migrates the template database once. Answers the function that removes both again.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cleanups: (() => Promise<void>)[] = []
  const cleanUp = async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  }
  try {
    const adminUrl = externalUrl ?? (await startServer(cleanups))
    const templateName = `paylect_template_${randomBytes(6).toString('hex')}`
    await administer(adminUrl, `create database ${templateName}`)
    cleanups.push(() => administer(adminUrl, `drop database if exists ${templateName} with (force)`))
    const templateUrl = new URL(adminUrl)
    templateUrl.pathname = `/${templateName}`
    await migrate(templateUrl.href)
    await installJobSchema(templateUrl.href)
    // Copying files asks for two checkpoints, which cost nothing on our server and much on one that waits for the disk.
    const strategy = externalUrl === undefined && !isDurable ? 'file_copy' : 'wal_log'
    project.provide('testServer', { adminUrl, templateName, strategy })
  } catch (error) {
    await cleanUp()
    project.provide('testServer', { problem: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
  return cleanUp
}

async function startServer(cleanups: (() => Promise<void>)[]): Promise<string> {
  const runs = join(await chooseParent(), `paylect-test-${process.geteuid?.() ?? 0}`)
  await mkdir(runs, { recursive: true, mode: 0o700 })
  if ((await stat(runs)).uid !== process.geteuid?.()) throw new Error(`${runs} belongs to another user. Remove it.`)
  await removeAbandonedRuns(runs)

  const path = join(runs, randomBytes(8).toString('hex'))
  const run = await openDataDirectory(path)
  cleanups.push(() => rm(path, { recursive: true, force: true }))
  const database: EmbeddedDatabase = await startEmbeddedDatabase({
    directory: run.file('postgresql'),
    password: randomBytes(16).toString('hex'),
    settings: isDurable ? { shared_buffers: '64MB' } : FAST_SETTINGS,
  })
  cleanups.push(() => database.stop())
  return database.url
}

async function chooseParent(): Promise<string> {
  const memory = isDurable ? undefined : await statfs(MEMORY_DIRECTORY).catch(() => undefined)
  return memory !== undefined && memory.bavail * memory.bsize >= MEMORY_FREE_BYTES_MIN ? MEMORY_DIRECTORY : tmpdir()
}

/** A run that was killed left its server running and its files lying: nobody else would ever end them. */
async function removeAbandonedRuns(runs: string): Promise<void> {
  for (const name of await readdir(runs)) {
    const path = join(runs, name)
    // Two runs that start at once may both find it: the one that opens it clears it.
    const run: DataDirectory | undefined = await openDataDirectory(path).catch((error: unknown) => {
      if (error instanceof DataDirectoryInUseError || !existsSync(path)) return undefined
      throw error
    })
    if (run === undefined) continue
    await stopAbandonedDatabase(run.file('postgresql'))
    await rm(path, { recursive: true, force: true })
  }
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
