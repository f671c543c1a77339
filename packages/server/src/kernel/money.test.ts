import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  currencyCodes,
  exponentMax,
  exponentOf,
  isCurrency,
  minorPerMajor,
  UnknownCurrencyError,
} from './currencies.ts'
import {
  add,
  allocate,
  allocationPartsMax,
  basisPointsOf,
  CurrencyMismatchError,
  compare,
  decimalFromMinor,
  isNegative,
  isPositive,
  isZero,
  MoneyFormatError,
  MoneyRangeError,
  minimum,
  minorFromDecimal,
  minorMax,
  money,
  negate,
  proportionOf,
  type RoundingMode,
  subtract,
  zero,
} from './money.ts'

const anyMinor = fc.bigInt({ min: -minorMax, max: minorMax })
const anyCurrency = fc.constantFrom(...currencyCodes())
const anyMoney = fc.tuple(anyMinor, anyCurrency).map(([minor, currency]) => money(minor, currency))
const anyWeights = fc
  .array(fc.bigInt({ min: 0n, max: 1_000_000n }), { minLength: 1, maxLength: 40 })
  .filter((weights) => weights.some((weight) => weight > 0n))
const anyMode = fc.constantFrom<RoundingMode>('half_even', 'half_up', 'down', 'up')

describe('currencies', () => {
  test('exponents follow ISO 4217 where other sources do not', () => {
    const expected = { USD: 2, JPY: 0, KWD: 3, CLF: 4, IDR: 2, HUF: 2, COP: 2, MGA: 2, MRU: 2, XCG: 2, NGN: 2, INR: 2 }
    for (const [currency, exponent] of Object.entries(expected)) expect(exponentOf(currency), currency).toBe(exponent)
  })

  test('coins and tokens have the exponents that we promise', () => {
    expect(['BTC', 'SAT', 'USDT', 'USDC', 'ETH'].map(exponentOf)).toEqual([8, 0, 6, 6, 8])
  })

  test('no exponent leaves the range that codecs and powers of ten cover', () => {
    expect(currencyCodes().length).toBeGreaterThan(165)
    for (const currency of currencyCodes()) {
      expect(exponentOf(currency)).toBeLessThanOrEqual(exponentMax)
      expect(minorPerMajor(currency)).toBe(10n ** BigInt(exponentOf(currency)))
    }
  })

  test('an unknown, lower-case or inherited name is not a currency', () => {
    for (const text of ['usd', 'XXX', '', 'US', 'constructor', '__proto__', 'USD ']) {
      expect(isCurrency(text), text).toBe(false)
      expect(() => exponentOf(text)).toThrow(UnknownCurrencyError)
      expect(() => money(1n, text)).toThrow(UnknownCurrencyError)
    }
  })
})

describe('amounts', () => {
  test('an amount cannot be changed after it was made', () => {
    const amount = money(5n, 'USD')
    expect(() => Object.assign(amount, { minor: 6n })).toThrow(TypeError)
    expect(amount.minor).toBe(5n)
  })

  test('an amount cannot reach JSON by accident', () => {
    expect(() => JSON.stringify({ amount: money(5n, 'USD') })).toThrow(TypeError)
  })

  test('a number becomes an amount only if it is a safe integer', () => {
    expect(money(4000, 'USD')).toEqual({ minor: 4000n, currency: 'USD' })
    for (const minor of [0.1, 40.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => money(minor, 'USD'), String(minor)).toThrow(MoneyRangeError)
    }
  })

  test('no operation leaves the bounds of an amount', () => {
    const largest = money(minorMax, 'USD')
    expect(Number(minorMax)).toBeLessThan(Number.MAX_SAFE_INTEGER)
    expect(() => money(minorMax + 1n, 'USD')).toThrow(MoneyRangeError)
    expect(() => add(largest, money(1n, 'USD'))).toThrow(MoneyRangeError)
    expect(() => subtract(negate(largest), money(1n, 'USD'))).toThrow(MoneyRangeError)
    expect(() => basisPointsOf(largest, 10_001, 'down')).toThrow(MoneyRangeError)
    expect(basisPointsOf(largest, 10_000, 'down')).toEqual(largest)
  })

  test('two currencies never meet in one operation', () => {
    const [dollar, euro] = [money(1n, 'USD'), money(1n, 'EUR')]
    for (const operation of [add, subtract, compare, minimum]) {
      expect(() => operation(dollar, euro)).toThrow(CurrencyMismatchError)
    }
    expect(new CurrencyMismatchError('USD', 'EUR')).toBeInstanceOf(RangeError)
  })

  test('subtracting what was added gives the same amount back', () => {
    const half = fc.bigInt({ min: -minorMax / 2n, max: minorMax / 2n })
    fc.assert(
      fc.property(half, half, anyCurrency, (left, right, currency) => {
        const [a, b] = [money(left, currency), money(right, currency)]
        expect(subtract(add(a, b), b)).toEqual(a)
        expect(add(a, b)).toEqual(add(b, a))
        expect(add(a, negate(a))).toEqual(zero(currency))
      }),
    )
  })

  test('comparison, sign and minimum agree with each other', () => {
    fc.assert(
      fc.property(anyMinor, anyMinor, (left, right) => {
        const [a, b] = [money(left, 'USD'), money(right, 'USD')]
        expect(compare(a, b)).toBe(left < right ? -1 : left > right ? 1 : 0)
        expect(compare(b, a) + compare(a, b)).toBe(0)
        expect(minimum(a, b).minor).toBe(left < right ? left : right)
        expect([isNegative(a), isZero(a), isPositive(a)].filter(Boolean)).toHaveLength(1)
        expect(isPositive(a)).toBe(left > 0n)
      }),
    )
  })
})

describe('allocation', () => {
  test('the parts always sum to the amount, and each is within one unit of its exact share', () => {
    fc.assert(
      fc.property(anyMoney, anyWeights, (amount, weights) => {
        const parts = allocate(amount, weights)
        const whole = weights.reduce((sum, weight) => sum + weight, 0n)
        expect(parts.reduce((sum, part) => sum + part.minor, 0n)).toBe(amount.minor)
        parts.forEach((part, index) => {
          const error = part.minor * whole - amount.minor * (weights[index] as bigint)
          expect(error < whole && error > -whole).toBe(true)
          if (weights[index] === 0n) expect(part.minor).toBe(0n)
        })
      }),
    )
  })

  test('a negative amount splits as its positive one, negated', () => {
    fc.assert(
      fc.property(anyMoney, anyWeights, (amount, weights) => {
        expect(allocate(negate(amount), weights)).toEqual(allocate(amount, weights).map(negate))
      }),
    )
  })

  test('the most cut part gets the unit left over, and ties go to the earlier part', () => {
    const minors = (minor: bigint, weights: bigint[]) =>
      allocate(money(minor, 'USD'), weights).map((part) => part.minor)
    expect(minors(10_003n, [20n, 30n, 50n])).toEqual([2001n, 3001n, 5001n])
    expect(minors(100n, [1n, 1n, 1n])).toEqual([34n, 33n, 33n])
    expect(minors(101n, [1n, 1n, 1n])).toEqual([34n, 34n, 33n])
    expect(minors(1n, [1n, 1n])).toEqual([1n, 0n])
    expect(minors(10n, [1n, 2n])).toEqual([3n, 7n])
    expect(minors(5n, [0n, 1n, 0n])).toEqual([0n, 5n, 0n])
  })

  test('weights that cannot split an amount are refused', () => {
    for (const weights of [[], [0n], [0n, 0n], [-1n, 2n], new Array<bigint>(allocationPartsMax + 1).fill(1n)]) {
      expect(() => allocate(money(1n, 'USD'), weights)).toThrow(MoneyRangeError)
    }
  })
})

describe('proportions', () => {
  test('each named mode rounds fractions and ties as its name says', () => {
    const modes: RoundingMode[] = ['half_even', 'half_up', 'down', 'up']
    const tenths: [bigint, bigint[]][] = [
      [24n, [2n, 2n, 2n, 3n]],
      [25n, [2n, 3n, 2n, 3n]],
      [26n, [3n, 3n, 2n, 3n]],
      [35n, [4n, 4n, 3n, 4n]],
      [30n, [3n, 3n, 3n, 3n]],
    ]
    for (const [minor, expected] of tenths) {
      expect(modes.map((mode) => proportionOf(money(minor, 'USD'), 1n, 10n, mode).minor)).toEqual(expected)
      const negative = modes.map((mode) => proportionOf(money(-minor, 'USD'), 1n, 10n, mode).minor)
      expect(negative).toEqual(expected.map((value) => -value))
    }
  })

  test('rounding never moves a result by a whole unit, and the modes bracket the exact value', () => {
    const part = fc.bigInt({ min: 0n, max: 10_000n })
    fc.assert(
      fc.property(anyMinor, part, fc.bigInt({ min: 10_000n, max: 1_000_000n }), anyMode, (minor, p, whole, mode) => {
        const amount = money(minor, 'USD')
        const error = proportionOf(amount, p, whole, mode).minor * whole - minor * p
        expect(error < whole && error > -whole).toBe(true)
        if (mode.startsWith('half')) expect(2n * (error < 0n ? -error : error) <= whole).toBe(true)
        const absolute = (value: bigint) => (value < 0n ? -value : value)
        const down = absolute(proportionOf(amount, p, whole, 'down').minor)
        expect(absolute(proportionOf(amount, p, whole, 'up').minor) - down <= 1n).toBe(true)
      }),
    )
  })

  test('basis points are hundredths of a percent', () => {
    expect(basisPointsOf(money(10_000n, 'NGN'), 150, 'half_up').minor).toBe(150n)
    expect(basisPointsOf(money(1n, 'NGN'), 5_000, 'half_even').minor).toBe(0n)
    expect(basisPointsOf(money(1n, 'NGN'), 5_000, 'half_up').minor).toBe(1n)
    expect(basisPointsOf(money(77n, 'NGN'), 0, 'up').minor).toBe(0n)
  })

  test('a negative, fractional or unbounded proportion is refused', () => {
    const amount = money(100n, 'USD')
    for (const basisPoints of [-1, 1.5, Number.NaN]) {
      expect(() => basisPointsOf(amount, basisPoints, 'down')).toThrow(MoneyRangeError)
    }
    for (const [part, whole] of [
      [1n, 0n],
      [1n, -1n],
      [-1n, 1n],
    ] as const) {
      expect(() => proportionOf(amount, part, whole, 'down')).toThrow(MoneyRangeError)
    }
  })
})

describe('decimal text', () => {
  test('every amount survives the way out and back', () => {
    fc.assert(
      fc.property(anyMoney, (amount) => {
        expect(minorFromDecimal(decimalFromMinor(amount), amount.currency)).toEqual(amount)
      }),
      { numRuns: 500 },
    )
  })

  test('amounts are written with all the places of their currency', () => {
    expect(decimalFromMinor(money(4000n, 'USD'))).toBe('40.00')
    expect(decimalFromMinor(money(-5n, 'USD'))).toBe('-0.05')
    expect(decimalFromMinor(money(40n, 'JPY'))).toBe('40')
    expect(decimalFromMinor(money(1n, 'BTC'))).toBe('0.00000001')
    expect(decimalFromMinor(money(1_234n, 'KWD'))).toBe('1.234')
  })

  test('fewer places than the currency has are read exactly', () => {
    expect(minorFromDecimal('40', 'USD').minor).toBe(4000n)
    expect(minorFromDecimal('40.5', 'USD').minor).toBe(4050n)
    expect(minorFromDecimal('-0.00', 'USD').minor).toBe(0n)
    expect(minorFromDecimal('90000000000000.00', 'USD').minor).toBe(minorMax)
  })

  test('too many places are refused, even zeros', () => {
    for (const [text, currency] of [
      ['40.001', 'USD'],
      ['40.000', 'USD'],
      ['1.0', 'JPY'],
      ['0.0000001', 'USDT'],
    ] as const) {
      expect(() => minorFromDecimal(text, currency)).toThrow(MoneyFormatError)
    }
  })

  test('exponents, signs, grouping, spaces and junk are refused', () => {
    const junk = [
      '',
      ' ',
      '1e3',
      '1E3',
      '+1',
      '01',
      '.5',
      '5.',
      '1,000',
      '1 000',
      ' 1',
      '1\n',
      '0x10',
      'NaN',
      'Infinity',
    ]
    for (const text of [...junk, '-', '--1', '1.2.3', '١', '1_000', '9'.repeat(33)]) {
      expect(() => minorFromDecimal(text, 'USD'), JSON.stringify(text)).toThrow(MoneyFormatError)
    }
    expect(() => minorFromDecimal('90000000000000.01', 'USD')).toThrow(MoneyRangeError)
    expect(() => minorFromDecimal('1', 'usd')).toThrow(UnknownCurrencyError)
  })
})
