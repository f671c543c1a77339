import { type ComponentChild, h } from 'preact'
import { isPositive } from '../kernel/money.ts'
import type { CheckoutState, CheckoutView } from './checkout-view.ts'
import { declineSentence } from './decline-sentences.ts'
import { type IconName, icon } from './page-layout.ts'
import { formatAmount } from './payer-format.ts'
import {
  type DetailRow,
  details,
  largeAmount,
  methodRow,
  moment,
  notice,
  type PageStyle,
  partRows,
  referenceRow,
} from './payment-details.ts'

/** Every state in which there is nothing to press but a link. */
export type StatusState = Exclude<CheckoutState, 'awaiting'>

interface Wording {
  readonly title: string
  readonly tone: 'good' | 'bad' | 'waiting' | 'neutral'
  readonly icon: IconName | 'spinner'
  sentence(view: CheckoutView): string
}

const wordings: Readonly<Record<StatusState, Wording>> = {
  preparing: {
    title: 'Almost ready',
    tone: 'waiting',
    icon: 'spinner',
    sentence: ({ merchantName }) => `${merchantName} is still preparing this payment. This page updates by itself.`,
  },
  processing: {
    title: 'We are waiting for your bank',
    tone: 'waiting',
    icon: 'spinner',
    sentence: () => 'This can take a moment. There is no need to pay again: this page updates by itself.',
  },
  succeeded: {
    title: 'Payment complete',
    tone: 'good',
    icon: 'check',
    sentence: ({ merchantName }) => `Thank you. ${merchantName} has received your payment.`,
  },
  failed: {
    title: 'Payment declined',
    tone: 'bad',
    icon: 'cross',
    sentence: (view) => `${declineSentence(view.failureCode)}${nothingTaken(view)}`,
  },
  expired: {
    title: 'Payment expired',
    tone: 'neutral',
    icon: 'clock',
    sentence: (view) => `The time to pay is over.${nothingTaken(view)} Ask ${view.merchantName} for a new link.`,
  },
  cancelled: {
    title: 'Payment cancelled',
    tone: 'neutral',
    icon: 'cross',
    sentence: (view) => `${view.merchantName} has cancelled this payment.${nothingTaken(view)}`,
  },
}

/** The heading of a state's page. */
export function statusTitle(state: StatusState): string {
  return wordings[state].title
}

/** Whether the payment will move on by itself, so that the page should look again. */
export function isUnsettled(state: CheckoutState): boolean {
  return state === 'processing' || state === 'preparing'
}

/** The card that says what became of a payment. */
export function statusContent(view: CheckoutView, state: StatusState, { locale }: PageStyle): ComponentChild[] {
  const { title, tone, icon: drawing, sentence } = wordings[state]
  const symbol = drawing === 'spinner' ? h('span', { class: 'spinner', 'aria-hidden': 'true' }) : icon(drawing)
  return [
    h(
      'header',
      { class: 'outcome', role: 'status' },
      h('span', { class: `badge ${tone}` }, symbol),
      h('h1', null, title),
      h('p', { class: 'quiet' }, sentence(view)),
    ),
    largeAmount('p', 'Amount: ', formatAmount(view.amount, locale)),
    details([
      ['Merchant', h('bdi', null, view.merchantName)],
      view.description === null ? null : ['For', h('bdi', null, view.description)],
      methodRow(view),
      ...partRows(view, locale),
      referenceRow(view),
      ['Payment ID', h('span', { class: 'code' }, view.paymentId)],
      endedRow(view),
    ]),
    heldNotice(view, locale),
    onward(view),
  ]
}

function endedRow({ state, finishedAt, expiresAt }: CheckoutView): DetailRow {
  if (isUnsettled(state)) return null
  const words: Partial<Record<CheckoutState, string>> = {
    succeeded: 'Paid',
    expired: 'Expired',
    cancelled: 'Cancelled',
  }
  return [words[state] ?? 'Declined', moment(finishedAt ?? expiresAt)]
}

/** Only true, and only said, when no part of the money has come in before. */
function nothingTaken({ received }: CheckoutView): string {
  return isPositive(received) ? '' : ' No money was taken.'
}

/** Money that has come in and that the merchant was not credited is never passed over in silence. */
function heldNotice({ state, received, excess, merchantName }: CheckoutView, locale: string): ComponentChild {
  const held = state === 'succeeded' ? excess : received
  if (isUnsettled(state) || !isPositive(held)) return null
  const why = state === 'succeeded' ? 'was paid beyond the amount' : 'came in for this payment'
  return notice(
    false,
    `${formatAmount(held, locale)} ${why} and is held. Ask ${merchantName} about it and quote the payment ID.`,
  )
}

/** What to do next: look again, return to the merchant, or nothing. */
function onward({ state, returnUrl }: CheckoutView): ComponentChild {
  const link = (kind: string, href: string, label: string) =>
    h('p', { class: 'actions' }, h('a', { class: `button ${kind}`, href, rel: 'noreferrer' }, label))
  // An empty reference is this page itself, and needs no knowledge of where it is mounted.
  if (isUnsettled(state)) return link('plain', '', 'Check now')
  if (returnUrl === undefined) return h('p', { class: 'closing quiet' }, 'You can close this page now.')
  return link(state === 'succeeded' ? 'primary' : 'plain', returnUrl, 'Return to merchant')
}
