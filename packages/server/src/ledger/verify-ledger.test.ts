import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { writeLedgerHistory } from '../../test/support/ledger-history.ts'
import type { Scope } from '../kernel/scope.ts'
import { createDatabase, type Database } from '../platform/database.ts'
import type { LedgerFinding } from './chain-fold.ts'
import { transferReasons } from './transfer.ts'
import { verifyLedger } from './verify-ledger.ts'

const scopes: readonly Scope[] = [
  { merchantId: 'mer_a', mode: 'live' },
  { merchantId: 'mer_a', mode: 'sandbox' },
  { merchantId: 'mer_b', mode: 'sandbox' },
]
/** Everything that the proof reads, in the order in which it can be put back. */
const tables = ['payments', 'refunds', 'payouts', 'journals', 'ledger_transfers', 'ledger_accounts']
let testDatabase: TestDatabase
let database: Database
let length: number

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  const onError = () => {}
  database = await createDatabase({ url: testDatabase.url, applicationName: 'paylect-test', onError })
  await writeLedgerHistory(testDatabase.url, database, scopes)
  for (const table of tables) await database.pool.query(`create table saved_${table} as table ${table}`)
  const { rows } = await database.pool.query<{ n: number }>(
    `select max(number)::int as n from ledger_transfers where merchant_id = 'mer_b'`,
  )
  length = rows[0]?.n ?? 0
})
afterAll(async () => {
  await database.close()
  await testDatabase.drop()
})
afterEach(async () => {
  const statements = [...tables].reverse().map((table) => `delete from ${table}`)
  await tamper(...statements, ...tables.map((table) => `insert into ${table} table saved_${table}`))
})

/** Changes rows behind the database's own defences, as somebody with the keys to the server could. */
async function tamper(...statements: string[]): Promise<void> {
  const client = await database.pool.connect()
  await client.query(`set session_replication_role = replica`)
  for (const statement of statements) await client.query(statement)
  await client.query(`reset session_replication_role`)
  client.release()
}

const verify = (merchantId?: string) => verifyLedger({ pool: database.pool, ...(merchantId ? { merchantId } : {}) })
const summary = (findings: readonly LedgerFinding[]) =>
  findings.map(({ fault, merchantId, mode, transferNumber, at }) => ({
    ...{ fault, where: `${merchantId} ${mode}` },
    at: transferNumber ?? at,
  }))
const at = (number: number) => `merchant_id = 'mer_b' and mode = 'sandbox' and number = ${number}`
const ofB = `merchant_id = 'mer_b' and mode = 'sandbox'`
const inB = 'mer_b sandbox'

describe('a history that the engine wrote', () => {
  test('is proven, whole and merchant by merchant, with every reason for a transfer in it', async () => {
    const progress: number[] = []
    const report = await verifyLedger({ pool: database.pool, onProgress: (transfers) => progress.push(transfers) })
    expect(report).toMatchObject({ chains: 3, transfers: 3 * length, findings: [], findingsTotal: 0 })
    expect(progress.at(-1)).toBe(report.transfers)
    expect(await verify('mer_a')).toMatchObject({ chains: 2, transfers: 2 * length, findingsTotal: 0 })
    const { rows } = await database.pool.query<{ reason: string }>('select distinct reason from ledger_transfers')
    const reasons = rows.map((row) => row.reason).sort()
    expect(reasons).toEqual(transferReasons.filter((reason) => reason !== 'opening_balance').sort())
  })

  test('a merchant without transfers is proven too', async () => {
    expect(await verify('mer_nobody')).toMatchObject({ chains: 0, transfers: 0, findingsTotal: 0 })
  })
})

/** For every column: an edit that the table's own CHECKs let pass, and which transfers can take it. */
const edits: readonly (readonly [string, string, string?])[] = [
  ['type', `case type when 'post_pending' then 'void_pending' else 'post_pending' end`, 'resolves is not null'],
  ['debit_code', `debit_code || 'x'`],
  ['credit_code', `'x' || credit_code`],
  ['currency', `'INS'`],
  ['amount_minor', 'amount_minor + 1'],
  ['reason', `overlay(reason placing 'q' from 1 for 1)`],
  ['subject_kind', `subject_kind || 's'`],
  ['subject_id', `overlay(subject_id placing '-' from 4 for 1)`],
  ['reservation', `reservation || '0'`, 'reservation is not null'],
  ['resolves', `resolves || '0'`, 'resolves is not null'],
  ['debit_posted_after', 'debit_posted_after - 1'],
  ['debit_pending_after', 'debit_pending_after + 1'],
  ['credit_posted_after', 'credit_posted_after + 1'],
  ['credit_pending_after', 'credit_pending_after - 1'],
  ['created_at', `created_at + interval '1 millisecond'`],
  ['created_at', `created_at + interval '1 microsecond'`],
  ['hash', `overlay(hash placing case left(hash, 1) when 'a' then 'b' else 'a' end from 1 for 1)`],
]

describe('one altered value', () => {
  test.each(edits)(
    'of %s in any transfer is found, and located in that transfer (%s)',
    async (column, value, only = 'true') => {
      const { rows } = await database.pool.query<{ number: bigint }>(
        `select number from saved_ledger_transfers where ${ofB} and ${only} order by number`,
      )
      expect(rows.length).toBeGreaterThan(0)
      for (const { number } of rows) {
        await tamper(`update ledger_transfers set ${column} = ${value} where ${at(Number(number))}`)
        const { findings } = await verify('mer_b')
        const located = summary(findings).filter((finding) => finding.fault === 'hash')
        expect(located).toEqual([{ fault: 'hash', where: inB, at: number }])
        await tamper(
          `delete from ledger_transfers where ${at(Number(number))}`,
          `insert into ledger_transfers select * from saved_ledger_transfers where ${at(Number(number))}`,
        )
      }
    },
  )

  test.each([
    ['number', 'number + 1000000'],
    ['merchant_id', `'mer_c'`],
    ['mode', `'live'`],
  ])('of %s in any transfer is found as the gap that it leaves', async (column, value) => {
    for (let number = 1; number < length; number += 1) {
      await tamper(`update ledger_transfers set ${column} = ${value} where ${at(number)}`)
      const found = summary((await verify()).findings)
      expect(found).toContainEqual({ fault: 'gap', where: inB, at: BigInt(number) })
      await tamper(
        `delete from ledger_transfers where number = ${number} and merchant_id in ('mer_b', 'mer_c') or number > 1000000`,
        `insert into ledger_transfers select * from saved_ledger_transfers where ${at(number)}`,
      )
    }
  })

  test('of an amount is told once for each account, and not again for every transfer after it', async () => {
    await tamper(`update ledger_transfers set amount_minor = amount_minor + 5 where ${at(1)}`)
    const { findings } = await verify('mer_b')
    const balances = summary(findings).filter((finding) => finding.fault === 'balance_after')
    expect(balances).toEqual([1n, 1n].map((number) => ({ fault: 'balance_after', where: inB, at: number })))
    expect(findings[1]?.message).toMatch(/clearing:simulator INR should stand at posted -?\d+/)
  })
})

describe('a history that was cut or rearranged', () => {
  test('a deleted transfer is found at its number', async () => {
    await tamper(`delete from ledger_transfers where ${at(7)}`)
    expect(summary((await verify('mer_b')).findings)).toContainEqual({ fault: 'gap', where: inB, at: 7n })
  })

  test('a deleted end is found by the journal', async () => {
    await tamper(`delete from ledger_transfers where ${ofB} and number > ${length - 2}`)
    const found = summary((await verify('mer_b')).findings)
    expect(found).toContainEqual({ fault: 'journal', where: inB, at: BigInt(length - 1) })
  })

  test('a chain that was removed whole is found', async () => {
    await tamper(`delete from ledger_transfers where ${ofB}`)
    const found = summary((await verify()).findings)
    expect(found).toContainEqual({ fault: 'journal', where: inB, at: 1n })
    expect(found.filter(({ where }) => where !== inB)).toEqual([])
  })

  test('a pair that changed places is found at both places', async () => {
    await tamper(
      `update ledger_transfers set number = number + 1000000 where ${at(3)}`,
      `update ledger_transfers set number = 3 where ${at(4)}`,
      `update ledger_transfers set number = 4 where ${at(1_000_003)}`,
    )
    const found = summary((await verify('mer_b')).findings)
    for (const number of [3n, 4n]) expect(found).toContainEqual({ fault: 'hash', where: inB, at: number })
  })

  test('a reservation that is resolved twice, or was never opened, is found', async () => {
    await tamper(`delete from ledger_transfers where ${ofB} and type = 'pending'`)
    const found = (await verify('mer_b')).findings.filter(({ fault }) => fault === 'reservation')
    expect(found.filter(({ message }) => message.includes('is not open'))).toHaveLength(2)
  })

  test('a journal whose last hash was altered is found', async () => {
    await tamper(`update journals set chain_hash = repeat('a', 64) where ${ofB}`)
    const found = summary((await verify('mer_b')).findings)
    expect(found).toEqual([{ fault: 'journal', where: inB, at: BigInt(length) }])
  })
})

describe('accounts and objects that tell another story than the transfers', () => {
  const account = `${ofB} and code = 'available'`

  test.each([
    ['more money', 'credits_posted = credits_posted + 1', ['account', 'currency_sum']],
    [
      'more turnover, the same balance',
      'credits_posted = credits_posted + 1, debits_posted = debits_posted + 1',
      ['account'],
    ],
    ['a reservation less', 'debits_pending = debits_pending - 1', ['account', 'reservation', 'currency_sum']],
    ['another last transfer', 'last_transfer = 1', ['account']],
    ['no bounds', 'bounded = false', ['chart']],
  ])('an account with %s is found', async (_title, change, faults) => {
    await tamper(`update ledger_accounts set ${change} where ${account}`)
    const { findings } = await verify()
    expect(findings.map(({ fault }) => fault)).toEqual(faults)
    expect(findings[0]).toMatchObject({ merchantId: 'mer_b', mode: 'sandbox', at: 'available INR' })
  })

  test('an account that was removed, and one that came from nowhere, are found', async () => {
    await tamper(`update ledger_accounts set code = 'fees2' where ${ofB} and code = 'fees'`)
    const found = summary((await verify()).findings)
    expect(found).toContainEqual({ fault: 'account', where: inB, at: 'fees INR' })
    expect(found).toContainEqual({ fault: 'account', where: inB, at: 'fees2 INR' })
    expect(found).toContainEqual({ fault: 'chart', where: inB, at: 'fees2 INR' })
  })

  test.each([
    [
      'payments',
      'captured_minor = captured_minor - 1, received_minor = received_minor - 1, amount_minor = amount_minor - 1',
      'captured is',
    ],
    ['payments', 'fee_minor = fee_minor + 1', 'fee is'],
    ['payments', 'suspense_minor = suspense_minor + 1, received_minor = received_minor + 1', 'suspense is'],
    ['payments', 'refund_reserved_minor = refund_reserved_minor + 1', 'refund_reserved is'],
    ['payments', 'refunded_minor = refunded_minor - 1', 'refunded is'],
    ['payments', 'fee_returned_minor = fee_returned_minor - 1', 'fee_returned is'],
    ['refunds', `status = 'succeeded'`, 'paid is'],
    ['refunds', `status = 'failed'`, 'returned is'],
    ['refunds', 'amount_minor = amount_minor + 1', 'reserved is'],
    ['payouts', `status = 'succeeded'`, 'sent is'],
    ['payouts', 'amount_minor = amount_minor + 1', 'reserved is'],
  ])('%s with %s are found by name', async (table, change, words) => {
    // The first payment has refunds; the last refund and the last payout are not answered yet.
    const order = table === 'payments' ? 'number' : 'number desc'
    const id = `(select id from ${table} where ${ofB} order by ${order} limit 1)`
    const { rows } = await database.pool.query<{ id: string }>(`select ${id} as id`)
    await tamper(`update ${table} set ${change} where ${ofB} and id = ${id}`)
    const { findings } = await verify()
    const own = findings.filter((finding) => finding.at === `${table.slice(0, -1)} ${rows[0]?.id}`)
    expect(own.map(({ message }) => message).join(' ')).toContain(words)
  })

  test('transfers of an object that does not exist are found', async () => {
    const { rows } = await database.pool.query<{ id: string }>(`delete from payouts where ${ofB} returning id`)
    const found = (await verify()).findings
    expect(found.map((finding) => finding.at).sort()).toEqual(rows.map(({ id }) => `payout ${id}`).sort())
    expect(found[0]?.message).toContain('does not exist')
  })
})
