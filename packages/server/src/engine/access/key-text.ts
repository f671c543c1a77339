import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Mode } from '../../kernel/scope.ts'

/** What a key is for: a secret one stays on the merchant's server, a publishable one may stand in a web page. */
export const apiKeyTypes = ['secret', 'publishable'] as const

/** One of the types of key. */
export type ApiKeyType = (typeof apiKeyTypes)[number]

const randomBytesCount = 24
/** As many base62 characters as 192 bits can need. */
const randomLength = 33
/** As many base62 characters as 32 bits can need. */
const checksumLength = 6
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const form = /^[sp]k_(?:test|live)_[0-9A-Za-z]{39}$/
const prefixes = { secret: 'sk', publishable: 'pk' } as const

/**
 * A new key of the house API: `sk_` or `pk_`, `test_` or `live_`, 192 random bits and a checksum of all that, so that a
 * scanner can tell a leaked key from look-alikes without asking anyone. `bytes` are 24 random bytes.
 */
export function newHouseKey(type: ApiKeyType, mode: Mode, bytes: Uint8Array = randomBytes(randomBytesCount)): string {
  const random = base62(BigInt(`0x${Buffer.from(bytes).toString('hex')}`), randomLength)
  const body = `${prefixes[type]}_${mode === 'live' ? 'live' : 'test'}_${random}`
  return body + checksumOf(body)
}

/** Whether a text has the form of a house key and the checksum that belongs to it. It says nothing about existence. */
export function isHouseKey(text: string): boolean {
  if (!form.test(text)) return false
  const body = text.slice(0, -checksumLength)
  return text.slice(-checksumLength) === checksumOf(body)
}

/** The CRC-32 (of zlib and IEEE 802.3) of the characters before it, in base62. */
function checksumOf(body: string): string {
  return base62(BigInt(crc32(body)), checksumLength)
}

function base62(value: bigint, length: number): string {
  let text = ''
  for (let rest = value; text.length < length; rest /= 62n) text = alphabet.charAt(Number(rest % 62n)) + text
  return text
}
