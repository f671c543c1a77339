import { hash } from 'node:crypto'
import { type Instant, isoFromInstant } from '../../kernel/clock.ts'
import { idPrefixes } from '../../kernel/ids.ts'
import type { Scope } from '../../kernel/scope.ts'
import type { FactRef, ScopedRow } from '../commit/kind.ts'
import type { Store } from '../commit/store.ts'
import { greatestIdBefore, leastIdFrom } from '../lists/id-bounds.ts'
import { type Payment, paymentFact } from '../payments/payment.ts'
import { type Payout, payoutFact } from '../payouts/payout.ts'
import { type Refund, refundFact } from '../refunds/refund.ts'

/** The objects that move a merchant's money, under one name. */
export type Transaction =
  | { readonly type: 'payment'; readonly object: Payment }
  | { readonly type: 'refund'; readonly object: Refund }
  | { readonly type: 'payout'; readonly object: Payout }

/** The kinds of transaction. */
export const transactionTypes = ['payment', 'refund', 'payout'] as const

/** One kind of transaction. */
export type TransactionType = (typeof transactionTypes)[number]

/** Which transactions a list shows, newest first. Ids sort by the time they were made, also across the three types. */
export interface TransactionFilter {
  /** Statuses by type; a type that is missing is not shown. An empty list means every status. */
  readonly statuses: { readonly [Type in TransactionType]?: readonly string[] }
  /** How much of a payment rails have paid back: nothing, a part, or all of its amount. Refunds and payouts are shown whatever it says. */
  readonly refunds?: 'none' | 'partly' | 'wholly' | undefined
  readonly currency?: string | undefined
  /** Created at or after. */
  readonly createdFrom?: Instant | undefined
  /** Created before. */
  readonly createdTo?: Instant | undefined
  /** Only objects made before the one with this id: what comes after the last one of a page. */
  readonly beforeId?: string | undefined
  /** At most this many. */
  readonly limit: number
}

/** A page of transactions and how many the filter holds in all, counted up to `transactionCountMax`. */
export interface TransactionPage {
  readonly items: readonly Transaction[]
  readonly hasMore: boolean
  readonly total: number
}

/** Counting stops here: an exact count of millions does not belong on a page. */
const transactionCountMax = 10_000

/** The part of a database pool that lists need. */
export interface ReadPool {
  query(config: { name: string; text: string; values: unknown[]; rowMode: 'array' }): Promise<{ rows: unknown[][] }>
}

const tables: Record<TransactionType, string> = { payment: 'payments', refund: 'refunds', payout: 'payouts' }

/** Lists a merchant's payments, refunds and payouts as one sequence, newest first. */
export async function listTransactions(
  pool: ReadPool,
  store: Store,
  scope: Scope,
  filter: TransactionFilter,
): Promise<TransactionPage> {
  if (!transactionTypes.some((type) => filter.statuses[type])) return { items: [], hasMore: false, total: 0 }
  const page = pool.query(pageStatement(scope, filter))
  const count = pool.query(countStatement(scope, filter))
  const found = (await page).rows as [TransactionType, string][]
  const items = await loaded(store, scope, found.slice(0, filter.limit))
  return { items, hasMore: found.length > filter.limit, total: Number((await count).rows[0]?.[0] ?? 0) }
}

interface Statement {
  readonly name: string
  readonly rowMode: 'array'
  readonly text: string
  readonly values: unknown[]
}

/** Each branch reads its own index backwards and stops at the limit; the branches are merged by time. */
function pageStatement(scope: Scope, filter: TransactionFilter): Statement {
  const { values, parameter } = parametersOf(scope)
  const behind = filter.beforeId === undefined ? undefined : parameter(bodyOf(filter.beforeId))
  const limit = parameter(filter.limit + 1)
  const branches = branchesOf(filter, parameter).map(({ type, where }) => {
    const after = behind === undefined ? '' : ` and t.id < '${idPrefixes[type]}_' || ${behind}::text`
    return `(select '${type}' as type, t.id from ${tables[type]} t where ${where}${after} order by t.id desc limit ${limit})`
  })
  // crosses merchants: it does not; every branch is filtered by merchant_id and mode in branchesOf.
  const text = `select type, id from (${branches.join(' union all ')}) b order by split_part(id, '_', 2) desc limit ${limit}`
  return named('list', text, values)
}

function countStatement(scope: Scope, filter: TransactionFilter): Statement {
  const { values, parameter } = parametersOf(scope)
  const limit = parameter(transactionCountMax)
  const branches = branchesOf(filter, parameter).map(
    ({ type, where }) => `(select 1 from ${tables[type]} t where ${where} limit ${limit})`,
  )
  // crosses merchants: it does not; every branch is filtered by merchant_id and mode in branchesOf.
  const text = `select count(*)::int from (select 1 from (${branches.join(' union all ')}) b limit ${limit}) c`
  return named('count', text, values)
}

/** A statement's name stands for one text for ever. */
function named(verb: string, text: string, values: unknown[]): Statement {
  return { name: `${verb}_transactions_${hash('sha256', text).slice(0, 16)}`, rowMode: 'array', text, values }
}

function parametersOf({ merchantId, mode }: Scope) {
  const values: unknown[] = [merchantId, mode]
  const parameter = (value: unknown) => `$${values.push(value)}`
  return { values, parameter }
}

interface Branch {
  readonly type: TransactionType
  readonly where: string
}

/**
 * One branch for each status of each type, and only the conditions that are asked for: so each is one walk of one index,
 * in the order of the list, however rare the status.
 */
function branchesOf(filter: TransactionFilter, parameter: (value: unknown) => string): Branch[] {
  const { statuses, refunds, currency, createdFrom, createdTo } = filter
  const shared = ['t.merchant_id = $1 and t.mode = $2']
  if (currency !== undefined) shared.push(`t.currency = ${parameter(currency)}`)
  if (createdFrom !== undefined) shared.push(`t.created_at >= ${parameter(isoFromInstant(createdFrom))}::timestamptz`)
  if (createdTo !== undefined) shared.push(`t.created_at < ${parameter(isoFromInstant(createdTo))}::timestamptz`)
  // The ids of a span of time lie together.
  const least = createdFrom === undefined ? undefined : parameter(leastIdFrom(createdFrom))
  const greatest = createdTo === undefined ? undefined : parameter(greatestIdBefore(createdTo))
  return transactionTypes.flatMap((type) => {
    const wanted = statuses[type]
    if (!wanted) return []
    const own = [...shared]
    if (least !== undefined) own.push(`t.id >= '${idPrefixes[type]}_' || ${least}::text`)
    if (greatest !== undefined) own.push(`t.id <= '${idPrefixes[type]}_' || ${greatest}::text`)
    if (type === 'payment' && refunds) own.push(refundsTexts[refunds])
    const each = wanted.length === 0 ? [[]] : [...new Set(wanted)].map((status) => [`t.status = ${parameter(status)}`])
    return each.map((ofStatus) => ({ type, where: [...own, ...ofStatus].join(' and ') }))
  })
}

/** An id without its prefix: the part that sorts by time. */
function bodyOf(id: string): string {
  return id.slice(id.indexOf('_') + 1)
}

/** How much of a payment is refunded. The last two are written as the index of refunded payments has them. */
const refundsTexts: Readonly<Record<NonNullable<TransactionFilter['refunds']>, string>> = {
  none: 't.refunded_minor = 0',
  partly: 't.refunded_minor > 0 and (t.refunded_minor >= t.amount_minor) = false',
  wholly: 't.refunded_minor > 0 and (t.refunded_minor >= t.amount_minor) = true',
}

async function loaded(store: Store, scope: Scope, found: readonly [TransactionType, string][]): Promise<Transaction[]> {
  const rows = await store.read(found.map(([type, id]) => factOf(scope, type, id)))
  return found.flatMap(([type], index) => {
    const object = rows[index] as ScopedRow | undefined
    return object ? [{ type, object } as Transaction] : []
  })
}

function factOf(scope: Scope, type: TransactionType, id: string): FactRef {
  if (type === 'payment') return paymentFact(scope, id)
  return type === 'refund' ? refundFact(scope, id) : payoutFact(scope, id)
}
