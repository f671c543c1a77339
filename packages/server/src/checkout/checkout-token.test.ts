import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { base32FromBytes } from '../kernel/ids.ts'
import { checkoutKeyLengthMin, createCheckoutTokens } from './checkout-token.ts'

const tokens = createCheckoutTokens('k'.repeat(checkoutKeyLengthMin))
const otherTokens = createCheckoutTokens('l'.repeat(checkoutKeyLengthMin))
const scope = { merchantId: 'mer_06bq3k7pz8e5v9w2x4y6tscdfg', mode: 'sandbox' } as const
const paymentId = 'pay_06bq3k7pz8e5v9w2x4y6tscdfh'

const body = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(base32FromBytes)
const target = fc.record({
  scope: fc.record({
    merchantId: body.map((text) => `mer_${text}`),
    mode: fc.constantFrom('live' as const, 'sandbox' as const),
  }),
  paymentId: body.map((text) => `pay_${text}`),
})

describe('a checkout token', () => {
  test('names nothing when any one character of it is another', () => {
    const token = tokens.tokenFor(scope, paymentId)
    for (let index = 0; index < token.length; index += 1) {
      for (const letter of ['0', '7', 'l', 's', 'z', 'A', '-', 'é', '\0']) {
        if (letter === token[index]) continue
        expect(tokens.read(token.slice(0, index) + letter + token.slice(index + 1)), `${letter} at ${index}`).toBe(
          undefined,
        )
      }
    }
  })

  test('names nothing in another spelling, cut short or with something behind it', () => {
    const token = tokens.tokenFor(scope, paymentId)
    const spellings = ['', token.slice(0, -1), `${token}0`, token.toUpperCase(), ` ${token}`, 'x'.repeat(100_000)]
    for (const text of spellings) expect(tokens.read(text)).toBe(undefined)
  })

  test('of one mode is not a token of the other', () => {
    const token = tokens.tokenFor(scope, paymentId)
    expect(tokens.read(`l${token.slice(1)}`)).toBe(undefined)
    expect(tokens.tokenFor({ ...scope, mode: 'live' }, paymentId).slice(1, 53)).toBe(token.slice(1, 53))
  })

  test('made with another key names nothing', () => {
    fc.assert(
      fc.property(target, (made) => {
        expect(otherTokens.read(tokens.tokenFor(made.scope, made.paymentId))).toBe(undefined)
      }),
    )
  })

  test('cannot be guessed or made to throw by any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ minLength: 79, maxLength: 79, unit: 'binary' })), (text) => {
        expect(tokens.read(text)).toBe(undefined)
      }),
    )
  })

  test('gives back what it was made for, and stands in a URL as it is', () => {
    fc.assert(
      fc.property(target, (made) => {
        const token = tokens.tokenFor(made.scope, made.paymentId)
        expect(token).toMatch(/^[ls][0-9a-z]{78}$/)
        expect(tokens.read(token)).toEqual(made)
        expect(tokens.tokenFor(made.scope, made.paymentId)).toBe(token)
      }),
    )
  })

  test('stays valid from release to release', () => {
    expect(tokens.tokenFor(scope, paymentId)).toMatchInlineSnapshot(
      `"s06bq3k7pz8e5v9w2x4y6tscdfg06bq3k7pz8e5v9w2x4y6tscdfh3e6ac09y23fe4zf8vz8typsxtk"`,
    )
  })

  test('is not made for ids that the engine did not make', () => {
    expect(() => tokens.tokenFor({ ...scope, merchantId: 'mer_a' }, paymentId)).toThrow(TypeError)
    expect(() => tokens.tokenFor(scope, `ref_${paymentId.slice(4)}`)).toThrow(TypeError)
    expect(() => tokens.tokenFor(scope, `${paymentId}/..`)).toThrow(TypeError)
  })

  test('needs a key that cannot be guessed', () => {
    expect(() => createCheckoutTokens('k'.repeat(checkoutKeyLengthMin - 1))).toThrow('at least 32 characters')
  })
})

test('the payer’s link is the base URL, the path and the token', () => {
  const token = tokens.tokenFor(scope, paymentId)
  expect(tokens.checkoutUrl('https://pay.example', scope, paymentId)).toBe(`https://pay.example/pay/${token}`)
  expect(tokens.checkoutUrl('https://pay.example/', scope, paymentId)).toBe(`https://pay.example/pay/${token}`)
})
