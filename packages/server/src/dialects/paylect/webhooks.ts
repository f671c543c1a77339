import { Webhook } from 'standardwebhooks'
import * as z from 'zod'
import type { EngineEvent } from '../../engine/index.ts'
import type { RenderedEvent, SigningInput, WebhookPolicy } from '../dialect.ts'
import { eventObject, eventShown, hasHouseForm } from './event-object.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/** Renders what happens under the engine's own names, as the feed shows it. */
export function renderEvent(event: EngineEvent): RenderedEvent | undefined {
  if (!hasHouseForm(event)) return undefined
  const body = z.encode(eventObject, eventShown(event))
  return { type: event.type, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
}

/** Signs one try after Standard Webhooks 1.0. */
export function sign({ deliveryId, body, secret, sentAt }: SigningInput): Readonly<Record<string, string>> {
  const seconds = Math.floor(sentAt / 1000)
  return {
    'webhook-id': deliveryId,
    'webhook-timestamp': String(seconds),
    'webhook-signature': new Webhook(secret).sign(deliveryId, new Date(seconds * 1000), body),
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
