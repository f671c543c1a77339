import type { Scope } from '../../kernel/scope.ts'
import type { Committer, Outcome } from '../commit/committer.ts'
import type { Idempotency } from '../commit/idempotency.ts'
import { readRow } from '../commit/read-row.ts'
import type { Store } from '../commit/store.ts'
import type { ObjectPage } from '../lists/list-queries.ts'
import type { ReadPool } from '../transactions/transaction-queries.ts'
import { type CreateDelivery, createDelivery } from './create-delivery.ts'
import { type CreateWebhookEndpoint, createWebhookEndpoint } from './create-webhook-endpoint.ts'
import { deleteWebhookEndpoint } from './delete-webhook-endpoint.ts'
import { type Delivery, type DeliveryAttempt, deliveryFact } from './delivery.ts'
import {
  countWebhookEndpoints,
  type DeliveryFilter,
  listDeliveries,
  listWebhookEndpoints,
  type PageFilter,
  waitingDeliveryIds,
} from './delivery-list-queries.ts'
import { parkDelivery, releaseDelivery } from './park-delivery.ts'
import { pauseWebhookEndpoint, resumeWebhookEndpoint } from './pause-webhook-endpoint.ts'
import { type RecordDeliveryAttempt, recordDeliveryAttempt } from './record-delivery-attempt.ts'
import { resendDelivery } from './resend-delivery.ts'
import { type ResendMany, type ResentDeliveries, resendMany } from './resend-many.ts'
import { type RotateWebhookSecret, rotateWebhookSecret } from './rotate-webhook-secret.ts'
import { sendTestEvent } from './send-test-event.ts'
import { type UpdateWebhookEndpoint, updateWebhookEndpoint } from './update-webhook-endpoint.ts'
import {
  endpointsPerMerchantMax,
  isThere,
  madeByUs,
  type VisibleWebhookEndpoint,
  type WebhookEndpoint,
  webhookEndpointFact,
  withoutSecrets,
} from './webhook-endpoint.ts'
import {
  attemptsOfDelivery,
  claimDeliveries,
  type DeliveryClaim,
  deliveriesOfEvent,
  deliveriesOfObject,
  listeningEndpoints,
} from './webhook-queries.ts'

type EndpointOutcome = Promise<Outcome<VisibleWebhookEndpoint>>

/** What a merchant does with its endpoints. Another merchant's endpoint, or a deleted one, is `webhook_endpoint_not_found`. */
export interface EndpointVerbs {
  /** Refuses `webhook_endpoints_too_many` above 50. */
  createEndpoint(input: CreateWebhookEndpoint, idempotency?: Idempotency): EndpointOutcome
  updateEndpoint(input: UpdateWebhookEndpoint, idempotency?: Idempotency): EndpointOutcome
  deleteEndpoint(scope: Scope, endpointId: string, idempotency?: Idempotency): EndpointOutcome
  rotateSecret(input: RotateWebhookSecret, idempotency?: Idempotency): EndpointOutcome
  /** Events go on making deliveries, which wait. */
  pauseEndpoint(scope: Scope, endpointId: string, idempotency?: Idempotency): EndpointOutcome
  /** Enables a paused or disabled endpoint; a job lets its waiting deliveries go. */
  resumeEndpoint(scope: Scope, endpointId: string, idempotency?: Idempotency): EndpointOutcome
  /** Records an event that is delivered to this endpoint alone. */
  sendTestEvent(scope: Scope, endpointId: string, idempotency?: Idempotency): EndpointOutcome
  findEndpoint(scope: Scope, endpointId: string): Promise<VisibleWebhookEndpoint | undefined>
  /** Newest first. */
  listEndpoints(scope: Scope, filter: PageFilter): Promise<ObjectPage<VisibleWebhookEndpoint>>
}

/** What is done with deliveries. */
export interface DeliveryVerbs {
  /** Puts a rendered event on its way, once a target; null when the endpoint is gone or disabled. */
  deliver(input: CreateDelivery): Promise<Delivery | null>
  /** Takes due deliveries on a lease, around full lanes. */
  claim(claim: DeliveryClaim): Promise<readonly Delivery[]>
  /** Records one POST and moves the delivery on. */
  recordAttempt(input: RecordDeliveryAttempt): Promise<Delivery>
  /** Lets a due delivery of a paused endpoint wait; see `pause-webhook-endpoint.ts`. */
  park(delivery: Pick<Delivery, 'merchantId' | 'mode' | 'id' | 'endpointId'>): Promise<Delivery>
  /** Lets waiting deliveries of an endpoint go, the oldest first, at most `limit`; answers how many went. */
  release(scope: Scope, endpointId: string, limit: number): Promise<number>
  /** Sends an ended delivery once more. Refuses one that is still being tried. */
  resend(scope: Scope, deliveryId: string): Promise<Delivery>
  /** As `resend`, and safe to repeat by its key. */
  resendOnce(scope: Scope, deliveryId: string, idempotency: Idempotency | undefined): Promise<Outcome<Delivery>>
  resendMany(scope: Scope, wanted: ResendMany, idempotency?: Idempotency): Promise<Outcome<ResentDeliveries>>
  /** Another merchant's delivery is not found, like one that does not exist. */
  delivery(scope: Scope, deliveryId: string): Promise<Delivery | undefined>
  /** Newest first. */
  listDeliveries(scope: Scope, filter: DeliveryFilter): Promise<ObjectPage<Delivery>>
  deliveriesOfEvent(scope: Scope, eventNumber: bigint, limit: number): Promise<readonly Delivery[]>
  deliveriesOfObject(scope: Scope, objectId: string, limit: number): Promise<readonly Delivery[]>
  attempts(scope: Scope, deliveryId: string, limit: number): Promise<readonly DeliveryAttempt[]>
  /** The enabled and paused endpoints of many merchants, in one read. */
  listeningEndpoints(scopes: readonly Scope[]): Promise<readonly WebhookEndpoint[]>
  /** The endpoint that signs each delivery, in the order of the deliveries, in one read. */
  endpointsOf(deliveries: readonly Delivery[]): Promise<readonly (WebhookEndpoint | undefined)[]>
}

/** Everything that can be done with webhooks. Lists are bounded by `limit`, oldest first unless they say otherwise. */
export interface WebhookVerbs extends EndpointVerbs, DeliveryVerbs {}

interface WebhookParts {
  readonly committer: Committer
  readonly store: Store
  readonly pool: ReadPool
}

/** Builds the verbs over the engine's parts. */
export function webhookVerbs(parts: WebhookParts): WebhookVerbs {
  return { ...endpointVerbs(parts), ...deliveryVerbs(parts) }
}

function endpointVerbs({ committer, store, pool }: WebhookParts): EndpointVerbs {
  return {
    createEndpoint: async (input, idempotency) => {
      const endpointsNow = await countWebhookEndpoints(pool, input.scope, endpointsPerMerchantMax)
      const counted = { ...input, [madeByUs]: { ...input[madeByUs], endpointsNow } }
      return committer.submit(createWebhookEndpoint, counted, idempotency)
    },
    updateEndpoint: (input, idempotency) => committer.submit(updateWebhookEndpoint, input, idempotency),
    deleteEndpoint: (scope, endpointId, idempotency) =>
      committer.submit(deleteWebhookEndpoint, { scope, endpointId }, idempotency),
    rotateSecret: (input, idempotency) => committer.submit(rotateWebhookSecret, input, idempotency),
    pauseEndpoint: (scope, endpointId, idempotency) =>
      committer.submit(pauseWebhookEndpoint, { scope, endpointId }, idempotency),
    resumeEndpoint: (scope, endpointId, idempotency) =>
      committer.submit(resumeWebhookEndpoint, { scope, endpointId }, idempotency),
    sendTestEvent: (scope, endpointId, idempotency) =>
      committer.submit(sendTestEvent, { scope, endpointId }, idempotency),
    findEndpoint: async (scope, endpointId) => {
      const found = await readRow(store, webhookEndpointFact(scope, endpointId))
      return isThere(found) ? withoutSecrets(found) : undefined
    },
    listEndpoints: (scope, filter) => listWebhookEndpoints(pool, scope, filter),
  }
}

function deliveryVerbs(parts: WebhookParts): DeliveryVerbs {
  const { committer, store, pool } = parts
  return {
    deliver: async (input) => (await committer.submit(createDelivery, input)).result,
    claim: (claim) => claimDeliveries(pool, claim),
    recordAttempt: async (input) => (await committer.submit(recordDeliveryAttempt, input)).result,
    park: async ({ merchantId, mode, id: deliveryId, endpointId }) => {
      const scope = { merchantId, mode }
      return (await committer.submit(parkDelivery, { scope, deliveryId, endpointId })).result
    },
    release: async (scope, endpointId, limit) => {
      const ids = await waitingDeliveryIds(pool, scope, endpointId, limit)
      const released = await Promise.all(
        ids.map((deliveryId) => committer.submit(releaseDelivery, { scope, deliveryId, endpointId })),
      )
      return released.filter(({ result }) => result).length
    },
    resend: async (scope, deliveryId) => (await committer.submit(resendDelivery, { scope, deliveryId })).result,
    resendOnce: (scope, deliveryId, idempotency) =>
      committer.submit(resendDelivery, { scope, deliveryId }, idempotency),
    resendMany: (scope, wanted, idempotency) => resendMany(parts, scope, wanted, idempotency),
    delivery: (scope, deliveryId) => readRow(store, deliveryFact(scope, deliveryId)),
    listDeliveries: (scope, filter) => listDeliveries(pool, scope, filter),
    deliveriesOfEvent: (scope, eventNumber, limit) => deliveriesOfEvent(pool, scope, eventNumber, limit),
    deliveriesOfObject: (scope, objectId, limit) => deliveriesOfObject(pool, scope, objectId, limit),
    attempts: (scope, deliveryId, limit) => attemptsOfDelivery(pool, scope, deliveryId, limit),
    listeningEndpoints: (scopes) => listeningEndpoints(pool, scopes),
    endpointsOf: async (deliveries) => {
      const refs = deliveries.map((delivery) => webhookEndpointFact(delivery, delivery.endpointId))
      return (await store.read(refs)) as readonly (WebhookEndpoint | undefined)[]
    },
  }
}
