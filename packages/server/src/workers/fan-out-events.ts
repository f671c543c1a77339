import { z } from 'zod'
import type { Dialect } from '../dialects/dialect.ts'
import {
  type CreateDelivery,
  type Engine,
  type EngineEvent,
  eventFact,
  type Store,
  type WebhookEndpoint,
} from '../engine/index.ts'
import { modes, type Scope } from '../kernel/scope.ts'
import type { Log } from '../platform/log.ts'
import { lacksSigner, renderDelivery, targetsOf } from './plan-deliveries.ts'

/** What the fan-out needs. */
export interface FanOut {
  readonly engine: Pick<Engine, 'webhooks'> & { readonly events: Pick<Engine['events'], 'objectSequences'> }
  readonly store: Pick<Store, 'read'>
  readonly dialects: ReadonlyMap<string, Dialect>
  readonly log: Log
}

const addressesSchema = z.array(z.tuple([z.string(), z.enum(modes), z.string().regex(/^[0-9]{1,19}$/)]))

/** Deliveries handed to the committer at once; it groups them by itself, and its queue is shared with the API. */
const deliveriesAtOnceMax = 256

/**
 * Turns events from the outbox into deliveries: one read for the endpoints, one for the events of merchants
 * who have some, one for the events' places among those of their objects, and each event rendered once for each place it
 * goes to. What cannot be rendered or stored is logged and holds up nothing else; the batch then fails as a whole and is
 * done again, which makes no delivery twice.
 */
export function createFanOut(fanOut: FanOut): (events: readonly unknown[]) => Promise<void> {
  return async (given) => {
    const addresses = addressesSchema.parse(given).map(([merchantId, mode, number]) => ({
      scope: { merchantId, mode },
      number: BigInt(number),
    }))
    const endpoints = await endpointsByScope(fanOut, addresses)
    // A merchant without endpoints costs neither a read of its events nor a count.
    const heard = addresses.filter(({ scope }) => endpoints.has(scopeText(scope)))
    if (heard.length === 0) return
    const found = await fanOut.store.read(heard.map(({ scope, number }) => eventFact(scope, number)))
    const events = (found as readonly (EngineEvent | undefined)[]).filter((event) => event !== undefined)
    const sequences = await fanOut.engine.events.objectSequences(events)
    const planned = events.flatMap((event, index) =>
      planEvent(fanOut, event, endpoints.get(scopeText(event)) ?? [], sequences[index] ?? 1),
    )
    const failed = heard.length - events.length + (await storeAll(fanOut, planned))
    if (failed > 0) throw new Error(`${failed} of the deliveries of ${heard.length} events could not be made`)
  }
}

async function endpointsByScope(
  { engine }: FanOut,
  addresses: readonly { readonly scope: Scope }[],
): Promise<ReadonlyMap<string, readonly WebhookEndpoint[]>> {
  const scopes = new Map(addresses.map(({ scope }) => [scopeText(scope), scope]))
  const endpoints = await engine.webhooks.listeningEndpoints([...scopes.values()])
  return Map.groupBy(endpoints, scopeText)
}

/** A delivery to be stored, or `undefined` for one that could not be rendered: it counts as failed. */
type Planned = CreateDelivery | undefined

function planEvent(
  { dialects, log }: FanOut,
  event: EngineEvent,
  endpoints: readonly WebhookEndpoint[],
  objectSequence: number,
): Planned[] {
  const { merchantId, mode, id } = event
  if (lacksSigner(event, endpoints)) {
    log.warn(
      { merchantId, mode, eventId: id },
      'an object brought an address, but its dialect has no endpoint to sign for it',
    )
  }
  return targetsOf(event, endpoints).flatMap((target): Planned[] => {
    try {
      const delivery = renderDelivery(event, target, dialects, objectSequence)
      return delivery ? [delivery] : []
    } catch (error) {
      log.error({ err: error, merchantId, mode, eventId: id, target: target.target }, 'an event cannot be rendered')
      return [undefined]
    }
  })
}

/** Stores what was planned and answers how many failed, those that could not be planned included. */
async function storeAll({ engine, log }: FanOut, planned: readonly Planned[]): Promise<number> {
  const deliveries = planned.filter((delivery) => delivery !== undefined)
  let failed = planned.length - deliveries.length
  for (let start = 0; start < deliveries.length; start += deliveriesAtOnceMax) {
    const slice = deliveries.slice(start, start + deliveriesAtOnceMax)
    const settled = await Promise.allSettled(slice.map((delivery) => engine.webhooks.deliver(delivery)))
    settled.forEach((outcome, index) => {
      if (outcome.status === 'fulfilled') return
      failed += 1
      log.warn({ err: outcome.reason, eventId: slice[index]?.event.id }, 'a delivery could not be stored')
    })
  }
  return failed
}

function scopeText({ merchantId, mode }: Scope): string {
  return `${mode} ${merchantId}`
}
