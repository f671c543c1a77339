import { type Instant, isoFromInstant } from '../../kernel/clock.ts'
import { idPrefixes } from '../../kernel/ids.ts'
import type { Scope } from '../../kernel/scope.ts'
import { type ApiKey, apiKeyKind } from '../access/api-key.ts'
import { type Attempt, attemptKind } from '../attempts/attempt.ts'
import type { Kind, ScopedRow } from '../commit/kind.ts'
import { columnOf, columnsOf, rowFromValues } from '../commit/kind-sql.ts'
import { type Customer, customerKind } from '../customers/customer.ts'
import { type Payment, paymentKind } from '../payments/payment.ts'
import { type Payout, payoutKind } from '../payouts/payout.ts'
import { type Refund, refundKind } from '../refunds/refund.ts'
import type { ReadPool } from '../transactions/transaction-queries.ts'
import { greatestIdBefore, leastIdFrom } from './id-bounds.ts'

/** Which objects of one kind a list shows. What is left out narrows nothing. */
export interface ListFilter {
  readonly status?: string | undefined
  readonly currency?: string | undefined
  /** The merchant's own name for the object. */
  readonly reference?: string | undefined
  /** The id of the object that they belong to: the customer of payments, the payment of refunds, the subject of attempts. */
  readonly ownerId?: string | undefined
  /** Created at or after. */
  readonly createdFrom?: Instant | undefined
  /** Created before. */
  readonly createdTo?: Instant | undefined
  /** Only what stands behind the object with this id, in the order of the list. */
  readonly after?: string | undefined
  /** Only what stands in front of the object with this id, those next to it. */
  readonly before?: string | undefined
  /** The order of the list: newest first unless this is set. */
  readonly oldestFirst?: boolean | undefined
  /** At most this many. */
  readonly limit: number
}

/** A page of objects in the order of their list. */
export interface ObjectPage<Row> {
  readonly items: readonly Row[]
  /** Whether more follow in the direction that was asked for: in front of `before`, else behind. */
  readonly hasMore: boolean
}

/** Lists a merchant's payments, whatever dialect made them; of one customer where `ownerId` names it. */
export function listPayments(pool: ReadPool, scope: Scope, filter: ListFilter): Promise<ObjectPage<Payment>> {
  const { status, currency, reference, ownerId: customerId } = filter
  return listRows(pool, paymentKind, scope, filter, { customerId, reference, status, currency })
}

/** Lists a merchant's refunds, of one payment where `ownerId` names it. */
export function listRefunds(pool: ReadPool, scope: Scope, filter: ListFilter): Promise<ObjectPage<Refund>> {
  const { status, currency, reference: referenceKey, ownerId: paymentId } = filter
  return listRows(pool, refundKind, scope, filter, { referenceKey, paymentId, status, currency })
}

/** Lists a merchant's payouts. */
export function listPayouts(pool: ReadPool, scope: Scope, filter: ListFilter): Promise<ObjectPage<Payout>> {
  const { status, currency, reference: referenceKey } = filter
  return listRows(pool, payoutKind, scope, filter, { referenceKey, status, currency })
}

/** Lists attempts, those of one payment, refund or payout where `ownerId` names it. */
export function listAttempts(pool: ReadPool, scope: Scope, filter: ListFilter): Promise<ObjectPage<Attempt>> {
  const { status, currency, ownerId: subjectId } = filter
  return listRows(pool, attemptKind, scope, filter, { subjectId, status, currency })
}

/** Lists a merchant's customers. */
export function listCustomers(pool: ReadPool, scope: Scope, filter: ListFilter): Promise<ObjectPage<Customer>> {
  const { reference } = filter
  return listRows(pool, customerKind, scope, filter, { reference })
}

/** Lists a merchant's api keys, whatever dialect they are for. */
export function listApiKeys(
  pool: ReadPool,
  scope: Scope,
  page: Pick<ListFilter, 'limit' | 'after' | 'before'>,
): Promise<ObjectPage<ApiKey>> {
  return listRows(pool, apiKeyKind, scope, page, {})
}

type Equals<Row> = { readonly [Property in keyof Row & string]?: string | undefined }
type Condition = readonly [condition: string, value: string | undefined]

/**
 * Reads a page by the primary key. Only the conditions that are asked for stand in the statement, so that the planner
 * can take the index of a rare reference or status; the statement's name tells which they are.
 */
async function listRows<Row extends ScopedRow>(
  pool: ReadPool,
  kind: Kind<Row>,
  scope: Scope,
  filter: ListFilter,
  equals: Equals<Row>,
): Promise<ObjectPage<Row>> {
  const { after, before, limit, oldestFirst = false } = filter
  const ascending = oldestFirst !== (before !== undefined)
  const possible: Condition[] = [
    ...Object.entries<string | undefined>(equals).map(([property, value]): Condition => {
      return [`${columnOf(property)} =`, value]
    }),
    ...timeConditions(kind.name, filter),
    [oldestFirst ? 'id >' : 'id <', after],
    [oldestFirst ? 'id <' : 'id >', before],
  ]
  const signature = possible.map(([, value]) => (value === undefined ? '0' : '1')).join('')
  const wanted = possible.filter(([, value]) => value !== undefined)
  // The two parameters of the scope and the limit come first.
  const conditions = wanted.map(([condition], index) => ` and t.${condition} $${index + 4}`).join('')
  const result = await pool.query({
    name: `list_${kind.name}_${oldestFirst ? 'asc' : 'desc'}_${signature}`,
    rowMode: 'array',
    text: `select ${columnsOf(kind, 't')} from ${kind.table} t where t.merchant_id = $1 and t.mode = $2${conditions}
      order by t.id ${ascending ? 'asc' : 'desc'} limit $3`,
    values: [scope.merchantId, scope.mode, limit + 1, ...wanted.map(([, value]) => value)],
  })
  const items = result.rows.slice(0, limit).map((values) => rowFromValues(kind, values))
  return { items: before === undefined ? items : items.reverse(), hasMore: result.rows.length > limit }
}

/** The ids of a span of time lie together, so the primary key finds them; the times themselves say it exactly. */
function timeConditions(kindName: string, { createdFrom, createdTo }: ListFilter): Condition[] {
  const prefix = idPrefixes[kindName as keyof typeof idPrefixes]
  const [from, to] = [createdFrom, createdTo].map((value) => (value === undefined ? undefined : isoFromInstant(value)))
  return [
    ['created_at >=', from],
    ['created_at <', to],
    ['id >=', createdFrom === undefined ? undefined : `${prefix}_${leastIdFrom(createdFrom)}`],
    ['id <=', createdTo === undefined ? undefined : `${prefix}_${greatestIdBefore(createdTo)}`],
  ]
}
