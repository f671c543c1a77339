import { describe, expect, test } from 'vitest'
import { samplePayment } from '../commit/sample-rows.ts'
import { explainPayment, type PaymentFacts } from './explain-payment.ts'
import type { Payment } from './payment.ts'

const terms = { planVersion: 2, basisPoints: 250, fixedMinor: 300n, refundPolicy: 'returned' } as const
const factsOf = (changes: Partial<Payment>): PaymentFacts => ({
  payment: samplePayment({ amountMinor: 10_000n, currency: 'INR', feeTerms: terms, ...changes }),
  ...{ attempts: [], refunds: [], refundAttempts: [], events: [], transfers: [], deliveries: [], notifications: [] },
  now: 0,
})

describe('the explanation of a payment', () => {
  test('says how the fee is computed, and when an unpaid payment expires', () => {
    const dueAt = 1_000
    const { fee, next, decline } = explainPayment(factsOf({ status: 'awaiting_payer', dueAt, expiresAt: dueAt }))
    expect(fee.sentence).toContain('will be 5.50 INR: 2.50 % of 100.00 INR, rounded half up')
    expect([next.map(({ at }) => at), decline]).toEqual([[1_000], null])
  })

  test('explains a decline, and whether another attempt is left', () => {
    const code = { failureCode: 'insufficient_funds' }
    expect(explainPayment(factsOf({ ...code, status: 'awaiting_payer' })).decline?.retryable).toBe(true)
    const { decline, next } = explainPayment(factsOf({ ...code, status: 'failed', dueAt: null }))
    expect([decline?.retryable, next]).toEqual([false, []])
  })
})
