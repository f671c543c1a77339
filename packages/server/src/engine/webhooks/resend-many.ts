import type { Scope } from '../../kernel/scope.ts'
import { update } from '../commit/changes.ts'
import { accept, defineCommand, refuse } from '../commit/command.ts'
import type { Committer, Outcome } from '../commit/committer.ts'
import type { Idempotency } from '../commit/idempotency.ts'
import type { FactRef } from '../commit/kind.ts'
import type { ReadPool } from '../transactions/transaction-queries.ts'
import { type Delivery, deliveryFact, deliveryKind } from './delivery.ts'
import { type FailedFilter, failedDeliveryIds } from './delivery-list-queries.ts'
import { reopen } from './resend-delivery.ts'
import { type WebhookEndpoint, webhookEndpointFact } from './webhook-endpoint.ts'

/** Deliveries to be sent once more: these, or those that have failed. */
export type ResendMany = { readonly ids: readonly string[] } | FailedFilter

/** What came of it. */
export interface ResentDeliveries {
  readonly resent: number
  /** Whether failed ones are left that one call does not take; the same call once more takes them. */
  readonly hasMore: boolean
}

/** Deliveries that one call sends again, at most. */
export const resentPerCallMax = 1_000
/** Deliveries that may be named one by one in one call. */
export const resentIdsMax = 100

interface ReopenDeliveries {
  readonly scope: Scope
  /** What the caller asked for; the ids are what was found for it. */
  readonly wanted: ResendMany
  readonly ids: readonly string[]
  readonly hasMore: boolean
}

/**
 * Opens ended deliveries again, all in one decision, so that a replay sends none twice. Refuses `delivery_not_found` for a
 * named one that does not exist. What is being tried already, or whose endpoint cannot hear, is passed over and not counted.
 */
const reopenDeliveries = defineCommand({
  name: 'reopen_deliveries',
  facts: (c: ReopenDeliveries): Readonly<Record<string, FactRef<Delivery>>> =>
    Object.fromEntries(c.ids.map((id) => [id, deliveryFact(c.scope, id)])),
  more: (deliveries, c): Readonly<Record<string, FactRef<WebhookEndpoint>>> => {
    const endpointIds = new Set(Object.values(deliveries).flatMap((delivery) => delivery?.endpointId ?? []))
    return Object.fromEntries([...endpointIds].map((id) => [id, webhookEndpointFact(c.scope, id)]))
  },
  asked: ({ scope, wanted }) => ({ scope, wanted }),
  decide(facts, { ids, hasMore }, ctx) {
    // Ids of the two kinds have prefixes of their own, so one record of facts holds both.
    const rows = facts as Readonly<Record<string, Delivery | WebhookEndpoint | undefined>>
    const missing = ids.find((id) => rows[id] === undefined)
    if (missing !== undefined) {
      const message = `There is no delivery with the id ${missing}.`
      return refuse('not_found', 'delivery_not_found', { field: 'ids', message })
    }
    const reopened = ids.flatMap((id) => {
      const delivery = rows[id] as Delivery
      const after = reopen(delivery, rows[delivery.endpointId] as WebhookEndpoint | undefined, ctx.now)
      return 'accepted' in after ? [] : [after]
    })
    return accept<ResentDeliveries>(
      { resent: reopened.length, hasMore },
      reopened.map((delivery) => update(deliveryKind, delivery)),
    )
  },
})

/** Opens many ended deliveries again, the oldest first, up to `resentPerCallMax` a call. See `reopenDeliveries`. */
export async function resendMany(
  parts: { readonly committer: Committer; readonly pool: ReadPool },
  scope: Scope,
  wanted: ResendMany,
  idempotency?: Idempotency,
): Promise<Outcome<ResentDeliveries>> {
  const found =
    'ids' in wanted
      ? [...new Set(wanted.ids)]
      : await failedDeliveryIds(parts.pool, scope, wanted, resentPerCallMax + 1)
  const input = { scope, wanted, ids: found.slice(0, resentPerCallMax), hasMore: found.length > resentPerCallMax }
  return parts.committer.submit(reopenDeliveries, input, idempotency)
}
