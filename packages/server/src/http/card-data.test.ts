import { expect, test } from 'vitest'
import { assertNoCardData, assertTextHasNoCardData } from './card-data.ts'

const card = '4111111111111111'
const exempt = ['beneficiary.account_number', 'splits.*.account']

/** The field and the code of the refusal, or nothing. */
function refusalOf(body: unknown): string | undefined {
  try {
    assertNoCardData(body, exempt, (path) => path.map(String).join('.'))
    return undefined
  } catch (error) {
    const { code, detail } = error as { readonly code: string; readonly detail: Readonly<Record<string, unknown>> }
    expect(JSON.stringify(detail)).not.toContain(card)
    return `${code} ${detail['field']}`
  }
}

test('a card number is refused by the name of its field, wherever it stands', () => {
  expect(refusalOf({ description: `paid with ${card}` })).toBe('card_data_not_allowed description')
  expect(refusalOf({ metadata: { note: '4111 1111 1111 1111' } })).toBe('card_data_not_allowed metadata.note')
  expect(refusalOf({ metadata: { card: Number(card) } })).toBe('card_data_not_allowed metadata.card')
  expect(refusalOf({ lines: [{ name: 'a' }, { name: card }] })).toBe('card_data_not_allowed lines.1.name')
  expect(refusalOf(card)).toBe('card_data_not_allowed undefined')
})

test('a key that is a card number is refused without being repeated', () => {
  expect(refusalOf({ metadata: { [card]: 'x' } })).toBe('card_data_not_allowed metadata')
})

test('a security code is refused by the name that it is given', () => {
  for (const name of ['cvv', 'CVC2', 'card-cvv', 'card_security_code', 'track_2']) {
    expect(refusalOf({ metadata: { [name]: '123' } })).toBe(`card_data_not_allowed metadata.${name}`)
  }
  expect(refusalOf({ metadata: { pin: '110001', pan: 'ABCDE1234F' } })).toBeUndefined()
})

test('account numbers and amounts are what they look like', () => {
  expect(refusalOf({ beneficiary: { account_number: card }, amount: Number(card) })).toBeUndefined()
  expect(refusalOf({ splits: [{ account: card, split_amount: Number(card) }] })).toBeUndefined()
  expect(refusalOf({ account_number: card })).toBe('card_data_not_allowed account_number')
})

test('a header is held to the same', () => {
  expect(() => assertTextHasNoCardData(`retry ${card}`, 'Idempotency-Key')).toThrow('Idempotency-Key')
  expect(() => assertTextHasNoCardData('retry 1', 'Idempotency-Key')).not.toThrow()
})
