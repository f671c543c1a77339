import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Chance } from '../../../src/simulation/chance.ts'

/** What a merchant was given by `paylect merchants create --json` and when it made its webhook endpoint. */
export interface CrashMerchant {
  readonly id: string
  readonly credentials: readonly {
    readonly dialect: string
    readonly mount: string
    readonly api_key: string
    readonly webhook_secret: string | null
  }[]
  /** What the webhooks of its own endpoint are signed with. */
  readonly endpointSecret: string
}

/** An API as a merchant's program calls it. */
export type ApiName = 'paylect' | 'monetiflow'

/** One HTTP answer. */
export interface CallAnswer {
  readonly status: number
  readonly replayed: boolean
  readonly body: Readonly<Record<string, unknown>>
}

/** A write that was answered with 201, and what is needed to send it again. */
export interface AcknowledgedWrite {
  readonly merchant: CrashMerchant
  readonly api: ApiName
  readonly kind: ObjectKind
  readonly path: string
  readonly body: object
  /** The idempotency key; the object carries it in its metadata too. */
  readonly key: string
  /** As that API shows it. */
  readonly id: string
}

/** What is written. */
export type ObjectKind = 'payment' | 'refund' | 'payout'

/** All that callers know, and what they should never have seen. */
export interface CallRecord {
  readonly acknowledged: AcknowledgedWrite[]
  /** Keys of writes whose answer was lost and that were not sent again: each is there once or not at all. */
  readonly abandoned: Set<string>
  /** House ids of payments of which an answer said `succeeded`. */
  readonly paid: Set<string>
  /** Answers that no caller may get, once each. */
  readonly refusals: Set<string>
  /** Tries without an answer, tries answered with 503, and replays. */
  readonly counts: { calls: number; lost: number; unavailable: number; limited: number; replayed: number }
  /** When the try began that a 201 ended, and when it ended: the newest of them. On the process's steady clock. */
  onAccepted: (beganMs: number) => void
}

/** Where and how calls are made. */
export interface CallerDeps {
  readonly baseUrl: string
  readonly record: CallRecord
  readonly chance: Chance
  /** A try without an answer is given up after this time, in milliseconds. */
  readonly tryTimeoutMs: number
}

/** Makes an empty record. */
export function createCallRecord(): CallRecord {
  return {
    acknowledged: [],
    abandoned: new Set(),
    paid: new Set(),
    refusals: new Set(),
    counts: { calls: 0, lost: 0, unavailable: 0, limited: 0, replayed: 0 },
    onAccepted: () => undefined,
  }
}

const retryPauseMs = 50
const limitedPauseMs = 1_000
/** Longer than any outage that the test brings about. */
const persistMs = 150_000
/** One in so many callers gives up after a lost answer. */
const abandonOneIn = 12

/** Makes one try. Rejects when no answer came. */
export async function callOnce(
  { baseUrl, record, tryTimeoutMs }: Omit<CallerDeps, 'chance'>,
  { credentials }: Pick<CrashMerchant, 'credentials'>,
  api: ApiName,
  path: string,
  sent?: { readonly body: object; readonly key: string | undefined },
): Promise<CallAnswer> {
  const { mount = '', api_key: apiKey } = credentials.find(({ dialect }) => dialect === api) ?? {}
  record.counts.calls += 1
  const answer = await fetch(`${baseUrl}${mount}${path}`, {
    method: sent === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${apiKey}`,
      ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
      ...(sent?.key === undefined ? {} : { 'idempotency-key': sent.key }),
    },
    ...(sent === undefined ? {} : { body: JSON.stringify(sent.body) }),
    signal: AbortSignal.timeout(tryTimeoutMs),
  })
  const body = (await answer.json()) as Record<string, unknown>
  if (answer.status === 503 && answer.headers.get('retry-after') === null) {
    record.refusals.add(`${path} answered 503 without Retry-After`)
  }
  return { status: answer.status, replayed: answer.headers.get('idempotent-replayed') === 'true', body }
}

/**
 * Repeats a call under one key until it is answered for good. Answers `undefined` when the caller gave up after a lost
 * answer, which only happens where `mayAbandon`. Throws when no answer came within two and a half minutes.
 */
export async function persist(
  deps: CallerDeps,
  merchant: CrashMerchant,
  api: ApiName,
  path: string,
  sent?: { readonly body: object; readonly key: string },
  mayAbandon = false,
): Promise<CallAnswer | undefined> {
  const { record, chance } = deps
  const deadlineMs = performance.now() + persistMs
  let last = 'nothing'
  while (performance.now() < deadlineMs) {
    const beganMs = performance.now()
    const answer = await callOnce(deps, merchant, api, path, sent).catch((error: unknown) => {
      last = String(error instanceof Error ? (error.cause ?? error) : error)
      return undefined
    })
    if (answer === undefined) record.counts.lost += 1
    else if (answer.status === 503) record.counts.unavailable += 1
    else if (answer.status === 429) record.counts.limited += 1
    else {
      if (answer.status >= 500) record.refusals.add(`${path} answered ${answer.status} ${JSON.stringify(answer.body)}`)
      if (answer.status === 201 && !answer.replayed) record.onAccepted(beganMs)
      if (answer.replayed) record.counts.replayed += 1
      return answer
    }
    if (answer) last = `${answer.status} ${JSON.stringify(answer.body)}`
    if (mayAbandon && answer?.status !== 429 && chance.oneIn(abandonOneIn)) return undefined
    await sleep(answer?.status === 429 ? limitedPauseMs : retryPauseMs)
  }
  throw new Error(`${path} was never answered; the last try ended with ${last}`)
}

/** Creates an object and notes what came of it. Answers its id, or `undefined` when the caller gave up. */
export async function create(
  deps: CallerDeps,
  merchant: CrashMerchant,
  api: ApiName,
  kind: ObjectKind,
  fields: object,
): Promise<string | undefined> {
  const { record } = deps
  const key = randomUUID()
  const reference = api === 'paylect' ? { reference: key } : {}
  const body = { ...fields, ...reference, metadata: { order_ref: key } }
  const path = createPaths[api][kind]
  const answer = await persist(deps, merchant, api, path, { body, key }, true)
  if (answer === undefined) {
    record.abandoned.add(key)
    return undefined
  }
  if (answer.status !== 201) {
    record.refusals.add(`${path} answered ${answer.status} ${JSON.stringify(answer.body)}`)
    return undefined
  }
  const id = String(answer.body['id'])
  record.acknowledged.push({ merchant, api, kind, path, body, key, id })
  return id
}

const createPaths: Readonly<Record<ApiName, Readonly<Record<ObjectKind, string>>>> = {
  paylect: { payment: '/v1/payments', refund: '/v1/refunds', payout: '/v1/payouts' },
  monetiflow: { payment: '/v2/payments/create', refund: '/v2/refunds/create', payout: '/v2/payouts/send' },
}
