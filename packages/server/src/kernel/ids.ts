import { randomBytes } from 'node:crypto'
import { V7Generator } from 'uuidv7'
import type { Instant } from './clock.ts'

/** Every object prefix of the engine. The prefix tells a person what an id names; the rest is 26 base32 characters. */
export const idPrefixes = {
  merchant: 'mer',
  apiKey: 'key',
  customer: 'cus',
  payment: 'pay',
  attempt: 'att',
  refund: 're',
  payout: 'po',
  feePlan: 'fee',
  event: 'evt',
  webhookEndpoint: 'we',
  delivery: 'del',
} as const

/** The closed set of id prefixes. */
export type IdPrefix = (typeof idPrefixes)[keyof typeof idPrefixes]

/** An id of one object kind: `pay_` + 26 characters. Ids of one kind sort by the time they were made. */
export type Id<Prefix extends IdPrefix> = `${Prefix}_${string}`

/** Where randomness comes from, so that a seeded simulation can replay itself. */
export interface RandomSource {
  bytes(count: number): Uint8Array
}

/** The operating system's generator. */
export const systemRandom: RandomSource = { bytes: (count) => randomBytes(count) }

/** Makes ids that sort by time, also inside one millisecond. */
export interface IdSource {
  newId<Prefix extends IdPrefix>(prefix: Prefix, now: Instant): Id<Prefix>
}

/** Crockford's alphabet in lower case: no i, l, o, u, so an id read over the phone survives. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const idBodyPattern = /^[0-7][0-9abcdefghjkmnpqrstvwxyz]{25}$/
const rollbackAllowanceMs = 10_000
const randomPoolBytes = 4096

/** Encodes 16 bytes as 26 base32 characters that sort like the bytes. */
export function base32FromBytes(bytes: Uint8Array): string {
  let text = ''
  let buffer = 0
  let bits = 2 // 128 bits fill 25.6 characters: two zero bits go first so that text order is byte order.
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += alphabet[(buffer >> bits) & 31]
      buffer &= (1 << bits) - 1
    }
  }
  return text
}

/** Creates an id source. One per mode: a sandbox clock that jumps must not disturb the order of live ids. */
export function createIdSource(random: RandomSource = systemRandom): IdSource {
  const generator = new V7Generator({ nextUint32: pooledUint32(random) })
  return {
    newId: (prefix, now) =>
      `${prefix}_${base32FromBytes(generator.generateOrResetCore(Math.max(now, 0), rollbackAllowanceMs).bytes)}`,
  }
}

/** Tells whether `text` has the form of an id with this prefix. It says nothing about existence. */
export function isId<Prefix extends IdPrefix>(prefix: Prefix, text: string): text is Id<Prefix> {
  return text.startsWith(`${prefix}_`) && idBodyPattern.test(text.slice(prefix.length + 1))
}

function pooledUint32(random: RandomSource): () => number {
  let pool = Buffer.alloc(0)
  let offset = 0
  return () => {
    if (offset + 4 > pool.length) {
      pool = Buffer.from(random.bytes(randomPoolBytes))
      offset = 0
    }
    const value = pool.readUInt32LE(offset)
    offset += 4
    return value
  }
}
