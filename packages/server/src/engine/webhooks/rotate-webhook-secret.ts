import type { Scope } from '../../kernel/scope.ts'
import { update } from '../commit/changes.ts'
import { accept, defineCommand } from '../commit/command.ts'
import {
  isThere,
  madeByUs,
  refuseMissingEndpoint,
  type WebhookEndpoint,
  webhookEndpointFact,
  webhookEndpointKind,
  withoutSecrets,
} from './webhook-endpoint.ts'

/** A new secret for an endpoint. */
export interface RotateWebhookSecret {
  readonly scope: Scope
  readonly endpointId: string
  /** How long the old secret signs beside the new one, in milliseconds of the mode's clock; 0 ends it at once. */
  readonly overlapMs: number
  /** The new secret, sealed; see `CreateWebhookEndpoint`. */
  readonly [madeByUs]: { readonly sealedSecret: string }
}

/**
 * Puts a new secret in the place of the old one, which signs too until the overlap ends. Two are valid at once and no
 * more: a rotation during an overlap ends the oldest.
 */
export const rotateWebhookSecret = defineCommand({
  name: 'rotate_webhook_secret',
  facts: (c: RotateWebhookSecret) => ({ endpoint: webhookEndpointFact(c.scope, c.endpointId) }),
  decide({ endpoint }, c, ctx) {
    if (!isThere(endpoint)) return refuseMissingEndpoint()
    const overlaps = c.overlapMs > 0
    const rotated: WebhookEndpoint = {
      ...endpoint,
      sealedSecret: c[madeByUs].sealedSecret,
      previousSealedSecret: overlaps ? endpoint.sealedSecret : null,
      previousSecretUntil: overlaps ? ctx.now + c.overlapMs : null,
      updatedAt: ctx.now,
    }
    return accept(withoutSecrets(rotated), [update(webhookEndpointKind, rotated)])
  },
})
