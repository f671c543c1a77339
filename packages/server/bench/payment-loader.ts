import { base32FromBytes } from '../src/kernel/ids.ts'
import { chainStart } from '../src/ledger/transfer.ts'
import { type BenchMerchant, provisionMerchants, withBenchEngine } from './bench-engine.ts'
import { say } from './bench-run.ts'
import type { DatabaseStage } from './database-stage.ts'

const merchantsCount = 16
/** Lists in Monetiflow are called with each key 1,000 times a minute at most. */
const keysEach = 64
const rowsPerStatement = 50_000
const rowsPerReport = 500_000
/** So many payments has each customer, spread over the whole time. */
const paymentsPerCustomer = 50
const firstMadeMs = Date.parse('2025-01-01T00:00:00Z')
const idBytes = 16
const timeBytes = 6
const loadTimeoutMs = 3_600_000

/** When payment number n was made, in milliseconds of the epoch: a second after the one before. */
export function loadedAtMs(number: number): number {
  return firstMadeMs + number * 1000
}

/** The id of payment number n: the time and the number, as ids have time and chance. */
export function loadedId(number: number): string {
  const bytes = Buffer.alloc(idBytes)
  bytes.writeUIntBE(loadedAtMs(number), 0, timeBytes)
  bytes.writeUIntBE(number, idBytes - timeBytes, timeBytes)
  return `pay_${base32FromBytes(bytes)}`
}

/** How many customers each of `merchants` has among `rows` payments. */
export function customersOf(rows: number, merchants: number): number {
  return Math.max(1, Math.floor(rows / merchants / paymentsPerCustomer))
}

/**
 * Grows the stage from `loaded` payments to `rows`, by inserts inside the server. Payment number n is the one of merchant
 * n modulo their count, a second younger than the one before, with the reference `order-n`. They were never paid (cancelled
 * or expired), so rows and an empty ledger agree, and every constraint of the table is checked; each merchant's journal goes
 * on behind them. The customers of each merchant, `customer-0` and on, have them in turn: as many as `rowsAtEnd` payments need. Throws after an hour.
 */
export async function loadPayments(
  { pool }: Pick<DatabaseStage, 'pool'>,
  merchants: readonly BenchMerchant[],
  loaded: number,
  rows: number,
  rowsAtEnd = rows,
): Promise<void> {
  const ids = merchants.map(({ scope }) => scope.merchantId)
  const customers = customersOf(rowsAtEnd, merchants.length)
  const deadline = performance.now() + loadTimeoutMs
  await pool.query(
    `insert into customers (merchant_id, mode, id, reference, email, created_at, updated_at, revision)
     select merchant, 'sandbox', 'cus_' || lpad(k::text, 26, '0'), 'customer-' || k, k || '@example.com', now(), now(), 0
     from unnest($1::text[]) merchant, generate_series(0, $2::integer - 1) k on conflict do nothing`,
    [ids, customers],
  )
  for (let from = loaded; from < rows; from += rowsPerStatement) {
    if (performance.now() > deadline) throw new Error(`only ${from} payments of ${rows} were loaded in an hour`)
    const to = Math.min(from + rowsPerStatement, rows)
    const paymentIds = Array.from({ length: to - from }, (_, index) => loadedId(from + index + 1))
    await pool.query(
      `insert into payments (merchant_id, mode, id, number, dialect, status, amount_minor, currency, method, rail, reference,
         reference_key, customer_id, customer_reference, description, metadata, fee_terms, received_minor, captured_minor,
         suspense_minor, fee_minor, refund_reserved_minor, refunded_minor, fee_returned_minor, attempts_max, attempts_made,
         expires_at, due_at, created_at, updated_at, finished_at, revision)
       select ($1::text[])[1 + n % cardinality($1::text[])], 'sandbox', id, n, 'paylect',
         case when n / cardinality($1::text[]) % 5 < 3 then 'cancelled' else 'expired' end, 10000 + n % 90000, 'INR', 'upi',
         'simulator', 'order-' || n, 'order-' || n, 'cus_' || lpad(customer::text, 26, '0'), 'customer-' || customer,
         'A pair of shoes', '{"order":"4711"}',
         '{"basisPoints":200,"fixedMinor":{"$bigint":"0"},"planVersion":1,"refundPolicy":"returned"}',
         0, 0, 0, 0, 0, 0, 0, 3, 0, made, null, made, made, made, 1
       from unnest($2::text[]) with ordinality given (id, position),
         lateral (select $3::bigint + position as n) numbered,
         lateral (select timestamptz 'epoch' + ($5::bigint + n * 1000) * interval '1 millisecond' as made,
           n / cardinality($1::text[]) % $4::integer as customer) payment`,
      [ids, paymentIds, from, customers, firstMadeMs],
    )
    if (to % rowsPerReport === 0 || to === rows) say(`loaded ${to} payments of ${rows}`)
  }
  await pool.query(
    `insert into journals (merchant_id, mode, object_number, event_number, transfer_number, chain_hash, revision)
     select unnest($1::text[]), 'sandbox', $2, 0, 0, $3, 0
     on conflict (merchant_id, mode) do update set object_number = excluded.object_number`,
    [ids, rows, chainStart],
  )
  await pool.query('vacuum analyze payments')
  await pool.query('vacuum analyze customers')
  await assertLoaded(pool, ids, rows)
}

async function assertLoaded(pool: DatabaseStage['pool'], merchantIds: readonly string[], rows: number): Promise<void> {
  const text = 'select count(*) from payments where merchant_id = any($1)'
  const { rows: counted } = await pool.query<{ count: string }>(text, [merchantIds])
  if (Number(counted[0]?.count) !== rows)
    throw new Error(`${counted[0]?.count} payments stand where ${rows} were loaded`)
}

/** The merchants of the lists. */
export function provisionListMerchants({ url }: DatabaseStage): Promise<BenchMerchant[]> {
  return withBenchEngine(url, 1, ({ engine }) => provisionMerchants(engine, 'list', merchantsCount, keysEach))
}
