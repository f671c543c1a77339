import { Command, InvalidArgumentError } from 'commander'
import type { Instant } from '../kernel/clock.ts'
import { printLedgerReport } from './ledger-verify.ts'
import { runMigrate } from './migrate.ts'
import { runStart } from './start.ts'

/** The command line. Each verb stands in a file of its own; this one only names them. */
export function buildProgram(): Command {
  const program = new Command('paylect').description('A payment gateway that you run yourself.')
  program
    .command('start')
    .description('Start the gateway with a sandbox: an embedded database, a demo merchant, simulated rails.')
    .option('--clock <instant>', 'begin the sandbox clock at this ISO 8601 instant', parseInstant)
    .action(async (options: { clock?: Instant }) => exitOnFailure(() => runStart(options.clock)))
  program
    .command('migrate')
    .description('Bring the database to the newest schema; start does it too.')
    .action(async () => exitOnFailure(runMigrate))
  program
    .command('ledger')
    .description('Look at the books.')
    .command('verify')
    .description('Prove that every balance is explained by its history and that nothing was altered.')
    .option('--json', 'print the report as JSON')
    .action(async (options: { json?: boolean }) => exitOnFailure(() => printLedgerReport(options.json ?? false)))
  return program
}

function parseInstant(text: string): Instant {
  const instant = Date.parse(text)
  const hasZone = /(Z|[+-]\d\d:\d\d)$/.test(text)
  if (Number.isNaN(instant) || !hasZone) {
    throw new InvalidArgumentError('Give an ISO 8601 instant with a zone, for example 2025-03-01T10:00:00Z.')
  }
  return instant
}

/** What a person sees of a failure is its message; the stack belongs to the log at level debug. */
async function exitOnFailure(action: () => Promise<void>): Promise<void> {
  try {
    await action()
  } catch (error) {
    process.stderr.write(`paylect: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
