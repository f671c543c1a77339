/*
 * The real store under the simulation: each process has a pool and a committer's connections of its own, all on one
 * database, and nothing decides about the database's timing. So a seed gives the same wishes and about the same faults,
 * but never the same run twice.
 *
 * Sessions are ended at random moments, those that stand between facts and commit first, and the wire of the committers
 * breaks around commits.
 *
 * States of a process's way to the database: open → lost (its sessions are ended at the server, as when its machine
 * dies; its code never goes on) or closed (in good order).
 */
import type { Job } from '../engine/commit/changes.ts'
import type { Kind, ScopedRow } from '../engine/commit/kind.ts'
import { createPostgresStore } from '../engine/commit/postgres-store.ts'
import type { Scope } from '../kernel/scope.ts'
import { verifyLedger } from '../ledger/verify-ledger.ts'
import { createDatabase, type Database } from '../platform/database.ts'
import type { Chance } from './chance.ts'
import { connect, type StoreFaults } from './faulty-store.ts'
import { createFreeScheduler } from './free-scheduler.ts'
import { type Footing, fanOutJob, type Ground, type SharedState } from './ground.ts'
import { openLossyLink } from './lossy-link.ts'
import { observedKinds } from './observed-kinds.ts'
import type { Scheduler, SimulatedProcess } from './scheduler.ts'
import {
  beginLook,
  endLook,
  endSessions,
  rowsOfMerchants,
  type SimulationReader,
  takeOutboxEvents,
  takeQueuedJobs,
} from './simulation-queries.ts'

/** A ground that must be closed: it holds connections. */
export interface PostgresGround extends Ground {
  close(): Promise<void>
}

const sessionPrefix = 'simulated-'
const sessionsEndedMax = 2
const sessionsMax = 1_000
const checkEvery = 25
const railTimeoutMs = 250
const flightTimeoutMs = 10_000
const inDoubtTimeoutMs = 5_000
const poolMax = 4
const commitsCutOneIn = 6

interface Parts {
  readonly url: string
  /** The database's address by way of a wire that breaks. */
  readonly lossyUrl: string
  readonly chance: Chance
  readonly faults: StoreFaults
  readonly scheduler: Scheduler
}

/** Creates the ground of a run on a migrated database that the run has to itself. */
export async function createPostgresGround(
  url: string,
  chance: Chance,
  faults: StoreFaults,
  traceMax: number,
): Promise<PostgresGround> {
  const scheduler = createFreeScheduler(chance, traceMax)
  const link = await openLossyLink(url, () => {
    if (faults.lostReplyOneIn === 0 || !chance.oneIn(commitsCutOneIn)) return undefined
    const place = chance.pick(['before', 'after'] as const)
    scheduler.note(`the wire breaks ${place} a commit`)
    return place
  })
  const parts: Parts = { url, lossyUrl: link.url, chance, faults, scheduler }
  const observer = await createDatabase({ url, poolMax, applicationName: 'simulation-observer', onError: () => {} })
  const reader = observer.pool as unknown as SimulationReader
  return {
    scheduler,
    shared: sharedState(observer),
    checkEvery,
    commits: () => 0,
    railTimeoutMs,
    disturb: async () => {
      const ended = await endSessions(reader, sessionPrefix, chance.between(1, sessionsEndedMax))
      scheduler.note(`${ended} database sessions are ended`)
    },
    open: (process) => openFooting(parts, process, reader),
    prove: async (scopes) => {
      const reports = await Promise.all(
        scopes.map(({ merchantId }) => verifyLedger({ pool: observer.pool, merchantId })),
      )
      return reports.flatMap(({ findings }) => findings.map(({ merchantId, message }) => `${merchantId}: ${message}`))
    },
    close: async () => {
      // A commit of a process that crashed may have opened a connection to ask what became of it.
      await endSessions(reader, sessionPrefix, sessionsMax)
      await link.close()
      await observer.close()
    },
  }
}

function sharedState({ pool }: Database): SharedState {
  const seen = new Map<string, ScopedRow[]>()
  const store = createPostgresStore({ url: '', pool, flightTimeoutMs, inDoubtTimeoutMs })
  return {
    look: async (scopes: readonly Scope[], kinds: readonly Kind[] = observedKinds) => {
      const client = await pool.connect()
      const reader = client as unknown as SimulationReader
      try {
        await beginLook(reader)
        for (const kind of kinds) seen.set(kind.name, await rowsOfMerchants(reader, kind, scopes))
        await endLook(reader)
      } finally {
        client.release()
      }
    },
    rows: <Row extends ScopedRow>(kind: Kind<Row>) => [...((seen.get(kind.name) ?? []) as Row[])],
    takeJobs: async (): Promise<readonly Job[]> => {
      const reader = pool as unknown as SimulationReader
      return [...(await takeQueuedJobs(reader)), ...(await takeOutboxEvents(reader)).map(fanOutJob)]
    },
    nextDue: store.nextDue,
  }
}

async function openFooting(parts: Parts, process: SimulatedProcess, reader: SimulationReader): Promise<Footing> {
  const { chance, scheduler, faults } = parts
  const applicationName = `${sessionPrefix}${process.name}-`
  // What stands in the address wins over what our code says, so the sessions of this process can be told apart.
  const named = (address: string) => {
    const own = new URL(address)
    own.searchParams.set('application_name', applicationName)
    return own.href
  }
  const database = await createDatabase({ url: named(parts.url), poolMax, applicationName, onError: () => {} })
  const { pool } = database
  const shared = createPostgresStore({ url: named(parts.lossyUrl), pool, flightTimeoutMs, inDoubtTimeoutMs })
  const { store, disconnect } = connect({ shared, scheduler, chance, process, faults })
  return {
    store,
    pool: pool as unknown as Footing['pool'],
    finish: (engine) => engine,
    lose: async () => {
      await endSessions(reader, applicationName, sessionsMax)
      await shared.close()
      await database.close().catch(() => undefined)
    },
    close: async () => {
      await disconnect()
      await shared.close()
      await database.close()
    },
  }
}
