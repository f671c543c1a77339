import type { Mode, Scope } from '../../kernel/scope.ts'
import { type Account, spendableBalance } from '../../ledger/account.ts'
import { type AccountCode, chartLineOf } from '../../ledger/chart.ts'
import type { ChainEnd } from '../../ledger/posting.ts'
import { chainStart, type Transfer } from '../../ledger/transfer.ts'
import { defineKind, type FactKey, type FactRef, factByKey, factByUnique, type RevisedRow } from './kind.ts'

/**
 * The merchant's journal: one row per merchant and mode with the ends of its sequences. Every command locks it first, so
 * all writes of one merchant are in one order, in every process; that order is what the hash chain and event numbers state.
 */
export interface Journal extends RevisedRow, ChainEnd {
  /** The last number given to an object (payment, refund, payout, …). */
  readonly objectNumber: bigint
  readonly eventNumber: bigint
}

/** The journal as a kind. It exists from the start, with every sequence at zero. */
export const journalKind = defineKind<Journal>({
  name: 'journal',
  table: 'journals',
  order: 0,
  columns: {
    merchantId: 'text',
    mode: 'text',
    objectNumber: 'bigint',
    eventNumber: 'bigint',
    transferNumber: 'bigint',
    chainHash: 'text',
    revision: 'integer',
  },
  primaryKey: ['merchantId', 'mode'],
  initial: (key) => ({
    ...scopeOfKey(key),
    objectNumber: 0n,
    eventNumber: 0n,
    transferNumber: 0n,
    chainHash: chainStart,
    revision: 0,
  }),
})

/** Names the merchant's journal. */
export function journalFact(scope: Scope): FactRef<Journal> {
  return factByKey(journalKind, [scope.merchantId, scope.mode])
}

/** Ledger accounts as a kind; written last, in key order. An account exists from the start, at zero. */
export const accountKind = defineKind<Account>({
  name: 'account',
  table: 'ledger_accounts',
  order: 900,
  columns: {
    merchantId: 'text',
    mode: 'text',
    code: 'text',
    currency: 'text',
    side: 'text',
    bounded: 'boolean',
    debitsPosted: 'bigint',
    creditsPosted: 'bigint',
    debitsPending: 'bigint',
    creditsPending: 'bigint',
    lastTransfer: 'bigint',
    revision: 'integer',
  },
  primaryKey: ['merchantId', 'mode', 'code', 'currency'],
  fixed: ['side', 'bounded'],
  rules: [
    { name: 'ledger_accounts_never_below_zero', holds: (a) => !a.bounded || spendableBalance(a) >= 0n },
    { name: 'ledger_accounts_pending_not_negative', holds: (a) => a.debitsPending >= 0n && a.creditsPending >= 0n },
  ],
  initial: (key) => emptyAccount(key),
})

/** Names a ledger account of the merchant. */
export function accountFact(scope: Scope, code: AccountCode, currency: string): FactRef<Account> {
  return factByKey(accountKind, [scope.merchantId, scope.mode, code, currency])
}

/** Ledger transfers as a kind: written once, never changed. */
export const transferKind = defineKind<Transfer>({
  name: 'transfer',
  table: 'ledger_transfers',
  order: 890,
  columns: {
    merchantId: 'text',
    mode: 'text',
    number: 'bigint',
    type: 'text',
    debitCode: 'text',
    creditCode: 'text',
    currency: 'text',
    amountMinor: 'bigint',
    reason: 'text',
    subjectKind: 'text',
    subjectId: 'text',
    reservation: 'text',
    resolves: 'text',
    debitPostedAfter: 'bigint',
    debitPendingAfter: 'bigint',
    creditPostedAfter: 'bigint',
    creditPendingAfter: 'bigint',
    createdAt: 'instant',
    hash: 'text',
  },
  primaryKey: ['merchantId', 'mode', 'number'],
  uniques: {
    reservation: ['merchantId', 'mode', 'reservation'],
    resolution: ['merchantId', 'mode', 'resolves'],
  },
  immutable: true,
})

/** Names the pending transfer that opened a reservation. */
export function reservationFact(scope: Scope, reservation: string): FactRef<Transfer> {
  return factByUnique(transferKind, 'reservation', [scope.merchantId, scope.mode, reservation])
}

function scopeOfKey(key: FactKey): { merchantId: string; mode: Mode } {
  return { merchantId: String(key[0]), mode: key[1] === 'live' ? 'live' : 'sandbox' }
}

function emptyAccount(key: FactKey): Account {
  const code = String(key[2])
  const { side, bounded } = chartLineOf(code)
  return {
    ...scopeOfKey(key),
    code,
    currency: String(key[3]),
    side,
    bounded,
    debitsPosted: 0n,
    creditsPosted: 0n,
    debitsPending: 0n,
    creditsPending: 0n,
    lastTransfer: 0n,
    revision: 0,
  }
}
