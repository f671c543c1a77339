import { holdsCardNumber } from '../kernel/card-number.ts'
import { EngineError } from '../kernel/engine-error.ts'

/*
 * Card data that a merchant puts where it does not belong: into metadata, a description, a reference, a name. It would be
 * stored in the clear, shown by every list and sent out in webhooks, and bring all of that, and its backups, into the scope
 * of PCI DSS (3.2: card numbers are kept only where they must be, and unreadable; 3.3: security codes never). Masking would
 * silently change what the merchant asked us to keep, so it is refused by the name of the field, before anything is stored.
 */

/** Names of sensitive authentication data, in lower case and without `-`, `_` and spaces. A `pin` or `pan` is often none. */
const secretNames: ReadonlySet<string> = new Set(
  `cvv cvv2 cvc cvc2 cardcvv cardcvc cardsecuritycode cardverificationvalue track1 track2 track1data track2data`.split(
    ' ',
  ),
)

/**
 * Refuses a body or a query that holds the number of a payment card, or a card's security code under its name. `exempt` lists the
 * fields whose business such numbers are, as dotted paths with `*` for an index. Amounts are not looked at. Throws
 * `EngineError` `invalid_request` `card_data_not_allowed` that names the field.
 */
export function assertNoCardData(
  body: unknown,
  exempt: readonly string[],
  fieldName: (path: readonly PropertyKey[]) => string,
): void {
  const path: PropertyKey[] = []
  const visit = (part: unknown): void => {
    if (typeof part === 'object' && part !== null) {
      for (const [key, value] of Object.entries(part)) {
        path.push(Array.isArray(part) ? Number(key) : key)
        if (!isExempt(path, exempt)) {
          if (!Array.isArray(part)) assertName(key, path, fieldName)
          visit(value)
        }
        path.pop()
      }
      return
    }
    const isAmount = typeof part === 'number' && /amount$/i.test(String(path.at(-1) ?? ''))
    if ((typeof part === 'string' || typeof part === 'number') && !isAmount && holdsCardNumber(String(part))) {
      throw cardDataIn(fieldName(path), 'holds what looks like the number of a payment card')
    }
  }
  visit(body)
}

/** The same for a text that stands alone. Throws `EngineError` `invalid_request` `card_data_not_allowed`. */
export function assertTextHasNoCardData(text: string, field: string): void {
  if (holdsCardNumber(text)) throw cardDataIn(field, 'holds what looks like the number of a payment card')
}

function assertName(key: string, path: readonly PropertyKey[], fieldName: (path: readonly PropertyKey[]) => string) {
  // The name itself is not repeated: it is what must not be kept.
  if (holdsCardNumber(key)) {
    throw cardDataIn(fieldName(path.slice(0, -1)), 'has a key that looks like the number of a payment card')
  }
  if (secretNames.has(key.replace(/[-_ ]/g, '').toLowerCase())) {
    throw cardDataIn(fieldName(path), 'is named like the security code or the track of a payment card')
  }
}

function isExempt(path: readonly PropertyKey[], exempt: readonly string[]): boolean {
  return exempt.includes(path.map((part) => (typeof part === 'number' ? '*' : String(part))).join('.'))
}

function cardDataIn(field: string, what: string): EngineError {
  const message = `${field === '' ? 'The request body' : field} ${what}. Card data is not stored here: leave it out, or keep a token or the last four digits.`
  return new EngineError('invalid_request', 'card_data_not_allowed', field === '' ? { message } : { field, message })
}
