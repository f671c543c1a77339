import { Webhook } from 'standardwebhooks'
import type { EngineEvent } from '../../engine/index.ts'
import type { RenderedEvent, RenderOptions, SigningInput, WebhookPolicy } from '../dialect.ts'
import { eventBody, hasHouseForm } from './event-object.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/** Renders what happens under the engine's own names: as the feed shows it, or with no more than the object's id. */
export function renderEvent(event: EngineEvent, { payload, objectSequence }: RenderOptions): RenderedEvent | undefined {
  if (!hasHouseForm(event)) return undefined
  const body = eventBody(event, objectSequence, payload)
  return { type: event.type, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
}

/** Signs one try after Standard Webhooks 1.0, with every secret that is valid: signatures stand apart by a space. */
export function sign({
  deliveryId,
  body,
  secret,
  secrets = [secret],
  sentAt,
}: SigningInput): Readonly<Record<string, string>> {
  const seconds = Math.floor(sentAt / 1000)
  const signed = secrets.map((valid) => new Webhook(valid).sign(deliveryId, new Date(seconds * 1000), body))
  return {
    'webhook-id': deliveryId,
    'webhook-timestamp': String(seconds),
    'webhook-signature': signed.join(' '),
  }
}

/** The schedule that Standard Webhooks recommends, over about three days. */
export const webhookPolicy: WebhookPolicy = {
  retryDelaysMs: [
    5_000,
    5 * minuteMs,
    30 * minuteMs,
    2 * hourMs,
    5 * hourMs,
    10 * hourMs,
    14 * hourMs,
    20 * hourMs,
    20 * hourMs,
  ],
  timeoutMs: 15_000,
  acknowledges: (status) => status >= 200 && status < 300,
}
