import { attemptKind, isSettled } from '../engine/attempts/attempt.ts'
import { type EngineEvent, eventKind } from '../engine/commit/event.ts'
import { accountKind, journalKind, transferKind } from '../engine/commit/ledger-kinds.ts'
import { payoutKind } from '../engine/payouts/payout.ts'
import { refundKind } from '../engine/refunds/refund.ts'
import { type Delivery, deliveryKind } from '../engine/webhooks/delivery.ts'
import { type WebhookEndpoint, webhookEndpointKind } from '../engine/webhooks/webhook-endpoint.ts'
import { createChainFold } from '../ledger/chain-fold.ts'
import type { Installation } from './installation.ts'
import type { Merchants } from './merchants.ts'
import { type Receivers, temperOf } from './receivers.ts'

/** What must be true once nothing is under way any more, beside everything that must always be true. */
export async function faultsAtRest(
  installation: Installation,
  merchants: Merchants,
  receivers: Receivers,
): Promise<string[]> {
  const { shared } = installation.ground
  return [
    ...shared.rows(attemptKind).flatMap((row) => (isSettled(row) ? [] : [`${row.id}: still ${row.status} at rest`])),
    ...shared.rows(refundKind).flatMap((row) => (row.status === 'pending' ? [`${row.id}: still pending at rest`] : [])),
    ...shared.rows(payoutKind).flatMap((row) => (row.status === 'processing' ? [`${row.id}: still processing`] : [])),
    ...shared.rows(deliveryKind).flatMap((row) => (row.status === 'pending' ? [`${row.id}: still pending`] : [])),
    ...merchants.requests.flatMap((request) =>
      request.acknowledged === undefined && !request.refused ? [`${request.key}: never answered`] : [],
    ),
    ...webhookFaults(installation, receivers),
    ...chainFaults(installation),
    ...railFaults(installation),
    ...(await installation.ground.prove(installation.scopes)),
  ]
}

/** Every event reached every receiver that heard of events all the time, whatever else failed, paused or flapped. */
function webhookFaults({ ground, scopes }: Installation, receivers: Receivers): string[] {
  const { shared } = ground
  const endpoints = Map.groupBy(shared.rows(webhookEndpointKind), ({ merchantId }) => merchantId)
  const deliveries = new Map(shared.rows(deliveryKind).map((row) => [`${row.endpointId} ${row.eventId}`, row]))
  const events = Map.groupBy(shared.rows(eventKind), ({ merchantId }) => merchantId)
  const faults: string[] = [...receivers.complaints]
  for (const { merchantId } of scopes) {
    for (const endpoint of endpoints.get(merchantId) ?? []) {
      if (endpoint.status !== 'enabled') continue
      for (const event of events.get(merchantId) ?? []) {
        const delivery = deliveries.get(`${endpoint.id} ${event.id}`)
        const fault = faultOfDelivery(event, endpoint, delivery, receivers)
        if (fault) faults.push(fault)
      }
      if (temperOf(endpoint.url) === 'healthy') {
        faults.push(...gapsHeard(events.get(merchantId) ?? [], endpoint, receivers))
      }
    }
  }
  return faults
}

function faultOfDelivery(
  event: EngineEvent,
  endpoint: WebhookEndpoint,
  delivery: Delivery | undefined,
  { heard }: Receivers,
): string | undefined {
  const wasHeard = (heard.get(`${endpoint.url} ${event.id}`) ?? 0) > 0
  if (!delivery) return `event ${event.number} (${event.type}) never went to ${endpoint.id}`
  if (delivery.status === 'delivered' && !wasHeard) return `${delivery.id}: delivered, and nobody heard it`
  if (temperOf(endpoint.url) === 'healthy' && !wasHeard) return `${delivery.id}: a healthy receiver never heard it`
  return undefined
}

/** A receiver can put the events of an object in order: their sequence numbers are 1, 2, 3 … without a gap. */
function gapsHeard(events: readonly EngineEvent[], { url }: WebhookEndpoint, { sequences }: Receivers): string[] {
  return [...Map.groupBy(events, ({ objectId }) => objectId)].flatMap(([objectId, about]) => {
    const seen = [...(sequences.get(`${url} ${objectId}`) ?? [])].sort((a, b) => a - b)
    const isWhole = seen.length === about.length && seen.every((sequence, index) => sequence === index + 1)
    return isWhole ? [] : [`${objectId}: ${about.length} events, heard as ${seen.join(', ')}`]
  })
}

function chainFaults({ ground: { shared } }: Installation): string[] {
  const faults: string[] = []
  for (const journal of shared.rows(journalKind)) {
    const isOwn = (row: { readonly merchantId: string }) => row.merchantId === journal.merchantId
    const fold = createChainFold(({ message }) => faults.push(message))
    const transfers = shared.rows(transferKind).filter(isOwn)
    for (const transfer of transfers.sort((a, b) => Number(a.number - b.number)))
      fold.take({ ...transfer, isWholeMilliseconds: true })
    fold.finish(shared.rows(accountKind).filter(isOwn), journal)
  }
  return faults
}

/** The rail's own sum of what it moved, against our account of it. */
function railFaults({ ground: { shared }, rail }: Installation): string[] {
  const moved = new Map<string, bigint>()
  for (const { attempt, verdict, movedMinor } of rail.truths.values()) {
    const { currency } = attempt.amount
    const signed = attempt.operation === 'collect' ? movedMinor : -movedMinor
    if (verdict === 'moved') moved.set(currency, (moved.get(currency) ?? 0n) + signed)
  }
  const booked = new Map<string, bigint>()
  for (const { code, currency, debitsPosted, creditsPosted } of shared.rows(accountKind)) {
    if (!code.startsWith('clearing:')) continue
    booked.set(currency, (booked.get(currency) ?? 0n) + debitsPosted - creditsPosted)
  }
  return [...new Set([...moved.keys(), ...booked.keys()])].flatMap((currency) => {
    const [ours, theirs] = [booked.get(currency) ?? 0n, moved.get(currency) ?? 0n]
    return ours === theirs ? [] : [`${currency}: our books say the rail holds ${ours}, the rail says ${theirs}`]
  })
}
