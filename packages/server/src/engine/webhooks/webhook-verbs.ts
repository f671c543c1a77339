import type { Scope } from '../../kernel/scope.ts'
import type { Committer } from '../commit/committer.ts'
import { readRow } from '../commit/read-row.ts'
import type { Store } from '../commit/store.ts'
import type { ReadPool } from '../transactions/transaction-queries.ts'
import { type CreateDelivery, createDelivery } from './create-delivery.ts'
import { type Delivery, type DeliveryAttempt, deliveryFact } from './delivery.ts'
import { type RecordDeliveryAttempt, recordDeliveryAttempt } from './record-delivery-attempt.ts'
import { resendDelivery } from './resend-delivery.ts'
import { type WebhookEndpoint, webhookEndpointFact } from './webhook-endpoint.ts'
import {
  attemptsOfDelivery,
  claimDeliveries,
  type DeliveryClaim,
  deliveriesOfEvent,
  deliveriesOfObject,
  enabledEndpoints,
} from './webhook-queries.ts'

/** Everything that can be done with webhooks. Lists are bounded by `limit`, oldest first. */
export interface WebhookVerbs {
  /** Puts a rendered event on its way, once a target; null when the endpoint is gone or disabled. */
  deliver(input: CreateDelivery): Promise<Delivery | null>
  /** Takes due deliveries on a lease, around full lanes. */
  claim(claim: DeliveryClaim): Promise<readonly Delivery[]>
  /** Records one POST and moves the delivery on. */
  recordAttempt(input: RecordDeliveryAttempt): Promise<Delivery>
  /** Sends an ended delivery once more. Refuses one that is still being tried. */
  resend(scope: Scope, deliveryId: string): Promise<Delivery>
  /** Another merchant's delivery is not found, like one that does not exist. */
  delivery(scope: Scope, deliveryId: string): Promise<Delivery | undefined>
  deliveriesOfEvent(scope: Scope, eventNumber: bigint, limit: number): Promise<readonly Delivery[]>
  deliveriesOfObject(scope: Scope, objectId: string, limit: number): Promise<readonly Delivery[]>
  attempts(scope: Scope, deliveryId: string, limit: number): Promise<readonly DeliveryAttempt[]>
  /** The enabled endpoints of many merchants, in one read. */
  enabledEndpoints(scopes: readonly Scope[]): Promise<readonly WebhookEndpoint[]>
  /** The endpoint that signs each delivery, in the order of the deliveries, in one read. */
  endpointsOf(deliveries: readonly Delivery[]): Promise<readonly (WebhookEndpoint | undefined)[]>
}

/** Builds the verbs over the engine's parts. */
export function webhookVerbs(parts: {
  readonly committer: Committer
  readonly store: Store
  readonly pool: ReadPool
}): WebhookVerbs {
  const { committer, store, pool } = parts
  return {
    deliver: async (input) => (await committer.submit(createDelivery, input)).result,
    claim: (claim) => claimDeliveries(pool, claim),
    recordAttempt: async (input) => (await committer.submit(recordDeliveryAttempt, input)).result,
    resend: async (scope, deliveryId) => (await committer.submit(resendDelivery, { scope, deliveryId })).result,
    delivery: (scope, deliveryId) => readRow(store, deliveryFact(scope, deliveryId)),
    deliveriesOfEvent: (scope, eventNumber, limit) => deliveriesOfEvent(pool, scope, eventNumber, limit),
    deliveriesOfObject: (scope, objectId, limit) => deliveriesOfObject(pool, scope, objectId, limit),
    attempts: (scope, deliveryId, limit) => attemptsOfDelivery(pool, scope, deliveryId, limit),
    enabledEndpoints: (scopes) => enabledEndpoints(pool, scopes),
    endpointsOf: async (deliveries) => {
      const refs = deliveries.map((delivery) => webhookEndpointFact(delivery, delivery.endpointId))
      return (await store.read(refs)) as readonly (WebhookEndpoint | undefined)[]
    },
  }
}
