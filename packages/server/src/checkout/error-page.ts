import { h } from 'preact'
import type { EngineError, ErrorKind } from '../kernel/engine-error.ts'
import { type IconName, icon, renderPage } from './page-layout.ts'

/** An error as a page: what is wrong, and what the payer can do. */
export interface ErrorPage {
  readonly status: number
  readonly html: string
}

interface Wording {
  readonly status: number
  readonly title: string
  readonly sentence: string
}

const badRequest: Wording = {
  status: 400,
  title: 'That could not be read',
  sentence: 'Go back to the payment page and press the button again.',
}
const unavailable: Wording = {
  status: 503,
  title: 'Please try again in a moment',
  sentence: 'We are very busy. Go back to the payment page to see how your payment stands before you pay again.',
}
const broken: Wording = {
  status: 500,
  title: 'Something failed on our side',
  sentence: 'Go back to the payment page to see how your payment stands before you pay again.',
}
const notAllowed: Wording = {
  status: 403,
  title: 'This cannot be done here',
  sentence: 'Go back to the payment page to see how your payment stands.',
}
const conflicting: Wording = { ...notAllowed, status: 409, title: 'This cannot be done any more' }

const wordingOfKind: Readonly<Record<ErrorKind, Wording>> = {
  invalid_request: badRequest,
  unauthenticated: notAllowed,
  forbidden: notAllowed,
  not_found: {
    status: 404,
    title: 'This payment link is not valid',
    sentence: 'Check that you have the whole link, or ask the merchant for a new one.',
  },
  conflict: conflicting,
  idempotency_mismatch: conflicting,
  invalid_state: conflicting,
  insufficient_funds: conflicting,
  limit_exceeded: conflicting,
  declined: conflicting,
  rate_limited: { ...unavailable, status: 429 },
  unsupported: { ...notAllowed, status: 422 },
  rail_unavailable: unavailable,
  overloaded: unavailable,
  internal: broken,
}

const statusOfCode: Readonly<Record<string, number>> = {
  body_too_large: 413,
  unsupported_content_type: 415,
  unsupported_content_encoding: 415,
  method_not_allowed: 405,
}

/** Renders the page of an error. Nothing of the error itself is shown but the request's id, by which the operator finds it. */
export function renderErrorPage(error: EngineError, requestId: string, stylesheetPath: string): ErrorPage {
  const wording = wordingOfKind[error.kind]
  const status = statusOfCode[error.code] ?? wording.status
  const symbol: IconName = status === 404 ? 'cross' : 'alert'
  const html = renderPage(
    { title: wording.title, stylesheetPath, sandbox: false },
    h(
      'header',
      { class: 'outcome' },
      h('span', { class: 'badge neutral' }, icon(symbol)),
      h('h1', null, wording.title),
      h('p', { class: 'quiet' }, wording.sentence),
    ),
    h('p', { class: 'closing quiet' }, 'If you ask for help, quote ', h('span', { class: 'code' }, requestId)),
  )
  return { status, html }
}
