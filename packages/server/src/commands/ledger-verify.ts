import { readConfig } from '../config.ts'
import { type LedgerReport, verifyLedger } from '../ledger/verify-ledger.ts'
import { createDatabase } from '../platform/database.ts'
import { createLog } from '../platform/log.ts'
import { openDatabaseToRead } from './open-database.ts'

/** What takes longer than this tells how far it is, this often. */
const progressEveryMs = 2_000
const connectionsMax = 2

/**
 * `paylect ledger verify`: proves the books and says so, or lists what is wrong and exits with 1. It may run beside a
 * gateway that is at work: it reads one snapshot.
 */
export async function printLedgerReport(asJson: boolean): Promise<void> {
  const config = readConfig()
  const log = createLog({ level: config.logLevel })
  const opened = await openDatabaseToRead(config, log)
  try {
    const database = await createDatabase({
      url: opened.url,
      poolMax: connectionsMax,
      applicationName: 'paylect-ledger-verify',
      onError: (error) => log.warn({ err: error }, 'a connection to the database was lost'),
    })
    try {
      const report = await verifyLedger({ pool: database.pool, onProgress: progressLine() })
      process.stdout.write(asJson ? `${JSON.stringify(report)}\n` : reportText(report))
      if (report.findingsTotal > 0) process.exitCode = 1
    } finally {
      await database.close()
    }
  } finally {
    await opened.close()
  }
}

function progressLine(): (transfers: number) => void {
  let toldAtMs = performance.now()
  return (transfers) => {
    if (performance.now() - toldAtMs < progressEveryMs) return
    toldAtMs = performance.now()
    process.stderr.write(`${transfers} transfers read …\n`)
  }
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
