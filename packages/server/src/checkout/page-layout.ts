import { type ComponentChildren, h, type VNode } from 'preact'
import { render } from 'preact-render-to-string'
import { pageLanguage } from './payer-format.ts'

/** What surrounds the card of every page. */
export interface PageLayout {
  readonly title: string
  readonly stylesheetPath: string
  /** Shows the ribbon that says so. */
  readonly sandbox: boolean
  /** The page asks for itself again after this time. */
  readonly refreshAfterSeconds?: number | undefined
}

/** A shield in the colour of our buttons; inside the page because the page may load nothing but its stylesheet. */
const favicon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='9' fill='%23323fc4'/%3E%3Cpath d='M9 16.5l5 5 9-10' fill='none' stroke='%23fff' stroke-width='3.5' stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E"

/** Renders a whole HTML document around the card. Everything handed in as text is escaped. */
export function renderPage(layout: PageLayout, ...card: ComponentChildren[]): string {
  const page = h('html', { lang: pageLanguage }, head(layout), body(layout, card))
  return `<!doctype html>${render(page)}`
}

function head({ title, stylesheetPath, refreshAfterSeconds }: PageLayout): VNode {
  return h(
    'head',
    null,
    h('meta', { charset: 'utf-8' }),
    h('title', null, title),
    h('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    h('meta', { name: 'robots', content: 'noindex, nofollow' }),
    h('meta', { name: 'color-scheme', content: 'light dark' }),
    h('meta', { name: 'format-detection', content: 'telephone=no' }),
    refreshAfterSeconds === undefined
      ? null
      : h('meta', { 'http-equiv': 'refresh', content: String(refreshAfterSeconds) }),
    h('link', { rel: 'icon', href: favicon }),
    h('link', { rel: 'stylesheet', href: stylesheetPath }),
  )
}

function body({ sandbox }: PageLayout, card: readonly ComponentChildren[]): VNode {
  const ribbon = h(
    'p',
    { class: 'ribbon', role: 'note' },
    h('strong', null, 'Sandbox:'),
    ' ',
    h('span', null, 'no real money moves'),
  )
  const footer = h('footer', { class: 'footer' }, icon('lock'), h('span', null, 'Payments by Paylect'))
  const shell = h('div', { class: 'shell' }, h('main', { class: 'card' }, ...card), footer)
  return h('body', null, sandbox ? ribbon : null, shell)
}

/** Line drawings on a grid of 24. */
const drawings = {
  check: 'M5 12.5l4.5 4.5L19 7.5',
  cross: 'M7 7l10 10M17 7L7 17',
  clock: 'M12 6.5V12l3.5 2.5M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z',
  alert: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7.75v5M12 16.25v.1',
  lock: 'M7 11V8a5 5 0 0 1 10 0v3M6 11h12v9H6z',
  upi: 'M8 3h8a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H8a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zM11 18h2',
  card: 'M4 6h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1zM3 10h18M7 14.5h3',
  bank_transfer: 'M4 10l8-5.5L20 10zM6 10v7M10 10v7M14 10v7M18 10v7M4 19.5h16',
} as const

/** The name of a drawing. */
export type IconName = keyof typeof drawings

/** A drawing beside words that say the same, so it is hidden from readers of the page who listen. */
export function icon(name: IconName): VNode {
  return h(
    'svg',
    { class: 'icon', viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false' },
    h('path', { d: drawings[name] }),
  )
}
