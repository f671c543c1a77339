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
    expect(feeReturnedWith(kept, money(500n, 'INR'), 0n, 25_000n, 25_000n).minor).toBe(0n)
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
