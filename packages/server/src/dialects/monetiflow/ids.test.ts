import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { idOf, idPrefixes, numberOf } from './ids.ts'

const space = 62n ** 8n
const number = fc.bigInt({ min: 0n, max: space - 1n })
const kinds = Object.keys(idPrefixes) as (keyof typeof idPrefixes)[]

describe('an id', () => {
  test('has the form of the document and gives its number back, for every number', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), number, (kind, value) => {
        const id = idOf(kind, value)
        expect(id).toMatch(/^(pay|po|rfd|txn|evt)_[0-9A-Za-z]{8}$/)
        expect(numberOf(kind, id)).toBe(value)
      }),
    )
  })

  test('stands for exactly one number, whatever its eight characters are', () => {
    const body = fc.string({
      unit: fc.constantFrom(...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'),
      minLength: 8,
      maxLength: 8,
    })
    fc.assert(
      fc.property(body, (text) => {
        const value = numberOf('payment', `pay_${text}`)
        expect(value).toBeDefined()
        expect(idOf('payment', value ?? -1n)).toBe(`pay_${text}`)
      }),
    )
  })

  test('is found at the edges of the space, and beyond them there is none', () => {
    for (const value of [0n, 1n, space - 1n]) expect(numberOf('refund', idOf('refund', value))).toBe(value)
    expect(() => idOf('payment', space)).toThrow('object_number_out_of_range')
    expect(() => idOf('payment', -1n)).toThrow('object_number_out_of_range')
  })

  test('does not show the order in which objects were made', () => {
    const bodies = Array.from({ length: 2_000 }, (_, index) => idOf('payment', BigInt(index + 1)))
    expect(new Set(bodies).size).toBe(bodies.length)
    const rising = bodies.filter((id, index) => index > 0 && id > (bodies[index - 1] ?? ''))
    expect(rising.length).toBeGreaterThan(500)
    expect(rising.length).toBeLessThan(1_500)
    expect(new Set(bodies.map((id) => id.slice(0, 6))).size).toBeGreaterThan(1_500)
  })

  test('of another kind, another length or another alphabet is no id', () => {
    for (const text of [
      '',
      'pay_',
      'pay_9kL2mN4',
      'pay_9kL2mN4xy',
      'po_9kL2mN4x',
      'PAY_9kL2mN4x',
      'pay_9kL2mN4-',
      '9kL2mN4x',
    ]) {
      expect(numberOf('payment', text), text).toBeUndefined()
    }
    expect(numberOf('payment', 'pay_9kL2mN4x')).toBeTypeOf('bigint')
  })
})
