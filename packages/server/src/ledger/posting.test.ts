import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EngineError } from '../kernel/engine-error.ts'
import { type Account, postedBalance, reservedBalance, spendableBalance } from './account.ts'
import { type AccountCode, chart, chartLineOf, clearingCode } from './chart.ts'
import { applyTransfer, type ChainEnd, type TransferDraft } from './posting.ts'
import { chainStart, type TransferType, transferHash } from './transfer.ts'

const now = Date.UTC(2026, 10, 21, 9, 40, 14)
const start: ChainEnd = { transferNumber: 0n, chainHash: chainStart }

function account(code: AccountCode, given: Partial<Account> = {}): Account {
  return {
    ...{ merchantId: 'mer_a', mode: 'live', code, currency: 'INR', ...chartLineOf(code) },
    ...{ debitsPosted: 0n, creditsPosted: 0n, debitsPending: 0n, creditsPending: 0n, lastTransfer: 0n, revision: 0 },
    ...given,
  }
}
const draft = (given: Partial<TransferDraft> = {}): TransferDraft => ({
  ...{ debit: account('available', { creditsPosted: 100n }), credit: account('payouts_in_flight'), amountMinor: 60n },
  ...{ type: 'posted', reason: 'payout_paid', subject: { kind: 'payout', id: 'po_1' }, reservation: null },
  ...given,
})
const apply = (given: Partial<TransferDraft> = {}) => applyTransfer(draft(given), start, now)
const codeOf = (work: () => unknown) => {
  try {
    work()
    return 'nothing was thrown'
  } catch (error) {
    return error instanceof EngineError ? `${error.kind} ${error.code}` : String(error)
  }
}

describe('a transfer that could never be right', () => {
  test.each([
    ['of nothing', { amountMinor: 0n }, 'internal transfer_not_positive'],
    ['of less than nothing', { amountMinor: -1n }, 'internal transfer_not_positive'],
    ['across currencies', { credit: account('fees', { currency: 'USD' }) }, 'internal transfer_across_currencies'],
    ['across merchants', { credit: account('fees', { merchantId: 'mer_b' }) }, 'internal transfer_across_merchants'],
    ['across modes', { credit: account('fees', { mode: 'sandbox' }) }, 'internal transfer_across_merchants'],
    ['to itself', { credit: account('available') }, 'internal transfer_to_itself'],
    ['that reserves without a name', { type: 'pending' }, 'internal reservation_name_missing'],
    ['that is posted under a name', { reservation: 'po_1' }, 'internal reservation_name_missing'],
    [
      'that resolves more than is held',
      { type: 'void_pending', reservation: 'po_1' },
      'internal reservation_below_zero',
    ],
    ['of one unit more than there is', { amountMinor: 101n }, 'insufficient_funds balance_insufficient'],
    [
      'that reserves one unit more',
      { amountMinor: 101n, type: 'pending', reservation: 'po_1' },
      'insufficient_funds balance_insufficient',
    ],
    [
      'of what a reservation holds',
      { debit: account('available', { creditsPosted: 100n, debitsPending: 41n }) },
      'insufficient_funds balance_insufficient',
    ],
    [
      'that would outgrow what a total can hold',
      { credit: account('payouts_in_flight', { creditsPosted: 2n ** 63n - 60n }) },
      'limit_exceeded ledger_total_too_large',
    ],
  ] as [string, Partial<TransferDraft>, string][])('%s is refused', (_title, given, code) => {
    expect(codeOf(() => apply(given))).toBe(code)
  })

  test('names what was available', () => {
    expect(() => apply({ amountMinor: 101n })).toThrow(
      expect.objectContaining({
        detail: expect.objectContaining({ account: 'available', availableMinor: '100', currency: 'INR' }),
      }),
    )
  })
})

describe('the four types of transfer', () => {
  test('posted moves the money now', () => {
    const { debit, credit, transfer } = apply()
    expect([spendableBalance(debit), postedBalance(credit)]).toEqual([40n, 60n])
    expect(transfer).toMatchObject({ number: 1n, reservation: null, resolves: null, debitPostedAfter: 40n })
    expect([debit.lastTransfer, credit.lastTransfer]).toEqual([1n, 1n])
  })

  test.each([
    ['post_pending', [40n, 40n, 0n, 60n]],
    ['void_pending', [100n, 100n, 0n, 0n]],
  ] as const)('pending holds the money, and %s resolves it', (type, after) => {
    const held = apply({ type: 'pending', reservation: 'po_1' })
    expect([postedBalance(held.debit), spendableBalance(held.debit), reservedBalance(held.debit)]).toEqual([
      100n,
      40n,
      60n,
    ])
    expect(postedBalance(held.credit)).toBe(0n)
    const { debit, credit } = held
    const resolved = applyTransfer(draft({ debit, credit, type, reservation: 'po_1' }), held.chain, now)
    const balances = [postedBalance, spendableBalance, reservedBalance].map((read) => read(resolved.debit))
    expect([...balances, postedBalance(resolved.credit)]).toEqual(after)
    expect([held.transfer.reservation, resolved.transfer.resolves]).toEqual(['po_1', 'po_1'])
  })

  test('an account without bounds may go below zero', () => {
    const { debit } = apply({ debit: account('fees'), credit: account('available') })
    expect(postedBalance(debit)).toBe(-60n)
  })

  test('an account of assets grows by debits', () => {
    const { debit } = apply({ debit: account('clearing:simulator'), credit: account('available') })
    expect([debit.side, postedBalance(debit), spendableBalance(debit)]).toEqual(['debit', 60n, 60n])
  })
})

describe('the chain', () => {
  test('numbers transfers without a gap and links each to the one before', () => {
    const first = apply({ amountMinor: 10n })
    const second = applyTransfer(draft({ debit: first.debit, credit: first.credit }), first.chain, now)
    expect([first.transfer.number, second.transfer.number]).toEqual([1n, 2n])
    expect(second.transfer.hash).toBe(transferHash(first.transfer.hash, second.transfer))
    expect(second.chain).toEqual({ transferNumber: 2n, chainHash: second.transfer.hash })
  })

  test('has a hash that every field of a transfer decides', () => {
    const { transfer } = apply()
    const hashes = Object.entries(transfer)
      .filter(([name]) => name !== 'hash')
      .map(([name, value]) => {
        const other = typeof value === 'bigint' ? value + 1n : typeof value === 'number' ? value + 1 : `${value}x`
        return transferHash(chainStart, { ...transfer, [name]: other })
      })
    const all = [transfer.hash, transferHash('1'.repeat(64), transfer), ...hashes]
    expect(new Set(all).size).toBe(Object.keys(transfer).length + 1)
  })

  test('has a hash that does not change between versions: stored history must stay verifiable', () => {
    expect(apply().transfer.hash).toBe('0ad7fd4d5757e6d3281265f459760b07c9849a14c3fc45e40c1be2b003e41a09')
  })
})

describe('any sequence of transfers', () => {
  const codes: AccountCode[] = ['clearing:simulator', 'available', 'fees', 'payouts_in_flight', 'suspense']
  const step = fc.record({
    debit: fc.constantFrom(...codes),
    credit: fc.constantFrom(...codes),
    amount: fc.bigInt({ min: -1n, max: 50n }),
    type: fc.constantFrom<TransferType[]>('posted', 'posted', 'pending', 'post_pending', 'void_pending'),
  })

  test('sums to zero, keeps every bound, and states in each row what its accounts then have', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const accounts = new Map(codes.map((code) => [code, account(code)]))
        let chain = start
        for (const { debit, credit, amount, type } of steps) {
          const sides = { debit: accounts.get(debit) as Account, credit: accounts.get(credit) as Account }
          const reservation = type === 'posted' ? null : 'r'
          try {
            const posted = applyTransfer(draft({ ...sides, amountMinor: amount, type, reservation }), chain, now)
            accounts.set(debit, posted.debit).set(credit, posted.credit)
            chain = posted.chain
            expect(posted.transfer.creditPostedAfter).toBe(posted.credit.creditsPosted - posted.credit.debitsPosted)
            expect(posted.transfer.debitPendingAfter).toBe(posted.debit.creditsPending - posted.debit.debitsPending)
          } catch (error) {
            expect(error).toBeInstanceOf(EngineError)
          }
        }
        const all = [...accounts.values()]
        expect(all.reduce((sum, row) => sum + row.creditsPosted - row.debitsPosted, 0n)).toBe(0n)
        expect(all.reduce((sum, row) => sum + row.creditsPending - row.debitsPending, 0n)).toBe(0n)
        for (const row of all) expect(!row.bounded || spendableBalance(row) >= 0n).toBe(true)
      }),
    )
  })
})

describe('the chart of accounts', () => {
  test('knows its own accounts and every clearing account, and no other', () => {
    for (const code of Object.keys(chart)) expect(chartLineOf(code)).toBe(chart[code as keyof typeof chart])
    expect(chartLineOf(clearingCode('upi'))).toMatchObject({ side: 'debit', bounded: false })
    for (const code of ['', 'Available', 'toString', 'clearing']) {
      expect(
        codeOf(() => chartLineOf(code)),
        code,
      ).toBe('internal account_not_in_chart')
    }
  })
})
