import { type Instant, isoFromInstant } from '../../kernel/clock.ts'
import type { Scope } from '../../kernel/scope.ts'
import type { Kind, ScopedRow } from '../commit/kind.ts'
import { columnsOf, rowFromValues } from '../commit/kind-sql.ts'
import type { ObjectPage } from '../lists/list-queries.ts'
import type { ReadPool } from '../transactions/transaction-queries.ts'
import { type Delivery, type DeliveryStatus, deliveryKind } from './delivery.ts'
import {
  type VisibleWebhookEndpoint,
  type WebhookEndpoint,
  webhookEndpointKind,
  withoutSecrets,
} from './webhook-endpoint.ts'

/** Which part of a list: at most `limit`, behind the object with the id `after` or in front of the one with `before`. */
export interface PageFilter {
  readonly limit: number
  readonly after?: string | undefined
  readonly before?: string | undefined
}

/** Which deliveries a list shows, newest first. What is left out narrows nothing. */
export interface DeliveryFilter extends PageFilter {
  readonly endpointId?: string | undefined
  readonly status?: DeliveryStatus | undefined
  readonly eventType?: string | undefined
  /** Created at or after. */
  readonly createdFrom?: Instant | undefined
  /** Created before. */
  readonly createdTo?: Instant | undefined
}

/** Which failed deliveries are sent again. What is left out narrows nothing. */
export interface FailedFilter {
  readonly endpointId?: string | undefined
  readonly statuses: readonly FailedStatus[]
  /** Failed at or after. */
  readonly from?: Instant | undefined
  /** Failed before. */
  readonly to?: Instant | undefined
}

/** How a delivery ends without having arrived. */
export type FailedStatus = 'exhausted' | 'stopped'

/** A condition with the value of its parameter, which is left out of the statement where the value is undefined. */
type Condition = readonly [text: string, value: string | undefined]

/** Lists a merchant's deliveries, the newest first. */
export function listDeliveries(pool: ReadPool, scope: Scope, filter: DeliveryFilter): Promise<ObjectPage<Delivery>> {
  const { endpointId, status, eventType, createdFrom, createdTo } = filter
  // The status stands in the text, so that the planner can prove that a partial index holds what is sought.
  const literal = status === undefined ? '' : ` and t.status = '${status}'`
  return listPage(pool, deliveryKind, scope, filter, literal, [
    ['endpoint_id =', endpointId],
    ['event_type =', eventType],
    ['created_at >=', instantText(createdFrom)],
    ['created_at <', instantText(createdTo)],
  ])
}

/** Lists a merchant's webhook endpoints without their secrets, the newest first. */
export async function listWebhookEndpoints(
  pool: ReadPool,
  scope: Scope,
  filter: PageFilter,
): Promise<ObjectPage<VisibleWebhookEndpoint>> {
  const literal = ` and t.status <> 'deleted'`
  const { items, hasMore } = await listPage<WebhookEndpoint>(pool, webhookEndpointKind, scope, filter, literal, [])
  return { items: items.map(withoutSecrets), hasMore }
}

async function listPage<Row extends ScopedRow>(
  pool: ReadPool,
  kind: Kind<Row>,
  scope: Scope,
  { limit, after, before }: PageFilter,
  literal: string,
  conditions: readonly Condition[],
): Promise<ObjectPage<Row>> {
  const possible: readonly Condition[] = [...conditions, ['id <', after], ['id >', before]]
  const signature = possible.map(([, value]) => (value === undefined ? '0' : '1')).join('')
  const wanted = possible.filter(([, value]) => value !== undefined)
  const text = wanted.map(([condition], index) => ` and t.${condition} $${index + 4}`).join('')
  const { rows } = await pool.query({
    name: `page_${kind.name}_${literal.match(/'(\w+)'/)?.[1] ?? 'any'}_${signature}`,
    rowMode: 'array',
    text: `select ${columnsOf(kind, 't')} from ${kind.table} t where t.merchant_id = $1 and t.mode = $2${literal}${text}
      order by t.id ${before === undefined ? 'desc' : 'asc'} limit $3`,
    values: [scope.merchantId, scope.mode, limit + 1, ...wanted.map(([, value]) => value)],
  })
  const items = rows.slice(0, limit).map((values) => rowFromValues(kind, values))
  return { items: before === undefined ? items : items.reverse(), hasMore: rows.length > limit }
}

/** The ids of a merchant's failed deliveries whose endpoint can still hear, oldest first, at most `limit`. */
export function failedDeliveryIds(
  pool: ReadPool,
  scope: Scope,
  { endpointId, statuses, from, to }: FailedFilter,
  limit: number,
): Promise<readonly string[]> {
  return readIds(pool, {
    name: `failed_delivery_ids_${statuses.join('_')}`,
    text: `select t.id from deliveries t
      where t.merchant_id = $1 and t.mode = $2 and t.status in (${statuses.map((status) => `'${status}'`).join(', ')})
        and ($4::text is null or t.endpoint_id = $4)
        and ($5::timestamptz is null or t.finished_at >= $5) and ($6::timestamptz is null or t.finished_at < $6)
        and exists (select 1 from webhook_endpoints e where e.merchant_id = $1 and e.mode = $2 and e.id = t.endpoint_id
          and e.status in ('enabled', 'paused'))
      order by t.id limit $3`,
    values: [
      scope.merchantId,
      scope.mode,
      limit,
      endpointId ?? null,
      instantText(from) ?? null,
      instantText(to) ?? null,
    ],
  })
}

/** The ids of the deliveries that wait for their paused endpoint, oldest first, at most `limit`. */
export function waitingDeliveryIds(
  pool: ReadPool,
  scope: Scope,
  endpointId: string,
  limit: number,
): Promise<readonly string[]> {
  return readIds(pool, {
    name: 'waiting_delivery_ids',
    text: `select t.id from deliveries t where t.merchant_id = $1 and t.mode = $2 and t.endpoint_id = $3
        and t.status = 'pending' and t.due_at is null
      order by t.id limit $4`,
    values: [scope.merchantId, scope.mode, endpointId, limit],
  })
}

/** How many endpoints a merchant has, counted up to `limit`. */
export async function countWebhookEndpoints(pool: ReadPool, scope: Scope, limit: number): Promise<number> {
  const ids = await readIds(pool, {
    name: 'ids_of_webhook_endpoints',
    text: `select t.id from webhook_endpoints t
      where t.merchant_id = $1 and t.mode = $2 and t.status <> 'deleted' limit $3`,
    values: [scope.merchantId, scope.mode, limit],
  })
  return ids.length
}

async function readIds(
  pool: ReadPool,
  statement: { readonly name: string; readonly text: string; readonly values: unknown[] },
): Promise<readonly string[]> {
  const { rows } = await pool.query({ ...statement, rowMode: 'array' })
  return rows.map(([id]) => id as string)
}

function instantText(instant: Instant | undefined): string | undefined {
  return instant === undefined ? undefined : isoFromInstant(instant)
}
