import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { currencyCodes, exponentOf } from '../kernel/currencies.ts'
import { money } from '../kernel/money.ts'
import { formatAmount, formatInstant, formatTimeLeft, payerLocale } from './payer-format.ts'

describe('an amount', () => {
  test.each([
    [25_000n, 'INR', 'en', '₹250.00'],
    [25_000_000n, 'INR', 'en-IN', '₹2,50,000.00'],
    [25_000n, 'BRL', 'pt-BR', 'R$\u00a0250,00'],
    [25_000n, 'EUR', 'de', '250,00\u00a0€'],
    [500n, 'JPY', 'en', '¥500'],
    [1_500n, 'KWD', 'en', 'KWD\u00a01.500'],
    [1n, 'BTC', 'en', 'BTC\u00a00.00000001'],
    [12_500_000n, 'USDT', 'en', '12.500000 USDT'],
    [25_000n, 'INR', 'hi-IN-u-nu-deva', '₹250.00'],
  ])('of %s minor units of %s reads in %s as %s', (minor, currency, locale, text) => {
    expect(formatAmount(money(minor, currency), locale)).toBe(text)
  })

  test('keeps the places of ISO 4217 where Intl would drop them, which would make it a hundred times as large', () => {
    for (const currency of ['COP', 'HUF', 'IDR', 'PKR', 'IQD', 'LBP', 'MGA']) {
      const places = exponentOf(currency)
      const text = formatAmount(money(10n ** BigInt(places) * 40n, currency), 'en')
      expect(text, currency).toMatch(places === 0 ? /\b40$/ : new RegExp(`\\b40\\.0{${places}}$`))
    }
  })

  test('shows every digit of what is charged, in every currency', () => {
    fc.assert(
      fc.property(
        fc.bigInt(0n, 9_000_000_000_000_000n),
        fc.constantFrom(...currencyCodes()),
        fc.constantFrom('en', 'en-IN', 'de', 'fr', 'pt-BR', 'ar', 'fa', 'hi'),
        (minor, currency, locale) => {
          const digits = formatAmount(money(minor, currency), locale).replace(/[^0-9]/g, '')
          expect(BigInt(digits)).toBe(minor)
        },
      ),
    )
  })
})

describe('the locale of a payer', () => {
  test.each([
    [undefined, 'en'],
    ['', 'en'],
    ['*', 'en'],
    ['en-IN,en;q=0.9', 'en-IN'],
    ['de;q=0.5, pt-BR;q=0.8', 'pt-BR'],
    ['xx-nowhere, fr;q=0.1', 'fr'],
    ['de;q=0, fr;q=0.1', 'fr'],
    ['de;q=x', 'en'],
    ["'; drop table, ../../etc, en-GB;q=0.1", 'en-GB'],
  ])('of %s is %s', (header, locale) => {
    expect(payerLocale(header)).toBe(locale)
  })

  test('is found for any header without failing, and can always be formatted with', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (header) => {
        expect(formatAmount(money(100n, 'INR'), payerLocale(header))).toContain('1')
      }),
    )
  })
})

test('a moment says its time zone', () => {
  expect(formatInstant(Date.UTC(2026, 10, 21, 9, 40, 14))).toBe('21 Nov 2026, 09:40 UTC')
})

test('time that is left is never rounded up', () => {
  const minute = 60_000
  expect(formatTimeLeft(30 * minute - 1)).toBe('in 29 minutes')
  expect(formatTimeLeft(minute)).toBe('in 1 minute')
  expect(formatTimeLeft(minute - 1)).toBe('in less than a minute')
  expect(formatTimeLeft(119 * minute)).toBe('in 119 minutes')
  expect(formatTimeLeft(3 * 60 * minute - 1)).toBe('in 2 hours')
  expect(formatTimeLeft(72 * 60 * minute - 1)).toBe('in 2 days')
})
