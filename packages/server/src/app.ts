import type { FastifyInstance } from 'fastify'
import { registerCheckout } from './checkout/checkout-routes.ts'
import { type CheckoutTokens, checkoutPath, createCheckoutTokens } from './checkout/checkout-token.ts'
import type { Config } from './config.ts'
import type { Dialect, DialectServices } from './dialects/dialect.ts'
import { monetiflow } from './dialects/monetiflow/index.ts'
import { paylect } from './dialects/paylect/index.ts'
import {
  type Committer,
  type CommitterMetrics,
  createCommitter,
  createEngine,
  createPostgresStore,
  type Engine,
  type GroupWrites,
  type Store,
} from './engine/index.ts'
import { createRateLimits } from './http/rate-limit.ts'
import { createServer } from './http/server.ts'
import type { HttpSurface } from './http/surface.ts'
import { type Instant, systemClock } from './kernel/clock.ts'
import { EngineError } from './kernel/engine-error.ts'
import { createIdSource } from './kernel/ids.ts'
import type { Mode } from './kernel/scope.ts'
import { createDatabase, type Database } from './platform/database.ts'
import { derivedKey } from './platform/derived-key.ts'
import { assertDeliverableUrl, OutboundError, type OutboundPolicy } from './platform/http-client.ts'
import type { Log } from './platform/log.ts'
import { createMetrics, type Metrics } from './platform/metrics.ts'
import { createRateLimitStore } from './platform/rate-limit-store.ts'
import { ClockGoesBackError, createSandboxClock, type SandboxClock } from './platform/sandbox-clock.ts'
import { createVault, type Vault } from './platform/vault.ts'
import { createRailRegistry } from './rails/registry.ts'
import { createSimulatorRail } from './rails/simulator/index.ts'
import { parseScenario } from './rails/simulator/scenario.ts'
import { startWorkers, type Workers } from './workers/start-workers.ts'
import { createWebhookClients } from './workers/webhook-clients.ts'

/** A gateway put together: everything runs but the listening. */
export interface Gateway {
  readonly server: FastifyInstance
  readonly engine: Engine
  readonly vault: Vault
  readonly dialects: readonly Dialect[]
  readonly sandboxClock: SandboxClock
  readonly metrics: Metrics
  /** Drains requests, workers and the committer, in this order, and closes every connection. */
  close(): Promise<void>
}

/** The dialects of this installation. A new one is its folder and one line here. */
const installedDialects: readonly Dialect[] = [paylect, monetiflow]

const poolMax = 8
const groupMax = 256
const queueMax = 4096
const flightTimeoutMs = 15_000
const inDoubtTimeoutMs = 15_000
const unavailableBackoffMs = [50, 200, 500, 1000, 1500]
const railTimeoutMs = 30_000

/** What the parts of a gateway share. */
interface Foundation {
  readonly config: Config
  readonly databaseUrl: string
  readonly masterKey: string
  readonly log: Log
  readonly metrics: Metrics
  readonly database: Database
  readonly sandboxClock: SandboxClock
  readonly vault: Vault
  now(mode: Mode): Instant
}

/**
 * The composition root: builds the gateway over a migrated database. `masterKey` is 64 hexadecimal digits; every other
 * key is derived from it.
 */
export async function createGateway(
  config: Config,
  databaseUrl: string,
  masterKey: string,
  log: Log,
): Promise<Gateway> {
  const foundation = await lay(config, databaseUrl, masterKey, log)
  const { sandboxClock, database, vault } = foundation
  const { engine, committer, store } = buildEngine(foundation, (writes) => workers.wake(writes))
  const webhookClients = createWebhookClients({ allowLoopbackInSandbox: true, allowCidrs: config.webhookNetworks })
  const workers = startWorkers({
    ...foundation,
    engine,
    store,
    dialects: new Map(installedDialects.map((dialect) => [dialect.name, dialect])),
    http: webhookClients,
    setSandboxClock: (instant) => moveClock(sandboxClock, instant),
  })
  const server = buildServer(foundation, engine, workers)
  const close = async () => {
    await server.close()
    await workers.stop()
    await webhookClients.close()
    await committer.drain()
    await store.close()
    sandboxClock.stop()
    await database.close()
  }
  return { server, engine, vault, dialects: installedDialects, sandboxClock, metrics: foundation.metrics, close }
}

async function lay(config: Config, databaseUrl: string, masterKey: string, log: Log): Promise<Foundation> {
  const database = await createDatabase({
    url: databaseUrl,
    poolMax,
    applicationName: 'paylect',
    onError: (error) => log.warn({ err: error }, 'a connection to the database was lost'),
  })
  const sandboxClock = await createSandboxClock(database.pool, systemClock)
  const vault = createVault({ keys: [{ id: 'master', key: derivedKey(masterKey, 'vault') }] })
  const now = (mode: Mode) => (mode === 'live' ? systemClock.now() : sandboxClock.now())
  return { config, databaseUrl, masterKey, log, metrics: createMetrics(), database, sandboxClock, vault, now }
}

interface BuiltEngine {
  readonly engine: Engine
  readonly committer: Committer
  readonly store: Store
}

function buildEngine(foundation: Foundation, onCommitted: (writes: GroupWrites) => void): BuiltEngine {
  const { config, databaseUrl, database, log, metrics, now } = foundation
  const store = createPostgresStore({ url: databaseUrl, pool: database.pool, flightTimeoutMs, inDoubtTimeoutMs })
  const ids = { live: createIdSource(), sandbox: createIdSource() }
  const committer = createCommitter({
    store,
    sources: { now, newId: (mode, prefix) => ids[mode].newId(prefix, now(mode)) },
    metrics: committerMetrics(metrics),
    lanes: config.committerLanes,
    groupMax,
    queueMax,
    onCommitted,
    onDefect: (error, command) => log.error({ err: error, command }, 'a command failed in a way that it must not'),
    unavailableBackoffMs,
  })
  metrics.trackCommitQueueDepth(() => committer.depth())
  const simulator = createSimulatorRail({
    signingKey: derivedKey(foundation.masterKey, 'simulator').toString('hex'),
    schedule: (notification, { scope }, afterMs) =>
      engine.sandbox.scheduleNotification(scope, 'simulator', notification, afterMs),
  })
  const engine: Engine = createEngine({
    committer,
    store,
    rails: createRailRegistry([simulator]),
    pool: database.pool,
    now,
    onRailDefect: (error, rail) => log.error({ err: error, rail }, 'a rail failed in a way that it must not'),
    railTimeoutMs,
  })
  return { engine, committer, store }
}

function committerMetrics(metrics: Metrics): CommitterMetrics {
  const results = { result: 'accepted', refused: 'refused', failed: 'failed', deferred: 'failed' } as const
  return {
    group: (size, commitSeconds) => {
      metrics.observeCommitBatchSize(size)
      metrics.observeCommit(commitSeconds)
    },
    waited: metrics.observeCommitQueueWait,
    answered: (command, result) => metrics.countCommand(command, results[result]),
  }
}

function buildServer(foundation: Foundation, engine: Engine, workers: Workers): FastifyInstance {
  const { config, database, log, metrics } = foundation
  const tokens = createCheckoutTokens(derivedKey(foundation.masterKey, 'checkout').toString('hex'))
  const services = servicesOf(foundation, engine, workers, tokens)
  const surfaces = installedDialects.map((dialect) => dialect.surface(services))
  const counts = createRateLimitStore(database.pool, systemClock.now)
  const server = createServer<DialectServices>({
    log,
    metrics,
    services,
    surfaces: surfaces as readonly HttpSurface<DialectServices, unknown>[],
    rateLimits: (name, windows) => createRateLimits({ store: counts, name, windows, now: systemClock.now, log }),
    readiness: async () => ({ database: await databaseAnswers(database), workers: workersWork(workers) }),
    now: systemClock.now,
    trustProxy: config.trustProxy,
    reservedPaths: [checkoutPath],
  })
  registerCheckout(server, { engine, tokens, log })
  return server
}

function servicesOf(
  { config, sandboxClock }: Foundation,
  engine: Engine,
  workers: Workers,
  tokens: CheckoutTokens,
): DialectServices {
  return {
    engine,
    dialects: installedDialects,
    checkoutUrl: (baseUrl, scope, paymentId) =>
      tokens.checkoutUrl(config.publicUrl ?? new URL(baseUrl).origin, scope, paymentId),
    assertCallbackUrl: (mode, url, field) => assertCallbackUrl(outboundPolicy(config, mode), url, field),
    isScenario: (text) => parseScenario(text) !== undefined,
    sandboxClock: { now: sandboxClock.now, moveTo: workers.moveSandboxClock },
  }
}

/** Loopback is a place to send to only in the sandbox, where the receiver runs on the developer's machine. */
function outboundPolicy(config: Config, mode: Mode): OutboundPolicy {
  return { allowLoopback: mode === 'sandbox', allowCidrs: config.webhookNetworks }
}

function assertCallbackUrl(policy: OutboundPolicy, url: string, field: string): void {
  try {
    assertDeliverableUrl(url, policy)
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error
    throw new EngineError('invalid_request', 'callback_url_refused', { field, message: error.message })
  }
}

/** Another process may have moved the shared clock further meanwhile: the caller's instant then lies in the past. */
async function moveClock(clock: SandboxClock, instant: Instant): Promise<void> {
  try {
    await clock.moveTo(instant)
  } catch (error) {
    if (!(error instanceof ClockGoesBackError)) throw error
    throw new EngineError('invalid_request', 'clock_goes_back', { field: 'set', message: error.message })
  }
}

async function databaseAnswers(database: Database): Promise<{ readonly ok: boolean; readonly message?: string }> {
  try {
    await database.pool.query('select 1')
    return { ok: true }
  } catch {
    return { ok: false, message: 'The database does not answer.' }
  }
}

function workersWork(workers: Workers): { readonly ok: boolean; readonly message?: string } {
  const { ready, jobs, timers, deliveries } = workers.readiness()
  return ready ? { ok: true } : { ok: false, message: `jobs ${jobs}, timers ${timers}, deliveries ${deliveries}` }
}
