import { createCommitter } from '../../src/engine/commit/committer.ts'
import {
  type Committer,
  createEngine,
  createPostgresStore,
  type Engine,
  type GroupWrites,
  type ProvisionMerchant,
  type Store,
} from '../../src/engine/index.ts'
import { createManualClock, type Instant, type ManualClock } from '../../src/kernel/clock.ts'
import { createIdSource } from '../../src/kernel/ids.ts'
import type { Mode, Scope } from '../../src/kernel/scope.ts'
import { createDatabase, type Database } from '../../src/platform/database.ts'
import type { Rail, RailRegistry } from '../../src/rails/rail.ts'
import { createRailRegistry } from '../../src/rails/registry.ts'
import { createSimulatorRail } from '../../src/rails/simulator/index.ts'

/** How a test's engine differs from the usual one. */
export interface TestEngineOptions {
  /** The rails, preferred first. Without them: the simulator, whose late notifications are kept as due rows. */
  readonly rails?: readonly Rail[]
  /** Where both clocks start. */
  readonly startAt?: Instant
  /** Clocks to share with another engine on the same database: two processes of one installation. */
  readonly clocks?: Readonly<Record<Mode, ManualClock>>
  /** Told of each durable group. */
  readonly onCommitted?: (writes: GroupWrites) => void
}

/** An engine on real PostgreSQL with clocks that stand still. */
export interface TestEngine {
  readonly engine: Engine
  readonly committer: Committer
  readonly store: Store
  readonly database: Database
  readonly rails: RailRegistry
  readonly clocks: Readonly<Record<Mode, ManualClock>>
  /** What was told to `onDefect` and `onRailDefect`: a test that expects none checks that it is empty. */
  readonly defects: unknown[]
  /** Finishes what waits and closes every connection. Call it before the database is dropped. */
  close(): Promise<void>
}

/** The simulator's key in tests. */
export const testSigningKey = 'a-signing-key-of-the-tests'
/** Saturday, 21 November 2026, 09:40:14 UTC. */
export const testStartAt: Instant = Date.UTC(2026, 10, 21, 9, 40, 14)

/** Builds an engine over a test database (`createTestDatabase()`): a committer on the PostgreSQL store, manual clocks. */
export async function createTestEngine(
  { url }: { readonly url: string },
  options: TestEngineOptions = {},
): Promise<TestEngine> {
  const { startAt = testStartAt } = options
  const clocks = options.clocks ?? { live: createManualClock(startAt), sandbox: createManualClock(startAt) }
  const ids = { live: createIdSource(), sandbox: createIdSource() }
  const now = (mode: Mode) => clocks[mode].now()
  const defects: unknown[] = []
  const database = await createDatabase({
    url,
    poolMax: 4,
    applicationName: 'paylect-test',
    onError: (error) => defects.push(error),
  })
  const store = createPostgresStore({ url, pool: database.pool, flightTimeoutMs: 10_000, inDoubtTimeoutMs: 5_000 })
  const committer = createCommitter({
    store,
    sources: { now, newId: (mode, prefix) => ids[mode].newId(prefix, now(mode)) },
    metrics: { group: () => {}, waited: () => {}, answered: () => {} },
    groupsInFlightMax: 2,
    overlapMin: 1,
    groupMax: 256,
    queueMax: 10_000,
    onCommitted: options.onCommitted ?? (() => {}),
    onDefect: (error) => defects.push(error),
    unavailableBackoffMs: [50, 200],
  })
  const rails = createRailRegistry(options.rails ?? [simulatorOver(() => engine)])
  const engine: Engine = createEngine({
    pool: database.pool,
    committer,
    store,
    rails,
    now,
    onRailDefect: (error) => defects.push(error),
    railTimeoutMs: 5_000,
  })
  const close = async () => {
    await committer.drain()
    await store.close()
    await database.close()
  }
  return { engine, committer, store, database, rails, clocks, defects, close }
}

function simulatorOver(engine: () => Engine): Rail {
  return createSimulatorRail({
    signingKey: testSigningKey,
    schedule: (notification, { scope }, afterMs) =>
      engine().sandbox.scheduleNotification(scope, 'simulator', notification, afterMs),
  })
}

/** Creates a merchant with a fee plan of 2 % for every method and, where given, keys and webhook endpoints. */
export async function provisionTestMerchant(
  { engine }: Pick<TestEngine, 'engine'>,
  scope: Scope,
  given: Partial<ProvisionMerchant> = {},
): Promise<Scope> {
  await engine.access.provision({
    name: 'Example Shop',
    apiKeys: [],
    webhookEndpoints: [],
    feePlans: (['upi', 'card', 'bank_transfer'] as const).map((method) => {
      return { method, basisPoints: 200, fixed: {}, refundPolicy: 'returned' as const }
    }),
    ...given,
    scope,
  })
  return scope
}
