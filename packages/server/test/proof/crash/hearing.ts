import { createHmac } from 'node:crypto'
import type { ReceivedWebhook } from '../../support/webhook-receiver.ts'
import type { CrashMerchant } from './caller.ts'
import type { Hearing } from './observation.ts'

/** Listens to a receiver on behalf of all merchants. */
export interface Listener {
  /** Looks at what has come since the last look, and answers what was heard so far. */
  listen(): Hearing
}

/**
 * Makes a listener that checks each signature as a merchant does, from the published rules and not with our code. A house
 * webhook must be signed with the secret of the merchant whose address it came to; all addresses are one receiver, so
 * a signature by any of the merchants counts.
 */
export function createListener(received: readonly ReceivedWebhook[], merchants: readonly CrashMerchant[]): Listener {
  const events = new Set<string>()
  const callbacks = new Set<string>()
  let forged = 0
  let seen = 0
  const take = (webhook: ReceivedWebhook) => {
    const isCallback = webhook.headers['x-monetiflow-event'] !== undefined
    const isRight = merchants.some((merchant) => {
      return isCallback ? isSignedAsCallback(webhook, merchant) : isSignedAsEvent(webhook, merchant)
    })
    if (!isRight) forged += 1
    else if (isCallback) callbacks.add(`${webhook.event} ${String(webhook.data['id'])}`)
    else events.add(String((JSON.parse(webhook.body) as { id?: unknown }).id))
  }
  return {
    listen: () => {
      for (; seen < received.length; seen += 1) {
        const webhook = received[seen]
        if (webhook) take(webhook)
      }
      return { events, callbacks, forged }
    },
  }
}

/** Standard Webhooks 1.0: HMAC-SHA256 of id, time and body with what the secret's base64 part holds. */
function isSignedAsEvent({ headers, body }: ReceivedWebhook, { endpointSecret }: CrashMerchant): boolean {
  const key = Buffer.from(endpointSecret.replace(/^whsec_/, ''), 'base64')
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  return headers['webhook-signature'] === `v1,${createHmac('sha256', key).update(signed).digest('base64')}`
}

/** Monetiflow: HMAC-SHA256 in hex of time and body with the whole secret. */
function isSignedAsCallback({ headers, body }: ReceivedWebhook, { credentials }: CrashMerchant): boolean {
  const secret = credentials.find(({ dialect }) => dialect === 'monetiflow')?.webhook_secret ?? ''
  const [, seconds, signature] = /^t=(\d+),v1=([0-9a-f]+)$/.exec(String(headers['x-monetiflow-signature'])) ?? []
  return signature === createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')
}
