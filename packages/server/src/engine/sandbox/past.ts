import type { Instant } from '../../kernel/clock.ts'
import type { Money } from '../../kernel/money.ts'
import type { Beneficiary, DeclineCode, PaymentMethod } from '../../rails/rail.ts'
import type { NewApiKey } from '../access/issue-credentials.ts'
import type { ProvisionMerchant } from '../access/provision-merchant.ts'
import type { CustomerDetails } from '../customers/customer.ts'
import type { BankAccountName } from './bank-account.ts'

/** Where something stands in the document it comes from, for messages: `merchants[0].payments[3]`. */
export interface Placed {
  readonly path: string
}

/** How a refund or a payout ended. `code` belongs to `failed`. */
export interface PastEnd {
  readonly status: 'succeeded' | 'failed'
  readonly at: Instant
  readonly code?: DeclineCode | undefined
}

/** A refund that was. */
export interface PastRefund extends Placed {
  readonly reference?: string | undefined
  /** Everything that was left, where it is absent. */
  readonly amount?: Money | undefined
  readonly reason?: string | undefined
  readonly createdAt: Instant
  readonly end: PastEnd
}

/** How a payment ended, all four ways. */
export interface PastPaymentEnd {
  readonly status: 'succeeded' | 'failed' | 'cancelled' | 'expired'
  readonly at: Instant
  readonly code?: DeclineCode | undefined
}

/** A payment that was. Without an end it waits for its payer. */
export interface PastPayment extends Placed {
  readonly dialect: string
  readonly reference?: string | undefined
  readonly amount: Money
  readonly method: PaymentMethod
  readonly customer?: CustomerDetails | undefined
  readonly description?: string | undefined
  readonly metadata: Readonly<Record<string, unknown>>
  readonly createdAt: Instant
  readonly expiresAt: Instant
  readonly end: PastPaymentEnd | undefined
  readonly refunds: readonly PastRefund[]
}

/** A payout that was. */
export interface PastPayout extends Placed {
  readonly dialect: string
  readonly reference?: string | undefined
  readonly amount: Money
  readonly method: PaymentMethod
  readonly beneficiary: Beneficiary
  readonly description?: string | undefined
  readonly metadata: Readonly<Record<string, unknown>>
  readonly createdAt: Instant
  readonly end: PastEnd
}

/** A merchant with its past. */
export interface PastMerchant extends Placed {
  readonly merchantId: string
  readonly name: string
  readonly createdAt: Instant
  readonly apiKeys: readonly (Placed & { readonly key: NewApiKey })[]
  readonly webhookEndpoints: ProvisionMerchant['webhookEndpoints']
  readonly feePlans: ProvisionMerchant['feePlans']
  readonly openingBalances: readonly (Placed & { readonly amount: Money; readonly at: Instant })[]
  readonly customers: readonly (Placed & { readonly customer: CustomerDetails; readonly at: Instant })[]
  readonly bankAccounts: readonly (Placed & { readonly account: BankAccountName & { readonly name: string } })[]
  readonly payments: readonly PastPayment[]
  readonly payouts: readonly PastPayout[]
}

/** What a sandbox is to know from its first moment on. */
export interface Past {
  /** What it is known by: loading the same past twice changes nothing. */
  readonly hash: string
  readonly merchants: readonly PastMerchant[]
}

/** Something in a past cannot have happened; the message begins with its place. */
export class PastRefusedError extends Error {
  readonly path: string
  /** What is wrong there, in one sentence. */
  readonly reason: string

  constructor(path: string, reason: string, cause?: unknown) {
    super(`${path}: ${reason}`, { cause })
    this.name = 'PastRefusedError'
    this.path = path
    this.reason = reason
  }
}
