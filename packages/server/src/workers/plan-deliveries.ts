import type { Dialect } from '../dialects/dialect.ts'
import { type CreateDelivery, type EngineEvent, endpointTestEventType, type WebhookEndpoint } from '../engine/index.ts'

/** One place that an event goes to, and in whose words. */
export interface DeliveryTarget {
  readonly endpoint: WebhookEndpoint
  /** `endpoint:<id>`, or `object` for the address that the object brought. */
  readonly target: string
  readonly url: string
  readonly lane: string
}

/**
 * Where an event goes. A test goes to the endpoint that it is about and to no other. Of anything else, every endpoint with an address hears, if it wants this type. An object that brought
 * its own address takes the place of its dialect's standing addresses; the dialect's oldest endpoint lends the secret,
 * whether it has an address or not.
 */
export function targetsOf(event: EngineEvent, endpoints: readonly WebhookEndpoint[]): readonly DeliveryTarget[] {
  if (event.type === endpointTestEventType) {
    return endpoints.filter(({ id }) => id === event.objectId).flatMap(standingTarget)
  }
  const { dialect, notifyUrl } = objectOf(event)
  const standing = endpoints.flatMap((endpoint): readonly DeliveryTarget[] => {
    if (!wants(endpoint, event)) return []
    return notifyUrl !== null && endpoint.dialect === dialect ? [] : standingTarget(endpoint)
  })
  const signer = notifyUrl === null ? undefined : endpoints.find((endpoint) => endpoint.dialect === dialect)
  if (!signer || notifyUrl === null) return standing
  return [{ endpoint: signer, target: 'object', url: notifyUrl, lane: originOf(notifyUrl) }, ...standing]
}

function standingTarget(endpoint: WebhookEndpoint): readonly DeliveryTarget[] {
  const { id, url } = endpoint
  return url === null ? [] : [{ endpoint, target: `endpoint:${id}`, url, lane: id }]
}

/** Whether the object brought an address that nobody can sign for: its merchant has no endpoint of its dialect. */
export function lacksSigner(event: EngineEvent, endpoints: readonly WebhookEndpoint[]): boolean {
  const { dialect, notifyUrl } = objectOf(event)
  return notifyUrl !== null && !endpoints.some((endpoint) => endpoint.dialect === dialect)
}

/** The event in the words of the target's dialect, ready to be stored; `undefined` when the dialect has no word for it. */
export function renderDelivery(
  event: EngineEvent,
  { endpoint, target, url, lane }: DeliveryTarget,
  dialects: ReadonlyMap<string, Dialect>,
  objectSequence: number,
): CreateDelivery | undefined {
  const dialect = dialects.get(endpoint.dialect)
  if (!dialect) throw new Error(`no dialect named ${endpoint.dialect} is installed`)
  const { payload, apiVersion } = endpoint
  const rendered = dialect.renderEvent(event, { payload, apiVersion, objectSequence })
  if (!rendered) return undefined
  const { merchantId, mode } = event
  return {
    scope: { merchantId, mode },
    event: { id: event.id, number: event.number, type: event.type, objectId: event.objectId },
    endpointId: endpoint.id,
    target,
    url,
    lane,
    dialect: endpoint.dialect,
    body: rendered.body,
    headers: rendered.headers,
  }
}

function wants({ eventTypes }: WebhookEndpoint, { type }: EngineEvent): boolean {
  return eventTypes === null || eventTypes.includes(type)
}

/** Every object that events are about carries its dialect; its own address is optional. */
function objectOf(event: EngineEvent): { dialect: string | null; notifyUrl: string | null } {
  const { dialect, notifyUrl } = event.data as { readonly dialect?: unknown; readonly notifyUrl?: unknown }
  return {
    dialect: typeof dialect === 'string' ? dialect : null,
    notifyUrl: typeof notifyUrl === 'string' && notifyUrl !== '' ? notifyUrl : null,
  }
}

/** Addresses of one receiver share a lane. What is no URL gets a lane of its own; the sender refuses it. */
function originOf(url: string): string {
  return URL.parse(url)?.origin ?? url
}
