import { expect, test } from 'vitest'
import { type AcknowledgedWrite, type CallRecord, createCallRecord } from './caller.ts'
import type { FindingKind } from './finding.ts'
import { judge } from './judge.ts'
import type { FeedEvent, Observation, StoredObject } from './observation.ts'

// A record without a fault is passed, and each fault that is written into it is named.

const merchantId = 'mer_1'
const merchant = { id: merchantId, credentials: [], endpointSecret: '' }

function acknowledged(write: Pick<AcknowledgedWrite, 'api' | 'kind' | 'key' | 'id'>): AcknowledgedWrite {
  return { ...write, merchant, path: '/v1/anything', body: {} }
}

const payment: StoredObject = {
  ...{ kind: 'payment', merchantId, key: 'key-1', id: 'pay_1', status: 'succeeded' },
  ...{ records: 1, attempts: 1, reservations: 0, settlements: 1 },
}
const payout: StoredObject = {
  ...{ kind: 'payout', merchantId, key: 'key-2', id: 'po_1', status: 'succeeded' },
  ...{ records: 1, attempts: 1, reservations: 1, settlements: 1 },
}

function event(number: number, type: string, objectId: string, sequence: number): FeedEvent {
  const place = { object_revision: sequence, object_sequence: sequence }
  return { id: `evt_${number}`, number, type, object_id: objectId, ...place }
}

function soundRecord(): CallRecord {
  return {
    ...createCallRecord(),
    acknowledged: [
      acknowledged({ api: 'monetiflow', kind: 'payment', key: 'key-1', id: 'MF1' }),
      acknowledged({ api: 'paylect', kind: 'payout', key: 'key-2', id: 'po_1' }),
    ],
    paid: new Set(['pay_1']),
  }
}

function soundObservation(): Observation {
  const feed = [
    event(1, 'payment.created', 'pay_1', 1),
    event(2, 'payout.created', 'po_1', 1),
    event(3, 'payment.succeeded', 'pay_1', 2),
    event(4, 'payout.succeeded', 'po_1', 2),
  ]
  return {
    stored: [payment, payout],
    recordKeys: ['key-1', 'key-2'],
    listed: [
      { api: 'monetiflow', id: 'MF1', key: null },
      { api: 'paylect', id: 'po_1', key: 'key-2' },
    ],
    feeds: new Map([[merchantId, feed]]),
    heard: { events: new Set(feed.map(({ id }) => id)), callbacks: new Set(['payment.success MF1']), forged: 0 },
    open: { attempts: 0, objects: 0, deliveries: 0, jobs: 0 },
    ledgerFindings: [],
  }
}

test('a gateway that did everything right is passed', () => {
  expect(judge(soundRecord(), soundObservation())).toEqual([])
})

const faults: readonly (readonly [what: string, kind: FindingKind, change: Partial<Observation>])[] = [
  ['an acknowledged payout that the database lost', 'lost', { stored: [payment] }],
  ['an acknowledged payment that its API does not list', 'lost', { listed: soundObservation().listed.slice(1) }],
  ['a payment that was paid and is not', 'lost', { stored: [{ ...payment, status: 'awaiting_payer' }, payout] }],
  ['one key with two payouts', 'doubled', { stored: [payment, payout, { ...payout, id: 'po_2' }] }],
  ['a payout that was sent twice', 'doubled', { stored: [payment, { ...payout, settlements: 2 }] }],
  ['a payout that was tried twice', 'doubled', { stored: [payment, { ...payout, attempts: 2 }] }],
  ['a payout whose money was never set aside', 'half_applied', { stored: [payment, { ...payout, reservations: 0 }] }],
  ['a payout without its stored answer', 'half_applied', { stored: [payment, { ...payout, records: 0 }] }],
  ['a stored answer without its object', 'half_applied', { recordKeys: ['key-1', 'key-2', 'key-3'] }],
  ['a write that nobody sent', 'unasked', { stored: [payment, payout, { ...payout, id: 'po_3', key: 'key-9' }] }],
  ['open work', 'unfinished', { open: { attempts: 0, objects: 0, deliveries: 1, jobs: 0 } }],
  ['a webhook with a wrong signature', 'forged', { heard: { ...soundObservation().heard, forged: 1 } }],
  ['an event that nobody heard', 'undelivered', { heard: { ...soundObservation().heard, events: new Set(['evt_1']) } }],
  ['a callback that never came', 'undelivered', { heard: { ...soundObservation().heard, callbacks: new Set() } }],
  ['a finding of the ledger', 'ledger', { ledgerFindings: ['a balance is not explained'] }],
]

test.each(faults)('%s is found as %s', (_, kind, change) => {
  const kinds = judge(soundRecord(), { ...soundObservation(), ...change }).map((finding) => finding.kind)
  expect(kinds).toContain(kind)
})

function withFeed(feed: readonly FeedEvent[]): Observation {
  return { ...soundObservation(), feeds: new Map([[merchantId, feed]]) }
}

test.each<readonly [what: string, order: readonly number[]]>([
  ['with a gap', [0, 2, 3]],
  ['that tells something twice', [0, 1, 2, 2, 3]],
  ['in another order', [0, 3, 2, 1]],
])('a feed %s is found', (_, order) => {
  const feed = soundObservation().feeds.get(merchantId) ?? []
  const kinds = judge(soundRecord(), withFeed(order.flatMap((index) => feed[index] ?? []))).map(({ kind }) => kind)
  expect(kinds).toContain('disordered')
})

test('a change of an object that comes after its end is found, however well it is numbered', () => {
  const feed = soundObservation().feeds.get(merchantId) ?? []
  const kinds = judge(soundRecord(), withFeed([...feed, event(5, 'payout.failed', 'po_1', 3)])).map(({ kind }) => kind)
  expect(kinds).toContain('disordered')
})

test('an answer that no caller may get is found', () => {
  const record = soundRecord()
  record.refusals.add('/v1/payments answered 500')
  expect(judge(record, soundObservation())).toEqual([{ kind: 'refused', message: '/v1/payments answered 500' }])
})

test('a write that its caller gave up may be there once or not at all', () => {
  const record: CallRecord = { ...soundRecord(), abandoned: new Set(['key-3', 'key-4']) }
  const seen = soundObservation()
  const third = { ...payout, id: 'po_3', key: 'key-3' }
  const feed = [
    ...(seen.feeds.get(merchantId) ?? []),
    event(5, 'payout.created', 'po_3', 1),
    event(6, 'payout.succeeded', 'po_3', 2),
  ]
  const heard = { ...seen.heard, events: new Set(feed.map(({ id }) => id)) }
  const stored = [...seen.stored, third]
  const once = { ...withFeed(feed), heard, stored, recordKeys: [...seen.recordKeys, 'key-3'] }
  expect(judge(record, once)).toEqual([])
  expect(judge(record, { ...once, stored: [...stored, { ...third, id: 'po_4' }] }).map(({ kind }) => kind)).toContain(
    'doubled',
  )
})
