import { exponentOf, isCurrency, minorPerMajor, UnknownCurrencyError } from './currencies.ts'

export { exponentOf, isCurrency, UnknownCurrencyError } from './currencies.ts'

/**
 * An amount: a whole number of minor units (cents, satoshis) of one currency. Always frozen, always within ±`minorMax`.
 * The bigint keeps it out of JSON: `JSON.stringify` throws, so only a codec lets an amount out, in the notation that
 * its reader expects. May be negative: a ledger difference is an amount too.
 */
export type Money = { readonly minor: bigint; readonly currency: string }

/**
 * How a quotient becomes a whole number of minor units. All four are symmetric about zero, so that a reversal rounds
 * as its original did: `half_even` sends ties to the even neighbour, `half_up` away from zero; `down` cuts towards
 * zero, `up` goes away from it.
 */
export type RoundingMode = 'half_even' | 'half_up' | 'down' | 'up'

/**
 * The largest magnitude of an amount, in minor units. It fits PostgreSQL's `bigint` a thousand times over, so sums
 * have room, and stays below 2^53, so a JavaScript number carries it exactly where a document demands a JSON number.
 */
export const minorMax = 9_000_000_000_000_000n

/** The most parts that `allocate` splits an amount into. */
export const allocationPartsMax = 10_000

/** Ten thousand basis points are the whole. */
const basisPointsWhole = 10_000n

/** Two currencies met in one operation. Nothing converts silently. */
export class CurrencyMismatchError extends RangeError {
  override readonly name = 'CurrencyMismatchError'
  constructor(left: string, right: string) {
    super(`amounts of different currencies: ${left} and ${right}`)
  }
}

/** An amount, a weight or a proportion is outside what the operation is defined for. */
export class MoneyRangeError extends RangeError {
  override readonly name = 'MoneyRangeError'
}

function build(minor: bigint, currency: string): Money {
  if (minor > minorMax || minor < -minorMax) throw new MoneyRangeError(`amount out of range: ${minor} ${currency}`)
  return Object.freeze({ minor, currency })
}

function requireSameCurrency(left: Money, right: Money): void {
  if (left.currency !== right.currency) throw new CurrencyMismatchError(left.currency, right.currency)
}

/**
 * An amount of `minor` units. A number must be a safe integer. Throws `UnknownCurrencyError`, and `MoneyRangeError` for
 * a fraction, NaN, an infinity or a magnitude above `minorMax`.
 */
export function money(minor: bigint | number, currency: string): Money {
  if (!isCurrency(currency)) throw new UnknownCurrencyError(currency)
  if (typeof minor === 'bigint') return build(minor, currency)
  if (!Number.isSafeInteger(minor)) throw new MoneyRangeError(`not a whole number of minor units: ${minor}`)
  return build(BigInt(minor), currency)
}

/** No money, of `currency`. Throws `UnknownCurrencyError`. */
export function zero(currency: string): Money {
  return money(0n, currency)
}

/** `left + right`. Throws `CurrencyMismatchError`, `MoneyRangeError`. */
export function add(left: Money, right: Money): Money {
  requireSameCurrency(left, right)
  return build(left.minor + right.minor, left.currency)
}

/** `left - right`; the result may be negative. Throws `CurrencyMismatchError`, `MoneyRangeError`. */
export function subtract(left: Money, right: Money): Money {
  requireSameCurrency(left, right)
  return build(left.minor - right.minor, left.currency)
}

/** The same amount with the other sign. */
export function negate(amount: Money): Money {
  return build(-amount.minor, amount.currency)
}

/** -1, 0 or 1, as `left` is less than, equal to or greater than `right`. Throws `CurrencyMismatchError`. */
export function compare(left: Money, right: Money): -1 | 0 | 1 {
  requireSameCurrency(left, right)
  if (left.minor === right.minor) return 0
  return left.minor < right.minor ? -1 : 1
}

/** The lesser of the two. Throws `CurrencyMismatchError`. */
export function minimum(left: Money, right: Money): Money {
  return compare(left, right) <= 0 ? left : right
}

/** Whether the amount is exactly nothing. */
export function isZero(amount: Money): boolean {
  return amount.minor === 0n
}

/** Whether the amount is above zero; zero is not positive. */
export function isPositive(amount: Money): boolean {
  return amount.minor > 0n
}

/** Whether the amount is below zero; zero is not negative. */
export function isNegative(amount: Money): boolean {
  return amount.minor < 0n
}

/**
 * Splits an amount by weights and loses nothing: the parts sum to the amount exactly, whatever the weights. Method of
 * the largest remainder: each part gets its share cut down, and the units left over go one each to the parts that were
 * cut most. **Ties go to the part that stands earlier.** A weight of zero always gets zero, and a negative amount
 * splits as its positive one does, negated. Throws `MoneyRangeError` if there is no weight, a negative one, only zeros,
 * or more than `allocationPartsMax`.
 */
export function allocate(amount: Money, weights: readonly bigint[]): Money[] {
  const whole = requireWeights(weights)
  const magnitude = amount.minor < 0n ? -amount.minor : amount.minor
  const parts = weights.map((weight) => (magnitude * weight) / whole)
  const remainders = weights.map((weight) => (magnitude * weight) % whole)

  let leftOver = magnitude
  for (const part of parts) leftOver -= part
  // The sum of the remainders is `leftOver * whole` and each is below `whole`, so there are always more cut parts than
  // units left over, and a zero weight, whose remainder is zero, can never be reached.
  const mostCutFirst = [...remainders.keys()].sort((left, right) => {
    const difference = (remainders[right] as bigint) - (remainders[left] as bigint)
    return difference === 0n ? left - right : difference > 0n ? 1 : -1
  })
  for (const index of mostCutFirst.slice(0, Number(leftOver))) parts[index] = (parts[index] as bigint) + 1n

  return parts.map((part) => build(amount.minor < 0n ? -part : part, amount.currency))
}

function requireWeights(weights: readonly bigint[]): bigint {
  if (weights.length > allocationPartsMax) throw new MoneyRangeError(`too many parts: ${weights.length}`)
  let whole = 0n
  for (const weight of weights) {
    if (weight < 0n) throw new MoneyRangeError(`negative weight: ${weight}`)
    whole += weight
  }
  if (whole === 0n) throw new MoneyRangeError('weights must not sum to zero')
  return whole
}

/**
 * `amount × part ÷ whole`, rounded once. Throws `MoneyRangeError` if `whole` is not positive, `part` is negative, or
 * the result leaves the range of an amount.
 */
export function proportionOf(amount: Money, part: bigint, whole: bigint, mode: RoundingMode): Money {
  if (whole <= 0n || part < 0n) throw new MoneyRangeError(`not a proportion: ${part}/${whole}`)
  return build(divideRounded(amount.minor * part, whole, mode), amount.currency)
}

/**
 * `basisPoints` hundredths of a percent of the amount: 150 is 1.5 %. Throws `MoneyRangeError` if `basisPoints` is not a
 * whole number of zero or more.
 */
export function basisPointsOf(amount: Money, basisPoints: number, mode: RoundingMode): Money {
  if (!Number.isSafeInteger(basisPoints)) throw new MoneyRangeError(`not whole basis points: ${basisPoints}`)
  return proportionOf(amount, BigInt(basisPoints), basisPointsWhole, mode)
}

function divideRounded(dividend: bigint, divisor: bigint, mode: RoundingMode): bigint {
  const quotient = dividend / divisor
  const remainder = dividend % divisor
  if (remainder === 0n) return quotient
  const awayFromZero = dividend < 0n ? quotient - 1n : quotient + 1n
  const twice = 2n * (remainder < 0n ? -remainder : remainder)
  switch (mode) {
    case 'down':
      return quotient
    case 'up':
      return awayFromZero
    case 'half_up':
      return twice >= divisor ? awayFromZero : quotient
    case 'half_even':
      if (twice === divisor) return quotient % 2n === 0n ? quotient : awayFromZero
      return twice > divisor ? awayFromZero : quotient
  }
}

/** The text is not an exact amount of the currency. */
export class MoneyFormatError extends RangeError {
  override readonly name = 'MoneyFormatError'
}

/** Longer than any amount in range can be written: a sign, 16 digits, a point and 8 places, and some room. */
const decimalTextLengthMax = 32

/** One spelling per amount: no plus sign, no leading zeros, no bare point, no exponent, no grouping, no spaces. */
const decimalPattern = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?$/

/**
 * Reads a decimal text in major units, exactly: `('40.5', 'USD')` is 4050 minor units. Fewer places than the currency
 * has are allowed, more are refused even if they are zeros. Throws `MoneyFormatError`, `UnknownCurrencyError`, and
 * `MoneyRangeError` above `minorMax`.
 */
export function minorFromDecimal(text: string, currency: string): Money {
  const exponent = exponentOf(currency)
  const match = text.length <= decimalTextLengthMax ? decimalPattern.exec(text) : null
  if (match === null) throw new MoneyFormatError('not a decimal amount')
  const [, sign, major = '', places = ''] = match
  if (places.length > exponent) throw new MoneyFormatError(`${currency} has ${exponent} decimal places`)
  const magnitude = BigInt(major + places.padEnd(exponent, '0'))
  return build(sign === '-' ? -magnitude : magnitude, currency)
}

/**
 * Writes an amount as a decimal text in major units with all the places of its currency: `40.00`, `40`, `0.00000001`.
 */
export function decimalFromMinor(amount: Money): string {
  const exponent = exponentOf(amount.currency)
  const magnitude = amount.minor < 0n ? -amount.minor : amount.minor
  const sign = amount.minor < 0n ? '-' : ''
  if (exponent === 0) return `${sign}${magnitude}`
  const perMajor = minorPerMajor(amount.currency)
  return `${sign}${magnitude / perMajor}.${(magnitude % perMajor).toString().padStart(exponent, '0')}`
}
