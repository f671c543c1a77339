import type { Instant } from '../kernel/clock.ts'
import type { Money } from '../kernel/money.ts'
import type { Mode, Scope } from '../kernel/scope.ts'

/** What a rail can be asked to do with money. */
export type RailOperation = 'collect' | 'refund' | 'disburse'

/** How a payer pays or a beneficiary is paid, in the engine's words. */
export const paymentMethods = ['upi', 'card', 'bank_transfer'] as const

/** A payment method of the engine; dialects map their own words to these. */
export type PaymentMethod = (typeof paymentMethods)[number]

/** The reasons for a decline that every rail maps its own codes to. */
export const declineCodes = [
  'insufficient_funds',
  'do_not_honor',
  'expired_instrument',
  'invalid_account',
  'limit_exceeded',
  'authentication_failed',
  'suspected_fraud',
  'cancelled_by_payer',
  'payer_timed_out',
  'rail_error',
] as const

/** Why a rail refused. */
export type DeclineCode = (typeof declineCodes)[number]

/** Where a payout goes. Numbers as the merchant gave them; which ones a rail needs depends on its method. */
export interface Beneficiary {
  readonly name: string
  readonly accountNumber: string | null
  /** The bank's routing code: IFSC, sort code, ABA number. */
  readonly bankCode: string | null
  readonly upiId: string | null
}

/** What the rail needs beyond the amount. Plain JSON; never a card number. */
export interface RailInstruction {
  readonly [key: string]: string | number | boolean | null | undefined
  /** Sandbox only: a scenario of the simulator, for example `declined:insufficient_funds` (see docs/sandbox-magic-values.md). */
  readonly simulate?: string
  /** The payer's UPI address, where known. */
  readonly payerUpiId?: string
}

/** One attempt as a rail sees it. The id is ours and is the rail's idempotency key: the same id is the same money. */
export interface RailAttempt {
  readonly id: string
  /** Echoed by notifications, so that they find their way back. */
  readonly scope: Scope
  readonly operation: RailOperation
  readonly method: PaymentMethod
  readonly amount: Money
  readonly instruction: RailInstruction
  /** For refunds: the rail's reference of the collection that is paid back. */
  readonly originalRailReference: string | null
  /** For payouts. */
  readonly beneficiary: Beneficiary | null
  readonly createdAt: Instant
  /** How often the rail was asked about this attempt before. */
  readonly polls: number
}

/** The rail has moved the money. `received` may differ from what was asked (collections only). */
export interface RailSucceeded {
  readonly outcome: 'succeeded'
  readonly railReference: string
  readonly received: Money
}

/** The rail has refused and will never move this money. */
export interface RailDeclined {
  readonly outcome: 'declined'
  readonly railReference: string | null
  readonly code: DeclineCode
  /** A sentence for people, without secrets. */
  readonly message: string
}

/** The rail has taken the attempt and will decide later: by notification, or when asked again. */
export interface RailPending {
  readonly outcome: 'pending'
  readonly railReference: string | null
  /** When to ask next, in milliseconds of the mode's clock. */
  readonly pollAfterMs: number
}

/** Nobody knows: the reply was lost or the rail did not answer. Never guessed; the rail is asked until it says. */
export interface RailUnknown {
  readonly outcome: 'unknown'
  readonly message: string
  readonly pollAfterMs: number
}

/** What a rail answers to a call. */
export type RailOutcome = RailSucceeded | RailDeclined | RailPending | RailUnknown

/** What a rail answers when asked about an attempt: `not_received` means the call never arrived and may be made again. */
export type RailPollOutcome = RailOutcome | { readonly outcome: 'not_received' }

/** Bytes that a rail sent us, unverified. Header names in lower case. */
export interface RawNotification {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A verified notification: what became of an attempt. The same notification may come twice, late, or out of order. */
export interface RailNotification {
  readonly scope: Scope
  readonly attemptId: string
  readonly outcome: RailOutcome
}

/** What a rail may use of its surroundings. */
export interface RailContext {
  /** The mode's clock. */
  readonly now: Instant
}

/**
 * The machinery that moves money. A capability is the presence of a method. Every call takes our attempt, whose id is
 * the idempotency key, so a call may be repeated at any time; it throws only for bugs.
 */
export interface Rail {
  readonly name: string
  /** Where it may be used: the simulator never touches live data. */
  readonly modes: readonly Mode[]
  /** Which methods it carries, by operation. */
  readonly carries: { readonly [Operation in RailOperation]: readonly PaymentMethod[] }
  readonly collect?: (attempt: RailAttempt, ctx: RailContext) => Promise<RailOutcome>
  readonly refund?: (attempt: RailAttempt, ctx: RailContext) => Promise<RailOutcome>
  readonly disburse?: (attempt: RailAttempt, ctx: RailContext) => Promise<RailOutcome>
  readonly poll?: (attempt: RailAttempt, ctx: RailContext) => Promise<RailPollOutcome>
  /** Verifies the signature and reads; `undefined` where the bytes are not the rail's. */
  readonly parseNotification?: (raw: RawNotification) => RailNotification | undefined
}

/** The rails of this installation. */
export interface RailRegistry {
  /** The rail of that name, or `undefined`. */
  find(name: string): Rail | undefined
  /** The first rail that carries the method for the operation in the mode, or `undefined`. */
  route(mode: Mode, operation: RailOperation, method: PaymentMethod): Rail | undefined
}
