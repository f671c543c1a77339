import { type ComponentChild, h } from 'preact'
import type { CheckoutView } from './checkout-view.ts'
import { declineSentence } from './decline-sentences.ts'
import { renderPage } from './page-layout.ts'
import type { PayerAction } from './payer-action.ts'
import { formatAmount, formatTimeLeft } from './payer-format.ts'
import {
  details,
  largeAmount,
  methodRow,
  moment,
  notice,
  type PageStyle,
  partRows,
  referenceRow,
} from './payment-details.ts'
import { isUnsettled, statusContent, statusTitle } from './status-content.ts'

/** How long a page that waits for a bank waits before it looks again. */
const refreshAfterSeconds = 5

/** Renders the page of a payment: the form while it waits for its payer, else what became of it. */
export function renderCheckoutPage(view: CheckoutView, style: PageStyle): string {
  const { state, mode, merchantName } = view
  const due = formatAmount(view.due, style.locale)
  const layout = {
    title: state === 'awaiting' ? `Pay ${due} to ${merchantName}` : `${statusTitle(state)} · ${merchantName}`,
    stylesheetPath: style.stylesheetPath,
    sandbox: mode === 'sandbox',
    refreshAfterSeconds: isUnsettled(state) ? refreshAfterSeconds : undefined,
  }
  const content = state === 'awaiting' ? payContent(view, due, style.locale) : statusContent(view, state, style)
  return renderPage(layout, ...content)
}

function payContent(view: CheckoutView, due: string, locale: string): ComponentChild[] {
  const { failureCode, description, merchantName, expiresAt, now } = view
  return [
    failureCode === null
      ? null
      : notice(true, h('strong', null, 'That did not work. '), `${declineSentence(failureCode)} You can try again.`),
    h(
      'header',
      { class: 'payee' },
      h('span', { class: 'monogram', 'aria-hidden': 'true' }, monogramOf(merchantName)),
      h('p', null, h('span', { class: 'quiet' }, 'Payment to '), h('bdi', { class: 'merchant' }, merchantName)),
    ),
    largeAmount('h1', 'Amount to pay: ', due),
    description === null ? null : h('p', { class: 'description' }, h('bdi', null, description)),
    details([
      methodRow(view),
      ...partRows(view, locale),
      referenceRow(view),
      ['Expires', [`${formatTimeLeft(expiresAt - now)} `, moment(expiresAt, 'aside')]],
    ]),
    payForm(view, due),
  ]
}

/** The form goes to its own address. Pressing Enter presses its first button. */
function payForm({ attemptId, mode }: CheckoutView, due: string): ComponentChild {
  const button = (action: PayerAction, kind: string, label: string) =>
    h('button', { type: 'submit', name: 'action', value: action, class: `button ${kind}` }, label)
  const otherOutcomes = h(
    'fieldset',
    { class: 'outcomes' },
    h('legend', null, 'Or try another outcome'),
    button('decline', 'plain', 'Decline this payment'),
    button('expire', 'plain', 'Let it expire'),
  )
  return h(
    'form',
    { method: 'post', class: 'actions' },
    // The last try that this page knows of: a form that is posted again after a newer one presses nothing.
    h('input', { type: 'hidden', name: 'after', value: attemptId ?? '' }),
    button('pay', 'primary', `Pay ${due}`),
    mode === 'sandbox' ? otherOutcomes : null,
  )
}

function monogramOf(name: string): string {
  const [first = '•'] = name.trim()
  return first.toUpperCase()
}
