import { installedDialects } from '../app.ts'
import { type Config, readConfig } from '../config.ts'
import type { Dialect } from '../dialects/dialect.ts'
import { createCommitter, createEngine, createPostgresStore, type Engine } from '../engine/index.ts'
import { systemClock } from '../kernel/clock.ts'
import { createIdSource } from '../kernel/ids.ts'
import type { Mode } from '../kernel/scope.ts'
import { openDataDirectory, readOrCreateSecret } from '../platform/data-directory.ts'
import { createDatabase, type Database } from '../platform/database.ts'
import { derivedKey } from '../platform/derived-key.ts'
import { readAppliedMigrations } from '../platform/doctor-queries.ts'
import { createLog, type Log } from '../platform/log.ts'
import { DEFAULT_MIGRATIONS_DIRECTORY, readMigrationFiles } from '../platform/migration-files.ts'
import { createSandboxClock } from '../platform/sandbox-clock.ts'
import { createVault, type Vault } from '../platform/vault.ts'
import { createRailRegistry } from '../rails/registry.ts'
import { findMasterKey, masterKeyBytes, masterKeyFile } from './master-key.ts'
import { openDatabaseToRead } from './open-database.ts'

/** What an operator's verb works on: the database itself, also beside a running gateway. */
export interface OperatorDatabase {
  readonly config: Config
  readonly database: Database
}

/** An engine without workers, rails or HTTP: it decides and writes, and whatever follows is a running gateway's. */
export interface OperatorEngine extends OperatorDatabase {
  readonly engine: Engine
  readonly dialects: readonly Dialect[]
  /** Opens and seals under the installation's master key, which is made where there is none yet. */
  readonly vault: () => Promise<Vault>
}

const connectionsMax = 3
const groupMax = 64
const queueMax = 256
const flightTimeoutMs = 15_000
const inDoubtTimeoutMs = 15_000
const unavailableBackoffMs = [50, 200, 500, 1000]
const railTimeoutMs = 1_000

/** The database of a verb with its address. */
export interface ConnectedDatabase extends OperatorDatabase {
  readonly url: string
  readonly log: Log
}

/** Opens the database for one verb and closes it again, whatever happens. */
export async function withOperatorDatabase<Result>(
  use: (opened: ConnectedDatabase) => Promise<Result>,
): Promise<Result> {
  const config = readConfig()
  const log = createLog({ level: config.logLevel })
  const opened = await openDatabaseToRead(config, log)
  try {
    const database = await createDatabase({
      url: opened.url,
      poolMax: connectionsMax,
      applicationName: 'paylect-command',
      onError: (error) => log.warn({ err: error }, 'a connection to the database was lost'),
    })
    try {
      return await use({ config, database, url: opened.url, log })
    } finally {
      await database.close()
    }
  } finally {
    await opened.close()
  }
}

/** Builds an engine for one verb and takes it apart again. Throws when the schema is not this version's. */
export function withOperatorEngine<Result>(use: (operator: OperatorEngine) => Promise<Result>): Promise<Result> {
  return withOperatorDatabase(async (connected) => {
    await requireSchema(connected.database)
    return withEngine(connected, use)
  })
}

/** The migrations that this version has and the database lacks. */
export async function pendingMigrations({ pool }: Pick<Database, 'pool'>): Promise<readonly string[]> {
  const applied = new Set(await readAppliedMigrations(pool))
  const files = await readMigrationFiles(DEFAULT_MIGRATIONS_DIRECTORY)
  return files.map(({ name }) => name).filter((name) => !applied.has(name))
}

/** Refuses, with what to do, a database that lacks migrations. */
export async function requireSchema(database: Pick<Database, 'pool'>): Promise<void> {
  const pending = await pendingMigrations(database)
  if (pending.length === 0) return
  throw new Error(`The database lacks ${pending.join(', ')}. Run "paylect migrate" first.`)
}

async function withEngine<Result>(
  { config, database, url, log }: ConnectedDatabase,
  use: (operator: OperatorEngine) => Promise<Result>,
): Promise<Result> {
  const sandboxClock = await createSandboxClock(database.pool, systemClock)
  const now = (mode: Mode) => (mode === 'live' ? systemClock.now() : sandboxClock.now())
  const ids = { live: createIdSource(), sandbox: createIdSource() }
  const store = createPostgresStore({ url, pool: database.pool, flightTimeoutMs, inDoubtTimeoutMs })
  const committer = createCommitter({
    store,
    sources: { now, newId: (mode, prefix) => ids[mode].newId(prefix, now(mode)) },
    metrics: { group: () => {}, waited: () => {}, answered: () => {} },
    groupsInFlightMax: 1,
    groupMax,
    queueMax,
    onCommitted: () => {},
    onDefect: (error, command) => log.error({ err: error, command }, 'a command failed in a way that it must not'),
    unavailableBackoffMs,
  })
  const engine = createEngine({
    committer,
    store,
    // No rail: an operator's verb moves no money; the gateway's workers do.
    rails: createRailRegistry([]),
    pool: database.pool,
    now,
    onRailDefect: (error, rail) => log.error({ err: error, rail }, 'a rail failed in a way that it must not'),
    railTimeoutMs,
  })
  try {
    return await use({ config, database, engine, dialects: installedDialects, vault: () => openVault(config) })
  } finally {
    await committer.drain()
    await store.close()
    sandboxClock.stop()
  }
}

async function openVault(config: Config): Promise<Vault> {
  const masterKey = (await findMasterKey(config)) ?? (await makeMasterKey(config))
  return createVault({ keys: [{ id: 'master', key: derivedKey(masterKey, 'vault') }] })
}

async function makeMasterKey(config: Config): Promise<string> {
  const directory = await openDataDirectory(config.dataDirectory)
  try {
    return await readOrCreateSecret(directory, masterKeyFile, masterKeyBytes)
  } finally {
    await directory.release()
  }
}

/** A merchant that a verb names; refused in words for people where there is none. */
export async function requireMerchant({ engine }: OperatorEngine, merchantId: string, mode: Mode): Promise<void> {
  if (await engine.access.merchant({ merchantId, mode })) return
  throw new Error(`There is no ${mode} merchant ${merchantId}. "paylect merchants list" shows those there are.`)
}
