/*
 * Pausing without losing an event.
 *
 * States of an endpoint: enabled ⇄ paused; either → disabled (failures; only from enabled) → enabled; any → deleted.
 * States of a delivery of a paused endpoint: it waits, pending without a due time, until the endpoint is resumed.
 *
 * Three commands decide by the endpoint's row whether a delivery waits or goes: `createDelivery`, `parkDelivery` (the
 * sender met a due delivery of an endpoint that it read as paused) and `releaseDelivery`. Each takes the row as a fact,
 * and all commands of a merchant's mode are serial: they hold its journal row from their load to their commit. So each
 * of them lies wholly before the resume or wholly after it, whatever a fan-out or a sender has read of the endpoint
 * beforehand:
 * - before: it saw `paused`, and its waiting delivery is committed when the resume commits. The release job becomes
 *   visible only with the resume's commit, so its reads see that delivery.
 * - after: it saw `enabled`, and made its delivery due at once. It needs no release.
 * So no delivery waits for an enabled endpoint once the job is done. A job that dies is run again, and a released delivery
 * is no longer waiting, so none is released twice. A pause during the job makes `releaseDelivery` leave the rest as it
 * is, for the next resume's job.
 */
import type { Scope } from '../../kernel/scope.ts'
import { enqueue, update } from '../commit/changes.ts'
import { accept, defineCommand, refuse } from '../commit/command.ts'
import {
  isThere,
  refuseMissingEndpoint,
  type WebhookEndpoint,
  webhookEndpointFact,
  webhookEndpointKind,
  withoutSecrets,
} from './webhook-endpoint.ts'

/** Names an endpoint of a merchant. */
export interface NamedWebhookEndpoint {
  readonly scope: Scope
  readonly endpointId: string
}

/** The job that lets waiting deliveries go; its payload is `{ merchantId, mode, endpointId }`. */
export const releaseDeliveriesJobName = 'release_deliveries'

/** Lets the deliveries of an endpoint wait. Pausing a paused one changes nothing; a disabled one cannot be paused. */
export const pauseWebhookEndpoint = defineCommand({
  name: 'pause_webhook_endpoint',
  facts: (c: NamedWebhookEndpoint) => ({ endpoint: webhookEndpointFact(c.scope, c.endpointId) }),
  decide({ endpoint }, _c, ctx) {
    if (!isThere(endpoint)) return refuseMissingEndpoint()
    if (endpoint.status === 'paused') return accept(withoutSecrets(endpoint), [])
    if (endpoint.status === 'disabled') {
      return refuse('invalid_state', 'webhook_endpoint_disabled', {
        message: 'This webhook endpoint is disabled: no deliveries are made for it that could wait. Resume it first.',
      })
    }
    const paused: WebhookEndpoint = { ...endpoint, status: 'paused', updatedAt: ctx.now }
    return accept(withoutSecrets(paused), [update(webhookEndpointKind, paused)])
  },
})

/**
 * Enables a paused or disabled endpoint and lets everything go that waits for it. Resuming an enabled one only asks for
 * the release again, which finds nothing.
 */
export const resumeWebhookEndpoint = defineCommand({
  name: 'resume_webhook_endpoint',
  facts: (c: NamedWebhookEndpoint) => ({ endpoint: webhookEndpointFact(c.scope, c.endpointId) }),
  decide({ endpoint }, { scope, endpointId }, ctx) {
    if (!isThere(endpoint)) return refuseMissingEndpoint()
    const release = enqueue(releaseDeliveriesJobName, { ...scope, endpointId })
    if (endpoint.status === 'enabled') return accept(withoutSecrets(endpoint), [release])
    const resumed: WebhookEndpoint = {
      ...endpoint,
      status: 'enabled',
      failingSince: null,
      disabledReason: null,
      updatedAt: ctx.now,
    }
    return accept(withoutSecrets(resumed), [update(webhookEndpointKind, resumed), release])
  },
})
