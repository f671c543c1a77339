import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createIdSource } from '../../kernel/ids.ts'
import { modes, type Scope } from '../../kernel/scope.ts'
import { idOf, idPrefixes, numberOf } from './ids.ts'

const highest = 10n ** 12n
const number = fc.bigInt({ min: 1n, max: highest })
const scope: fc.Arbitrary<Scope> = fc.record({
  merchantId: fc.string({ unit: fc.constantFrom(...'0123456789abcdefghjkmnpqrstvwxyz'), minLength: 1, maxLength: 26 }),
  mode: fc.constantFrom(...modes),
})
const kinds = Object.keys(idPrefixes) as (keyof typeof idPrefixes)[]
const shop: Scope = { merchantId: 'mer_06awx5pzj1e8hbj3q0a9v7m2kc', mode: 'sandbox' }

describe('an id', () => {
  test('has the form of the document and gives its number back, for every merchant and number', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), scope, number, (kind, owner, value) => {
        const id = idOf(kind, owner, value)
        expect(id).toMatch(/^(pay|po|rfd|txn|evt)_[0-9A-Za-z]{8}$/)
        expect(numberOf(kind, owner, id)).toBe(value)
      }),
    )
  })

  test('stands for at most one number, whatever its eight characters are', () => {
    const body = fc.string({
      unit: fc.constantFrom(...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'),
      minLength: 8,
      maxLength: 8,
    })
    fc.assert(
      fc.property(body, scope, (text, owner) => {
        const value = numberOf('payment', owner, `pay_${text}`)
        if (value !== undefined) expect(idOf('payment', owner, value)).toBe(`pay_${text}`)
      }),
    )
  })

  test('is made of the first number and of the last that a merchant can reach, and of none beyond them', () => {
    for (const value of [1n, highest]) expect(numberOf('refund', shop, idOf('refund', shop, value))).toBe(value)
    for (const value of [-1n, 0n, highest + 1n]) {
      expect(() => idOf('payment', shop, value)).toThrow('object_number_out_of_range')
    }
  })

  test('does not show the order in which objects were made', () => {
    const bodies = Array.from({ length: 2_000 }, (_, index) => idOf('payment', shop, BigInt(index + 1)))
    expect(new Set(bodies).size).toBe(bodies.length)
    const rising = bodies.filter((id, index) => index > 0 && id > (bodies[index - 1] ?? ''))
    expect(rising.length).toBeGreaterThan(500)
    expect(rising.length).toBeLessThan(1_500)
    expect(new Set(bodies.map((id) => id.slice(0, 6))).size).toBeGreaterThan(1_500)
  })

  test('of another kind, another length or another alphabet is no id', () => {
    const id = idOf('payment', shop, 7n)
    const body = id.slice('pay_'.length)
    const texts = ['', 'pay_', id.slice(0, -1), `${id}y`, `po_${body}`, `PAY_${body}`, `${id.slice(0, -1)}-`, body]
    for (const text of texts) expect(numberOf('payment', shop, text), text).toBeUndefined()
    expect(numberOf('payment', shop, id)).toBe(7n)
  })
})

describe('the ids of two merchants', () => {
  const objectsMade = 1_000
  const firstIds = (owner: Scope) =>
    Array.from({ length: objectsMade }, (_, index) => idOf('payment', owner, BigInt(index + 1)))

  test('do not overlap, and those of one name nothing that the other has, in both modes', () => {
    const ids = createIdSource()
    const merchants = Array.from({ length: 4 }, () => ids.newId('mer', Date.UTC(2026, 10, 21)))
    const scopes = merchants.flatMap((merchantId) => modes.map((mode): Scope => ({ merchantId, mode })))
    const all = scopes.map(firstIds)
    expect(new Set(all.flat()).size).toBe(scopes.length * objectsMade)
    for (const [owner, own] of all.entries()) {
      for (const other of scopes.filter((_, index) => index !== owner)) {
        const named = own.map((id) => numberOf('payment', other, id))
        expect(named.filter((value) => value !== undefined && value <= objectsMade)).toEqual([])
      }
    }
  })

  test('are the same after ten thousand other merchants were served', () => {
    const before = firstIds(shop)
    for (let index = 0; index <= 10_000; index += 1) idOf('event', { merchantId: `mer_${index}`, mode: 'live' }, 1n)
    expect(firstIds(shop)).toEqual(before)
  })

  test('are mostly refused without a look into the database', () => {
    const others = Array.from({ length: 2_000 }, (_, index): Scope => ({ merchantId: `mer_${index}`, mode: 'live' }))
    const decoded = others.filter((other) => numberOf('payment', shop, idOf('payment', other, 1n)) !== undefined)
    expect(decoded.length).toBeLessThan(40)
  })
})
