import { setTimeout as sleep } from 'node:timers/promises'
import type { Server as TlsServer } from 'node:tls'
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
  secretContext,
} from './engine/index.ts'
import type { Readiness } from './http/health.ts'
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
import { loadTlsCertificate, type TlsCertificate } from './platform/tls-certificate.ts'
import { createVault, type Vault } from './platform/vault.ts'
import { createRailRegistry } from './rails/registry.ts'
import { createSimulatorRail } from './rails/simulator/index.ts'
import { parseScenario } from './rails/simulator/scenario.ts'
import { createIdleWorkers } from './workers/idle-workers.ts'
import { startLastUsedFlusher } from './workers/last-used-flusher.ts'
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
  /** The checks behind `/readyz`. */
  readonly readiness: Readiness
  /** Looks at the certificate's files now, where there are any. */
  reloadCertificate(): Promise<boolean>
  /** Drains requests, workers and the committer, in this order, and closes every connection. */
  close(): Promise<void>
}

/** The dialects of this installation. A new one is its folder and one line here. */
export const installedDialects: readonly Dialect[] = [paylect, monetiflow]

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
  readonly certificate: TlsCertificate | undefined
  /** Given when the gateway has begun to stop, and when it refuses connections: what waits for news then answers. */
  readonly draining: AbortController
  readonly closing: AbortController
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
  const undo: (() => unknown)[] = []
  const close = async () => {
    for (let step = undo.pop(); step; step = undo.pop()) await step()
  }
  try {
    const foundation = await lay(config, databaseUrl, masterKey, log, undo)
    const { sandboxClock, vault, metrics, certificate } = foundation
    const { engine, workers } = buildWork(foundation, undo)
    const readiness = readinessOf(foundation, workers)
    const server = buildServer(foundation, engine, workers, readiness)
    undo.push(() => server.close())
    undo.push(() => drain(foundation))
    const reloadCertificate = async () => (await certificate?.reload()) ?? false
    const parts = { server, engine, vault, sandboxClock, metrics, readiness, reloadCertificate }
    return { ...parts, dialects: installedDialects, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Balancers are told first, and callers who wait for news are answered before connections are counted as late. */
async function drain({ config, draining, closing }: Foundation): Promise<void> {
  draining.abort()
  if (config.role !== 'worker') await sleep(config.drainSeconds * 1000)
  closing.abort()
}

/** The engine and what works for it. What is started is stopped by `undo`, the last first. */
function buildWork(foundation: Foundation, undo: (() => unknown)[]): { engine: Engine; workers: Workers } {
  const { config, sandboxClock, log } = foundation
  const { engine, committer, store } = buildEngine(foundation, (writes) => workers.wake(writes))
  undo.push(async () => {
    await committer.drain()
    await store.close()
  })
  const webhookClients = createWebhookClients({ allowLoopbackInSandbox: true, allowCidrs: config.webhookNetworks })
  undo.push(() => webhookClients.close())
  const start = () =>
    startWorkers({
      ...foundation,
      engine,
      store,
      dialects: new Map(installedDialects.map((dialect) => [dialect.name, dialect])),
      http: webhookClients,
      setSandboxClock: (instant) => moveClock(sandboxClock, instant),
    })
  const workers = config.role === 'api' ? createIdleWorkers(start) : start()
  undo.push(() => workers.stop())
  const lastUsed = startLastUsedFlusher({ engine, log })
  undo.push(() => lastUsed.stop())
  return { engine, workers }
}

async function lay(
  config: Config,
  databaseUrl: string,
  masterKey: string,
  log: Log,
  undo: (() => unknown)[],
): Promise<Foundation> {
  const certificate = config.tls && config.role !== 'worker' ? await loadTlsCertificate(config.tls, log) : undefined
  if (certificate) undo.push(certificate.stop)
  const database = await createDatabase({
    url: databaseUrl,
    poolMax: config.databasePoolMax,
    applicationName: 'paylect',
    onError: (error) => log.warn({ err: error }, 'a connection to the database was lost'),
    silenceMaxMs: flightTimeoutMs,
  })
  undo.push(database.close)
  const sandboxClock = await createSandboxClock(database.pool, systemClock)
  undo.push(sandboxClock.stop)
  const vault = createVault({ keys: [{ id: 'master', key: derivedKey(masterKey, 'vault') }] })
  const now = (mode: Mode) => (mode === 'live' ? systemClock.now() : sandboxClock.now())
  const metrics = createMetrics({ processMetrics: true })
  const signals = { draining: new AbortController(), closing: new AbortController() }
  return { config, databaseUrl, masterKey, log, metrics, database, sandboxClock, vault, certificate, now, ...signals }
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
    groupsInFlightMax: config.committerGroupsInFlight,
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
    closing: foundation.closing.signal,
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

function buildServer(foundation: Foundation, engine: Engine, workers: Workers, readiness: Readiness): FastifyInstance {
  const { config, database, log, metrics, certificate } = foundation
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
    readiness,
    ...(certificate === undefined ? {} : { tls: certificate.options }),
    now: systemClock.now,
    trustProxy: config.trustProxy,
    reservedPaths: [checkoutPath],
  })
  // With a certificate the server is one of node:https.
  if (certificate) certificate.keepCurrent(server.server as unknown as TlsServer)
  registerCheckout(server, { engine, tokens, log })
  return server
}

function servicesOf(
  { config, sandboxClock, vault }: Foundation,
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
    sealWebhookSecret: (scope, dialect, secret) => vault.seal(secret, secretContext(scope, dialect)),
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

function readinessOf({ config, database, draining }: Foundation, workers: Workers): Readiness {
  return async () => ({
    database: await databaseAnswers(database),
    ...(config.role === 'api' ? {} : { workers: workersWork(workers) }),
    ...(draining.signal.aborted ? { draining: { ok: false } } : {}),
  })
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
