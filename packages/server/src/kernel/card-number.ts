/*
 * Finds the numbers of payment cards in text that is meant for something else. It is stricter than what keeps them out of
 * the log: there a needless mask costs nothing, here a needless refusal costs a sale. Of random numbers of 16 digits about
 * one in fifty looks like a card's.
 */

/** The lengths that each issuer's cards have (ISO/IEC 7812 ranges as the schemes publish them). */
const issuers: readonly (readonly [start: RegExp, lengths: readonly number[]])[] = [
  // Visa.
  [/^4/, [13, 16, 19]],
  // Mastercard.
  [/^(?:5[1-5]|22(?:2[1-9]|[3-9])|2[3-6]|27[01]|2720)/, [16]],
  // American Express.
  [/^3[47]/, [15]],
  // Diners Club.
  [/^3(?:0[0-5]|[689])/, [14, 16, 19]],
  // JCB.
  [/^35(?:2[89]|[3-8])/, [16]],
  // Discover and RuPay.
  [/^(?:6011|64[4-9]|65|60|81|82|508)/, [16, 19]],
  // UnionPay.
  [/^62/, [16, 17, 18, 19]],
  // Verve and Elo.
  [/^50[69]/, [16, 19]],
  // Mir.
  [/^220[0-4]/, [16]],
  // Troy.
  [/^9792/, [16]],
]

const digitsMin = 13
const digitsMax = 19
/** Card numbers are written in short groups; the long groups of an id beside each other make no number. */
const groupDigitsMax = 6
/** Digits alone or in groups; text before and after them that belongs to a longer word makes them something else. */
const digitGroups = /(?<![\p{L}\p{N}_])\d+(?:[ -]\d+)*(?![\p{L}\p{N}_])/gu

/**
 * Whether a text holds the number of a payment card, whole or in groups with spaces or hyphens. Takes time in proportion to
 * the length of the text. A number inside a longer word, such as an id, is none.
 */
export function holdsCardNumber(text: string): boolean {
  if (text.length < digitsMin) return false
  // In an address a space is written in one of these ways.
  const spaced = text.replaceAll(/%20|\+/g, ' ')
  for (const [run] of spaced.matchAll(digitGroups)) {
    if (run.length < digitsMin) continue
    const groups = run.split(/[ -]/)
    if (groups.some((_, first) => startsCardNumber(groups, first))) return true
  }
  return false
}

function startsCardNumber(groups: readonly string[], first: number): boolean {
  let digits = groups[first] ?? ''
  if (isCardNumber(digits)) return true
  if (digits.length > groupDigitsMax) return false
  for (let index = first + 1; index < groups.length && digits.length < digitsMax; index += 1) {
    const group = groups[index] ?? ''
    if (group.length > groupDigitsMax) return false
    digits += group
    if (isCardNumber(digits)) return true
  }
  return false
}

function isCardNumber(digits: string): boolean {
  if (digits.length < digitsMin || digits.length > digitsMax || !passesLuhn(digits)) return false
  return issuers.some(([start, lengths]) => lengths.includes(digits.length) && start.test(digits))
}

/** Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B). */
export function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let index = 0; index < digits.length; index += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 48
    const doubled = index % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}
