/*
 * Holds what callers know against what there is. It only compares: what is compared is gathered elsewhere, so that a test
 * can hand it a record with a fault in it.
 */
import type { AcknowledgedWrite, CallRecord } from './caller.ts'
import type { Finding, FindingKind } from './finding.ts'
import type { FeedEvent, Observation, StoredObject } from './observation.ts'

/** Everything that is wrong; nothing when the gateway is as it should be. */
export function judge(record: CallRecord, seen: Observation): readonly Finding[] {
  return [
    ...findingsOfAcknowledged(record, seen),
    ...findingsOfKeys(record, seen),
    ...seen.stored.flatMap(findingsOfParts),
    ...findingsOfFeeds(seen),
    ...findingsOfDeliveries(record, seen),
    ...Object.entries(seen.open).flatMap(([what, count]) =>
      count > 0 ? [found('unfinished', `${count} ${what} are unfinished although everything due has run`)] : [],
    ),
    ...seen.ledgerFindings.map((message) => found('ledger', message)),
    ...[...record.refusals].map((message) => found('refused', message)),
  ]
}

function found(kind: FindingKind, message: string): Finding {
  return { kind, message }
}

/** Each acknowledged write is there once, in the database and in the lists of the API that acknowledged it. */
function findingsOfAcknowledged({ acknowledged, paid }: CallRecord, { stored, listed }: Observation): Finding[] {
  const storedByKey = Map.groupBy(stored, ({ key }) => key ?? 'none')
  const listedByKey = Map.groupBy(listed, ({ api, id, key }) => `${api} ${key ?? id}`)
  const findings = acknowledged.flatMap((write) => [
    ...findingsOfPlace(write, 'the database', storedByKey.get(write.key) ?? [], write.api === 'paylect'),
    ...findingsOfPlace(
      write,
      `the lists of ${write.api}`,
      listedByKey.get(`${write.api} ${write.api === 'paylect' ? write.key : write.id}`) ?? [],
      true,
    ),
  ])
  const unpaid = stored.filter(({ id, status }) => paid.has(id) && status !== 'succeeded')
  return [...findings, ...unpaid.map(({ id, status }) => found('lost', `${id} was said to be paid and is ${status}`))]
}

function findingsOfPlace(
  { kind, api, id, key }: AcknowledgedWrite,
  place: string,
  there: readonly { readonly id: string }[],
  hasSameIds: boolean,
): Finding[] {
  const name = `the ${kind} ${id}, acknowledged by ${api} under ${key},`
  const [first] = there
  if (!first) return [found('lost', `${name} is not in ${place}`)]
  if (there.length > 1) return [found('doubled', `${name} is ${there.length} times in ${place}`)]
  return hasSameIds && first.id !== id ? [found('lost', `${name} is ${first.id} in ${place}`)] : []
}

/** No key has two objects, none has an object that nobody asked for, and none has a record without its object. */
function findingsOfKeys({ acknowledged, abandoned }: CallRecord, { stored, recordKeys }: Observation): Finding[] {
  const sent = new Set([...abandoned, ...acknowledged.map(({ key }) => key)])
  const keys = Map.groupBy(stored, ({ key }) => key ?? 'none')
  return [
    ...[...keys].flatMap(([key, objects]) => [
      ...(objects.length > 1
        ? [found('doubled', `the key ${key} made ${objects.map(({ id }) => id).join(' and ')}`)]
        : []),
      ...(sent.has(key) ? [] : [found('unasked', `nobody sent ${objects[0]?.id} with the key ${key}`)]),
    ]),
    ...recordKeys.flatMap((key) =>
      keys.has(key) ? [] : [found('half_applied', `the key ${key} has a stored answer and no object`)],
    ),
  ]
}

/** Each object has each of its parts as often as it must. */
function findingsOfParts(object: StoredObject): Finding[] {
  const isPayment = object.kind === 'payment'
  const isSettled = object.status === 'succeeded'
  const expected: readonly (readonly [part: string, count: number, least: number, most: number])[] = [
    ['idempotency records', object.records, 1, 1],
    ['attempts', object.attempts, isPayment ? 0 : 1, isPayment ? Number.POSITIVE_INFINITY : 1],
    ['reservations', object.reservations, isPayment ? 0 : 1, isPayment ? 0 : 1],
    ['settlements', object.settlements, isSettled ? 1 : 0, isSettled ? 1 : 0],
  ]
  return expected.flatMap(([part, count, least, most]) => {
    const text = `the ${object.status} ${object.kind} ${object.id} has ${count} ${part}`
    if (count > most) return [found('doubled', text)]
    return count < least ? [found('half_applied', text)] : []
  })
}

const lastWords = /\.(?:succeeded|failed|cancelled|expired)$/

/** Each feed counts on without gaps, and so do each object's events in it, from its making to its end. */
function findingsOfFeeds({ feeds, stored }: Observation): Finding[] {
  const findings: Finding[] = []
  const created = new Set<string>()
  for (const [merchantId, events] of feeds) {
    const latest = new Map<string, FeedEvent>()
    for (const [index, event] of events.entries()) {
      const before = latest.get(event.object_id)
      const wrong = disorderOf(event, index + 1, before)
      if (wrong) findings.push(found('disordered', `feed of ${merchantId}: ${wrong}`))
      latest.set(event.object_id, event)
      if (event.type.endsWith('.created')) created.add(event.object_id)
    }
    for (const { id, status } of stored.filter((object) => object.merchantId === merchantId)) {
      const last = latest.get(id)?.type ?? 'nothing'
      if (!created.has(id)) findings.push(found('half_applied', `the feed does not tell of the making of ${id}`))
      else if (lastWords.test(`.${status}`) && !last.endsWith(`.${status}`)) {
        findings.push(found('half_applied', `${id} is ${status}, and the feed's last word on it is ${last}`))
      }
    }
  }
  return findings
}

function disorderOf(event: FeedEvent, place: number, before: FeedEvent | undefined): string | undefined {
  const { number, type, object_id: id, object_sequence: sequence, object_revision: revision } = event
  if (number !== place) return `${type} of ${id} has the number ${number} in place ${place}`
  if (sequence !== (before?.object_sequence ?? 0) + 1) {
    return `${type} is the change ${sequence} of ${id}, after ${before?.object_sequence ?? 'none'}`
  }
  if (before === undefined) return type.endsWith('.created') ? undefined : `the first word on ${id} is ${type}`
  if (revision <= before.object_revision) return `${type} of ${id} goes from ${before.object_revision} to ${revision}`
  return lastWords.test(before.type) ? `${type} of ${id} follows ${before.type}` : undefined
}

/** Every event has reached the merchant's endpoint, and every end of a Monetiflow payment its callback. */
function findingsOfDeliveries({ acknowledged }: CallRecord, { stored, feeds, heard }: Observation): Finding[] {
  const findings: Finding[] = []
  if (heard.forged > 0) findings.push(found('forged', `${heard.forged} webhooks came without a right signature`))
  for (const [merchantId, events] of feeds) {
    const missing = events.filter(({ id }) => !heard.events.has(id))
    const [first] = missing
    if (first) {
      findings.push(
        found('undelivered', `${missing.length} events never reached ${merchantId}: ${first.type} ${first.id} first`),
      )
    }
  }
  const words: Readonly<Record<string, string>> = { succeeded: 'payment.success', failed: 'payment.failed' }
  const statuses = new Map(stored.map(({ key, status }) => [key, status]))
  for (const { api, kind, key, id } of acknowledged) {
    const word = words[statuses.get(key) ?? '']
    if (api !== 'monetiflow' || kind !== 'payment' || !word || heard.callbacks.has(`${word} ${id}`)) continue
    findings.push(found('undelivered', `no callback ${word} came of ${id}`))
  }
  return findings
}
