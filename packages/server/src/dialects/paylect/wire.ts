import { Temporal } from 'temporal-polyfill'
import * as z from 'zod'
import { isoFromInstant } from '../../kernel/clock.ts'
import { minorMax } from '../../kernel/money.ts'

const timeTextCharactersMax = 64

/** An amount: a JSON integer of minor units. Exact, because amounts stay below 2^53. */
export const amountShown = z.codec(z.int(), z.bigint(), { decode: BigInt, encode: Number })

/** An amount that a caller names: at least one minor unit. */
export const amountGiven = z.codec(z.int().min(1).max(Number(minorMax)), z.bigint(), {
  decode: BigInt,
  encode: Number,
})

/** An instant as it is shown: ISO 8601 in UTC with milliseconds. */
export const instantShown = z.codec(z.iso.datetime(), z.number(), {
  decode: (text) => Temporal.Instant.from(text).epochMilliseconds,
  encode: isoFromInstant,
})

/** An instant that a caller names: ISO 8601 with `Z` or an offset. */
export const instantGiven = z.codec(z.string().max(timeTextCharactersMax), z.number(), {
  decode: (text, payload) =>
    readTime(payload, text, 'must be an ISO 8601 instant such as 2026-12-01T00:00:00Z', (written) =>
      // Offsets that are not written are not guessed; names in brackets are not ISO 8601.
      written.includes('[') ? undefined : Temporal.Instant.from(written).epochMilliseconds,
    ),
  encode: isoFromInstant,
})

/** A span of time that a caller names: an ISO 8601 duration, years and months included. */
export const durationGiven = z.codec(z.string().max(timeTextCharactersMax), z.instanceof(Temporal.Duration), {
  decode: (text, payload) =>
    readTime(payload, text, 'must be an ISO 8601 duration such as PT30M or P3D', (written) =>
      Temporal.Duration.from(written),
    ),
  encode: String,
})

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
