import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { reachablePairs, type TransitionTable } from '../kernel/transitions.ts'
import { createDatabase, type Database } from '../platform/database.ts'
import { attemptTransitions } from './attempts/attempt.ts'
import { paymentTransitions } from './payments/payment.ts'
import { payoutTransitions } from './payouts/payout.ts'
import { refundTransitions } from './refunds/refund.ts'
import { deliveryTransitions } from './webhooks/delivery.ts'

const transitions: readonly TransitionTable<string, string>[] = [
  ...[paymentTransitions, attemptTransitions, refundTransitions, payoutTransitions, deliveryTransitions],
]
let testDatabase: TestDatabase
let database: Database

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  database = await createDatabase({ url: testDatabase.url, applicationName: 'paylect-test', onError: () => {} })
})
afterAll(async () => {
  await database.close()
  await testDatabase.drop()
})

test('the database allows exactly the changes of status that the transition tables lead to', async () => {
  const { rows } = await database.pool.query<{ kind: string; condition: string }>(
    `select encode(substring(tgargs from 1 for length(tgargs) - 1), 'escape') as kind, pg_get_triggerdef(oid) as condition
     from pg_trigger where tgfoid = 'refuse_status_move'::regproc`,
  )
  const allowed = rows.flatMap(({ kind, condition }) =>
    [...condition.matchAll(/(\w+)>(\w+)/g)].map(([, from, to]) => `${kind}: ${from} > ${to}`),
  )
  const wanted = transitions.flatMap((table) =>
    reachablePairs(table).map(([from, to]) => `${table.name}: ${from} > ${to}`),
  )
  expect(allowed.sort()).toEqual(wanted.sort())
})

test('every table with a status of that kind holds its rows against it', async () => {
  const { rows } = await database.pool.query<{ kind: string }>(
    `select encode(substring(tgargs from 1 for length(tgargs) - 1), 'escape') as kind from pg_trigger
     where tgfoid = 'refuse_status_move'::regproc and tgenabled = 'O'`,
  )
  expect(rows.map(({ kind }) => kind).sort()).toEqual(transitions.map(({ name }) => name).sort())
})

/** Every state × event, written out: a change of a table must be a change here too. */
const expected = {
  payment: {
    created: { offer: 'awaiting_payer', cancel: 'cancelled', expire: 'expired' },
    awaiting_payer: { attempt: 'processing', cancel: 'cancelled', expire: 'expired' },
    processing: { settle: 'succeeded', retry: 'awaiting_payer', fail: 'failed' },
    succeeded: {},
    failed: {},
    cancelled: {},
    expired: {},
  },
  attempt: {
    pending: { succeeded: 'succeeded', declined: 'declined', pending: 'processing', unknown: 'unknown' },
    processing: { succeeded: 'succeeded', declined: 'declined', pending: 'processing', unknown: 'unknown' },
    unknown: { succeeded: 'succeeded', declined: 'declined', pending: 'processing', unknown: 'unknown' },
    succeeded: {},
    declined: {},
  },
  refund: { pending: { settle: 'succeeded', fail: 'failed' }, succeeded: {}, failed: {} },
  payout: { processing: { settle: 'succeeded', fail: 'failed' }, succeeded: {}, failed: {} },
  delivery: {
    pending: { acknowledge: 'delivered', exhaust: 'exhausted', stop: 'stopped' },
    delivered: { resend: 'pending' },
    exhausted: { resend: 'pending' },
    stopped: { resend: 'pending' },
  },
}

test.each(transitions.map((table) => [table.name, table] as const))(
  'the life of a %s is as written here',
  (name, table) => {
    expect(table.moves).toEqual(expected[name as keyof typeof expected])
  },
)
