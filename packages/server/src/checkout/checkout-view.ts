import type { Payment, PaymentMethod, PaymentStatus } from '../engine/index.ts'
import { outstanding, paymentAmount } from '../engine/index.ts'
import type { Instant } from '../kernel/clock.ts'
import { type Money, money } from '../kernel/money.ts'
import type { Mode } from '../kernel/scope.ts'

/** What the payer is told. There is no state for `unknown`: a payment whose fate nobody knows is being processed. */
export type CheckoutState = 'preparing' | 'awaiting' | 'processing' | 'succeeded' | 'failed' | 'expired' | 'cancelled'

/** Everything that a checkout page says, before it is put into words. */
export interface CheckoutView {
  readonly state: CheckoutState
  readonly mode: Mode
  readonly merchantName: string
  readonly method: PaymentMethod
  readonly paymentId: string
  readonly reference: string | null
  readonly description: string | null
  /** The price, as the merchant asked for it. */
  readonly amount: Money
  /** What is still to be paid. */
  readonly due: Money
  /** What has come in so far, over all parts. */
  readonly received: Money
  /** What has come in beyond the price. */
  readonly excess: Money
  readonly refunded: Money
  /** Why the last try failed, in the engine's words; null when none did. */
  readonly failureCode: string | null
  /** Names the last try. A form that was shown before a newer try is out of date. */
  readonly attemptId: string | null
  readonly expiresAt: Instant
  readonly finishedAt: Instant | null
  /** Where the payer goes from here, when the merchant said so. Always http or https. */
  readonly returnUrl: string | undefined
  readonly now: Instant
}

const stateOfStatus: Readonly<Record<PaymentStatus, CheckoutState>> = {
  created: 'preparing',
  awaiting_payer: 'awaiting',
  processing: 'processing',
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'cancelled',
  expired: 'expired',
}

/** What the payer is told about a payment at this moment. A payment whose time is over has expired, whether or not the timer has run. */
export function checkoutState(payment: Payment, now: Instant): CheckoutState {
  const state = stateOfStatus[payment.status]
  return state === 'awaiting' && now >= payment.expiresAt ? 'expired' : state
}

/** Builds what the page says. */
export function checkoutView(payment: Payment, merchantName: string, now: Instant): CheckoutView {
  const state = checkoutState(payment, now)
  const { mode, method, reference, description, failureCode, attemptId, expiresAt, finishedAt, currency } = payment
  const amount = paymentAmount(payment)
  const excessMinor = payment.receivedMinor - payment.amountMinor
  return {
    state,
    mode,
    merchantName,
    method,
    paymentId: payment.id,
    reference,
    description,
    amount,
    due: outstanding(payment),
    received: money(payment.receivedMinor, currency),
    excess: money(excessMinor > 0n ? excessMinor : 0n, currency),
    refunded: money(payment.refundedMinor, currency),
    failureCode,
    attemptId,
    expiresAt,
    finishedAt,
    returnUrl: returnUrl(payment, state),
    now,
  }
}

/** Where a POST leads when the payment has ended as the merchant has a page for; `undefined` leads back to our own page. */
export function landingUrl(payment: Payment): string | undefined {
  if (payment.status === 'succeeded') return webUrl(payment.successUrl)
  return payment.status === 'failed' ? webUrl(payment.failureUrl) : undefined
}

/** The merchant's pages that a form on our page may end at. */
export function formRedirects(payment: Payment): readonly string[] {
  return [webUrl(payment.successUrl), webUrl(payment.failureUrl)].filter((url) => url !== undefined)
}

function returnUrl(payment: Payment, state: CheckoutState): string | undefined {
  if (state === 'succeeded') return webUrl(payment.successUrl)
  return state === 'failed' || state === 'expired' || state === 'cancelled' ? webUrl(payment.failureUrl) : undefined
}

/**
 * The stored URL, letter by letter, if a browser may be sent there. Only what cannot stand in a header is percent-encoded; nothing is appended, because the
 * documents promise the merchant nothing.
 */
function webUrl(stored: string | null): string | undefined {
  if (stored === null || !URL.canParse(stored)) return undefined
  const url = new URL(stored)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined
  return /^[\x21-\x7e]+$/.test(stored) ? stored : url.href
}
