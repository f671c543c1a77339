import { type Instant, isoFromInstant } from '../kernel/clock.ts'
import type { Scope } from '../kernel/scope.ts'
import {
  balanceAccounts,
  reasonsShownAs,
  reasonsTouching,
  type StatementEntry,
  type StatementType,
  statementEntryOf,
} from './statement.ts'
import type { Transfer } from './transfer.ts'

/** The part of a database pool that statements need. */
export interface StatementPool {
  query(config: { name: string; text: string; values: unknown[]; rowMode: 'array' }): Promise<{ rows: unknown[][] }>
}

/** Which lines of a statement are wanted. What is left out narrows nothing. */
export interface StatementFilter {
  readonly type?: StatementType | undefined
  readonly currency?: string | undefined
  /** The id of the object that they belong to. */
  readonly subjectId?: string | undefined
  /** At or after. */
  readonly createdFrom?: Instant | undefined
  /** Before. */
  readonly createdTo?: Instant | undefined
  /** Only lines behind the one with this number, in the order asked for. */
  readonly after?: bigint | undefined
  /** Only lines in front of the one with this number, those next to it. */
  readonly before?: bigint | undefined
  /** Newest first unless this is set. */
  readonly oldestFirst?: boolean | undefined
  /** At most this many. */
  readonly limit: number
}

/** A page of a statement. */
export interface StatementPage {
  readonly items: readonly StatementEntry[]
  /** Whether more follow in the direction that was asked for. */
  readonly hasMore: boolean
}

const columns = `t.number, t.type, t.debit_code, t.credit_code, t.currency, t.amount_minor, t.reason, t.subject_kind,
  t.subject_id, t.debit_posted_after, t.debit_pending_after, t.credit_posted_after, t.credit_pending_after, t.created_at`

/** The last number that a transfer can have. */
const numberMax = 2n ** 63n - 1n

/**
 * The common table `found(number)`: the last transfer at or before the instant `$3`, 0 where there is none. Numbers have no
 * gaps and rise with time, so it is found by halving: as many steps by primary key as the number has binary digits.
 */
const lastNumberText = `search(low, high) as (
    select 0::bigint, transfer_number from journals where merchant_id = $1 and mode = $2
    union all
    select case when t.created_at <= $3::timestamptz then t.number else s.low end,
      case when t.created_at <= $3::timestamptz then s.high else t.number - 1 end
    from search s cross join lateral (
      select number, created_at from ledger_transfers
      where merchant_id = $1 and mode = $2 and number = (s.low + s.high + 1) / 2 limit 1) t
    where s.low < s.high),
  found(number) as (select coalesce(max(low), 0) from search where low >= high)`

/*
 * A look for the last transfers of one reason is written `reason = any (array[…]) order by reason, number`. That is the order
 * of the index `ledger_transfers_reason` alone. With `reason = … order by number` the planner thinks the primary key as
 * good, and walks the whole ledger backwards for a reason that is rare in it.
 */

/** What the last transfer of a currency that touched `available`, up to a number, left there; in minor units. */
function availableAtText(number: string, currency: string, reasons: string): string {
  return `(select a.left_over from unnest(${reasons}::text[]) r(reason) cross join lateral (
      select l.number, case when l.debit_code = 'available' then l.debit_posted_after + l.debit_pending_after
        else l.credit_posted_after + l.credit_pending_after end as left_over
      from ledger_transfers l where l.reason = any (array[r.reason]) and l.currency = ${currency} and l.merchant_id = $1
        and l.mode = $2 and l.number <= ${number} order by l.reason desc, l.number desc limit 1) a order by a.number desc limit 1)`
}

/**
 * Lists the merchant's statement. By type or currency it merges the few reasons that the filter allows, each read from its
 * index and stopped at the limit; by object it reads the object's transfers; else it walks the numbers.
 */
export async function listStatement(
  pool: StatementPool,
  scope: Scope,
  filter: StatementFilter,
): Promise<StatementPage> {
  const { type, currency, subjectId, before, limit } = filter
  const [low, high] = await numberBounds(pool, scope, filter)
  const ascending = (filter.oldestFirst === true) !== (before !== undefined)
  const direction = ascending ? 'asc' : 'desc'
  const route = subjectId !== undefined ? 'subject' : type || currency ? 'reason' : 'number'
  const { rows } = await pool.query({
    name: `statement_${route}_${direction}`,
    rowMode: 'array',
    text: `select ${columns}, ${availableAfterText} from (${routes[route](direction)}) t order by t.number ${direction} limit $5`,
    values: [
      scope.merchantId,
      scope.mode,
      low,
      high,
      limit + 1,
      reasonsTouching('available'),
      reasonsShownAs(type),
      ...(route === 'number' ? [] : [currency ?? null]),
      ...(route === 'subject' ? [subjectId] : []),
    ],
  })
  const items = rows.slice(0, limit).flatMap((row) => entryOf(scope, row) ?? [])
  return { items: before === undefined ? items : items.reverse(), hasMore: rows.length > limit }
}

/** One line of the statement, or `undefined`: a number that the merchant does not have, or that its balance does not feel. */
export async function findStatementEntry(
  pool: StatementPool,
  scope: Scope,
  number: bigint,
): Promise<StatementEntry | undefined> {
  if (number < 1n || number > numberMax) return undefined
  const { items } = await listStatement(pool, scope, { after: number + 1n, limit: 1 })
  return items[0]?.number === number ? items[0] : undefined
}

/** Only the transfer's own balance is read where it touches `available`; else the one before it that did. */
const availableAfterText = `case when t.debit_code = 'available' then t.debit_posted_after + t.debit_pending_after
    when t.credit_code = 'available' then t.credit_posted_after + t.credit_pending_after
    else coalesce(${availableAtText('t.number', 't.currency', '$6')}, 0) end`

type Route = 'subject' | 'reason' | 'number'

/** The transfers that a page is made of. Every route uses the scope, both bounds, the limit and the reasons. */
const routes: Readonly<Record<Route, (direction: 'asc' | 'desc') => string>> = {
  number: (direction) => `select ${columns} from ledger_transfers t
    where t.merchant_id = $1 and t.mode = $2 and t.number between $3 and $4 and t.reason = any ($7::text[]) order by t.number ${direction} limit $5`,
  subject: (direction) => `select ${columns} from ledger_transfers t
    where t.subject_id = $9 and t.merchant_id = $1 and t.mode = $2 and t.number between $3 and $4 and t.reason = any ($7::text[])
      and ($8::text is null or t.currency = $8::text) order by t.number ${direction} limit $5`,
  reason: (direction) => `select t.* from (
      select distinct a.currency from ledger_accounts a where a.merchant_id = $1 and a.mode = $2
        and ($8::text is null or a.currency = $8::text)) c
    cross join unnest($7::text[]) r(reason)
    cross join lateral (select * from ledger_transfers t where t.reason = any (array[r.reason]) and t.currency = c.currency
      and t.merchant_id = $1 and t.mode = $2 and t.number between $3 and $4
      order by t.reason ${direction}, t.number ${direction} limit $5) t
    order by t.number ${direction} limit $5`,
}

/** The range of numbers that the filter's times and positions leave. */
async function numberBounds(pool: StatementPool, scope: Scope, filter: StatementFilter): Promise<[bigint, bigint]> {
  const { createdFrom, createdTo, after, before, oldestFirst } = filter
  const [above, below] = oldestFirst ? [after, before] : [before, after]
  const [from, to] = await Promise.all([
    createdFrom === undefined ? 0n : lastNumberAt(pool, scope, createdFrom - 1),
    createdTo === undefined ? numberMax : lastNumberAt(pool, scope, createdTo - 1),
  ])
  return [
    [from + 1n, (above ?? 0n) + 1n].reduce((a, b) => (a > b ? a : b)),
    [to, (below ?? numberMax) - 1n].reduce((a, b) => (a < b ? a : b)),
  ]
}

/** The number of the last transfer at or before an instant; 0 where there is none. */
async function lastNumberAt(pool: StatementPool, scope: Scope, at: Instant): Promise<bigint> {
  const { rows } = await pool.query({
    name: 'statement_last_number',
    rowMode: 'array',
    text: `with recursive ${lastNumberText} select number from found`,
    values: [scope.merchantId, scope.mode, isoFromInstant(at)],
  })
  return rows[0]?.[0] as bigint
}

/** What an account of the merchant's balance held after a transfer: credits less debits, in minor units. */
export interface PastAccount {
  readonly code: string
  readonly currency: string
  readonly postedMinor: bigint
  readonly pendingMinor: bigint
}

const accountsMax = 600

/** The accounts of the balance as the last transfer of each, at or before an instant, left them: one statement. */
export async function accountsAt(pool: StatementPool, scope: Scope, at: Instant): Promise<readonly PastAccount[]> {
  const touching = balanceAccounts.flatMap((code) => reasonsTouching(code).map((reason) => [code, reason] as const))
  const { rows } = await pool.query({
    name: 'statement_accounts_at',
    rowMode: 'array',
    text: `with recursive ${lastNumberText}
      select a.code, a.currency, t.posted, t.pending from ledger_accounts a cross join found f cross join lateral (
        select l.* from unnest($4::text[], $5::text[]) k(code, reason) cross join lateral (
          select t.number,
            case when t.debit_code = a.code then t.debit_posted_after else t.credit_posted_after end as posted,
            case when t.debit_code = a.code then t.debit_pending_after else t.credit_pending_after end as pending
          from ledger_transfers t where t.reason = any (array[k.reason]) and t.currency = a.currency and t.merchant_id = $1
            and t.mode = $2 and t.number <= f.number order by t.reason desc, t.number desc limit 1) l
        where k.code = a.code order by l.number desc limit 1) t
      where a.merchant_id = $1 and a.mode = $2 and a.code = any ($6::text[])
      order by a.currency, a.code limit $7`,
    values: [
      scope.merchantId,
      scope.mode,
      isoFromInstant(at),
      touching.map(([code]) => code),
      touching.map(([, reason]) => reason),
      balanceAccounts,
      accountsMax,
    ],
  })
  return rows.map(([code, currency, postedMinor, pendingMinor]) => {
    return { code, currency, postedMinor, pendingMinor } as PastAccount
  })
}

function entryOf({ merchantId, mode }: Scope, row: readonly unknown[]): StatementEntry | undefined {
  const [number, type, debitCode, creditCode, currency, amountMinor, reason, subjectKind, subjectId] = row
  const [debitPostedAfter, debitPendingAfter, creditPostedAfter, creditPendingAfter, createdAt, available] =
    row.slice(9)
  const transfer = {
    ...{ merchantId, mode, number, type, debitCode, creditCode, currency, amountMinor, reason, subjectKind, subjectId },
    ...{ debitPostedAfter, debitPendingAfter, creditPostedAfter, creditPendingAfter, createdAt },
    ...{ reservation: null, resolves: null, hash: '' },
  }
  return statementEntryOf(transfer as Transfer, available as bigint)
}
