import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config.ts'
import {
  type DataDirectory,
  DataDirectoryInUseError,
  openDataDirectory,
  readOrCreateSecret,
} from '../platform/data-directory.ts'
import { type EmbeddedDatabase, findRunningDatabase, startEmbeddedDatabase } from '../platform/embedded-database.ts'
import type { Log } from '../platform/log.ts'

/** The data directory and the database that a command works on. */
export interface OpenedDatabase {
  readonly directory: DataDirectory
  readonly url: string
  /** `embedded` in the data directory, or `external` by DATABASE_URL. */
  readonly kind: 'embedded' | 'external'
  /** Stops the embedded database and gives the data directory free. */
  close(): Promise<void>
}

const databasePasswordBytes = 24
const databasePasswordFile = 'database.password'
const clusterDirectory = 'postgresql'
/** The embedded server is brought back after a crash this often in a row, with this pause between tries. */
const revivalsMax = 10
const revivalPauseMs = 500

/** Takes the data directory's lock and makes a database reachable: the one of DATABASE_URL or the embedded one. */
export async function openDatabase(config: Config, log: Log): Promise<OpenedDatabase> {
  const directory = await openDataDirectory(config.dataDirectory)
  if (config.databaseUrl !== undefined) {
    return { directory, url: config.databaseUrl, kind: 'external', close: () => directory.release() }
  }
  try {
    const embedded = await superviseEmbedded(directory, log)
    const close = async () => {
      await embedded.stop()
      await directory.release()
    }
    return { directory, url: embedded.url, kind: 'embedded', close }
  } catch (error) {
    await directory.release()
    throw error
  }
}

/**
 * The database for a command that only looks: the one of DATABASE_URL, the embedded one of a gateway that is running on
 * the data directory, or else the embedded one, started for as long as the command takes.
 */
export async function openDatabaseToRead(
  config: Config,
  log: Log,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  if (config.databaseUrl !== undefined) return { url: config.databaseUrl, close: async () => {} }
  try {
    return await openDatabase(config, log)
  } catch (error) {
    if (!(error instanceof DataDirectoryInUseError)) throw error
    const password = (await readFile(join(config.dataDirectory, databasePasswordFile), 'utf8')).trim()
    const url = await findRunningDatabase(join(config.dataDirectory, clusterDirectory), password)
    if (url === undefined) throw error
    return { url, close: async () => {} }
  }
}

/** Starts the embedded server and, should it die, starts it again on the same port, so that its address stays true. */
async function superviseEmbedded(
  directory: DataDirectory,
  log: Log,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const password = await readOrCreateSecret(directory, databasePasswordFile, databasePasswordBytes)
  let stopping = false
  let current: Promise<EmbeddedDatabase>
  const start = (port?: number) =>
    startEmbeddedDatabase({
      directory: directory.file(clusterDirectory),
      password,
      ...(port === undefined ? {} : { port }),
      onLog: (line) => log.debug({ from: 'postgresql' }, line),
      onUnexpectedEnd: () => {
        if (stopping) return
        log.error('the embedded database ended unexpectedly; starting it again')
        current = revive(() => start(Number(new URL(url).port)), log)
        current.catch((error: unknown) => log.fatal({ err: error }, 'the embedded database cannot be started again'))
      },
    })
  current = start()
  const { url } = await current
  return {
    url,
    stop: async () => {
      stopping = true
      await (await current).stop()
    },
  }
}

async function revive(start: () => Promise<EmbeddedDatabase>, log: Log): Promise<EmbeddedDatabase> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start()
    } catch (error) {
      if (tries >= revivalsMax) throw error
      log.warn({ err: error, tries }, 'the embedded database did not start; trying again')
      await sleep(revivalPauseMs)
    }
  }
}
