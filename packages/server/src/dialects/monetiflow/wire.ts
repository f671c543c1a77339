import { Temporal } from 'temporal-polyfill'
import * as z from 'zod'
import { type Instant, isoFromInstant } from '../../kernel/clock.ts'
import { isCurrency, minorMax } from '../../kernel/money.ts'
import { inferred } from './inferred.ts'

/** The longest URL that is accepted. */
const urlCharactersMax = 2_048
/** The longest name or reference of the merchant's own. */
const textCharactersMax = 100
const metadataKeyCharactersMax = 40
const metadataValueCharactersMax = 500
/** The last instant that a filter may name: the end of the year 9999. */
const instantMax: Instant = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

const amountRule =
  `must be a whole number of the smallest unit of the currency (25000 is INR 250.00), from 1 to ${minorMax}, ` +
  'as an integer or as a string of digits'

/** An amount as merchants send it: a JSON integer, or digits as forms carry them. Signs, fractions and exponents are refused. */
export const amountGiven = z.codec(
  z.union([z.number(), z.string()], { error: ({ input }) => (input === undefined ? undefined : amountRule) }),
  z.bigint(),
  {
    decode: (given, payload) => {
      const minor = minorOf(given)
      if (minor !== undefined) return minor
      payload.issues.push({ code: 'custom', input: given, message: amountRule })
      return z.NEVER
    },
    encode: Number,
  },
)

function minorOf(given: number | string): bigint | undefined {
  const isWhole = typeof given === 'string' ? /^[1-9][0-9]{0,15}$/.test(given) : Number.isSafeInteger(given)
  if (!isWhole) return undefined
  const minor = BigInt(given)
  return minor >= 1n && minor <= minorMax ? minor : undefined
}

/** An amount as it is shown: a JSON integer of the smallest unit. Exact, because amounts stay below 2^53. */
export const amountShown = z.codec(z.int(), z.bigint(), { decode: BigInt, encode: Number })

/**
 * A sum of amounts as it is shown. A balance may outgrow 2^53, where a JavaScript number is no longer exact; it is then
 * written with all its digits all the same, as JSON allows (ECMAScript's `JSON.rawJSON`).
 */
export const sumShown = z.codec(z.unknown().meta({ type: 'integer' }), z.bigint(), {
  decode: (shown) => BigInt(z.int().parse(shown)),
  encode: (minor) => (Number.isSafeInteger(Number(minor)) ? Number(minor) : exactNumber.rawJSON(String(minor))),
})

/** The part of `JSON` that the language's library does not know yet. */
const exactNumber = JSON as unknown as { rawJSON(text: string): unknown }

/** A currency code in upper case. */
export const currencyGiven = z.string().refine(isCurrency, {
  error: ({ input }) => {
    const upperCase = String(input).toUpperCase()
    return isCurrency(upperCase)
      ? `must be in upper case: ${upperCase}`
      : 'must be the ISO 4217 code of a currency in upper case, such as INR'
  },
})

/** An instant as it is shown: ISO 8601 in UTC. */
export const instantShown = z.codec(z.iso.datetime(), z.number(), {
  decode: (text) => Temporal.Instant.from(text).epochMilliseconds,
  encode: isoFromInstant,
})

/** An instant in a filter: unix seconds, a date (midnight UTC), or a date and time with its offset. */
export const instantGiven = z.codec(z.string(), z.number(), {
  decode: (text, payload) => {
    const instant = instantFrom(text)
    if (instant !== undefined && instant >= 0 && instant <= instantMax) return instant
    payload.issues.push({
      code: 'custom',
      input: text,
      message: 'must be an ISO 8601 date or date and time with its offset (2026-11-21T09:40:00Z), or unix seconds',
    })
    return z.NEVER
  },
  encode: isoFromInstant,
})

function instantFrom(text: string): Instant | undefined {
  if (/^\d{1,12}$/.test(text)) return Number(text) * 1000
  // A plus sign that was not percent-encoded arrives as a space.
  const written = text.replace(' ', '+')
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/.test(written)) return undefined
  try {
    return written.includes('T')
      ? Temporal.Instant.from(written).epochMilliseconds
      : Temporal.PlainDate.from(written).toZonedDateTime('UTC').epochMilliseconds
  } catch {
    // The form is right, but there is no such day or hour.
    return undefined
  }
}

/** Text of the merchant's own. */
export const textGiven = z.string().min(1).max(textCharactersMax)

/** A web address: http or https, complete, printable ASCII, without a user name. */
export const urlGiven = z.string().max(urlCharactersMax).refine(isWebAddress, {
  error: 'must be a complete http or https URL; percent-encode what is not ASCII',
})

function isWebAddress(text: string): boolean {
  if (!/^https?:\/\/[\x21-\x7e]+$/i.test(text) || !URL.canParse(text)) return false
  const { username, password } = new URL(text)
  return username === '' && password === ''
}

/** What the merchant attaches to an object and gets back unchanged. */
export const metadataGiven = z
  .record(
    z.string().min(1).max(metadataKeyCharactersMax),
    z.union([z.string().max(metadataValueCharactersMax), z.number(), z.boolean(), z.null()], {
      error: `must be text of at most ${metadataValueCharactersMax} characters, a number, a boolean or null`,
    }),
  )
  .refine((metadata) => Object.keys(metadata).length <= inferred.metadataKeysMax.choice, {
    error: `must have at most ${inferred.metadataKeysMax.choice} keys`,
  })

/** Metadata as it is parsed. */
export type Metadata = z.output<typeof metadataGiven>

/** The text under a key of metadata, if there is some of at most `textCharactersMax` characters. */
export function metadataText(metadata: Metadata, key: string): string | undefined {
  const value = metadata[key]
  return typeof value === 'string' && value !== '' && value.length <= textCharactersMax ? value : undefined
}
