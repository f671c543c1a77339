import { createHmac } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import * as z from 'zod'
import type { EngineEvent, Payment, Payout, Refund } from '../../engine/index.ts'
import type { RenderedEvent, SigningInput, WebhookPolicy } from '../dialect.ts'
import { idOf } from './ids.ts'
import { inferred } from './inferred.ts'
import { paymentObject, paymentShown, payoutObject, payoutShown, refundObject, refundShown } from './objects.ts'

/** The document's names for what happens; an event that is not here is not told. */
const eventNames: Readonly<Record<string, string>> = {
  'payment.succeeded': 'payment.success',
  'payment.failed': 'payment.failed',
  'payment.expired': inferred.expiredIsFailedEvent.choice,
  'payment.cancelled': inferred.expiredIsFailedEvent.choice,
  'refund.succeeded': 'refund.success',
  'refund.failed': 'refund.failed',
  'payout.succeeded': 'payout.success',
  'payout.failed': 'payout.failed',
}

/** The envelope: `event` and `data` are the document's, the rest is ours. */
const envelope = z.object({
  id: z.string(),
  event: z.string(),
  created: z.int(),
  livemode: z.boolean(),
  data: z.union([paymentObject, refundObject, payoutObject]),
})

/**
 * Renders an event as the document's `{ event, data }` with an id, a time and the mode beside it. `data` is the object as
 * the API answers with it, but for `payment_url`, which nobody needs once a payment has ended.
 */
export function renderEvent(event: EngineEvent): RenderedEvent | undefined {
  const type = eventNames[event.type]
  if (type === undefined) return undefined
  const body = z.encode(envelope, {
    id: idOf('event', event, event.number),
    event: type,
    created: Math.floor(event.createdAt / 1000),
    livemode: event.mode === 'live',
    data: dataOf(event),
  })
  return {
    type,
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', 'x-monetiflow-event': type },
  }
}

function dataOf({ objectKind, data }: EngineEvent): z.output<typeof envelope>['data'] {
  if (objectKind === 'payment') return paymentShown(data as Payment)
  return objectKind === 'refund' ? refundShown(data as Refund) : payoutShown(data as Payout)
}

/**
 * Signs one try twice: the dialect's own header, whose key is the UTF-8 text of the whole secret (`whsec_` included), and
 * the headers of Standard Webhooks, whose key is what the secret's base64 part holds.
 */
export function sign({ deliveryId, body, secret, sentAt }: SigningInput): Readonly<Record<string, string>> {
  const seconds = Math.floor(sentAt / 1000)
  const digest = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')
  return {
    'x-monetiflow-signature': `t=${seconds},v1=${digest}`,
    'webhook-id': deliveryId,
    'webhook-timestamp': String(seconds),
    'webhook-signature': new Webhook(secret).sign(deliveryId, new Date(seconds * 1000), body),
  }
}

/** How deliveries are tried. */
export const webhookPolicy: WebhookPolicy = {
  retryDelaysMs: inferred.webhookRetryDelaysMs.choice,
  timeoutMs: inferred.webhookTimeoutMs.choice,
  acknowledges: (status) => status >= 200 && status < 300,
}
