import type pg from 'pg'
import type { Mode } from '../kernel/scope.ts'
import type { Account } from './account.ts'
import type { Transfer } from './transfer.ts'

/** One connection that reads; every value arrives as `platform/database-types.ts` says. */
export type LedgerReader = Pick<pg.ClientBase, 'query'>

/** A place in the order of all transfers: merchant, mode, number. */
export interface TransferCursor {
  readonly merchantId: string
  readonly mode: string
  readonly number: bigint
}

/** The cursor before the first transfer. */
export const firstCursor: TransferCursor = { merchantId: '', mode: '', number: 0n }

/** A transfer as it is stored, with what its type cannot hold. */
export interface StoredTransfer extends Transfer {
  /** False when somebody wrote microseconds, which the ledger never does. */
  readonly isWholeMilliseconds: boolean
}

/**
 * The next `limit` transfers behind a cursor, in the order of the chains. `merchantId` `null` means every merchant. The
 * primary key answers it, so a page costs the same at the end of the table as at its beginning.
 */
export async function readTransferPage(
  reader: LedgerReader,
  merchantId: string | null,
  after: TransferCursor,
  limit: number,
): Promise<StoredTransfer[]> {
  // crosses merchants: the proof reads every merchant of the shard, unless one is named.
  const text = `select merchant_id, mode, number, type, debit_code, credit_code, currency, amount_minor, reason,
      subject_kind, subject_id, reservation, resolves, debit_posted_after, debit_pending_after, credit_posted_after,
      credit_pending_after, created_at, hash, created_at = date_trunc('milliseconds', created_at)
    from ledger_transfers
    where (merchant_id, mode, number) > ($1, $2, $3::bigint) ${merchantId === null ? '' : 'and merchant_id = $5'}
    order by merchant_id, mode, number limit $4`
  const values = [after.merchantId, after.mode, after.number, limit, ...(merchantId === null ? [] : [merchantId])]
  const name = merchantId === null ? 'verify_page' : 'verify_merchant_page'
  const { rows } = await reader.query({ name, text, values, rowMode: 'array' })
  return (rows as unknown[][]).map(transferOf)
}

function transferOf(row: unknown[]): StoredTransfer {
  const [merchantId, mode, number, type, debitCode, creditCode, currency, amountMinor, reason, subjectKind] = row
  const [subjectId, reservation, resolves, debitPostedAfter, debitPendingAfter, creditPostedAfter] = row.slice(10)
  const [creditPendingAfter, createdAt, hash, isWholeMilliseconds] = row.slice(16)
  return {
    ...{ merchantId, mode, number, type, debitCode, creditCode, currency, amountMinor, reason, subjectKind, subjectId },
    ...{ reservation, resolves, debitPostedAfter, debitPendingAfter, creditPostedAfter, creditPendingAfter },
    ...{ createdAt, hash, isWholeMilliseconds },
  } as StoredTransfer
}

/** The accounts of one merchant and mode. */
export async function readAccounts(reader: LedgerReader, merchantId: string, mode: Mode): Promise<Account[]> {
  const { rows } = await reader.query<Account>({
    name: 'verify_accounts',
    text: `select merchant_id as "merchantId", mode, code, currency, side, bounded, debits_posted as "debitsPosted",
        credits_posted as "creditsPosted", debits_pending as "debitsPending", credits_pending as "creditsPending",
        last_transfer as "lastTransfer", revision
      from ledger_accounts where merchant_id = $1 and mode = $2 order by code, currency`,
    values: [merchantId, mode],
  })
  return rows
}

/** Where the merchant's journal says that its chain ends, or `undefined` when it has none. */
export async function readJournalEnd(
  reader: LedgerReader,
  merchantId: string,
  mode: Mode,
): Promise<{ transferNumber: bigint; chainHash: string } | undefined> {
  const { rows } = await reader.query<{ transferNumber: bigint; chainHash: string }>({
    name: 'verify_journal',
    text: `select transfer_number as "transferNumber", chain_hash as "chainHash"
      from journals where merchant_id = $1 and mode = $2`,
    values: [merchantId, mode],
  })
  return rows[0]
}

/** Merchants that have accounts or a begun chain, but not one transfer: at most `limit` of them. */
export async function readScopesWithoutTransfers(
  reader: LedgerReader,
  merchantId: string | null,
  limit: number,
): Promise<{ merchantId: string; mode: Mode }[]> {
  // crosses merchants: the proof reads every merchant of the shard, unless one is named.
  const text = `select merchant_id as "merchantId", mode from (
      select merchant_id, mode from journals where transfer_number <> 0
      union select merchant_id, mode from ledger_accounts) s
    where ($1::text is null or merchant_id = $1) and not exists (
      select from ledger_transfers t where t.merchant_id = s.merchant_id and t.mode = s.mode)
    order by 1, 2 limit $2`
  const { rows } = await reader.query<{ merchantId: string; mode: Mode }>(text, [merchantId, limit])
  return rows
}

/** An object whose stated money is not what its transfers moved; `differs` names the amounts that disagree. */
export interface UnexplainedObject {
  readonly merchantId: string
  readonly mode: Mode
  readonly id: string
  readonly differs: readonly string[]
}

/** The objects that the ledger has to explain. */
export const explainedKinds = ['payment', 'refund', 'payout'] as const

/** One of them. */
export type ExplainedKind = (typeof explainedKinds)[number]

/** What an object states, as SQL over its row `o`, beside what its transfers and refunds sum to. */
interface ExplainedAmount {
  readonly name: string
  readonly stated: string
  readonly moved: string
}

const sumOf = (...reasons: string[]) =>
  `coalesce(sum(amount_minor) filter (where reason in (${reasons.map((reason) => `'${reason}'`)})), 0)`

/** Which amounts of a kind must equal which transfers. `moved` is summed per object over the transfers with its subject. */
const explainedAmounts: Readonly<Record<ExplainedKind, readonly ExplainedAmount[]>> = {
  payment: [
    { name: 'captured', stated: 'o.captured_minor', moved: sumOf('payment_captured', 'payment_allocated') },
    { name: 'received', stated: 'o.received_minor', moved: sumOf('payment_captured', 'payment_unallocated') },
    { name: 'fee', stated: 'o.fee_minor', moved: sumOf('payment_fee') },
    {
      name: 'suspense',
      stated: 'o.suspense_minor',
      moved: `${sumOf('payment_unallocated')} - ${sumOf('payment_allocated')}`,
    },
  ],
  refund: [
    { name: 'reserved', stated: 'o.amount_minor - o.fee_returned_minor', moved: sumOf('refund_reserved') },
    { name: 'fee_returned', stated: 'o.fee_returned_minor', moved: sumOf('refund_fee_returned') },
    {
      name: 'paid',
      stated: `case o.status when 'succeeded' then o.amount_minor else 0 end`,
      moved: sumOf('refund_paid'),
    },
    {
      name: 'returned',
      stated: `case o.status when 'failed' then o.amount_minor else 0 end`,
      moved: sumOf('refund_returned', 'refund_fee_charged_again'),
    },
  ],
  payout: [
    { name: 'reserved', stated: 'o.amount_minor', moved: sumOf('payout_reserved') },
    {
      name: 'sent',
      stated: `case o.status when 'succeeded' then o.amount_minor else 0 end`,
      moved: sumOf('payout_sent'),
    },
    {
      name: 'paid',
      stated: `case o.status when 'succeeded' then o.amount_minor else 0 end`,
      moved: sumOf('payout_paid'),
    },
    {
      name: 'returned',
      stated: `case o.status when 'failed' then o.amount_minor else 0 end`,
      moved: sumOf('payout_returned'),
    },
  ],
}

const tables: Readonly<Record<ExplainedKind, string>> = { payment: 'payments', refund: 'refunds', payout: 'payouts' }

/**
 * Objects of a kind whose money the ledger does not explain, and subjects of transfers that name no object: one grouped
 * query over the transfers, at most `limit` answers.
 */
export async function readUnexplainedObjects(
  reader: LedgerReader,
  kind: ExplainedKind,
  merchantId: string | null,
  limit: number,
): Promise<UnexplainedObject[]> {
  const amounts = explainedAmounts[kind]
  const moved = amounts.map((amount) => `${amount.moved} as ${amount.name}_moved`)
  const differs = amounts.map(({ name, stated }) => {
    return `case when o.id is not null and ${stated} <> coalesce(t.${name}_moved, 0)
      then '${name} is ' || (${stated}) || ' and its transfers sum to ' || coalesce(t.${name}_moved, 0) end`
  })
  // crosses merchants: the proof reads every merchant of the shard, unless one is named.
  const text = `select * from (
      select coalesce(o.merchant_id, t.merchant_id) as "merchantId", coalesce(o.mode, t.mode) as mode,
        coalesce(o.id, t.subject_id) as id,
        array_remove(array[${differs}, case when o.id is null then 'transfers name it, and it does not exist' end], null)
          as differs
      from (select * from ${tables[kind]} where $1::text is null or merchant_id = $1) o
      full join (
        select merchant_id, mode, subject_id, ${moved} from ledger_transfers
        where subject_kind = '${kind}' and ($1::text is null or merchant_id = $1)
        group by merchant_id, mode, subject_id) t
      on t.merchant_id = o.merchant_id and t.mode = o.mode and t.subject_id = o.id) compared
    where cardinality(differs) > 0 order by 1, 2, 3 limit $2`
  const { rows } = await reader.query<UnexplainedObject>(text, [merchantId, limit])
  return rows
}

/** Payments whose refund sums are not those of their refunds; at most `limit` answers. */
export async function readUnexplainedRefundSums(
  reader: LedgerReader,
  merchantId: string | null,
  limit: number,
): Promise<UnexplainedObject[]> {
  const sums = [
    ['refund_reserved', 'refund_reserved_minor', `sum(amount_minor) filter (where status <> 'failed')`],
    ['refunded', 'refunded_minor', `sum(amount_minor) filter (where status = 'succeeded')`],
    ['fee_returned', 'fee_returned_minor', `sum(fee_returned_minor) filter (where status <> 'failed')`],
  ] as const
  const differs = sums.map(([name, column]) => {
    return `case when o.${column} <> coalesce(r.${name}, 0)
      then '${name} is ' || o.${column} || ' and its refunds sum to ' || coalesce(r.${name}, 0) end`
  })
  // crosses merchants: the proof reads every merchant of the shard, unless one is named.
  const text = `select * from (
      select o.merchant_id as "merchantId", o.mode, o.id, array_remove(array[${differs}], null) as differs
      from payments o left join (
        select merchant_id, mode, payment_id, ${sums.map(([name, , sum]) => `${sum} as ${name}`)} from refunds
        where $1::text is null or merchant_id = $1 group by merchant_id, mode, payment_id) r
      on r.merchant_id = o.merchant_id and r.mode = o.mode and r.payment_id = o.id
      where $1::text is null or o.merchant_id = $1) compared
    where cardinality(differs) > 0 order by 1, 2, 3 limit $2`
  const { rows } = await reader.query<UnexplainedObject>(text, [merchantId, limit])
  return rows
}
