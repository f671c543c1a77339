import type { Engine } from '../engine/create-engine.ts'
import { type HttpClient, OutboundError } from '../platform/http-client.ts'
import type { GatewayProcess, Installation } from './installation.ts'

/**
 * How a merchant's receiver behaves: `healthy` always answers yes; `flaky` refuses, hangs or answers into the void at
 * random; `flapping` is up for a while of simulated time and then down for as long.
 */
export const receiverTempers = ['healthy', 'flaky', 'flapping'] as const

/** One of the ways in which a receiver behaves. */
export type ReceiverTemper = (typeof receiverTempers)[number]

/** Every merchant's receivers. */
export interface Receivers {
  /** The network from one process to all receivers. */
  httpOf(gateway: Pick<GatewayProcess, 'process'>): Pick<HttpClient, 'post'>
  /** How often a receiver has seen an event: `url event` → times. */
  readonly heard: ReadonlyMap<string, number>
  /** What a receiver saw that must not be. */
  readonly complaints: string[]
  /** The object sequence numbers that a healthy receiver has seen: `url object` → numbers. */
  readonly sequences: ReadonlyMap<string, ReadonlySet<number>>
  /** Receivers stop failing. */
  calm(): void
}

const flapMs = 1_800_000
const durationMs = 5

interface HeardBody {
  readonly id: string
  readonly object_id: string
  readonly object_sequence: number
}

interface Hall {
  readonly heard: Map<string, number>
  readonly sequences: Map<string, Set<number>>
  /** Delivery id → the bytes of its first try. */
  readonly bytes: Map<string, string>
  readonly complaints: string[]
}

/** The address of a receiver of that temper. */
export function receiverUrl(merchantId: string, temper: ReceiverTemper): string {
  return `https://${merchantId.replace('_', '-')}.example/${temper}`
}

/** How the receiver at an address behaves. */
export function temperOf(url: string | null): ReceiverTemper | undefined {
  return receiverTempers.find((temper) => url?.endsWith(`/${temper}`))
}

/** Creates the receivers of a run. */
export function createReceivers({ chance, clock, scheduler }: Installation): Receivers {
  const hall: Hall = { heard: new Map(), sequences: new Map(), bytes: new Map(), complaints: [] }
  let isCalm = false
  const isDown = (temper: ReceiverTemper | undefined) =>
    temper === 'flapping' ? Math.floor(clock.now() / flapMs) % 2 === 1 : temper === 'flaky' && chance.oneIn(3)
  const reply = (status: number, headers = {}) => ({ status, headers, bodyExcerpt: '', durationMs })
  return {
    heard: hall.heard,
    sequences: hall.sequences,
    complaints: hall.complaints,
    calm: () => {
      isCalm = true
    },
    httpOf: ({ process }) => ({
      post: async ({ url, headers, body }) => {
        const deliveryId = headers['webhook-id'] ?? ''
        await scheduler.pause(process, `post ${deliveryId}`)
        const temper = temperOf(url)
        if (!isCalm && isDown(temper)) {
          const fault = chance.pick(['hangs', 'refuses', 'is busy'] as const)
          scheduler.note(`the receiver of ${deliveryId} ${fault}`)
          await scheduler.pause(process, `${deliveryId} was not taken`)
          if (fault === 'hangs') throw new OutboundError('timeout', 'the receiver did not answer in time')
          return fault === 'refuses' ? reply(500) : reply(503, { 'retry-after': '60' })
        }
        hear(hall, url, deliveryId, String(body))
        await scheduler.pause(process, `posted ${deliveryId}`)
        if (!isCalm && temper === 'flaky' && chance.oneIn(8)) {
          throw new OutboundError('connection', 'the connection broke before the answer')
        }
        return reply(200)
      },
    }),
  }
}

function hear({ heard, sequences, bytes, complaints }: Hall, url: string, deliveryId: string, body: string): void {
  const before = bytes.get(deliveryId)
  if (deliveryId === '') complaints.push(`${url} got a webhook without an id`)
  if (before !== undefined && before !== body) complaints.push(`${deliveryId}: its bytes changed between two tries`)
  bytes.set(deliveryId, body)
  const { id, object_id: objectId, object_sequence: sequence } = JSON.parse(body) as HeardBody
  const key = `${url} ${id}`
  heard.set(key, (heard.get(key) ?? 0) + 1)
  const seen = sequences.get(`${url} ${objectId}`) ?? new Set()
  sequences.set(`${url} ${objectId}`, seen.add(sequence))
}

/** A merchant pauses an endpoint or lets it go on: no event may be lost by it. */
export async function switchEndpoint(
  installation: Pick<Installation, 'chance' | 'scheduler'>,
  { process, engine }: GatewayProcess,
  endpoint: { readonly merchantId: string; readonly mode: 'live' | 'sandbox'; readonly id: string },
  to: 'paused' | 'enabled',
): Promise<void> {
  const { merchantId, mode, id } = endpoint
  const verb: Engine['webhooks']['pauseEndpoint'] =
    to === 'paused' ? engine.webhooks.pauseEndpoint : engine.webhooks.resumeEndpoint
  installation.scheduler.note(`${process.name} makes ${id} ${to}`)
  await verb({ merchantId, mode }, id)
}
