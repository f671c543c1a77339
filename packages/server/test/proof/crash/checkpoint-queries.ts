import type pg from 'pg'
import type { OpenWork, StoredObject } from './observation.ts'

/** What sets money aside and what moves it for good, in the ledger's words. */
const reservations = ['refund_reserved', 'payout_reserved']
const settlements = ['payment_captured', 'refund_paid', 'payout_paid']

/** All payments, refunds and payouts of the merchants, with a count of each of their parts. */
export async function readObjects(pool: pg.Pool, merchantIds: readonly string[]): Promise<readonly StoredObject[]> {
  const { rows } = await pool.query<StoredObject>(
    `with objects as (
       select 'payment' as kind, merchant_id, mode, metadata->>'order_ref' as key, id, status from payments
       union all
       select 'refund', merchant_id, mode, metadata->>'order_ref', id, status from refunds
       union all
       select 'payout', merchant_id, mode, metadata->>'order_ref', id, status from payouts
     ), moved as (
       select subject_id as id, count(*) filter (where reason = any($2))::integer as reservations,
         count(*) filter (where reason = any($3))::integer as settlements
       from ledger_transfers where merchant_id = any($1) group by subject_id
     ), tried as (
       select subject_id as id, count(*)::integer as attempts from attempts where merchant_id = any($1) group by subject_id
     ), answered as (
       select key, count(*)::integer as records from idempotency_records where merchant_id = any($1) group by key
     )
     select kind, merchant_id as "merchantId", o.key, o.id, status, coalesce(records, 0) as records,
       coalesce(attempts, 0) as attempts, coalesce(reservations, 0) as reservations,
       coalesce(settlements, 0) as settlements
     from objects o left join moved using (id) left join tried using (id)
       left join answered on answered.key = o.key
     where merchant_id = any($1)`,
    [merchantIds, reservations, settlements],
  )
  return rows
}

/** The keys under which an answer to the making of an object is stored. */
export async function readRecordKeys(pool: pg.Pool, merchantIds: readonly string[]): Promise<readonly string[]> {
  const { rows } = await pool.query<{ key: string }>(
    `select key from idempotency_records
     where merchant_id = any($1) and split_part(operation, ':', 2) in ('create_payment', 'create_refund', 'create_payout')`,
    [merchantIds],
  )
  return rows.map(({ key }) => key)
}

/** What is not finished: attempts whose outcome is open, refunds and payouts under way, webhooks not delivered, jobs. */
export async function readOpenWork(pool: pg.Pool, merchantIds: readonly string[]): Promise<OpenWork> {
  const { rows } = await pool.query<OpenWork>(
    `select
      (select count(*)::integer from attempts
        where merchant_id = any($1) and status not in ('succeeded', 'declined')) as attempts,
      (select count(*)::integer from refunds where merchant_id = any($1) and status = 'pending')
        + (select count(*)::integer from payouts where merchant_id = any($1) and status = 'processing')
        + (select count(*)::integer from payments where merchant_id = any($1) and status = 'processing') as objects,
      (select count(*)::integer from deliveries where merchant_id = any($1) and status <> 'delivered') as deliveries,
      ((select count(*) from graphile_worker.jobs) + (select count(*) from event_outbox))::integer as jobs`,
    [merchantIds],
  )
  const [open] = rows
  if (!open) throw new Error('a count answered nothing')
  return open
}

/** Damage that a plant does, as an operator with full rights and bad luck could: triggers and foreign keys are off. */
const plants = {
  lost: `delete from payments where id = (select id from payments
    where merchant_id = any($1) and status = 'succeeded' order by id desc limit 1)`,
  doubled: `insert into payouts select (jsonb_populate_record(p, jsonb_build_object(
      'id', overlay(p.id placing 'zzzz' from length(p.id) - 3), 'number', p.number + 1000000, 'reference_key', null))).*
    from payouts p where merchant_id = any($1) order by id desc limit 1`,
  'paid-twice': `insert into ledger_transfers select (jsonb_populate_record(t, jsonb_build_object(
      'number', t.number + 1000000))).*
    from ledger_transfers t where merchant_id = any($1) and reason = 'payout_paid' order by number desc limit 1`,
  'half-applied': `delete from attempts where subject_kind = 'refund' and id = (select attempt_id from refunds
    where merchant_id = any($1) order by id desc limit 1)`,
  'missing-event': `delete from events where id = (select id from events
    where merchant_id = any($1) and type = 'payment.succeeded' order by number limit 1)`,
  ledger: `update ledger_transfers set amount_minor = amount_minor + 1
    where (merchant_id, mode, number) = (select merchant_id, mode, max(number) from ledger_transfers
      where merchant_id = any($1) group by merchant_id, mode limit 1)`,
} as const

/** The name of some damage. */
export type DatabasePlant = keyof typeof plants

/** All of them. */
export const databasePlants = Object.keys(plants) as readonly DatabasePlant[]

/** Does the damage. Throws when there was nothing to damage. */
export async function plantInDatabase(
  pool: pg.Pool,
  merchantIds: readonly string[],
  plant: DatabasePlant,
): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('begin; set local session_replication_role = replica')
    const { rowCount } = await client.query(plants[plant], [merchantIds])
    if (rowCount !== 1) throw new Error(`the plant ${plant} changed ${rowCount} rows`)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  } finally {
    client.release()
  }
}
