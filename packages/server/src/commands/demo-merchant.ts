import { readFile, rename, writeFile } from 'node:fs/promises'
import type { Dialect, DialectCredentials } from '../dialects/dialect.ts'
import {
  apiScopes,
  type Engine,
  hashOfKey,
  type NewApiKey,
  type NewWebhookEndpoint,
  secretContext,
} from '../engine/index.ts'
import type { Scope } from '../kernel/scope.ts'
import type { Vault } from '../platform/vault.ts'

/** From where `sandbox.json` is used: this machine. */
const loopback = '127.0.0.1'

/** The merchant of a fresh sandbox. Its id is fixed, so that servers that share a database share it. */
const demoScope: Scope = { merchantId: 'mer_0000000000000000000000dem0', mode: 'sandbox' }

/** The contract of `sandbox.json`: where each dialect stands and with which credentials. */
export interface SandboxFile {
  readonly baseUrl: string
  readonly dialects: Readonly<Record<string, SandboxDialect>>
}

/** One dialect's entry. */
export interface SandboxDialect {
  readonly mount: string
  readonly apiKey: string
  readonly webhookSecret?: string
}

/** What the demo merchant is made with. */
export interface DemoParts {
  readonly engine: Engine
  readonly vault: Vault
  readonly dialects: readonly Dialect[]
}

const demoFeePlans = [
  { method: 'upi', basisPoints: 200, fixed: {}, refundPolicy: 'returned' },
  { method: 'card', basisPoints: 290, fixed: {}, refundPolicy: 'returned' },
  { method: 'bank_transfer', basisPoints: 100, fixed: {}, refundPolicy: 'returned' },
] as const

/**
 * Makes sure that the demo merchant exists and that `path` (sandbox.json) names working credentials for every dialect.
 * Credentials that the file holds and that still work are kept; missing ones are issued. A key of an earlier release, of
 * another form or without a scope that there is now, is replaced; the secret of the webhooks stays. The file is readable by its owner only.
 */
export async function prepareSandboxFile(parts: DemoParts, path: string, baseUrl: string): Promise<SandboxFile> {
  const earlier = await readSandboxFile(path)
  if (!(await parts.engine.access.merchant(demoScope))) await provisionDemoMerchant(parts.engine)
  const dialects: Record<string, SandboxDialect> = {}
  for (const dialect of parts.dialects) {
    const kept = earlier?.dialects[dialect.name]
    const standing = kept ? await standingOf(parts.engine, kept, dialect) : 'unknown'
    dialects[dialect.name] =
      kept && standing === 'current' ? { ...kept, mount: dialect.mount } : await issue(parts, dialect, standing, kept)
  }
  const file: SandboxFile = { baseUrl, dialects }
  const unfinished = `${path}.new`
  await writeFile(unfinished, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 })
  await rename(unfinished, path)
  return file
}

async function provisionDemoMerchant(engine: Engine): Promise<void> {
  const input = { scope: demoScope, name: 'Demo Store', apiKeys: [], webhookEndpoints: [], feePlans: demoFeePlans }
  try {
    await engine.access.provision(input)
  } catch (error) {
    // Another server on the same database was faster.
    if (!(await engine.access.merchant(demoScope))) throw error
  }
}

/** `outdated`: a key of the demo merchant that cannot do, or be, all that a key of this release can. */
type Standing = 'current' | 'outdated' | 'unknown'

async function standingOf(engine: Engine, { apiKey }: SandboxDialect, dialect: Dialect): Promise<Standing> {
  try {
    const { merchantId, scopes } = await engine.access.authenticate(apiKey, dialect.name, loopback)
    if (merchantId !== demoScope.merchantId) return 'unknown'
    const hasForm = dialect.isApiKey(demoScope.mode, apiKey)
    return hasForm && apiScopes.every((scope) => scopes.includes(scope)) ? 'current' : 'outdated'
  } catch {
    return 'unknown'
  }
}

async function issue(
  { engine, vault }: DemoParts,
  dialect: Dialect,
  standing: Standing,
  kept: SandboxDialect | undefined,
): Promise<SandboxDialect> {
  const { apiKey, webhookSecret } = dialect.newCredentials(demoScope.mode)
  const keptSecret = standing === 'outdated' ? kept?.webhookSecret : undefined
  await engine.access.issueCredentials({
    scope: demoScope,
    apiKeys: [storedKey(dialect.name, apiKey)],
    webhookEndpoints: webhookSecret && !keptSecret ? [storedEndpoint(vault, dialect.name, webhookSecret)] : [],
  })
  const secret = keptSecret ?? webhookSecret
  return { mount: dialect.mount, apiKey, ...(secret ? { webhookSecret: secret } : {}) }
}

function storedKey(dialect: string, apiKey: DialectCredentials['apiKey']): NewApiKey {
  return { dialect, name: 'sandbox.json', keyHash: hashOfKey(apiKey), hint: apiKey.slice(-4), scopes: apiScopes }
}

function storedEndpoint(vault: Vault, dialect: string, secret: string): NewWebhookEndpoint {
  return { dialect, url: null, sealedSecret: vault.seal(secret, secretContext(demoScope, dialect)) }
}

async function readSandboxFile(path: string): Promise<SandboxFile | undefined> {
  try {
    const parsed = JSON.parse(await readFile(path, 'utf8')) as SandboxFile
    return typeof parsed.dialects === 'object' ? parsed : undefined
  } catch {
    // Missing or damaged: new credentials are issued and the file is written anew.
    return undefined
  }
}
