import type { Instant } from '../kernel/clock.ts'
import { exponentOf } from '../kernel/currencies.ts'
import { decimalFromMinor, type Money } from '../kernel/money.ts'

/** The language of our own words on the page. */
export const pageLanguage = 'en'

/** What is looked at of an Accept-Language header; browsers send far less. */
const headerCharactersMax = 256
const languageRangesMax = 10

/**
 * The locale in which to write the payer's numbers: the first of an Accept-Language header (RFC 9110 section 12.5.4), by weight, that this machine knows;
 * `en` when there is none. Never throws.
 */
export function payerLocale(acceptLanguage: string | undefined): string {
  const ranges = (acceptLanguage ?? '').slice(0, headerCharactersMax).split(',', languageRangesMax).map(weighted)
  const wanted = ranges.filter(({ weight }) => weight > 0).sort((left, right) => right.weight - left.weight)
  for (const { tag } of wanted) {
    const [known] = supported(tag)
    if (known !== undefined) return known
  }
  return pageLanguage
}

function weighted(range: string): { readonly tag: string; readonly weight: number } {
  const [tag = '', ...parameters] = range.split(';').map((part) => part.trim())
  const quality = parameters.find((parameter) => /^q=/i.test(parameter))
  const weight = quality === undefined ? 1 : Number(quality.slice(2))
  return { tag, weight: Number.isFinite(weight) ? weight : 0 }
}

function supported(tag: string): readonly string[] {
  try {
    return Intl.NumberFormat.supportedLocalesOf(tag)
  } catch {
    // Not a language tag at all, for instance `*`.
    return []
  }
}

/**
 * An amount as the payer writes money, with all the places of its currency: `₹2,50,000.00`. Digits are 0 to 9 in every locale, since the words around them
 * are English. Intl's own idea of a currency's places is never used: it differs from ISO 4217 for 29 currencies.
 */
export function formatAmount(amount: Money, locale: string): string {
  const places = exponentOf(amount.currency)
  const digits = { minimumFractionDigits: places, maximumFractionDigits: places, numberingSystem: 'latn' } as const
  const text = decimalFromMinor(amount) as `${number}`
  // Intl takes three-letter codes only; USDT and USDC stand beside their number.
  if (amount.currency.length !== 3) {
    return `${new Intl.NumberFormat(locale, digits).format(text)} ${amount.currency}`
  }
  return new Intl.NumberFormat(locale, { ...digits, style: 'currency', currency: amount.currency }).format(text)
}

/** A moment in words, in UTC because nothing tells us where the payer is: `21 Nov 2026, 10:37 UTC`. */
export function formatInstant(instant: Instant): string {
  const format = { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' } as const
  return `${new Intl.DateTimeFormat('en-GB', format).format(instant)} UTC`
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** How much time is left, cut down so that nobody is promised more than there is: `in 29 minutes`. */
export function formatTimeLeft(leftMs: number): string {
  const words = new Intl.RelativeTimeFormat(pageLanguage)
  if (leftMs >= 2 * dayMs) return words.format(Math.floor(leftMs / dayMs), 'day')
  if (leftMs >= 2 * hourMs) return words.format(Math.floor(leftMs / hourMs), 'hour')
  if (leftMs >= minuteMs) return words.format(Math.floor(leftMs / minuteMs), 'minute')
  return 'in less than a minute'
}
