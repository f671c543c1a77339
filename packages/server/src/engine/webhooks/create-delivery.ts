import type { Scope } from '../../kernel/scope.ts'
import { insert } from '../commit/changes.ts'
import { accept, type DecisionContext, defineCommand } from '../commit/command.ts'
import type { EngineEvent } from '../commit/event.ts'
import { type Delivery, deliveryByTargetFact, deliveryKind } from './delivery.ts'
import { dueAtFor } from './park-delivery.ts'
import { type WebhookEndpoint, webhookEndpointFact } from './webhook-endpoint.ts'

/** An event rendered for one address. */
export interface CreateDelivery {
  readonly scope: Scope
  readonly event: Pick<EngineEvent, 'id' | 'number' | 'type' | 'objectId'>
  /** The endpoint whose secret signs. */
  readonly endpointId: string
  /** `endpoint:<id>` or `object`; see `Delivery.target`. */
  readonly target: string
  readonly url: string
  readonly lane: string
  /** The dialect that rendered the body and will sign it. */
  readonly dialect: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Puts an event on its way to one address. An event has one delivery a target: the second of two equal fan-outs gets
 * the first one's. Makes none, and answers null, when the endpoint was removed or disabled meanwhile; makes one that waits
 * when it is paused. What counts is the endpoint as this very transaction sees it, not as the fan-out has read it.
 */
export const createDelivery = defineCommand({
  name: 'create_delivery',
  facts: (c: CreateDelivery) => ({
    same: deliveryByTargetFact(c.scope, c.event.number, c.target),
    endpoint: webhookEndpointFact(c.scope, c.endpointId),
  }),
  decide({ same, endpoint }, c, ctx) {
    if (same) return accept<Delivery | null>(same, [])
    if (!endpoint || !hears(endpoint)) return accept<Delivery | null>(null, [])
    const delivery = newDelivery(c, endpoint, ctx)
    return accept<Delivery | null>(delivery, [insert(deliveryKind, delivery)])
  },
})

function hears({ status }: WebhookEndpoint): boolean {
  return status === 'enabled' || status === 'paused'
}

function newDelivery(c: CreateDelivery, endpoint: WebhookEndpoint, ctx: DecisionContext): Delivery {
  return {
    ...ctx.scope,
    id: ctx.newId('del'),
    eventId: c.event.id,
    eventNumber: c.event.number,
    eventType: c.event.type,
    objectId: c.event.objectId,
    endpointId: c.endpointId,
    target: c.target,
    url: c.url,
    lane: c.lane,
    dialect: c.dialect,
    body: c.body,
    headers: c.headers,
    status: 'pending',
    attemptsMade: 0,
    dueAt: dueAtFor(endpoint, ctx.now),
    lastOutcome: null,
    createdAt: ctx.now,
    updatedAt: ctx.now,
    finishedAt: null,
    revision: 0,
  }
}
