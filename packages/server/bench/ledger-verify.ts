/*
 * How fast the ledger is proven: fills a fresh embedded database with transfers, verifies it, and prints the time beside
 * a floor from the same run (one scan of the same table inside PostgreSQL).
 *
 *   node bench/ledger-verify.ts [transfers = 1000000] [merchants = 100]
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import type { Kind, ScopedRow } from '../src/engine/commit/kind.ts'
import { insertStatement } from '../src/engine/commit/kind-sql.ts'
import { accountKind, journalKind, transferKind } from '../src/engine/commit/ledger-kinds.ts'
import { samplePaid } from '../src/engine/commit/sample-rows.ts'
import { paymentKind } from '../src/engine/payments/payment.ts'
import type { Scope } from '../src/kernel/scope.ts'
import type { Account } from '../src/ledger/account.ts'
import { type AccountCode, chartLineOf } from '../src/ledger/chart.ts'
import { applyTransfer, type ChainEnd } from '../src/ledger/posting.ts'
import { chainStart, type Transfer, type TransferReason } from '../src/ledger/transfer.ts'
import { verifyLedger } from '../src/ledger/verify-ledger.ts'
import { openDataDirectory } from '../src/platform/data-directory.ts'
import { createDatabase } from '../src/platform/database.ts'
import { startEmbeddedDatabase } from '../src/platform/embedded-database.ts'
import { migrate } from '../src/platform/migrations.ts'

const transfersDefault = 1_000_000
const merchantsDefault = 100
/** A payment that came in two parts: the first waits in suspense, the second completes it. */
const legs: readonly (readonly [TransferReason, AccountCode, AccountCode, bigint])[] = [
  ['payment_unallocated', 'clearing:simulator', 'suspense', 10_000n],
  ['payment_captured', 'clearing:simulator', 'available', 15_000n],
  ['payment_allocated', 'suspense', 'available', 10_000n],
  ['payment_fee', 'available', 'fees', 500n],
]
const paymentsPerWrite = 1_000

interface Merchant {
  readonly scope: Scope
  readonly accounts: Map<AccountCode, Account>
  end: ChainEnd
}

async function insertRows(pool: pg.Pool, kind: Kind, rows: readonly ScopedRow[]): Promise<void> {
  const { name, text, values } = insertStatement(kind, rows)
  await pool.query({ name, text, values: [...values] })
}

function newMerchant(index: number): Merchant {
  const scope: Scope = { merchantId: `mer_${String(index).padStart(6, '0')}`, mode: 'live' }
  const codes: AccountCode[] = ['clearing:simulator', 'available', 'suspense', 'fees']
  const totals = { debitsPosted: 0n, creditsPosted: 0n, debitsPending: 0n, creditsPending: 0n }
  const accounts = codes.map((code): [AccountCode, Account] => {
    const { side, bounded } = chartLineOf(code)
    return [code, { ...scope, code, currency: 'INR', side, bounded, ...totals, lastTransfer: 0n, revision: 0 }]
  })
  return { scope, accounts: new Map(accounts), end: { transferNumber: 0n, chainHash: chainStart } }
}

function payInParts(merchant: Merchant, paymentId: string, now: number): Transfer[] {
  return legs.map(([reason, debitCode, creditCode, amountMinor]) => {
    const debit = merchant.accounts.get(debitCode) as Account
    const credit = merchant.accounts.get(creditCode) as Account
    const subject = { kind: 'payment', id: paymentId }
    const draft = { debit, credit, amountMinor, type: 'posted', reason, subject, reservation: null } as const
    const posted = applyTransfer(draft, merchant.end, now)
    merchant.accounts.set(debitCode, posted.debit)
    merchant.accounts.set(creditCode, posted.credit)
    merchant.end = posted.chain
    return posted.transfer
  })
}

async function fill(pool: pg.Pool, merchants: number, payments: number): Promise<void> {
  let number = 0n
  for (let index = 0; index < merchants; index += 1) {
    const merchant = newMerchant(index)
    for (let left = Math.ceil(payments / merchants); left > 0; left -= paymentsPerWrite) {
      const rows = Array.from({ length: Math.min(left, paymentsPerWrite) }, () => {
        number += 1n
        return samplePaid({ ...merchant.scope, id: `pay_${String(number).padStart(26, '0')}`, number })
      })
      const transfers = rows.flatMap((payment) => payInParts(merchant, payment.id, payment.createdAt))
      await insertRows(pool, paymentKind as unknown as Kind, rows)
      await insertRows(pool, transferKind as unknown as Kind, transfers)
    }
    const accounts = [...merchant.accounts.values()]
    await insertRows(pool, accountKind as unknown as Kind, accounts)
    const journal = { ...merchant.scope, objectNumber: number, eventNumber: 0n, ...merchant.end, revision: 0 }
    await insertRows(pool, journalKind as unknown as Kind, [journal])
  }
  await pool.query('vacuum analyze ledger_transfers')
  await pool.query('vacuum analyze payments')
}

async function timed<Result>(work: () => Promise<Result>): Promise<{ seconds: number; result: Result }> {
  const started = performance.now()
  const result = await work()
  return { seconds: (performance.now() - started) / 1000, result }
}

async function measure(url: string, transfers: number, merchants: number): Promise<void> {
  const say = (line: string) => process.stdout.write(`${line}\n`)
  await migrate(url)
  const database = await createDatabase({
    url,
    applicationName: 'paylect-bench',
    onError: (error) => say(String(error)),
  })
  const filled = await timed(() => fill(database.pool, merchants, transfers / legs.length))
  say(`filled with ${transfers} transfers of ${merchants} merchants in ${filled.seconds.toFixed(1)} s`)
  const scan = () => database.pool.query('select count(hash) from ledger_transfers')
  await scan()
  const floor = await timed(scan)
  const { seconds, result } = await timed(() => verifyLedger({ pool: database.pool }))
  const memoryMb = process.resourceUsage().maxRSS / 1024
  say(`verified ${result.transfers} transfers, ${result.accounts} accounts: ${result.findingsTotal} findings`)
  say(
    `time ${seconds.toFixed(1)} s, ${Math.round(result.transfers / seconds)} transfers/s, peak memory ${memoryMb.toFixed(0)} MB`,
  )
  say(
    `floor (count over the same table, warm) ${floor.seconds.toFixed(2)} s; ratio ${(seconds / floor.seconds).toFixed(0)}`,
  )
  await database.close()
  if (result.findingsTotal > 0) process.exitCode = 1
}

async function main(): Promise<void> {
  const [transfers = transfersDefault, merchants = merchantsDefault] = process.argv.slice(2).map(Number)
  const path = await mkdtemp(join(tmpdir(), 'paylect-bench-'))
  await rm(path, { recursive: true })
  const directory = await openDataDirectory(path)
  const password = randomBytes(16).toString('hex')
  const settings = { shared_buffers: '512MB', max_wal_size: '4GB' }
  const server = await startEmbeddedDatabase({ directory: directory.file('postgresql'), password, settings })
  try {
    await measure(server.url, transfers, merchants)
  } finally {
    await server.stop()
    await directory.release()
    await rm(path, { recursive: true, force: true })
  }
}

await main()
