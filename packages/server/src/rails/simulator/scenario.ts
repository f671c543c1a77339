import { minorMax } from '../../kernel/money.ts'
import { type DeclineCode, declineCodes } from '../rail.ts'

/** What became of an attempt whose reply was lost. */
export type LostReplyTruth =
  | { readonly kind: 'succeeded' }
  | { readonly kind: 'declined'; readonly code: DeclineCode }
  | { readonly kind: 'not_received' }

/** What the simulator does with one attempt, from its first call to its last answer. Amounts are minor units. */
export type Scenario =
  | { readonly kind: 'succeeded' }
  | { readonly kind: 'declined'; readonly code: DeclineCode }
  /** `minor` is what arrives in all; `null` is half of what was asked. */
  | { readonly kind: 'partial'; readonly minor: bigint | null }
  /** `minor` is what arrives in all; `null` is a tenth more than was asked. */
  | { readonly kind: 'over'; readonly minor: bigint | null }
  | { readonly kind: 'late'; readonly delayMs: number }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'unknown'; readonly truth: LostReplyTruth }
  | { readonly kind: 'down'; readonly outageMs: number }
  | { readonly kind: 'pending' }

/** How long `late` takes where it does not say. */
export const lateDelayMsDefault = 60_000
/** How long the rail of `down` is down where it does not say. */
export const outageMsDefault = 60_000
/** After how long the rail of `pending` has decided. */
export const pendingDelayMs = 30_000
/** How often the rail of `unknown` must be asked until it knows. */
export const pollsUntilKnown = 2
/** The code of `declined` where it does not say. */
const declineCodeDefault: DeclineCode = 'do_not_honor'
/** The shortest and the longest time that a scenario may name. */
const scenarioDelayMsMin = 1_000
/** See `scenarioDelayMsMin`. Thirty days: longer than any expiry that a merchant tests against. */
export const scenarioDelayMsMax = 30 * 24 * 3_600_000

/** The longest scenario text is far below this; it bounds what the parser looks at. */
const scenarioTextLengthMax = 64

/**
 * Reads a scenario text, for example `declined:insufficient_funds`, `late:PT5M` or `partial:500`; the whole grammar
 * stands in `scenarioForms` (magic-values.ts). Names are lower case; durations are those of ISO 8601 (days to
 * seconds, from one second to thirty days) in either case. `undefined` for every other text: nothing is guessed.
 */
export function parseScenario(text: string): Scenario | undefined {
  if (text.length > scenarioTextLengthMax) return undefined
  const [name, ...details] = text.split(':')
  if (name === 'unknown') return parseUnknown(details)
  if (details.length > 1) return undefined
  const detail = details[0]
  switch (name) {
    case 'succeeded':
    case 'duplicate':
    case 'pending':
      return detail === undefined ? { kind: name } : undefined
    case 'declined':
      return parseDeclined(detail)
    case 'partial':
    case 'over':
      return parseReceived(name, detail)
    case 'late': {
      const delayMs = parseDelayMs(detail, lateDelayMsDefault)
      return delayMs === undefined ? undefined : { kind: 'late', delayMs }
    }
    case 'down': {
      const outageMs = parseDelayMs(detail, outageMsDefault)
      return outageMs === undefined ? undefined : { kind: 'down', outageMs }
    }
    default:
      return undefined
  }
}

function parseUnknown(details: readonly string[]): Scenario | undefined {
  const [truth, detail, surplus] = details
  if (surplus !== undefined) return undefined
  if (truth === undefined) return { kind: 'unknown', truth: { kind: 'succeeded' } }
  if (truth === 'not_received' && detail === undefined) return { kind: 'unknown', truth: { kind: 'not_received' } }
  const declined = truth === 'declined' ? parseDeclined(detail) : undefined
  return declined && { kind: 'unknown', truth: declined }
}

function parseDeclined(detail: string | undefined): { kind: 'declined'; code: DeclineCode } | undefined {
  if (detail === undefined) return { kind: 'declined', code: declineCodeDefault }
  const code = declineCodes.find((known) => known === detail)
  return code && { kind: 'declined', code }
}

function parseReceived(kind: 'partial' | 'over', detail: string | undefined): Scenario | undefined {
  if (detail === undefined) return { kind, minor: null }
  if (!/^[1-9][0-9]{0,15}$/.test(detail)) return undefined
  const minor = BigInt(detail)
  return minor > minorMax ? undefined : { kind, minor }
}

const durationPattern = /^P(?:(\d{1,3})D)?(?:T(?=\d)(?:(\d{1,4})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?$/i

function parseDelayMs(detail: string | undefined, defaultMs: number): number | undefined {
  if (detail === undefined) return defaultMs
  const match = durationPattern.exec(detail)
  if (!match) return undefined
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0))
  const delayMs = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000
  return delayMs >= scenarioDelayMsMin && delayMs <= scenarioDelayMsMax ? delayMs : undefined
}
