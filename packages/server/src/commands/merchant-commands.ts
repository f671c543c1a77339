import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Dialect } from '../dialects/dialect.ts'
import { apiScopes, hashOfKey, type NewFeePlan, secretContext } from '../engine/index.ts'
import { systemClock } from '../kernel/clock.ts'
import { createIdSource, isId } from '../kernel/ids.ts'
import type { Mode, Scope } from '../kernel/scope.ts'
import type { Vault } from '../platform/vault.ts'
import { act, jsonOption, limitOption, UsageError, withExamples } from './command-action.ts'
import { paint, printJson, printLine, tableText, timeText } from './command-output.ts'
import { type OperatorEngine, withOperatorEngine } from './open-engine.ts'
import { statusColour } from './payment-commands.ts'

const limitStandard = 50
const limitMax = 500
const basisPointsMax = 10_000
const methods = ['upi', 'card', 'bank_transfer'] as const

/** `paylect merchants`: the operator's list of tenants. */
export function registerMerchants(program: Command): void {
  const merchants = program.command('merchants').description('Create and list merchants: the tenants of this gateway.')
  withExamples(merchants, 'paylect merchants create "Example Shop" --mode live', 'paylect merchants list')
  const create = merchants
    .command('create')
    .description('Create a merchant and print a key for each dialect. The keys are shown this once.')
    .argument('<name>', 'the name that payers see, 1 to 200 characters', merchantName)
    .addOption(new Option('--mode <mode>', 'which data').choices(['live', 'sandbox']).default('sandbox'))
    .option('--id <id>', 'the id of a merchant that exists in the other mode already', merchantId)
    .option('--fee <method=bps...>', 'a fee in basis points, such as card=290; may be given again', feePlan, [])
    .addOption(jsonOption())
    .action(async (name: string, options: CreateOptions) => act(() => createMerchant(name, options)))
  withExamples(create, 'paylect merchants create "Example Shop" --mode live --fee card=290')
  const list = merchants
    .command('list')
    .description('List merchants, newest first.')
    .addOption(new Option('--mode <mode>', 'only this mode').choices(['live', 'sandbox']))
    .addOption(limitOption('merchants', limitStandard, limitMax))
    .addOption(new Option('--after <id/mode>', 'continue behind this merchant').argParser(merchantCursor))
    .addOption(jsonOption())
    .action(async (options: ListOptions) => act(() => printMerchants(options)))
  withExamples(list, 'paylect merchants list --mode live')
}

interface CreateOptions {
  readonly mode: Mode
  readonly id?: string
  readonly fee: readonly NewFeePlan[]
  readonly json?: boolean
}

interface ListOptions {
  readonly mode?: Mode
  readonly limit: number
  readonly after?: Scope
  readonly json?: boolean
}

function merchantName(text: string): string {
  if (text.length >= 1 && text.length <= 200) return text
  throw new InvalidArgumentError('Give a name of 1 to 200 characters.')
}

function merchantId(text: string): string {
  if (isId('mer', text)) return text
  throw new InvalidArgumentError('Give the id of a merchant: mer_ and 26 characters.')
}

function merchantCursor(text: string): Scope {
  const [id = '', mode] = text.split('/')
  if (mode === 'live' || mode === 'sandbox') return { merchantId: merchantId(id), mode }
  throw new InvalidArgumentError('Give an id and a mode, such as mer_…/live.')
}

function feePlan(text: string, earlier: readonly NewFeePlan[]): readonly NewFeePlan[] {
  const [name, given = ''] = text.split('=')
  const method = methods.find((known) => known === name)
  const basisPoints = Number(given)
  if (!method || !/^\d+$/.test(given) || basisPoints > basisPointsMax) {
    throw new InvalidArgumentError(`Give ${methods.join(', ')} and 0 to ${basisPointsMax} basis points: card=290.`)
  }
  if (earlier.some((plan) => plan.method === method)) {
    throw new InvalidArgumentError(`The fee of ${method} is given twice.`)
  }
  return [...earlier, { method, basisPoints, fixed: {}, refundPolicy: 'returned' }]
}

/** What is shown of a dialect's credentials, once. */
interface IssuedCredentials {
  readonly dialect: string
  readonly mount: string
  readonly api_key: string
  readonly webhook_secret: string | null
}

async function createMerchant(name: string, { mode, id, fee, json }: CreateOptions): Promise<void> {
  await withOperatorEngine(async (operator) => {
    const scope = { merchantId: id ?? createIdSource().newId('mer', systemClock.now()), mode }
    const vault = await operator.vault()
    const issued = operator.dialects.map((dialect) => issue(dialect, mode))
    if (id !== undefined) await requireOtherMode(operator, scope)
    await operator.engine.access.provision({
      scope,
      name,
      apiKeys: issued.map((one) => storedKey(one)),
      webhookEndpoints: issued.flatMap((one) => storedEndpoint(one, scope, vault)),
      feePlans: fee,
    })
    const shown = { id: scope.merchantId, mode, name, credentials: issued }
    if (json === true) printJson(shown)
    else process.stdout.write(createdText(shown))
  })
}

/** An id that nobody has is a slip of the pen: two tenants would look like one. */
async function requireOtherMode({ engine }: OperatorEngine, { merchantId: id, mode }: Scope): Promise<void> {
  const other = mode === 'live' ? 'sandbox' : 'live'
  if (await engine.access.merchant({ merchantId: id, mode: other })) return
  throw new UsageError(`option --id names no ${other} merchant. Leave it out for a new merchant.`)
}

function issue(dialect: Dialect, mode: Mode): IssuedCredentials {
  const { apiKey, webhookSecret } = dialect.newCredentials(mode)
  return { dialect: dialect.name, mount: dialect.mount, api_key: apiKey, webhook_secret: webhookSecret }
}

function storedKey({ dialect, api_key: key }: IssuedCredentials) {
  return { dialect, name: 'paylect merchants create', keyHash: hashOfKey(key), hint: key.slice(-4), scopes: apiScopes }
}

function storedEndpoint({ dialect, webhook_secret: secret }: IssuedCredentials, scope: Scope, vault: Vault) {
  if (secret === null) return []
  return [{ dialect, url: null, sealedSecret: vault.seal(secret, secretContext(scope, dialect)) }]
}

function createdText(shown: {
  readonly id: string
  readonly mode: Mode
  readonly name: string
  readonly credentials: readonly IssuedCredentials[]
}): string {
  const lines = shown.credentials.flatMap(({ dialect, mount, api_key: key, webhook_secret: secret }) => [
    paint.bold(`${dialect}  ${mount === '' ? '/v1' : mount}`),
    `  key             ${key}`,
    ...(secret === null ? [] : [`  webhook secret  ${secret}`]),
  ])
  const head = `Created ${paint.bold(shown.name)}, ${shown.mode}: ${shown.id}`
  return `${[head, 'These credentials are shown this once:', '', ...lines].join('\n')}\n`
}

async function printMerchants({ mode, limit, after, json }: ListOptions): Promise<void> {
  await withOperatorEngine(async ({ engine }) => {
    const { items, hasMore } = await engine.access.listMerchants({ mode, limit, after })
    if (json === true) {
      const data = items.map(({ merchantId: id, mode: inMode, name, status, createdAt }) => {
        return { id, mode: inMode, name, status, created_at: new Date(createdAt).toISOString() }
      })
      return printJson({ data, has_more: hasMore })
    }
    if (items.length === 0) return printLine('There is no merchant yet. Create one with "paylect merchants create".')
    const rows = items.map(({ merchantId: id, mode: inMode, status, createdAt, name }) => {
      return [id, inMode, status, timeText(new Date(createdAt).toISOString()), name]
    })
    const columns = [{ title: 'id' }, { title: 'mode' }, { title: 'status', colour: statusColour }]
    process.stdout.write(tableText([...columns, { title: 'created (UTC)' }, { title: 'name', cut: true }], rows))
    const last = items.at(-1)
    if (hasMore && last) printLine(paint.dim(`More: --after ${last.merchantId}/${last.mode}`))
  })
}
