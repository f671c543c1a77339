import type { Money } from '../../kernel/money.ts'
import type { Account } from '../../ledger/account.ts'
import type { Transfer, TransferReason, TransferSubject } from '../../ledger/transfer.ts'
import type { Kind, RevisedRow, ScopedRow } from './kind.ts'

/** A new row. */
export interface Insert {
  readonly change: 'insert'
  readonly kind: Kind
  readonly row: ScopedRow
}

/** A changed row. The committer raises the revision. */
export interface Update {
  readonly change: 'update'
  readonly kind: Kind
  readonly row: RevisedRow
}

/** One amount from one account to another; see `ledger/transfer.ts` for the four types. */
export interface Post {
  readonly change: 'post'
  readonly debit: Account
  readonly credit: Account
  readonly amount: Money
  readonly reason: TransferReason
  readonly subject: TransferSubject
  readonly type: 'posted' | 'pending' | 'post_pending' | 'void_pending'
  /** The name of the reservation that a `pending` transfer opens or a `post_pending`/`void_pending` one resolves. */
  readonly reservation: string | null
}

/** A fact that merchants hear of, numbered per merchant and ordered per object by the object's revision. */
export interface RecordEvent {
  readonly change: 'record'
  readonly type: string
  readonly kind: Kind
  readonly object: RevisedRow & { readonly id: string }
  readonly data: Readonly<Record<string, unknown>>
}

/** Work for a background worker, visible to it only after the commit. */
export interface Enqueue {
  readonly change: 'enqueue'
  readonly job: Job
}

/** A background job: `name` is the worker's task, `payload` is plain JSON. */
export interface Job {
  readonly name: string
  readonly payload: Readonly<Record<string, unknown>>
}

/** What a decision may do to the world. */
export type Change = Insert | Update | Post | RecordEvent | Enqueue

/** Adds a row. */
export function insert<Row extends ScopedRow>(kind: Kind<Row>, row: Row): Insert {
  return { change: 'insert', kind: kind, row }
}

/** Replaces a row by a later state of it. Start from the row as it was loaded; the committer raises the revision. */
export function update<Row extends RevisedRow>(kind: Kind<Row>, row: Row): Update {
  return { change: 'update', kind: kind, row }
}

/** Where a transfer comes from: why it was made and for which object. */
export interface TransferOrigin {
  readonly reason: TransferReason
  readonly subject: TransferSubject
}

/** Moves `amount` from `debit` to `credit` now. */
export function post(debit: Account, credit: Account, amount: Money, origin: TransferOrigin): Post {
  return { change: 'post', debit, credit, amount, ...origin, type: 'posted', reservation: null }
}

/** As `post`, or no change at all where there is nothing to move: a transfer of zero would explain nothing. */
export function postUnlessZero(debit: Account, credit: Account, amount: Money, origin: TransferOrigin): Post[] {
  return amount.minor === 0n ? [] : [post(debit, credit, amount, origin)]
}

/** Holds `amount` in `debit` for `credit` under the name `reservation` until it is posted or voided, once. */
export function reserve(
  debit: Account,
  credit: Account,
  amount: Money,
  origin: TransferOrigin,
  reservation: string,
): Post {
  return { change: 'post', debit, credit, amount, ...origin, type: 'pending', reservation }
}

/** Turns a reservation into a posted transfer, or gives it back. `open` is the pending transfer as it was loaded. */
export function resolve(
  open: Transfer,
  debit: Account,
  credit: Account,
  type: 'post_pending' | 'void_pending',
  origin: TransferOrigin,
): Post {
  const amount = { minor: open.amountMinor, currency: open.currency }
  return { change: 'post', debit, credit, amount, ...origin, type, reservation: open.reservation }
}

/**
 * Writes an event about `object`, which must be loaded, inserted or updated by the same decision. The stored snapshot is
 * the object as all changes of the decision leave it, joined by `data`.
 */
export function record<Row extends RevisedRow & { readonly id: string }>(
  type: string,
  kind: Kind<Row>,
  object: Row,
  data: Readonly<Record<string, unknown>> = {},
): RecordEvent {
  return { change: 'record', type, kind: kind, object, data }
}

/** Adds a background job in the same transaction. */
export function enqueue(name: string, payload: Readonly<Record<string, unknown>>): Enqueue {
  return { change: 'enqueue', job: { name, payload } }
}
