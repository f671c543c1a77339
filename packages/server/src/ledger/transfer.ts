import { hash } from 'node:crypto'
import type { Instant } from '../kernel/clock.ts'
import type { Mode } from '../kernel/scope.ts'

/** Why a transfer was made; closed, so that every cent has a reason that a person can read. */
export const transferReasons = [
  'payment_captured',
  'payment_fee',
  'payment_unallocated',
  'payment_allocated',
  'refund_reserved',
  'refund_fee_returned',
  'refund_paid',
  'refund_returned',
  'refund_fee_charged_again',
  'payout_reserved',
  'payout_sent',
  'payout_returned',
  'payout_paid',
  'opening_balance',
] as const

/** Why a transfer was made. */
export type TransferReason = (typeof transferReasons)[number]

/** The object that a transfer belongs to. */
export interface TransferSubject {
  readonly kind: string
  readonly id: string
}

/** `posted` moves money; `pending` holds it; `post_pending` and `void_pending` resolve what was held. */
export type TransferType = 'posted' | 'pending' | 'post_pending' | 'void_pending'

/**
 * One amount moved from one account to another. Never edited: a correction is a new transfer. The row stores both
 * accounts' balances after it (credits less debits, in minor units) and a link of the merchant's hash chain.
 */
export interface Transfer {
  readonly merchantId: string
  readonly mode: Mode
  /** Gapless per merchant and mode, from 1: the transfer's place in the chain. */
  readonly number: bigint
  readonly type: TransferType
  readonly debitCode: string
  readonly creditCode: string
  readonly currency: string
  readonly amountMinor: bigint
  readonly reason: TransferReason
  readonly subjectKind: string
  readonly subjectId: string
  /** The name of the reservation that a pending transfer opens. */
  readonly reservation: string | null
  /** The name of the reservation that this transfer resolves. */
  readonly resolves: string | null
  readonly debitPostedAfter: bigint
  readonly debitPendingAfter: bigint
  readonly creditPostedAfter: bigint
  readonly creditPendingAfter: bigint
  readonly createdAt: Instant
  /** SHA-256 over the previous link and every field above. */
  readonly hash: string
}

/** The hash before the first transfer of a chain. */
export const chainStart = '0'.repeat(64)

/** The transfer's link: SHA-256, in hexadecimal, over the previous link and all fields in a fixed order. */
export function transferHash(previousHash: string, transfer: Omit<Transfer, 'hash'>): string {
  const fields = [
    previousHash,
    transfer.merchantId,
    transfer.mode,
    `${transfer.number}`,
    transfer.type,
    transfer.debitCode,
    transfer.creditCode,
    transfer.currency,
    `${transfer.amountMinor}`,
    transfer.reason,
    transfer.subjectKind,
    transfer.subjectId,
    transfer.reservation,
    transfer.resolves,
    `${transfer.debitPostedAfter}`,
    `${transfer.debitPendingAfter}`,
    `${transfer.creditPostedAfter}`,
    `${transfer.creditPendingAfter}`,
    transfer.createdAt,
  ]
  return hash('sha256', JSON.stringify(fields), 'hex')
}
