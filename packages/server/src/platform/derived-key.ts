import { hkdfSync } from 'node:crypto'

const keyBytes = 32

/**
 * A key for one purpose, derived from the master key by HKDF-SHA256 (RFC 5869): purposes cannot be turned into each
 * other, and one secret is all that an operator has to keep. `masterKey` is 64 hexadecimal digits.
 */
export function derivedKey(masterKey: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', Buffer.from(masterKey, 'hex'), '', `paylect:${purpose}`, keyBytes))
}
