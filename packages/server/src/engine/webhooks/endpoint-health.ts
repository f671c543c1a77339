import type { Instant } from '../../kernel/clock.ts'
import { type Change, record, update } from '../commit/changes.ts'
import { endpointDisabledEventType } from './event-types.ts'
import { secretsOutOfEvents, type WebhookEndpoint, webhookEndpointKind } from './webhook-endpoint.ts'

/** An endpoint that nothing has reached for so long is disabled, in milliseconds of the mode's clock: five days. */
export const failingMaxMs = 5 * 24 * 3_600_000

/**
 * What one try says about its endpoint: the first failure starts a clock, a success stops it, and a failure five days
 * later disables the endpoint and says so in the feed. No change where nothing changes, so that what goes well, and
 * what goes on failing, costs no write. A paused endpoint is left alone: what is under way yet is no reason to disable it.
 */
export function endpointHealth(endpoint: WebhookEndpoint, succeeded: boolean, now: Instant): readonly Change[] {
  if (endpoint.status !== 'enabled') return []
  const { failingSince } = endpoint
  if (succeeded) {
    return failingSince === null ? [] : [update(webhookEndpointKind, { ...endpoint, failingSince: null })]
  }
  if (failingSince === null) return [update(webhookEndpointKind, { ...endpoint, failingSince: now })]
  if (now - failingSince < failingMaxMs) return []
  const disabled: WebhookEndpoint = {
    ...endpoint,
    status: 'disabled',
    disabledReason: 'Nothing was acknowledged for five days.',
    updatedAt: now,
  }
  return [
    update(webhookEndpointKind, disabled),
    record(endpointDisabledEventType, webhookEndpointKind, disabled, secretsOutOfEvents),
  ]
}
