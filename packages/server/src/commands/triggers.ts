import { setTimeout as sleep } from 'node:timers/promises'
import { newestEventNumber } from './event-feed.ts'
import type { HouseClient } from './house-client.ts'
import type { HouseEvent, HouseFeed } from './house-objects.ts'

/** What a trigger moves. */
export interface TriggerAmount {
  readonly minor: number
  readonly currency: string
  readonly method: string
}

/** What a trigger made, in the order in which it was made. */
export interface TriggeredObject {
  readonly id: string
  readonly object: string
  readonly status: string
  readonly amount: number
  readonly currency: string
}

/** One event that can be brought about. */
export interface Trigger {
  readonly event: string
  readonly what: string
  run(client: HouseClient, amount: TriggerAmount): Promise<readonly TriggeredObject[]>
}

const eventWaitMs = 30_000
const feedWaitSeconds = 5
const feedPage = 100
const lookPauseMs = 100

/** Everything that `paylect trigger` can make happen, through the same API that merchants use. */
export const triggers: readonly Trigger[] = [
  {
    event: 'payment.created',
    what: 'Opens a payment that waits for its payer.',
    run: async (client, amount) => [await createPayment(client, amount)],
  },
  paymentTrigger('payment.succeeded', 'Opens a payment and has it paid in full.', { outcome: 'succeeded' }),
  paymentTrigger(
    'payment.failed',
    'Opens a payment whose only attempt is declined.',
    { outcome: 'declined', code: 'insufficient_funds' },
    { attempts_max: 1 },
  ),
  {
    event: 'payment.cancelled',
    what: 'Opens a payment and cancels it.',
    run: async (client, amount) => {
      const { id } = await createPayment(client, amount)
      return [await client.post<TriggeredObject>(`/payments/${id}/cancel`)]
    },
  },
  paymentTrigger('payment.expired', 'Opens a payment and lets it expire now.', { outcome: 'expired' }),
  paymentTrigger(
    'payment.attempt_declined',
    'Opens a payment; its first attempt is declined, and it can be tried again.',
    {
      outcome: 'declined',
      code: 'do_not_honor',
    },
  ),
  paymentTrigger('payment.partially_paid', 'Opens a payment of which half is paid.', { outcome: 'partial' }),
  refundTrigger('refund.created', 'Pays a payment and begins to refund it.', undefined),
  refundTrigger('refund.succeeded', 'Pays a payment and refunds it.', undefined),
  refundTrigger('refund.failed', 'Pays a payment; its refund is refused.', 'declined:do_not_honor'),
  payoutTrigger('payout.created', 'Earns what it takes and begins a payout.', undefined),
  payoutTrigger('payout.succeeded', 'Earns what it takes and sends a payout.', undefined),
  payoutTrigger('payout.failed', 'Earns what it takes; the payout is refused.', 'declined:invalid_account'),
]

function paymentTrigger(event: string, what: string, outcome: object, given: object = {}): Trigger {
  return {
    event,
    what,
    run: async (client, amount) => {
      const { id } = await createPayment(client, amount, given)
      return [await client.post<TriggeredObject>(`/sandbox/payments/${id}/outcome`, outcome)]
    },
  }
}

function refundTrigger(event: string, what: string, simulate: string | undefined): Trigger {
  return {
    event,
    what,
    run: async (client, amount) => {
      const payment = await pay(client, amount)
      const metadata = simulate === undefined ? {} : { simulate }
      return [payment, await client.post<TriggeredObject>('/refunds', { payment_id: payment.id, metadata })]
    },
  }
}

function payoutTrigger(event: string, what: string, simulate: string | undefined): Trigger {
  return {
    event,
    what,
    run: async (client, amount) => {
      // Twice the amount, so that what is left after any fee is enough.
      const payment = await pay(client, { ...amount, minor: amount.minor * 2 })
      const payout = await client.post<TriggeredObject>('/payouts', {
        amount: amount.minor,
        currency: amount.currency,
        beneficiary: { name: 'A Supplier', account_number: '000111222333', bank_code: 'SIMU0000001' },
        metadata: simulate === undefined ? {} : { simulate },
      })
      return [payment, payout]
    },
  }
}

function createPayment(client: HouseClient, amount: TriggerAmount, given: object = {}): Promise<TriggeredObject> {
  const { minor, currency, method } = amount
  return client.post('/payments', { amount: minor, currency, method, description: 'Made by paylect trigger', ...given })
}

async function pay(client: HouseClient, amount: TriggerAmount): Promise<TriggeredObject> {
  const { id } = await createPayment(client, amount)
  return client.post(`/sandbox/payments/${id}/outcome`, { outcome: 'succeeded' })
}

/** What a trigger brought about. */
export interface Triggered {
  readonly event: HouseEvent
  readonly objects: readonly TriggeredObject[]
}

/**
 * Runs a trigger and waits, half a minute at most, until its event stands in the feed. Throws when it does not come: the
 * gateway's workers do not run, or its clock stands still.
 */
export async function runTrigger(trigger: Trigger, client: HouseClient, amount: TriggerAmount): Promise<Triggered> {
  const after = await newestEventNumber(client)
  const objects = await trigger.run(client, amount)
  const ids = objects.map(({ id }) => id)
  const deadline = performance.now() + eventWaitMs
  for (let cursor = after; performance.now() < deadline; ) {
    const page = await client.get<HouseFeed>('/events', { after: cursor, limit: feedPage, wait: feedWaitSeconds })
    const event = page.data.find(({ type, object_id: objectId }) => type === trigger.event && ids.includes(objectId))
    if (event) return { event, objects: await asTheyAreNow(client, objects) }
    cursor = page.next
    await sleep(lookPauseMs)
  }
  throw new Error(
    `${trigger.event} did not happen within ${eventWaitMs / 1000} seconds. Made so far: ${ids.join(', ')}. "paylect doctor" says what stands still.`,
  )
}

function asTheyAreNow(client: HouseClient, objects: readonly TriggeredObject[]): Promise<TriggeredObject[]> {
  return Promise.all(objects.map(({ id, object }) => client.get<TriggeredObject>(`/${object}s/${id}`)))
}
