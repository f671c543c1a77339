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

/** How many of the parameters, from the first on, say what is sought; the others say which page of it. */
const filterParameters = 11

const tables: Record<TransactionType, string> = { payment: 'payments', refund: 'refunds', payout: 'payouts' }

/** Lists a merchant's payments, refunds and payouts as one sequence, newest first. */
export async function listTransactions(
  pool: ReadPool,
  store: Store,
  scope: Scope,
  filter: TransactionFilter,
): Promise<TransactionPage> {
  const types = transactionTypes.filter((type) => filter.statuses[type])
  if (types.length === 0) return { items: [], hasMore: false, total: 0 }
  const values = parametersOf(scope, filter)
  const suffix = `${types.join('_')}_${filter.refunds ?? 'any'}`
  const page = pool.query({ name: `list_${suffix}`, rowMode: 'array', values, text: pageText(types, filter.refunds) })
  const counted = [...values.slice(0, filterParameters), transactionCountMax]
  const text = countText(types, filter.refunds)
  const count = pool.query({ name: `count_${suffix}`, rowMode: 'array', values: counted, text })
  const found = (await page).rows as [TransactionType, string][]
  const items = await loaded(store, scope, found.slice(0, filter.limit))
  return { items, hasMore: found.length > filter.limit, total: Number((await count).rows[0]?.[0] ?? 0) }
}

function parametersOf(scope: Scope, filter: TransactionFilter): unknown[] {
  const { payment, refund, payout } = filter.statuses
  const instant = (value: Instant | undefined) => (value === undefined ? null : isoFromInstant(value))
  const statuses = [payment, refund, payout].map((list) => (list && list.length > 0 ? list : null))
  return [
    scope.merchantId,
    scope.mode,
    ...statuses,
    filter.currency ?? null,
    instant(filter.createdFrom),
    instant(filter.createdTo),
    filter.createdFrom === undefined ? null : leastIdFrom(filter.createdFrom),
    filter.createdTo === undefined ? null : greatestIdBefore(filter.createdTo),
    filter.refunds ?? null,
    filter.beforeId === undefined ? null : bodyOf(filter.beforeId),
    filter.limit + 1,
  ]
}

/** Each branch reads its own index backwards and stops at the limit; the branches are merged by time. */
function pageText(types: readonly TransactionType[], refunds: TransactionFilter['refunds']): string {
  const branches = types.map(
    (type) => `(select '${type}' as type, t.id from ${tables[type]} t ${filterText(type, refunds)}
      and ($12::text is null or t.id < '${idPrefixes[type]}_' || $12::text) order by t.id desc limit $13)`,
  )
  // crosses merchants: it does not; every branch is filtered by merchant_id and mode in filterText.
  return `select type, id from (${branches.join(' union all ')}) b order by split_part(id, '_', 2) desc limit $13`
}

function countText(types: readonly TransactionType[], refunds: TransactionFilter['refunds']): string {
  const branches = types.map((type) => `(select 1 from ${tables[type]} t ${filterText(type, refunds)} limit $12)`)
  // crosses merchants: it does not; every branch is filtered by merchant_id and mode in filterText.
  return `select count(*)::int from (select 1 from (${branches.join(' union all ')}) b limit $12) c`
}

/** An id without its prefix: the part that sorts by time. */
function bodyOf(id: string): string {
  return id.slice(id.indexOf('_') + 1)
}

function filterText(type: TransactionType, refunds: TransactionFilter['refunds']): string {
  const status = `$${transactionTypes.indexOf(type) + 3}::text[]`
  const prefix = `'${idPrefixes[type]}_'`
  // Every parameter is named, so that one list of values serves every combination of types.
  const unused =
    '$3::text[] is not distinct from $3 and $4::text[] is not distinct from $4 and $5::text[] is not distinct from $5'
  return `where t.merchant_id = $1 and t.mode = $2 and (${status} is null or t.status = any (${status}))
    and ($6::text is null or t.currency = $6::text)
    and ($7::timestamptz is null or t.created_at >= $7::timestamptz)
    and ($8::timestamptz is null or t.created_at < $8::timestamptz)
    and t.id >= ${prefix} || coalesce($9::text, '') and t.id <= ${prefix} || coalesce($10::text, '~')
    and ${type === 'payment' && refunds ? refundsTexts[refunds] : 'true'} and $11::text is not distinct from $11 and ${unused}`
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
