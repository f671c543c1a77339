import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  type ApiKey,
  type ApiKeyType,
  type ApiScope,
  apiKeyTypes,
  apiScopes,
  hashOfKey,
  newHouseKey,
  overlapMaxMs,
  publishableScopes,
} from '../engine/index.ts'
import { type Instant, systemClock } from '../kernel/clock.ts'
import type { Mode, Scope } from '../kernel/scope.ts'
import { act, commaList, instantText, jsonOption, limitOption, UsageError, withExamples } from './command-action.ts'
import { paint, printJson, printLine, tableText, timeText } from './command-output.ts'
import { type OperatorEngine, requireMerchant, withOperatorEngine } from './open-engine.ts'
import { statusColour } from './payment-commands.ts'

const limitStandard = 50
const limitMax = 100
const hourMs = 3_600_000
const overlapStandardMs = 24 * hourMs

/** `paylect keys`: the operator's way to any merchant's keys. */
export function registerKeys(program: Command): void {
  const keys = program.command('keys').description('Create, list, rotate and revoke the api keys of a merchant.')
  withExamples(keys, 'paylect keys list --merchant mer_…', 'paylect keys rotate key_… --merchant mer_…')
  const create = ofMerchant(keys.command('create'))
    .description('Create a key and print it. It is shown this once.')
    .requiredOption('--name <name>', 'what people call it, 1 to 100 characters')
    .addOption(new Option('--kind <kind>', 'whom the key may be shown to').choices(apiKeyTypes).default('secret'))
    .addOption(new Option('--dialect <name>', 'the API that takes it').default('paylect'))
    .option('--scopes <scopes>', 'what it may do, with commas between; all unless given', scopeList)
    .option('--expires <instant>', 'when it ends; never unless given', instantText)
    .option('--allow-ip <networks>', 'from where, in CIDR notation with commas between', commaList)
    .addOption(jsonOption())
    .action(async (options: CreateOptions) => act(() => createKey(options)))
  withExamples(create, 'paylect keys create --merchant mer_… --name reports --scopes events:read')
  const list = ofMerchant(keys.command('list'))
    .description('List the keys of a merchant, newest first. The keys themselves are not kept.')
    .addOption(limitOption('keys', limitStandard, limitMax))
    .option('--after <id>', 'continue behind this key')
    .addOption(jsonOption())
    .action(async (options: ListOptions) => act(() => printKeys(options)))
  withExamples(list, 'paylect keys list --merchant mer_… --mode live')
  const rotate = ofMerchant(keys.command('rotate'))
    .description('Replace a key: print a new one and let the old one work for a while.')
    .argument('<id>', 'the key’s id, key_…')
    .option('--overlap <hours>', 'for how many hours both work, 0 to 720', overlapMs, overlapStandardMs)
    .addOption(jsonOption())
    .action(async (id: string, options: RotateOptions) => act(() => rotateKey(id, options)))
  // The default is kept in milliseconds, which nobody wants to read.
  rotate.options.find(({ long }) => long === '--overlap')?.default(overlapStandardMs, '24')
  withExamples(rotate, 'paylect keys rotate key_… --merchant mer_… --overlap 48')
  const revoke = ofMerchant(keys.command('revoke'))
    .description('End a key at once.')
    .argument('<id>', 'the key’s id, key_…')
    .addOption(jsonOption())
    .action(async (id: string, options: MerchantOptions) => act(() => revokeKey(id, options)))
  withExamples(revoke, 'paylect keys revoke key_… --merchant mer_…')
}

function ofMerchant(command: Command): Command {
  return command
    .requiredOption('--merchant <id>', 'whose, mer_…')
    .addOption(new Option('--mode <mode>', 'which data').choices(['live', 'sandbox']).default('sandbox'))
}

interface MerchantOptions {
  readonly merchant: string
  readonly mode: Mode
  readonly json?: boolean
}

interface CreateOptions extends MerchantOptions {
  readonly name: string
  readonly kind: ApiKeyType
  readonly dialect: string
  readonly scopes?: readonly ApiScope[]
  readonly expires?: string
  readonly allowIp?: readonly string[]
}

interface ListOptions extends MerchantOptions {
  readonly limit: number
  readonly after?: string
}

interface RotateOptions extends MerchantOptions {
  readonly overlap: number
}

function scopeList(text: string): readonly ApiScope[] {
  const names = commaList(text)
  const known = apiScopes.filter((scope) => names.includes(scope))
  if (known.length === new Set(names).size) return known
  throw new InvalidArgumentError(`Scopes are ${apiScopes.join(', ')}.`)
}

function overlapMs(text: string): number {
  const milliseconds = Number(text) * hourMs
  if (/^\d+$/.test(text) && milliseconds <= overlapMaxMs) return milliseconds
  throw new InvalidArgumentError(`Give whole hours from 0 to ${overlapMaxMs / hourMs}.`)
}

async function withMerchant(
  { merchant, mode }: MerchantOptions,
  use: (operator: OperatorEngine, scope: Scope) => Promise<void>,
): Promise<void> {
  await withOperatorEngine(async (operator) => {
    await requireMerchant(operator, merchant, mode)
    await use(operator, { merchantId: merchant, mode })
  })
}

function newKeyText({ dialects }: OperatorEngine, name: string, kind: ApiKeyType, mode: Mode): string {
  if (name === 'paylect') return newHouseKey(kind, mode)
  const dialect = dialects.find((known) => known.name === name)
  if (!dialect) {
    throw new UsageError(`option --dialect is one of ${dialects.map((known) => known.name).join(', ')}, not ${name}.`)
  }
  if (kind === 'publishable') throw new UsageError('option --kind publishable goes with --dialect paylect only.')
  return dialect.newCredentials(mode).apiKey
}

async function createKey(options: CreateOptions): Promise<void> {
  const { name, kind, dialect, expires, allowIp, json } = options
  await withMerchant(options, async (operator, scope) => {
    const key = newKeyText(operator, dialect, kind, scope.mode)
    const { result } = await operator.engine.access.createApiKey(scope, {
      ...{ dialect, kind, name, keyHash: hashOfKey(key), hint: key.slice(-4) },
      scopes: options.scopes ?? (kind === 'publishable' ? publishableScopes : apiScopes),
      expiresAt: expires === undefined ? null : Date.parse(expires),
      ipAllow: allowIp ?? null,
    })
    if (json === true) return printJson({ ...keyShown(result), key })
    printLine(`Created ${result.id}. The key is shown this once:\n\n  ${paint.bold(key)}\n`)
  })
}

async function printKeys(options: ListOptions): Promise<void> {
  await withMerchant(options, async ({ engine }, scope) => {
    const { items, hasMore } = await engine.access.listApiKeys(scope, { limit: options.limit, after: options.after })
    if (options.json === true) return printJson({ data: items.map(keyShown), has_more: hasMore })
    if (items.length === 0) return printLine('This merchant has no key. Create one with "paylect keys create".')
    const rows = items.map((key) => {
      const { id, dialect, status, hint, last_used_at: lastUsedAt, name } = keyShown(key)
      return [id, dialect, status, `…${hint}`, timeText(lastUsedAt), name]
    })
    const columns = [{ title: 'id' }, { title: 'dialect' }, { title: 'status', colour: statusColour }, { title: 'key' }]
    process.stdout.write(tableText([...columns, { title: 'last used' }, { title: 'name', cut: true }], rows))
    const last = items.at(-1)
    if (hasMore && last) printLine(paint.dim(`More: --after ${last.id}`))
  })
}

async function rotateKey(id: string, options: RotateOptions): Promise<void> {
  await withMerchant(options, async (operator, scope) => {
    const old = await operator.engine.access.findApiKey(scope, id)
    const key = newKeyText(operator, old?.dialect ?? 'paylect', old?.kind ?? 'secret', scope.mode)
    const wanted = { id, keyHash: hashOfKey(key), hint: key.slice(-4), overlapMs: options.overlap }
    const { result } = await operator.engine.access.rotateApiKey(scope, wanted)
    const { replacement, replaced } = result
    if (options.json === true) return printJson({ ...keyShown(replacement), key, replaces: keyShown(replaced) })
    const until = replaced.expiresAt === null ? '' : ` The old one works until ${isoText(replaced.expiresAt)}.`
    printLine(`${replacement.id} replaces ${replaced.id}.${until}`)
    printLine(`The new key is shown this once:\n\n  ${paint.bold(key)}\n`)
  })
}

async function revokeKey(id: string, options: MerchantOptions): Promise<void> {
  await withMerchant(options, async ({ engine }, scope) => {
    const { result } = await engine.access.revokeApiKey(scope, id)
    if (options.json === true) return printJson(keyShown(result))
    printLine(`${result.id} is revoked: nothing can be done with it any more.`)
  })
}

function keyShown(key: ApiKey) {
  return {
    ...{ id: key.id, dialect: key.dialect, kind: key.kind, name: key.name, hint: key.hint, status: statusOf(key) },
    ...{ scopes: key.scopes, ip_allow: key.ipAllow, created_at: isoText(key.createdAt) },
    expires_at: key.expiresAt === null ? null : isoText(key.expiresAt),
    last_used_at: key.lastUsedAt === null ? null : isoText(key.lastUsedAt),
  }
}

function statusOf({ status, expiresAt }: ApiKey): string {
  if (status === 'revoked') return status
  return expiresAt !== null && expiresAt <= systemClock.now() ? 'expired' : status
}

function isoText(instant: Instant): string {
  return new Date(instant).toISOString()
}
