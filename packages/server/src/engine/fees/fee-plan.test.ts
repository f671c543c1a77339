import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts'
import { createTestEngine, provisionTestMerchant, type TestEngine } from '../../../test/support/engine.ts'
import { money } from '../../kernel/money.ts'
import { feeOf, feeReturnedWith } from './fee-plan.ts'

const terms = { planVersion: 1, basisPoints: 200, fixedMinor: 0n, refundPolicy: 'returned' } as const

describe('a fee', () => {
  test('is never more than the amount it is taken from', () => {
    fc.assert(
      fc.property(
        fc.bigInt(1n, 10n ** 12n),
        fc.integer({ min: 0, max: 10_000 }),
        fc.bigInt(0n, 10n ** 12n),
        (minor, bps, fixedMinor) => {
          const fee = feeOf(money(minor, 'INR'), { ...terms, basisPoints: bps, fixedMinor })
          expect(fee.minor).toBeGreaterThanOrEqual(0n)
          expect(fee.minor).toBeLessThanOrEqual(minor)
        },
      ),
    )
  })

  test('that is kept is never returned', () => {
    const kept = { ...terms, refundPolicy: 'kept' } as const
    const soFar = { captured: 25_000n, reserved: 0n, feeReturned: 0n }
    expect(feeReturnedWith(kept, money(500n, 'INR'), money(25_000n, 'INR'), soFar).minor).toBe(0n)
  })
})

describe('the fee of refunds that are made and fail in any order', () => {
  test('is borne by each refund, and whole once everything is refunded', () => {
    const step = fc.record({ amount: fc.bigInt(1n, 400n), fails: fc.boolean() })
    fc.assert(
      fc.property(
        fc.bigInt(1n, 2_000n),
        fc.integer({ min: 0, max: 10_000 }),
        fc.array(step, { maxLength: 30 }),
        (captured, bps, steps) => {
          const bound = { ...terms, basisPoints: bps }
          const fee = feeOf(money(captured, 'INR'), bound)
          let soFar = { captured, reserved: 0n, feeReturned: 0n }
          const refund = (amount: bigint) => {
            const share = feeReturnedWith(bound, fee, money(amount, 'INR'), soFar).minor
            expect(share >= 0n && share <= amount).toBe(true)
            soFar = { captured, reserved: soFar.reserved + amount, feeReturned: soFar.feeReturned + share }
            return share
          }
          for (const { amount, fails } of steps) {
            const before = soFar
            if (amount > captured - soFar.reserved) continue
            refund(amount)
            if (fails) soFar = before
          }
          // What an earlier refund took may come back later, when others have been made on top of it.
          if (soFar.reserved < captured) refund(captured - soFar.reserved)
          expect(soFar.feeReturned).toBe(fee.minor)
        },
      ),
    )
  })
})

describe('a fee plan', () => {
  let database: TestDatabase
  let built: TestEngine
  const scope = { merchantId: 'mer_fees', mode: 'sandbox' } as const

  beforeAll(async () => {
    database = await createTestDatabase()
    built = await createTestEngine(database)
    await provisionTestMerchant(built, scope)
  })
  afterAll(async () => {
    await built.close()
    await database.drop()
  })

  const create = async () => {
    const wanted = {
      scope,
      dialect: 'monetiflow',
      amount: money(25_000n, 'INR'),
      method: 'upi',
      metadata: {},
      expiresAfterMs: 60_000,
      attemptsMax: 1,
    } as const
    return (await built.engine.payments.create(wanted)).result
  }
  const newTerms = { scope, method: 'upi', basisPoints: 300, fixed: { INR: 100n }, refundPolicy: 'kept' } as const

  test('changed between two payments charges each by the terms it was made under', async () => {
    const earlier = await create()
    expect((await built.engine.fees.setPlan(newTerms)).version).toBe(2)
    const later = await create()
    const paid = await Promise.all(
      [earlier, later].map((payment) => built.engine.payments.pay(scope, payment.id, { simulate: 'succeeded' })),
    )
    expect(paid.map((payment) => payment.feeMinor)).toEqual([500n, 850n])
    expect(later.feeTerms).toEqual({ planVersion: 2, basisPoints: 300, fixedMinor: 100n, refundPolicy: 'kept' })
  })

  test('is refused above a hundred per cent, below zero and in fractions, and then nothing changes', async () => {
    for (const basisPoints of [10_001, -1, 1.5]) {
      await expect(built.engine.fees.setPlan({ ...newTerms, basisPoints })).rejects.toThrow('Basis points')
    }
    await expect(built.engine.fees.setPlan({ ...newTerms, fixed: { INR: -1n } })).rejects.toThrow('not negative')
    expect((await built.engine.fees.setPlan(newTerms)).version).toBe(3)
  })

  test('set twice at once gets two versions, one of them in force', async () => {
    const plans = await Promise.all([built.engine.fees.setPlan(newTerms), built.engine.fees.setPlan(newTerms)])
    expect(plans.map((plan) => plan.version).sort()).toEqual([4, 5])
    const stored = await built.database.pool.query(
      "select version from fee_plans where current = 'current' and method = 'upi'",
    )
    expect(stored.rows).toEqual([{ version: 5 }])
  })
})

describe('idempotency records', () => {
  test('are deleted once their time is over, and only then', async () => {
    const database = await createTestDatabase()
    const built = await createTestEngine(database)
    const scope = { merchantId: 'mer_purge', mode: 'sandbox' } as const
    await provisionTestMerchant(built, scope)
    const wanted = {
      scope,
      dialect: 'monetiflow',
      amount: money(1n, 'INR'),
      method: 'upi',
      metadata: {},
      expiresAfterMs: 60_000,
      attemptsMax: 1,
    } as const
    await built.engine.payments.create(wanted, { operation: 'create', key: 'k', keptMs: 1_000 })
    expect(await built.engine.maintenance.purgeIdempotency('sandbox', 10)).toBe(0)
    built.clocks.sandbox.advance(1_000)
    expect(await built.engine.maintenance.purgeIdempotency('live', 10)).toBe(0)
    expect(await built.engine.maintenance.purgeIdempotency('sandbox', 10)).toBe(1)
    await built.close()
    await database.drop()
  })
})
