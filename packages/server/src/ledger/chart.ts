import { EngineError } from '../kernel/engine-error.ts'
import type { AccountSide } from './account.ts'

/** One line of the chart of accounts. */
export interface ChartLine {
  readonly side: AccountSide
  readonly bounded: boolean
  readonly meaning: string
}

/**
 * The chart of accounts, whole. Every account belongs to one merchant (our own fees and each rail's clearing too, one
 * account a merchant, added up only in reports), so that no transfer ever touches two merchants.
 *
 * A payment:  clearing:<rail> → available (gross), available → fees (our charge).
 * A refund:   available and fees → refunds_in_flight when it is created, refunds_in_flight → clearing:<rail> when the
 *             rail has paid it, and back again when the rail refused it.
 * A payout:   available is reserved for payouts_in_flight when it is created; the reservation is posted, and
 *             payouts_in_flight → clearing:<rail>, when the rail has sent it; voided when the rail refused it.
 * Money that no payment can take (too much, too late, a part of an expired payment) waits in suspense.
 */
export const chart = {
  available: { side: 'credit', bounded: true, meaning: 'What the merchant may pay out now.' },
  fees: { side: 'credit', bounded: false, meaning: 'What we have charged the merchant.' },
  refunds_in_flight: { side: 'credit', bounded: true, meaning: 'Refunds that a rail has not answered yet.' },
  payouts_in_flight: { side: 'credit', bounded: true, meaning: 'Payouts between the reservation and the rail.' },
  suspense: { side: 'credit', bounded: true, meaning: 'Money received that belongs to no payment yet.' },
} as const satisfies Record<string, ChartLine>

/** The fixed accounts of the chart. */
export type FixedAccountCode = keyof typeof chart

/** An account code: a fixed one, or the clearing account of a rail (what the rail holds for us). */
export type AccountCode = FixedAccountCode | `clearing:${string}`

const clearingLine: ChartLine = {
  side: 'debit',
  bounded: false,
  meaning: 'What the rail has collected for the merchant and not yet passed on, less what it sent for the merchant.',
}

/** The clearing account of a rail. */
export function clearingCode(rail: string): AccountCode {
  return `clearing:${rail}`
}

/** The chart's line for a code. Throws `internal` for a code that is not in the chart. */
export function chartLineOf(code: string): ChartLine {
  if (code.startsWith('clearing:')) return clearingLine
  // An own property only: every object also answers to names such as `toString`.
  if (!Object.hasOwn(chart, code)) throw new EngineError('internal', 'account_not_in_chart', { code })
  return chart[code as FixedAccountCode]
}
