import { randomBytes } from 'node:crypto'
import type { Dialect } from '../src/dialects/dialect.ts'
import { monetiflow } from '../src/dialects/monetiflow/index.ts'
import { paylect } from '../src/dialects/paylect/index.ts'
import {
  apiScopes,
  type Committer,
  createCommitter,
  createEngine,
  createPostgresStore,
  type Engine,
  hashOfKey,
} from '../src/engine/index.ts'
import { createIdSource } from '../src/kernel/ids.ts'
import type { Scope } from '../src/kernel/scope.ts'
import { createDatabase } from '../src/platform/database.ts'
import { createRailRegistry } from '../src/rails/registry.ts'
import { createSimulatorRail } from '../src/rails/simulator/index.ts'

const flightTimeoutMs = 15_000
const inDoubtTimeoutMs = 10_000
const railTimeoutMs = 5_000
const groupMax = 256
const queueMax = 4096

/** An engine in this process, over the stage's database: no HTTP and no workers. */
export interface BenchEngine {
  readonly engine: Engine
  readonly committer: Committer
}

/** A merchant of the benchmarks with its secret key for the house API, and any number for Monetiflow. */
export interface BenchMerchant {
  readonly scope: Scope
  readonly apiKey: string
  /** More than one where a load would exceed the dialect's limit of 1,000 calls a minute and key. */
  readonly monetiflowKeys: readonly string[]
}

/** Opens an engine, hands it to `use`, drains it and closes its connections. */
export async function withBenchEngine<Result>(
  url: string,
  groupsInFlightMax: number,
  use: (opened: BenchEngine) => Promise<Result>,
): Promise<Result> {
  const onError = (error: unknown) => process.stderr.write(`${String(error)}\n`)
  const database = await createDatabase({ url, applicationName: 'paylect-bench', onError })
  const store = createPostgresStore({ url, pool: database.pool, flightTimeoutMs, inDoubtTimeoutMs })
  const ids = { live: createIdSource(), sandbox: createIdSource() }
  const committer = createCommitter({
    store,
    sources: { now: () => Date.now(), newId: (mode, prefix) => ids[mode].newId(prefix, Date.now()) },
    metrics: { group: () => {}, waited: () => {}, answered: () => {} },
    groupsInFlightMax,
    groupMax,
    queueMax,
    onCommitted: () => {},
    onDefect: onError,
    unavailableBackoffMs: [],
  })
  const rail = createSimulatorRail({ signingKey: randomBytes(32).toString('hex'), schedule: async () => {} })
  const rails = createRailRegistry([rail])
  const clock = () => Date.now()
  const parts = { committer, store, rails, pool: database.pool, now: clock, onRailDefect: onError, railTimeoutMs }
  try {
    return await use({ engine: createEngine(parts), committer })
  } finally {
    await committer.drain()
    await store.close()
    await database.close()
  }
}

/** Makes merchants of the sandbox, all of this name, who pay 2 % for UPI. */
export async function provisionMerchants(
  engine: Engine,
  name: string,
  count: number,
  monetiflowKeysEach = 0,
): Promise<BenchMerchant[]> {
  const ids = createIdSource()
  return Promise.all(
    Array.from({ length: count }, async () => {
      const scope: Scope = { merchantId: ids.newId('mer', Date.now()), mode: 'sandbox' }
      const { apiKey } = paylect.newCredentials(scope.mode)
      const monetiflowKeys = Array.from({ length: monetiflowKeysEach }, () => {
        return monetiflow.newCredentials(scope.mode).apiKey
      })
      const feePlan = { method: 'upi', basisPoints: 200, fixed: {}, refundPolicy: 'returned' } as const
      await engine.access.provision({
        scope,
        name,
        apiKeys: [storedKey(paylect, apiKey), ...monetiflowKeys.map((key) => storedKey(monetiflow, key))],
        webhookEndpoints: [],
        feePlans: [feePlan],
      })
      return { scope, apiKey, monetiflowKeys }
    }),
  )
}

function storedKey({ name: dialect }: Dialect, apiKey: string) {
  return { dialect, name: 'bench', hint: apiKey.slice(-4), scopes: apiScopes, keyHash: hashOfKey(apiKey) }
}
