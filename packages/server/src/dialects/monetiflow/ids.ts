import { createHash } from 'node:crypto'
import { EngineError } from '../../kernel/engine-error.ts'
import type { Scope } from '../../kernel/scope.ts'

/*
 * The document's ids are a prefix and eight base62 characters. They are made from the engine's object number by an affine
 * permutation of the whole space, whose offset every merchant and mode has of its own: within a scope every number has
 * exactly one id and back, no table is kept, and neighbouring numbers have ids that look unrelated.
 *
 * An id that was made in another scope decodes here to a number that has nothing to do with it. That number is one of ours
 * with a chance of (objects we have made) / 62^8, five in a billion for a million objects; almost always it is beyond
 * `numberMax` and refused unseen. The distance between two scopes is the same for all their ids, so two merchants share
 * either no id text or a run of them: for two with a million objects each the chance of that is nine in a billion.
 * The permutation hides the order from a casual eye; it is no secret, and access never rests on it: whatever an id decodes
 * to is looked up in the caller's own scope.
 */

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const base = BigInt(alphabet.length)
const bodyLength = 8
const space = base ** BigInt(bodyLength)
/** Close to the golden section of the space, and prime to 62, so that it can be undone. */
const multiplier = 134_941_606_358_731n
const offset = 61_803_398_874_989n
const inverse = inverseModulo(multiplier, space)

/**
 * The highest number that an id can stand for: what a merchant reaches with a thousand objects a second, day and night, for
 * thirty years. It is under half a percent of the space, so that 99.5 % of foreign and invented ids name nothing at all.
 */
const numberMax = 10n ** 12n

/** So many scopes are remembered; one costs about 200 bytes. Beyond it the one that was kept longest is worked out again. */
const offsetsKeptMax = 10_000
const offsetsKept = new Map<string, bigint>()

/** The prefixes of the document (`pay_`) and of its style (the others). */
export const idPrefixes = { payment: 'pay', payout: 'po', refund: 'rfd', transaction: 'txn', event: 'evt' } as const

/** What an id names. */
export type IdKind = keyof typeof idPrefixes

const bodyPattern = new RegExp(`^[0-9A-Za-z]{${bodyLength}}$`)

/**
 * The id of an object number of a scope: `pay_9kL2mN4x`. Anything that has `merchantId` and `mode` will do as the scope, an engine row too.
 * Throws `EngineError` `internal` for a number below 1 or above 10^12, whose id could not be read back.
 */
export function idOf(kind: IdKind, scope: Scope, number: bigint): string {
  if (number < 1n || number > numberMax) throw new EngineError('internal', 'object_number_out_of_range')
  let rest = (number * multiplier + offsetOf(scope)) % space
  let body = ''
  for (let place = 0; place < bodyLength; place += 1) {
    body = alphabet.charAt(Number(rest % base)) + body
    rest /= base
  }
  return `${idPrefixes[kind]}_${body}`
}

/**
 * The object number that an id holds in a scope, from 1 to 10^12, or `undefined` for text that is no id of this kind or that no object of
 * this scope can have. It says nothing about existence.
 */
export function numberOf(kind: IdKind, scope: Scope, id: string): bigint | undefined {
  const prefix = `${idPrefixes[kind]}_`
  const body = id.slice(prefix.length)
  if (!id.startsWith(prefix) || !bodyPattern.test(body)) return undefined
  let permuted = 0n
  for (const character of body) permuted = permuted * base + BigInt(alphabet.indexOf(character))
  const number = ((permuted - offsetOf(scope) + space) * inverse) % space
  return number >= 1n && number <= numberMax ? number : undefined
}

/** The offset of a scope's permutation, below the size of the space. A merchant id holds no colon, so no two scopes share a text. */
function offsetOf({ merchantId, mode }: Scope): bigint {
  const text = `${merchantId}:${mode}`
  const kept = offsetsKept.get(text)
  if (kept !== undefined) return kept
  const digest = BigInt(`0x${createHash('sha256').update(text).digest('hex')}`)
  const shifted = (offset + digest) % space
  // A Map keeps the order in which its keys were set: the first one is the oldest.
  const [oldest] = offsetsKept.size >= offsetsKeptMax ? offsetsKept.keys() : []
  if (oldest !== undefined) offsetsKept.delete(oldest)
  offsetsKept.set(text, shifted)
  return shifted
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
