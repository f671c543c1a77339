import { Temporal } from 'temporal-polyfill'
import * as z from 'zod'
import { type Instant, isoFromInstant } from '../../kernel/clock.ts'
import { isCurrency, minorMax } from '../../kernel/money.ts'

const timeTextCharactersMax = 64
/** The longest URL that is accepted. */
const urlCharactersMax = 2_048
/** The last instant that a filter may name: the end of the year 9999. */
const instantMax: Instant = Date.UTC(9999, 11, 31, 23, 59, 59, 999)
const metadataKeysMax = 50
const metadataKeyCharactersMax = 40
const metadataValueCharactersMax = 500

/** An amount: a JSON integer of minor units. Exact, because amounts stay below 2^53. */
export const amountShown = z.codec(z.int(), z.bigint(), { decode: BigInt, encode: Number })

/** An amount that a caller names: at least one minor unit. */
export const amountGiven = z.codec(z.int().min(1).max(Number(minorMax)), z.bigint(), {
  decode: BigInt,
  encode: Number,
})

/**
 * A sum of amounts as it is shown: a JSON integer with all its digits. A balance may outgrow 2^53, where a JavaScript
 * number is no longer exact, so it is written as ECMAScript's `JSON.rawJSON` allows.
 */
export const sumShown = z.codec(z.unknown().meta({ type: 'integer' }), z.bigint(), {
  decode: (shown) => BigInt(z.int().parse(shown)),
  encode: (minor) => (Number.isSafeInteger(Number(minor)) ? Number(minor) : exactNumber.rawJSON(String(minor))),
})

/** The part of `JSON` that the language's library does not know yet. */
const exactNumber = JSON as unknown as { rawJSON(text: string): unknown }

/** The code of a currency, in upper case. */
export const currencyGiven = z.string().refine(isCurrency, {
  error: 'must be the code of a currency in upper case, such as INR (ISO 4217) or BTC',
})

/** Text of the merchant's own, of one to so many characters. */
export function textGiven(charactersMax = 100) {
  return z.string().min(1).max(charactersMax)
}

/** A web address: http or https, complete, printable ASCII, without a user name. */
export const urlGiven = z.string().max(urlCharactersMax).refine(isWebAddress, {
  error: 'must be a complete http or https URL; percent-encode what is not ASCII',
})

function isWebAddress(text: string): boolean {
  if (!/^https?:\/\/[\x21-\x7e]+$/i.test(text) || !URL.canParse(text)) return false
  const { username, password } = new URL(text)
  return username === '' && password === ''
}

/** What the merchant attaches to an object and gets back unchanged: flat, so that it can be searched and shown. */
export const metadataGiven = z
  .record(
    textGiven(metadataKeyCharactersMax),
    z.union([z.string().max(metadataValueCharactersMax), z.number(), z.boolean(), z.null()], {
      error: `must be text of at most ${metadataValueCharactersMax} characters, a number, a boolean or null`,
    }),
  )
  .refine((metadata) => Object.keys(metadata).length <= metadataKeysMax, {
    error: `must have at most ${metadataKeysMax} keys`,
  })

/** An instant as it is shown: ISO 8601 in UTC with milliseconds. */
export const instantShown = z.codec(z.iso.datetime(), z.number(), {
  decode: (text) => Temporal.Instant.from(text).epochMilliseconds,
  encode: isoFromInstant,
})

/** An instant that a caller names: ISO 8601 with `Z` or an offset, from 1970 to the year 9999, as far as every store can follow. */
export const instantGiven = z.codec(z.string().max(timeTextCharactersMax), z.number(), {
  decode: (text, payload) =>
    readTime(payload, text, 'must be an ISO 8601 instant such as 2026-12-01T00:00:00Z', (written) => {
      // Offsets that are not written are not guessed; names in brackets are not ISO 8601.
      if (written.includes('[')) return undefined
      const instant = Temporal.Instant.from(written).epochMilliseconds
      return instant >= 0 && instant <= instantMax ? instant : undefined
    }),
  encode: isoFromInstant,
})

/** An instant in a query. A plus sign that was not percent-encoded arrives as a space. */
export const instantFilter = z.codec(z.string(), instantGiven, {
  decode: (text) => text.replace(/ (?=\d\d:?\d\d$)/, '+'),
  encode: (text) => text,
})

/** A span of time that a caller names: an ISO 8601 duration, years and months included. */
export const durationGiven = z.codec(z.string().max(timeTextCharactersMax), z.instanceof(Temporal.Duration), {
  decode: (text, payload) =>
    readTime(payload, text, 'must be an ISO 8601 duration such as PT30M or P3D', (written) =>
      Temporal.Duration.from(written),
    ),
  encode: String,
})

/** A span of time between two bounds in milliseconds; a day is 24 hours, months and years have no length of their own. */
export function spanGiven(minMs: number, maxMs: number) {
  const written = (ms: number) => Temporal.Duration.from({ milliseconds: ms }).round({ largestUnit: 'days' }).toString()
  const rule = `must be an ISO 8601 duration from ${written(minMs)} to ${written(maxMs)}`
  return z.codec(z.string().max(timeTextCharactersMax), z.int(), {
    decode: (text, payload) =>
      readTime(payload, text, rule, (duration) => {
        const ms = Math.floor(Temporal.Duration.from(duration).total('milliseconds'))
        return ms >= minMs && ms <= maxMs ? ms : undefined
      }),
    encode: written,
  })
}

function readTime<Time>(
  payload: { readonly issues: z.core.$ZodRawIssue[] },
  text: string,
  message: string,
  read: (text: string) => Time | undefined,
): Time {
  try {
    const time = read(text)
    if (time !== undefined) return time
  } catch {
    // Said below, in our own words.
  }
  payload.issues.push({ code: 'custom', input: text, message })
  return z.NEVER
}

/** The instant that lies `span` after `instant`, by the calendar in UTC. Throws `RangeError` outside what a date can hold. */
export function instantAfter(instant: number, span: Temporal.Duration): number {
  return Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO('UTC').add(span).epochMilliseconds
}

/** Names of what an answer shall hold beside its object, with commas between them. */
export function expandGiven<const Name extends string>(names: readonly Name[]) {
  const rule = `must be ${names.join(' or ')}, or several of them with commas between`
  return z.codec(z.string(), z.array(z.enum(names)), {
    decode: (text, payload) => {
      const wanted = text.split(',')
      const known = names.filter((name) => wanted.includes(name))
      if (wanted.every((name) => known.includes(name as Name))) return known
      payload.issues.push({ code: 'custom', input: text, message: rule })
      return z.NEVER
    },
    encode: (wanted) => wanted.join(','),
  })
}

/** The number of an event, as a query carries it: up to 18 digits. */
export const eventCursorGiven = z.codec(
  z.string().regex(/^\d{1,18}$/, 'must be the number of an event, or 0 for the beginning'),
  z.bigint(),
  { decode: BigInt, encode: String },
)

/** The number of one of the merchant's objects, as a query or a path carries it: up to 18 digits, from 1. */
export function numberGiven(object: string) {
  return z.codec(z.string().regex(/^[1-9]\d{0,17}$/, `must be the number of ${object}`), z.bigint(), {
    decode: BigInt,
    encode: String,
  })
}

/** Whole seconds, as a query carries them: none to so many. */
export function secondsGiven(secondsMax: number) {
  return z.codec(
    z.string().regex(/^\d{1,4}$/, `must be whole seconds, at most ${secondsMax}`),
    z.int().max(secondsMax),
    {
      decode: Number,
      encode: String,
    },
  )
}
