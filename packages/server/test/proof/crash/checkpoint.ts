import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { createDatabase } from '../../../src/platform/database.ts'
import type { AcknowledgedWrite, ApiName, CallerDeps, CrashMerchant } from './caller.ts'
import { persist } from './caller.ts'
import { readObjects, readOpenWork, readRecordKeys } from './checkpoint-queries.ts'
import type { Finding } from './finding.ts'
import type { Listener } from './hearing.ts'
import { judge } from './judge.ts'
import type { FeedEvent, ListedObject, Observation, OpenWork } from './observation.ts'

/** What a checkpoint looks at. */
export interface CheckpointDeps extends CallerDeps {
  readonly merchants: readonly CrashMerchant[]
  readonly listener: Listener
  readonly databaseUrl: () => Promise<string>
  /** Runs `paylect ledger verify --json` and answers what it printed. */
  readonly verifyLedger: () => Promise<string>
}

/** What was found; the gateway is as it should be when there are no findings. */
export interface CheckpointReport {
  readonly findings: readonly Finding[]
  readonly objects: number
  readonly events: number
  readonly transfers: number
}

const quietTriesMax = 8
const quietPauseMs = 250
/** Leases, questions to banks and retries of webhooks all end within these steps of the sandbox's clock. */
const advance = 'PT6M'
const pageItems = 100
const pagesMax = 10_000
const replaysMax = 12
const messagesMax = 20

/**
 * Lets everything that is due happen, then reads what there is, over HTTP and in the database, and judges it. The load
 * must be paused.
 */
export async function checkpoint(deps: CheckpointDeps): Promise<CheckpointReport> {
  return withDatabase(deps, async (pool) => {
    const merchantIds = deps.merchants.map(({ id }) => id)
    const open = await quiesce(deps, () => readOpenWork(pool, merchantIds))
    const replays = await findingsOfReplays(deps)
    const ledger = JSON.parse(await deps.verifyLedger()) as LedgerAnswer
    const seen: Observation = {
      stored: await readObjects(pool, merchantIds),
      recordKeys: await readRecordKeys(pool, merchantIds),
      listed: (await Promise.all(deps.merchants.map((merchant) => readLists(deps, merchant)))).flat(),
      feeds: new Map(await Promise.all(deps.merchants.map((merchant) => readFeed(deps, merchant)))),
      heard: deps.listener.listen(),
      open,
      ledgerFindings: ledger.findings.map(({ message }) => message),
    }
    const findings = [...judge(deps.record, seen), ...replays]
    const events = [...seen.feeds.values()].reduce((sum, feed) => sum + feed.length, 0)
    return { findings, objects: seen.stored.length, events, transfers: ledger.transfers }
  })
}

/** Opens the database beside the gateway for as long as the work takes. */
export async function withDatabase<Result>(
  { databaseUrl }: Pick<CheckpointDeps, 'databaseUrl'>,
  work: (pool: pg.Pool) => Promise<Result>,
): Promise<Result> {
  const options = { applicationName: 'paylect-crash-test', poolMax: 2, onError: () => undefined }
  const database = await createDatabase({ url: await databaseUrl(), ...options })
  try {
    return await work(database.pool)
  } finally {
    await database.close()
  }
}

/** The first findings of each kind, and how many more there are. */
export function messagesOf(findings: readonly Finding[]): readonly string[] {
  return [...Map.groupBy(findings, ({ kind }) => kind)].flatMap(([kind, some]) => [
    ...some.slice(0, messagesMax).map(({ message }) => `${kind}: ${message}`),
    ...(some.length > messagesMax ? [`${kind}: … and ${some.length - messagesMax} more`] : []),
  ])
}

interface LedgerAnswer {
  readonly transfers: number
  readonly findings: readonly { readonly message: string }[]
}

async function quiesce(deps: CheckpointDeps, look: () => Promise<OpenWork>): Promise<OpenWork> {
  const [merchant] = deps.merchants
  if (!merchant) throw new Error('there is no merchant')
  let open = await look()
  for (let tries = 0; tries < quietTriesMax; tries += 1) {
    const sent = { body: { advance }, key: `advance-${deps.record.counts.calls}` }
    const answer = await persist(deps, merchant, 'paylect', '/v1/sandbox/clock', sent)
    if (answer?.status !== 200) deps.record.refusals.add(`the clock answered ${JSON.stringify(answer)}`)
    open = await look()
    if (Object.values(open).every((count) => count === 0)) return open
    await sleep(quietPauseMs * (tries + 1))
  }
  return open
}

interface ListAnswer<Item> {
  readonly data?: readonly Item[]
  readonly has_more?: boolean
}

interface ListItem {
  readonly id: string
  /** House objects only. */
  readonly metadata?: Readonly<Record<string, string>>
  /** The object's id, where the list is of transactions. */
  readonly source?: string
}

/** Everything that the merchant's lists show, over both APIs. */
async function readLists(deps: CheckpointDeps, merchant: CrashMerchant): Promise<ListedObject[]> {
  const lists: readonly (readonly [api: ApiName, path: string, cursor: string])[] = [
    ['paylect', '/v1/payments', 'after'],
    ['paylect', '/v1/refunds', 'after'],
    ['paylect', '/v1/payouts', 'after'],
    ['monetiflow', '/v2/transactions', 'starting_after'],
  ]
  const listed: ListedObject[] = []
  for (const [api, path, cursor] of lists) {
    const items = await readPages<ListItem>(deps, merchant, api, (last) =>
      last === undefined ? `${path}?limit=${pageItems}` : `${path}?limit=${pageItems}&${cursor}=${last.id}`,
    )
    listed.push(
      ...items.map(({ id, source = id, metadata }) => ({ api, id: source, key: metadata?.['order_ref'] ?? null })),
    )
  }
  return listed
}

async function readFeed(deps: CheckpointDeps, merchant: CrashMerchant): Promise<[string, readonly FeedEvent[]]> {
  const events = await readPages<FeedEvent>(deps, merchant, 'paylect', (last) => {
    return `/v1/events?after=${last?.number ?? 0}&limit=${pageItems}`
  })
  return [merchant.id, events]
}

async function readPages<Item>(
  deps: CheckpointDeps,
  merchant: CrashMerchant,
  api: ApiName,
  pathBehind: (last: Item | undefined) => string,
): Promise<readonly Item[]> {
  const items: Item[] = []
  for (let page = 0; page < pagesMax; page += 1) {
    const path = pathBehind(items.at(-1))
    const answer = await persist(deps, merchant, api, path)
    if (answer?.status !== 200) throw new Error(`${path} answered ${JSON.stringify(answer)}`)
    const { data = [], has_more: hasMore } = answer.body as ListAnswer<Item>
    items.push(...data)
    if (hasMore !== true) return items
  }
  throw new Error('a list has no end')
}

/** Sends some acknowledged writes once more, under their keys: the answer must be the first one. */
async function findingsOfReplays(deps: CheckpointDeps): Promise<Finding[]> {
  const { acknowledged } = deps.record
  const chosen: AcknowledgedWrite[] = []
  for (let count = 0; count < Math.min(replaysMax, acknowledged.length); count += 1) {
    chosen.push(deps.chance.pick(acknowledged))
  }
  const findings: Finding[] = []
  for (const { merchant, api, path, body, key, id } of chosen) {
    const answer = await persist(deps, merchant, api, path, { body, key })
    if (answer?.status === 201 && answer.body['id'] === id) continue
    const message = `${path} sent again for ${id} answered ${answer?.status} ${JSON.stringify(answer?.body)}`
    findings.push({ kind: answer?.status === 201 ? 'doubled' : 'lost', message })
  }
  return findings
}
