import { type LedgerReport, verifyLedger } from '../ledger/verify-ledger.ts'
import { exitCodes } from './command-action.ts'
import { printJson, withProgress } from './command-output.ts'
import { withOperatorDatabase } from './open-engine.ts'

/**
 * `paylect ledger verify`: proves the books and says so, or lists what is wrong and exits with 1. It may run beside a
 * gateway that is at work: it reads one snapshot.
 */
export async function printLedgerReport(asJson: boolean): Promise<void> {
  const report = await withOperatorDatabase(async ({ database }) => {
    let read = 0
    const verify = () =>
      verifyLedger({
        pool: database.pool,
        onProgress: (transfers) => {
          read = transfers
        },
      })
    return withProgress('Proving the ledger', verify, () => `${read} transfers read`)
  })
  if (asJson) printJson(report)
  else process.stdout.write(reportText(report))
  if (report.findingsTotal > 0) process.exitCode = exitCodes.failure
}

function reportText(report: LedgerReport): string {
  const { transfers, accounts, chains, findings, findingsTotal } = report
  const read = `Read ${counted(transfers, 'transfer')}, ${counted(accounts, 'account')} and ${counted(chains, 'chain')}.`
  if (findingsTotal === 0) {
    return `${read}\nNo findings: every balance is explained by its history, and nothing was altered.\n`
  }
  const lines = findings.map(({ merchantId, mode, message }) => `  ${merchantId} ${mode}: ${message}`)
  const more = findingsTotal > findings.length ? [`  … and ${findingsTotal - findings.length} more`] : []
  return [read, `${counted(findingsTotal, 'finding')}:`, ...lines, ...more, ''].join('\n')
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
