import * as isoCurrencies from 'dinero.js/bigint/currencies'

/**
 * Every currency that an amount may carry, with its exponent: the number of decimal places between its major and its
 * minor unit. ISO 4217 comes from one data source; what that source gets differently, and what ISO does not list,
 * stands below. `Intl` is never asked: its display digits differ from ISO 4217 for 29 currencies (COP, HUF, IDR …).
 */
const exponents: ReadonlyMap<string, number> = buildExponents()

/** The largest exponent that an amount may have. Bounds the powers of ten below and the digits that a codec reads. */
export const exponentMax = 8

/** Powers of ten by exponent, so that no codec computes one on the way. */
const powersOfTen: readonly bigint[] = Array.from({ length: exponentMax + 1 }, (_, exponent) => 10n ** BigInt(exponent))

function buildExponents(): ReadonlyMap<string, number> {
  const table = new Map<string, number>()
  for (const currency of Object.values(isoCurrencies)) table.set(currency.code, Number(currency.exponent))

  // Ariary and ouguiya divide into five, and the data source says so (base 5, exponent 1). ISO 4217 lists both with two
  // decimal places, and that is what banks and the documented gateways write.
  table.set('MGA', 2)
  table.set('MRU', 2)

  table.set('BTC', 8)
  // A satoshi is a unit of its own for Lightning, where invoices are stated in it: 1 BTC = 100,000,000 SAT.
  table.set('SAT', 0)
  table.set('USDT', 6)
  table.set('USDC', 6)
  // Ether divides into 18 places on chain. We hold 8, as exchanges do, because a wei count outgrows `minorMax` at 0.009
  // ether. A rail that sees smaller parts on chain keeps the wei in its own record and credits the amount rounded down.
  table.set('ETH', 8)
  return table
}

/** The currency code is not one that Paylect knows. Codes are upper case: `usd` is unknown. */
export class UnknownCurrencyError extends RangeError {
  override readonly name = 'UnknownCurrencyError'
  constructor(currency: string) {
    super(`unknown currency: ${JSON.stringify(currency.slice(0, 16))}`)
  }
}

/** Whether `text` is the upper-case code of a currency that an amount may carry. */
export function isCurrency(text: string): boolean {
  return exponents.has(text)
}

/** The number of decimal places of `currency`, 0 to 8. Throws `UnknownCurrencyError`. */
export function exponentOf(currency: string): number {
  const exponent = exponents.get(currency)
  if (exponent === undefined) throw new UnknownCurrencyError(currency)
  return exponent
}

/** How many minor units make one major unit of `currency`. Throws `UnknownCurrencyError`. */
export function minorPerMajor(currency: string): bigint {
  return powersOfTen[exponentOf(currency)] as bigint
}

/** Every known code, sorted, for documents and selection lists. */
export function currencyCodes(): readonly string[] {
  return [...exponents.keys()].sort()
}
