import { EngineError } from '../../kernel/engine-error.ts'

/*
 * The document's ids are a prefix and eight base62 characters. They are made from the engine's object number by an affine
 * permutation of the whole space: every number below 62^8 has exactly one id and back, no table is kept, and neighbouring
 * numbers have ids that look unrelated. It hides the order from a casual eye; it is no secret, and access never rests on it.
 */

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const base = BigInt(alphabet.length)
const bodyLength = 8
const space = base ** BigInt(bodyLength)
/** Close to the golden section of the space, and prime to 62, so that it can be undone. */
const multiplier = 134_941_606_358_731n
const offset = 61_803_398_874_989n
const inverse = inverseModulo(multiplier, space)

/** The prefixes of the document (`pay_`) and of its style (the others). */
export const idPrefixes = { payment: 'pay', payout: 'po', refund: 'rfd', transaction: 'txn', event: 'evt' } as const

/** What an id names. */
export type IdKind = keyof typeof idPrefixes

const bodyPattern = new RegExp(`^[0-9A-Za-z]{${bodyLength}}$`)

/** The id of an object number: `pay_9kL2mN4x`. Throws `EngineError` `internal` for a number of 62^8 or more. */
export function idOf(kind: IdKind, number: bigint): string {
  if (number < 0n || number >= space) throw new EngineError('internal', 'object_number_out_of_range')
  let rest = (number * multiplier + offset) % space
  let body = ''
  for (let place = 0; place < bodyLength; place += 1) {
    body = alphabet.charAt(Number(rest % base)) + body
    rest /= base
  }
  return `${idPrefixes[kind]}_${body}`
}

/** The object number that an id holds, or `undefined` for text that is no id of this kind. It says nothing about existence. */
export function numberOf(kind: IdKind, id: string): bigint | undefined {
  const prefix = `${idPrefixes[kind]}_`
  const body = id.slice(prefix.length)
  if (!id.startsWith(prefix) || !bodyPattern.test(body)) return undefined
  let permuted = 0n
  for (const character of body) permuted = permuted * base + BigInt(alphabet.indexOf(character))
  return ((permuted - offset + space) * inverse) % space
}

/** The number that undoes a multiplication, by Euclid's algorithm. Throws where there is none. */
function inverseModulo(value: bigint, modulus: bigint): bigint {
  let [previous, current] = [modulus, value % modulus]
  let [previousFactor, factor] = [0n, 1n]
  while (current !== 0n) {
    const quotient = previous / current
    ;[previous, current] = [current, previous - quotient * current]
    ;[previousFactor, factor] = [factor, previousFactor - quotient * factor]
  }
  if (previous !== 1n) throw new RangeError('the multiplier shares a factor with the size of the space')
  return ((previousFactor % modulus) + modulus) % modulus
}
