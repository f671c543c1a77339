import { type Command, Option } from 'commander'
import type { Mode } from '../kernel/scope.ts'
import { postedBalance, reservedBalance } from '../ledger/account.ts'
import {
  type AccountCursor,
  type AccountFilter,
  type AccountTotals,
  readAccountPage,
} from '../ledger/balance-queries.ts'
import { firstCursor, readTransferPage, type StoredTransfer } from '../ledger/ledger-queries.ts'
import type { Database } from '../platform/database.ts'
import { act, jsonOption, withExamples } from './command-action.ts'
import { amountText, jsonText, paint, printJson, printLine, tableText, withProgress } from './command-output.ts'
import { printLedgerReport } from './ledger-verify.ts'
import { requireSchema, withOperatorDatabase } from './open-engine.ts'
import { writeOut } from './write-out.ts'

const pageAccounts = 500
const pageTransfers = 1_000

/** `paylect ledger`: proves, shows and exports the books. */
export function registerLedger(program: Command): void {
  const ledger = program.command('ledger').description('Prove, show and export the books.')
  withExamples(ledger, 'paylect ledger verify', 'paylect ledger balance --mode live')
  const verify = ledger
    .command('verify')
    .description('Prove that every balance is explained by its history and that nothing was altered.')
    .addOption(jsonOption())
    .action(async (options: { json?: boolean }) => act(() => printLedgerReport(options.json ?? false)))
  withExamples(verify, 'paylect ledger verify --json')
  const balance = filtered(ledger.command('balance'))
    .description('Show the balance of every account of every merchant, and the sum of each currency.')
    .option('--currency <code>', 'only this currency', (text: string) => text.toUpperCase())
    .addOption(jsonOption(true))
    .action(async (options: BalanceOptions) => act(() => printBalances(options)))
  withExamples(balance, 'paylect ledger balance --mode sandbox --currency INR')
  const exporting = filtered(ledger.command('export'))
    .description('Write every transfer, oldest first in each chain, to standard output.')
    .addOption(new Option('--format <format>', 'the form of the export').choices(['csv', 'jsonl']).default('csv'))
    .option('--json', 'the same as --format jsonl')
    .action(async (options: ExportOptions) => act(() => exportTransfers(options)))
  withExamples(
    exporting,
    'paylect ledger export > transfers.csv',
    'paylect ledger export --format jsonl --mode live | gzip > transfers.jsonl.gz',
  )
}

function filtered(command: Command): Command {
  return command
    .option('--merchant <id>', 'only this merchant')
    .addOption(new Option('--mode <mode>', 'only this mode').choices(['live', 'sandbox']))
}

interface BalanceOptions {
  readonly merchant?: string
  readonly mode?: Mode
  readonly currency?: string
  readonly json?: boolean
}

async function printBalances({ merchant, mode, currency, json }: BalanceOptions): Promise<void> {
  await withOperatorDatabase(async ({ database }) => {
    await requireSchema(database)
    let count = 0
    for await (const page of accountPages(database, { merchantId: merchant, mode, currency })) {
      if (json === true) for (const account of page) printJson(balanceOf(account))
      else process.stdout.write(balancesText(page))
      count += page.length
    }
    if (count === 0 && json !== true) printLine('No account has been used yet.')
  })
}

async function* accountPages(database: Database, filter: AccountFilter): AsyncGenerator<readonly AccountTotals[]> {
  let after: AccountCursor | undefined
  do {
    const page: readonly AccountTotals[] = await readAccountPage(database.pool, filter, after, pageAccounts)
    if (page.length > 0) yield page
    after = page.length === pageAccounts ? page.at(-1) : undefined
  } while (after)
}

/** One account as `ledger balance --json` writes it: minor units, positive on the side where the account grows. */
function balanceOf(account: AccountTotals) {
  const whole = { ...account, bounded: false, lastTransfer: 0n, revision: 0 }
  const { merchantId, mode, code, currency, side } = account
  const totals = { debits_posted: account.debitsPosted, credits_posted: account.creditsPosted }
  const balance = { balance: postedBalance(whole), reserved: reservedBalance(whole) }
  return { merchant_id: merchantId, mode, account: code, currency, side, ...balance, ...totals }
}

function balancesText(page: readonly AccountTotals[]): string {
  const groups = Map.groupBy(page, ({ merchantId, mode }) => `${merchantId}  ${mode}`)
  const parts = [...groups].map(([title, accounts]) => {
    const rows = accounts.map((account) => {
      const { account: code, currency, side, balance, reserved } = balanceOf(account)
      return [code, side, amountText(balance, currency), reserved === 0n ? '' : amountText(reserved, currency)]
    })
    const columns = [{ title: 'account', cut: true }, { title: 'side' }, { title: 'balance', right: true }]
    return `${paint.bold(title)}\n${tableText([...columns, { title: 'reserved', right: true }], rows)}`
  })
  return `${parts.join('\n')}\n`
}

interface ExportOptions {
  readonly merchant?: string
  readonly mode?: Mode
  readonly format: 'csv' | 'jsonl'
  readonly json?: boolean
}

const exportColumns = [
  'merchant_id',
  'mode',
  'number',
  'type',
  'debit_account',
  'credit_account',
  'currency',
  'amount',
  'reason',
  'subject_kind',
  'subject_id',
  'reservation',
  'resolves',
  'created_at',
  'hash',
] as const

function exportRow(transfer: StoredTransfer): Record<(typeof exportColumns)[number], string | number | bigint | null> {
  return {
    merchant_id: transfer.merchantId,
    mode: transfer.mode,
    number: transfer.number,
    type: transfer.type,
    debit_account: transfer.debitCode,
    credit_account: transfer.creditCode,
    currency: transfer.currency,
    amount: transfer.amountMinor,
    reason: transfer.reason,
    subject_kind: transfer.subjectKind,
    subject_id: transfer.subjectId,
    reservation: transfer.reservation,
    resolves: transfer.resolves,
    created_at: new Date(transfer.createdAt).toISOString(),
    hash: transfer.hash,
  }
}

/** Reads one bounded page after the other, and waits for the reader of standard output. One snapshot: a whole picture. */
async function exportTransfers({ merchant, mode, format, json }: ExportOptions): Promise<void> {
  const asCsv = format === 'csv' && json !== true
  await withOperatorDatabase(async ({ database }) => {
    await requireSchema(database)
    let written = 0
    const run = async () => {
      if (asCsv) await writeOut(`${exportColumns.join(',')}\n`)
      for await (const page of transferPages(database, merchant ?? null)) {
        const rows = page.filter((transfer) => mode === undefined || transfer.mode === mode).map(exportRow)
        await writeOut(rows.map((row) => (asCsv ? csvLine(Object.values(row)) : `${jsonText(row)}\n`)).join(''))
        written += rows.length
      }
    }
    await withProgress('Exporting', run, () => `${written} transfers written`)
  })
}

async function* transferPages(database: Database, merchantId: string | null): AsyncGenerator<StoredTransfer[]> {
  const client = await database.pool.connect()
  try {
    await client.query('begin isolation level repeatable read read only')
    for (let after = firstCursor; ; ) {
      const page = await readTransferPage(client, merchantId, after, pageTransfers)
      const last = page.at(-1)
      if (!last) return
      yield page
      after = last
    }
  } finally {
    await client.query('rollback').then(
      () => client.release(),
      (error: Error) => client.release(error),
    )
  }
}

/** RFC 4180, with `\n` at the ends of lines. */
function csvLine(values: readonly (string | number | bigint | null)[]): string {
  const cells = values.map((value) => {
    const text = value === null ? '' : String(value)
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  })
  return `${cells.join(',')}\n`
}
