import { expect, test } from 'vitest'
import { merchantKind } from '../access/merchant.ts'
import { paymentFact, paymentKind } from '../payments/payment.ts'
import { update } from './changes.ts'
import { samplePayment, sampleScope } from './sample-rows.ts'
import { createWorkingSet } from './working-set.ts'

function loaded() {
  const working = createWorkingSet()
  const payment = samplePayment()
  working.take(paymentFact(sampleScope, payment.id), payment)
  return { working, payment }
}

test.each([
  ['amountMinor', 1n],
  ['currency', 'USD'],
  ['metadata', { order: 'another' }],
  ['reference', 'another'],
])(
  'a decision that changes the fixed property %s fails, so that the change cannot be lost on the way',
  (name, value) => {
    const { working, payment } = loaded()
    const change = update(paymentKind, { ...payment, [name]: value })
    expect(() => working.apply(sampleScope, [change], 0, () => 'evt_1')).toThrow('update_of_fixed_property')
  },
)

test('a fixed property may be given again as an equal copy', () => {
  const { working, payment } = loaded()
  const same = { ...payment, description: 'new', metadata: { ...payment.metadata } }
  working.apply(sampleScope, [update(paymentKind, same)], 0, () => 'evt_1')
  expect(working.get(paymentFact(sampleScope, payment.id))).toMatchObject({ description: 'new', revision: 1 })
})

test('the primary key is fixed for every kind, and nothing else unless the kind says so', () => {
  expect([...merchantKind.fixed]).toEqual(merchantKind.primaryKey)
})
