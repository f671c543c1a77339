import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { base32FromBytes, idPrefixes, isId } from '../kernel/ids.ts'
import type { Mode, Scope } from '../kernel/scope.ts'

/** The path that every checkout page lies under. */
export const checkoutPath = '/pay'

/** A shorter key is a mistake of the configuration. */
export const checkoutKeyLengthMin = 32

/** What a checkout token names. */
export interface CheckoutTarget {
  readonly scope: Scope
  readonly paymentId: string
}

/** Makes and reads the tokens that let a payer, who has no credential, see and pay one payment. */
export interface CheckoutTokens {
  /**
   * The token of a payment: 79 characters of `[0-9a-z]`, the same each time, so it is never stored. Throws `TypeError` for ids that the engine has not made.
   */
  tokenFor(scope: Scope, paymentId: string): string
  /** What the token names, found without a database; `undefined` for every text that `tokenFor` with this key has not made. */
  read(token: string): CheckoutTarget | undefined
  /** The payer's link: `${baseUrl}/pay/${token}`. */
  checkoutUrl(baseUrl: string, scope: Scope, paymentId: string): string
}

const letterOfMode: Readonly<Record<Mode, string>> = { live: 'l', sandbox: 's' }
const modeOfLetter: Readonly<Record<string, Mode>> = { l: 'live', s: 'sandbox' }

/** An id without its prefix, and 128 bits of HMAC, are 26 base32 characters each (kernel/ids.ts). */
const bodyLength = 26
const macBytes = 16
const claimsLength = 1 + 2 * bodyLength
const tokenLength = claimsLength + bodyLength

/** Signed along with the claims, so that a code made by this key for another purpose is never a checkout token. */
const purpose = 'checkout token 1:'

/**
 * Creates the tokens of an installation: mode, merchant and payment in the open, then HMAC-SHA256 (RFC 2104) of them cut to 128 bits. All processes must share
 * the key; a new key ends every link. Throws `TypeError` for a key of fewer than `checkoutKeyLengthMin` characters.
 */
export function createCheckoutTokens(key: string): CheckoutTokens {
  if (key.length < checkoutKeyLengthMin) {
    throw new TypeError(`checkout tokens need a key of at least ${checkoutKeyLengthMin} characters`)
  }
  const secret = createSecretKey(Buffer.from(key, 'utf8'))
  const tokenFor = (scope: Scope, paymentId: string) => {
    const claims = claimsOf(scope, paymentId)
    return claims + macOf(secret, claims)
  }
  return {
    tokenFor,
    read(token) {
      if (token.length !== tokenLength) return undefined
      const claims = token.slice(0, claimsLength)
      return isSame(token.slice(claimsLength), macOf(secret, claims)) ? targetOf(claims) : undefined
    },
    checkoutUrl: (baseUrl, scope, paymentId) =>
      `${baseUrl.replace(/\/$/, '')}${checkoutPath}/${tokenFor(scope, paymentId)}`,
  }
}

function claimsOf({ mode, merchantId }: Scope, paymentId: string): string {
  if (!isId(idPrefixes.merchant, merchantId) || !isId(idPrefixes.payment, paymentId)) {
    throw new TypeError('a checkout token was asked for ids of another form')
  }
  return letterOfMode[mode] + merchantId.slice(-bodyLength) + paymentId.slice(-bodyLength)
}

function targetOf(claims: string): CheckoutTarget | undefined {
  const mode = modeOfLetter[claims.charAt(0)]
  const merchantId = `${idPrefixes.merchant}_${claims.slice(1, 1 + bodyLength)}`
  const paymentId = `${idPrefixes.payment}_${claims.slice(1 + bodyLength)}`
  if (!mode || !isId(idPrefixes.merchant, merchantId) || !isId(idPrefixes.payment, paymentId)) return undefined
  return { scope: { merchantId, mode }, paymentId }
}

function macOf(secret: KeyObject, claims: string): string {
  const mac = createHmac('sha256', secret).update(purpose).update(claims).digest()
  return base32FromBytes(mac.subarray(0, macBytes))
}

/** The texts are compared, not the bytes they stand for: one token has one spelling. */
function isSame(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given, 'utf8'), Buffer.from(expected, 'utf8')]
  return left.length === right.length && timingSafeEqual(left, right)
}
