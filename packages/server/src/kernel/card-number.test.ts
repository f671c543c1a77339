import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { holdsCardNumber, passesLuhn } from './card-number.ts'

describe('a card number', () => {
  test.each([
    '4111111111111111',
    '4222222222222',
    '5555555555554444',
    '2223003122003222',
    '378282246310005',
    '30569309025904',
    '3530111333300000',
    '6011111111111117',
    '6521150000000000',
    '6240008631401148',
    '2200000000000053',
  ])('%s is found whole, in groups and in a sentence', (digits) => {
    const grouped = digits.replace(/(\d{4})(?=\d)/g, '$1 ')
    for (const text of [
      digits,
      grouped,
      grouped.replaceAll(' ', '-'),
      `card: ${digits}.`,
      `?card=${digits}&a=1`,
      encodeURIComponent(grouped),
    ]) {
      expect([text, holdsCardNumber(text)]).toEqual([text, true])
    }
    expect(holdsCardNumber(`order 12 of ${grouped} on 28`)).toBe(true)
  })

  test.each([
    ['a time in milliseconds', '1795254014123'],
    ['a date and a counter', '20261121103000123'],
    ['an order number without the check digit', '4111111111111112'],
    ['a number that no issuer uses', '1234567812345670'],
    ['part of an id', 'pay_4111111111111111'],
    ['part of a longer number', '41111111111111110000'],
    ['the last groups of a UUID', 'a1b2c3d4-1234-4123-8123-000000000004'],
    ['a masked card', '411111******1111'],
    ['a phone number', '+91 98765 43210'],
    ['nothing', ''],
  ])('is not seen in %s', (_, text) => {
    expect(holdsCardNumber(text)).toBe(false)
  })

  test('is what random numbers of 16 digits rarely look like', () => {
    const digits = fc.bigInt(10n ** 15n, 10n ** 16n - 1n).map(String)
    const seen = fc.sample(digits, { seed: 7, numRuns: 20_000 }).filter(holdsCardNumber).length
    expect(seen / 20_000).toBeLessThan(0.035)
  })

  test('loses its check digit when one digit is another', () => {
    const card = '4111111111111111'
    fc.assert(
      fc.property(fc.nat({ max: 15 }), fc.integer({ min: 1, max: 9 }), (at, more) => {
        const digit = (Number(card[at]) + more) % 10
        expect(passesLuhn(card.slice(0, at) + digit + card.slice(at + 1))).toBe(false)
      }),
    )
  })
})
