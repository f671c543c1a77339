import { type Instant, isoFromInstant } from '../../kernel/clock.ts'
import type { Mode, Scope } from '../../kernel/scope.ts'
import type { Kind, ScopedRow } from '../commit/kind.ts'
import { columnsOf, rowFromValues } from '../commit/kind-sql.ts'
import type { ReadPool } from '../transactions/transaction-queries.ts'
import { type Delivery, type DeliveryAttempt, deliveryAttemptKind, deliveryKind } from './delivery.ts'
import { type WebhookEndpoint, webhookEndpointKind } from './webhook-endpoint.ts'

/** Endpoints of one merchant that hear of events, at most; what comes after is not served. */
export const endpointsServedMax = 100

/** The enabled and paused endpoints of many merchants in one statement, oldest first, `endpointsServedMax` of each. */
export function listeningEndpoints(pool: ReadPool, scopes: readonly Scope[]): Promise<readonly WebhookEndpoint[]> {
  return readRows(pool, webhookEndpointKind, {
    name: 'listening_webhook_endpoints',
    text: `select ${columnsOf(webhookEndpointKind, 'e')}
      from unnest($1::text[], $2::text[]) as s(merchant_id, mode)
      cross join lateral (
        select * from webhook_endpoints w
        where w.merchant_id = s.merchant_id and w.mode = s.mode and w.status in ('enabled', 'paused')
        order by w.id limit $3) e
      order by e.id`,
    values: [scopes.map((scope) => scope.merchantId), scopes.map((scope) => scope.mode), endpointsServedMax],
  })
}

/** Which deliveries a sender takes. */
export interface DeliveryClaim {
  readonly mode: Mode
  /** Those due at or before this instant, earliest first. */
  readonly dueBy: Instant
  /** The new due time: if the sender dies, they fall due again then. */
  readonly leaseUntil: Instant
  readonly limit: number
  /** Lanes that can take no more: their deliveries stay where they are and cost nobody else a place. */
  readonly fullLanes: readonly string[]
}

/** Claims due deliveries as `Store.claimDue` does, around the lanes that are full. Two senders never get the same one. */
export async function claimDeliveries(pool: ReadPool, claim: DeliveryClaim): Promise<readonly Delivery[]> {
  const { mode, dueBy, leaseUntil, limit, fullLanes } = claim
  const claimed = await readRows(pool, deliveryKind, {
    name: 'claim_deliveries_by_lane',
    // crosses merchants: senders serve every merchant of the shard; a claimed delivery is handled in its own scope.
    text: `with due as materialized (
        select merchant_id, mode, id from deliveries
        where mode = $1 and due_at <= $2::timestamptz and lane <> all($5::text[])
        order by due_at limit $4 for update skip locked)
      update deliveries t set due_at = $3::timestamptz, revision = t.revision + 1
      from due where t.merchant_id = due.merchant_id and t.mode = due.mode and t.id = due.id
      returning ${columnsOf(deliveryKind, 't')}`,
    values: [mode, isoFromInstant(dueBy), isoFromInstant(leaseUntil), limit, [...fullLanes]],
  })
  // An update answers in no order; ids sort by time, so a receiver mostly hears of things in the order they happened.
  return claimed.sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** The deliveries of one event, oldest first, at most `limit`. */
export function deliveriesOfEvent(
  pool: ReadPool,
  scope: Scope,
  eventNumber: bigint,
  limit: number,
): Promise<readonly Delivery[]> {
  return readRows(pool, deliveryKind, {
    name: 'deliveries_of_event',
    text: `select ${columnsOf(deliveryKind, 'd')} from deliveries d
      where d.merchant_id = $1 and d.mode = $2 and d.event_number = $3 order by d.id limit $4`,
    values: [scope.merchantId, scope.mode, eventNumber, limit],
  })
}

/** The deliveries about one object, oldest first, at most `limit`. */
export function deliveriesOfObject(
  pool: ReadPool,
  scope: Scope,
  objectId: string,
  limit: number,
): Promise<readonly Delivery[]> {
  return readRows(pool, deliveryKind, {
    name: 'deliveries_of_object',
    text: `select ${columnsOf(deliveryKind, 'd')} from deliveries d
      where d.merchant_id = $1 and d.mode = $2 and d.object_id = $3 order by d.id limit $4`,
    values: [scope.merchantId, scope.mode, objectId, limit],
  })
}

/** Every POST of one delivery, in order, at most `limit`. */
export function attemptsOfDelivery(
  pool: ReadPool,
  scope: Scope,
  deliveryId: string,
  limit: number,
): Promise<readonly DeliveryAttempt[]> {
  return readRows(pool, deliveryAttemptKind, {
    name: 'attempts_of_delivery',
    text: `select ${columnsOf(deliveryAttemptKind, 'a')} from delivery_attempts a
      where a.merchant_id = $1 and a.mode = $2 and a.delivery_id = $3 order by a.number limit $4`,
    values: [scope.merchantId, scope.mode, deliveryId, limit],
  })
}

async function readRows<Row extends ScopedRow>(
  pool: ReadPool,
  kind: Kind<Row>,
  statement: { readonly name: string; readonly text: string; readonly values: unknown[] },
): Promise<Row[]> {
  const { rows } = await pool.query({ ...statement, rowMode: 'array' })
  return rows.map((values) => rowFromValues(kind, values))
}
