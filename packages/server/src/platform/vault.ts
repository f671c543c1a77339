import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'

/**
 * Envelope encryption for secrets at rest (webhook secrets, credentials, card data). Each record is sealed under a data
 * key of its own, and the data key is wrapped under a key of the operator's ring, both with AES-256-GCM (NIST SP
 * 800-38D). A new key at the head of the ring seals from then on; the older ones still open what they sealed.
 *
 * The text form is `v1.<key id>.<wrapped data key>.<sealed text>`, the last two base64url of nonce, ciphertext and tag.
 */
export interface Vault {
  /**
   * Seals `plaintext` under the current key. `aad` names what the record is and whose (`merchant|type|id`); it is bound
   * to the record but not stored in it, so a sealed text that is copied to another row does not open there. Throws
   * `VaultError('malformed')` for a text that is not well-formed Unicode or longer than `plaintextBytesMax`.
   */
  seal(plaintext: string, aad: string): string
  /** Opens what `seal` made with the same `aad`. Throws `VaultError`: nothing is ever returned unauthenticated. */
  open(sealed: string, aad: string): string
  /**
   * Whether the record was sealed under the current key; if not, rotation reseals it. Throws `VaultError('malformed')`.
   */
  isCurrent(sealed: string): boolean
}

/** A key of the ring: an id of letters, digits, `_` and `-`, at most 32 of them, and 32 random bytes. */
export interface VaultKey {
  readonly id: string
  readonly key: Buffer
}

/**
 * `malformed`: not our text form. `unknown_key`: its key is not in the ring. `refused`: wrong `aad`, wrong key, or
 * altered.
 */
export type VaultErrorReason = 'malformed' | 'unknown_key' | 'refused'

/** Why a record could not be sealed or opened. The message holds neither the text nor a key. */
export class VaultError extends Error {
  override readonly name = 'VaultError'
  readonly reason: VaultErrorReason
  constructor(reason: VaultErrorReason, message: string) {
    super(message)
    this.reason = reason
  }
}

/** The longest text that one record holds, in UTF-8 bytes. */
export const plaintextBytesMax = 1_048_576

const algorithm = 'aes-256-gcm'
const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16
const keyIdPattern = /^[A-Za-z0-9_-]{1,32}$/
const sealedPattern = /^v1\.([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/
const sealedLengthMax = Math.ceil((plaintextBytesMax + nonceBytes + tagBytes) / 3) * 4 + 256

/**
 * A vault over a ring of keys; the first is the current one. Random nonces bound one ring key to 2^32 records (SP
 * 800-38D, 8.3): rotate long before. Throws `RangeError` if the ring is empty, an id repeats or is misspelt, or a key
 * is not 32 bytes.
 */
export function createVault(options: { readonly keys: readonly VaultKey[] }): Vault {
  const ring = new Map<string, Buffer>()
  for (const { id, key } of options.keys) {
    if (!keyIdPattern.test(id)) throw new RangeError('vault key id must be 1 to 32 letters, digits, _ or -')
    if (key.length !== keyBytes) throw new RangeError(`vault key ${id} must be ${keyBytes} bytes`)
    if (ring.has(id)) throw new RangeError(`vault key ${id} stands twice in the ring`)
    // A copy, so that the caller may wipe the buffer that it read the key into.
    ring.set(id, Buffer.from(key))
  }
  const current = options.keys[0]?.id
  if (current === undefined) throw new RangeError('vault needs at least one key')

  return {
    seal: (plaintext, aad) => seal(ring, current, plaintext, aad),
    open: (sealed, aad) => open(ring, sealed, aad),
    isCurrent: (sealed) => parse(sealed).keyId === current,
  }
}

function seal(ring: ReadonlyMap<string, Buffer>, keyId: string, plaintext: string, aad: string): string {
  if (!plaintext.isWellFormed()) throw new VaultError('malformed', 'plaintext is not well-formed Unicode')
  const bytes = Buffer.from(plaintext, 'utf8')
  if (bytes.length > plaintextBytesMax) throw new VaultError('malformed', 'plaintext is too long for one record')
  const dataKey = randomBytes(keyBytes)
  try {
    const wrapped = encrypt(ring.get(keyId) as Buffer, dataKey, associated('key', keyId, aad))
    const sealed = encrypt(dataKey, bytes, associated('text', keyId, aad))
    return `v1.${keyId}.${wrapped.toString('base64url')}.${sealed.toString('base64url')}`
  } finally {
    dataKey.fill(0)
    bytes.fill(0)
  }
}

function open(ring: ReadonlyMap<string, Buffer>, text: string, aad: string): string {
  const { keyId, wrapped, sealed } = parse(text)
  const key = ring.get(keyId)
  if (key === undefined) throw new VaultError('unknown_key', `no key ${keyId} in the ring`)
  const dataKey = decrypt(key, wrapped, associated('key', keyId, aad))
  try {
    if (dataKey.length !== keyBytes) throw new VaultError('malformed', 'wrapped data key has the wrong length')
    return decrypt(dataKey, sealed, associated('text', keyId, aad)).toString('utf8')
  } finally {
    dataKey.fill(0)
  }
}

function parse(text: string): { keyId: string; wrapped: Buffer; sealed: Buffer } {
  const match = text.length <= sealedLengthMax ? sealedPattern.exec(text) : null
  if (match === null) throw new VaultError('malformed', 'not a sealed record')
  const [, keyId = '', wrapped = '', sealed = ''] = match
  return { keyId, wrapped: Buffer.from(wrapped, 'base64url'), sealed: Buffer.from(sealed, 'base64url') }
}

/**
 * The part and the key id are authenticated with the caller's `aad`, so that neither half of a record passes for the
 * other.
 */
function associated(part: 'key' | 'text', keyId: string, aad: string): Buffer {
  return Buffer.from(`paylect.vault.v1\n${part}\n${keyId}\n${aad}`, 'utf8')
}

function encrypt(key: Buffer, plaintext: Buffer, aad: Buffer): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes }).setAAD(aad)
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

function decrypt(key: Buffer, bytes: Buffer, aad: Buffer): Buffer {
  if (bytes.length < nonceBytes + tagBytes) throw new VaultError('malformed', 'sealed record is too short')
  const nonce = bytes.subarray(0, nonceBytes)
  const ciphertext = bytes.subarray(nonceBytes, bytes.length - tagBytes)
  const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagBytes }).setAAD(aad)
  decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes))
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()])
  } catch {
    throw new VaultError('refused', 'sealed record does not open with this key and context')
  }
}

/** What a `Secret` shows of itself wherever it is printed, logged, joined or serialised. */
const secretMask = '[secret]'

/**
 * Carries a secret through code that may print what it holds: templates, JSON, `inspect` and logs see a mask. Only
 * `reveal` gives the value, so that every use can be found by its name.
 */
export class Secret {
  readonly #value: string
  constructor(value: string) {
    this.#value = value
  }
  /** The secret itself. */
  reveal(): string {
    return this.#value
  }
  toString(): string {
    return secretMask
  }
  toJSON(): string {
    return secretMask
  }
  [Symbol.toPrimitive](): string {
    return secretMask
  }
  [inspect.custom](): string {
    return secretMask
  }
}
