import type { FastifyInstance } from 'fastify'
import type { ConformanceGateway, ConformanceRole } from '../../src/dialects/conformance.ts'
import type { Dialect, DialectServices } from '../../src/dialects/dialect.ts'
import { type ApiScope, apiScopes, hashOfKey, secretContext } from '../../src/engine/index.ts'
import { createMemoryRateLimitStore } from '../../src/http/memory-rate-limit-store.ts'
import { createRateLimits } from '../../src/http/rate-limit.ts'
import { createServer, type ServerOptions } from '../../src/http/server.ts'
import { type Clock, createManualClock } from '../../src/kernel/clock.ts'
import { EngineError } from '../../src/kernel/engine-error.ts'
import { createIdSource, type Id } from '../../src/kernel/ids.ts'
import type { Scope } from '../../src/kernel/scope.ts'
import { assertDeliverableUrl, OutboundError } from '../../src/platform/outbound-policy.ts'
import { parseScenario } from '../../src/rails/simulator/scenario.ts'
import { createTestDatabase } from './database.ts'
import { createTestEngine, provisionTestMerchant, type TestEngine, testStartAt } from './engine.ts'
import { testVault } from './webhooks.ts'

/** A gateway with every role's merchant and key, for the tests of dialects. */
export interface DialectGateway extends ConformanceGateway {
  readonly app: FastifyInstance
  readonly testEngine: TestEngine
  /** Runs the attempts of refunds and payouts that no worker has made yet. */
  submitAttempts(): Promise<void>
  /** What every account of the ledger sums to, by currency. */
  ledgerSums(): Promise<Readonly<Record<string, bigint>>>
}

/** How a test's gateway differs from the usual one. */
export interface DialectGatewayOptions {
  readonly trustProxy?: readonly string[]
  /** A migrated database that the caller drops; without it, one of its own. */
  readonly databaseUrl?: string
}

/** Longer than any window of a rate limit. */
const callWindowsMs = 2 * 3_600_000

const tablesThatAnyWriteChanges = [
  'payments',
  'refunds',
  'payouts',
  'attempts',
  'customers',
  'events',
  'api_keys',
  'webhook_endpoints',
  'deliveries',
  'ledger_transfers',
  'idempotency_records',
  'scheduled_notifications',
  'graphile_worker.jobs',
  'event_outbox',
]

/** Opens a gateway on a database of its own that serves all the dialects given. */
export async function openDialectGateway(
  dialects: readonly Dialect[],
  options: DialectGatewayOptions = {},
): Promise<DialectGateway> {
  const { databaseUrl } = options
  const testDatabase =
    databaseUrl === undefined ? await createTestDatabase() : { url: databaseUrl, drop: async () => undefined }
  const testEngine = await createTestEngine(testDatabase)
  const { engine, clocks } = testEngine
  const { pool } = testEngine.database
  const keys = new Map<string, string>()
  const { scope, otherScope } = await provisionRoles(testEngine, dialects, keys)
  const services: DialectServices = {
    engine,
    checkoutUrl: (baseUrl, { mode }, paymentId) => `${new URL(baseUrl).origin}/pay/${mode}-${paymentId}`,
    assertCallbackUrl,
    sealWebhookSecret: (scope, dialect, secret) => testVault.seal(secret, secretContext(scope, dialect)),
    isScenario: (text) => parseScenario(text) !== undefined,
    sandboxClock: {
      now: () => clocks.sandbox.now(),
      moveTo: async (instant) => clocks.sandbox.set(instant),
    },
    dialects,
  }
  const failures: unknown[] = testEngine.defects
  const callClock = createManualClock(testStartAt)
  const app = serverOver(services, dialects, failures, callClock, options)
  return {
    app,
    engine,
    testEngine,
    services,
    scope,
    otherScope,
    failures,
    forgetCalls: () => callClock.advance(callWindowsMs),
    key: (dialect, role) => keys.get(`${dialect.name} ${role}`) ?? '',
    rowCounts: () => readRowCounts(pool),
    submitAttempts: async () => {
      const { rows } = await pool.query(`select merchant_id, mode, id from attempts where status = 'pending'`)
      for (const { merchant_id: merchantId, mode, id } of rows) await engine.attempts.submit({ merchantId, mode }, id)
    },
    ledgerSums: async () => {
      const { rows } = await pool.query(
        `select currency, sum(credits_posted - debits_posted)::bigint as sum from ledger_accounts group by currency`,
      )
      return Object.fromEntries(rows.map(({ currency, sum }) => [currency, sum]))
    },
    close: async () => {
      await app.close()
      await testEngine.close()
      await testDatabase.drop()
    },
  }
}

/** Tables whose rows also change in place: the sum of their revisions tells. */
const tablesWithRevisions: readonly string[] = [
  ...['payments', 'refunds', 'payouts', 'attempts', 'customers', 'api_keys', 'webhook_endpoints', 'deliveries'],
  'scheduled_notifications',
]

async function readRowCounts(pool: TestEngine['database']['pool']): Promise<Record<string, number>> {
  const counts = [
    ...tablesThatAnyWriteChanges.map((table) => `(select count(*) from ${table})::int as "${table}"`),
    ...tablesWithRevisions.map(
      (table) => `(select coalesce(sum(revision), 0) from ${table})::int as "revisions of ${table}"`,
    ),
  ]
  const journal = `(select coalesce(sum(object_number + event_number + transfer_number), 0) from journals)::int as journals`
  const { rows } = await pool.query(`select ${[...counts, journal].join(', ')}`)
  return rows[0] as Record<string, number>
}

/** The policy of a sandbox: any web address, this machine included; live only what the outside world can reach. */
function assertCallbackUrl(mode: string, url: string, field: string): void {
  try {
    assertDeliverableUrl(url, { allowLoopback: mode === 'sandbox', allowCidrs: [] })
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error
    throw new EngineError('invalid_request', 'url_not_deliverable', { field, message: `${field}: ${error.message}` })
  }
}

async function provisionRoles(
  testEngine: TestEngine,
  dialects: readonly Dialect[],
  keys: Map<string, string>,
): Promise<Pick<DialectGateway, 'scope' | 'otherScope'>> {
  const ids = createIdSource()
  const newMerchantId = (): Id<'mer'> => ids.newId('mer', testStartAt)
  const main = newMerchantId()
  const provision = async (scope: Scope, roles: readonly (readonly [ConformanceRole, readonly ApiScope[]])[]) => {
    const apiKeys = dialects.flatMap((dialect) =>
      roles.map(([role, scopes]) => {
        const { apiKey } = dialect.newCredentials(scope.mode)
        keys.set(`${dialect.name} ${role}`, apiKey)
        return { dialect: dialect.name, name: role, keyHash: hashOfKey(apiKey), hint: apiKey.slice(-4), scopes }
      }),
    )
    return provisionTestMerchant(testEngine, scope, { apiKeys })
  }
  const scope = await provision({ merchantId: main, mode: 'sandbox' }, [
    ['main', apiScopes],
    ['unscoped', []],
    ['revoked', apiScopes],
  ])
  await provision({ merchantId: main, mode: 'live' }, [['live', apiScopes]])
  const otherScope = await provision({ merchantId: newMerchantId(), mode: 'sandbox' }, [['other', apiScopes]])
  const suspended = await provision({ merchantId: newMerchantId(), mode: 'sandbox' }, [['suspended', apiScopes]])
  const { pool } = testEngine.database
  await pool.query(`update api_keys set status = 'revoked' where name = 'revoked'`)
  await pool.query(`update merchants set status = 'suspended' where merchant_id = $1`, [suspended.merchantId])
  return { scope, otherScope }
}

function serverOver(
  services: DialectServices,
  dialects: readonly Dialect[],
  failures: unknown[],
  callClock: Clock,
  options: DialectGatewayOptions,
): FastifyInstance {
  const now = () => callClock.now()
  const note = (fields: object, message: string) => {
    failures.push({ ...fields, message })
  }
  const ignore = (_fields: object, _message: string) => {}
  const log = { error: note, warn: note, info: ignore } as ServerOptions<DialectServices>['log']
  const store = createMemoryRateLimitStore(now)
  return createServer<DialectServices>({
    log,
    metrics: { observeHttpRequest: () => undefined },
    services,
    surfaces: dialects.map((dialect) => dialect.surface(services)),
    rateLimits: (name, windows) => createRateLimits({ store, name, windows, now, log }),
    readiness: async () => ({ database: { ok: true } }),
    now,
    ...options,
  })
}
