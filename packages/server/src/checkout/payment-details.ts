import { type ComponentChild, h } from 'preact'
import type { PaymentMethod } from '../engine/index.ts'
import { type Instant, isoFromInstant } from '../kernel/clock.ts'
import { isPositive } from '../kernel/money.ts'
import type { CheckoutView } from './checkout-view.ts'
import { icon } from './page-layout.ts'
import { formatAmount, formatInstant } from './payer-format.ts'

/** How a page is to be written. */
export interface PageStyle {
  readonly stylesheetPath: string
  /** The locale of numbers, see `payerLocale`. */
  readonly locale: string
}

/** One line of the list; `null` where there is nothing to say. */
export type DetailRow = readonly [term: string, value: ComponentChild] | null

const methodNames: Readonly<Record<PaymentMethod, string>> = {
  upi: 'UPI',
  card: 'Card',
  bank_transfer: 'Bank transfer',
}

/** The list of terms and values below the amount. */
export function details(rows: readonly DetailRow[]): ComponentChild {
  const shown = rows.filter((row) => row !== null)
  const row = (term: string, value: ComponentChild) =>
    h('div', { key: term }, h('dt', null, term), h('dd', null, value))
  return h(
    'dl',
    { class: 'details' },
    shown.map(([term, value]) => row(term, value)),
  )
}

/** How the payer pays. */
export function methodRow({ method }: CheckoutView): DetailRow {
  return ['Method', h('span', { class: 'method' }, icon(method), methodNames[method])]
}

/** The merchant's own name for the payment. */
export function referenceRow({ reference }: CheckoutView): DetailRow {
  return reference === null ? null : ['Reference', h('bdi', { class: 'code' }, reference)]
}

/** What has come in so far and what has gone back. */
export function partRows({ state, amount, received, refunded }: CheckoutView, locale: string): DetailRow[] {
  const isPart = state !== 'succeeded' && isPositive(received)
  return [
    isPart && state === 'awaiting' ? ['Price', formatAmount(amount, locale)] : null,
    isPart ? ['Received so far', formatAmount(received, locale)] : null,
    isPositive(refunded) ? ['Refunded', formatAmount(refunded, locale)] : null,
  ]
}

/** A moment, for people and for machines. */
export function moment(instant: Instant, className?: string): ComponentChild {
  return h(
    'time',
    { dateTime: isoFromInstant(instant), ...(className && { class: className }) },
    formatInstant(instant),
  )
}

/** An amount that would break its line is set smaller. */
const wideAmountLength = 13
const widestAmountLength = 19

/** The amount in large letters, under the tag that its place on the page asks for. */
export function largeAmount(tag: 'h1' | 'p', spoken: string, text: string): ComponentChild {
  const size = text.length < wideAmountLength ? '' : text.length < widestAmountLength ? ' wide' : ' widest'
  return h(tag, { class: `amount${size}` }, h('span', { class: 'spoken' }, spoken), h('bdi', null, text))
}

/** Something that the payer should not miss. `urgent` has it read out at once. */
export function notice(urgent: boolean, ...children: ComponentChild[]): ComponentChild {
  return h('div', { class: 'notice', role: urgent ? 'alert' : 'note' }, icon('alert'), h('p', null, ...children))
}
