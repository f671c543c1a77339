import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Instant } from '../kernel/clock.ts'
import { act, jsonOption, withExamples } from './command-action.ts'
import { runMigrate } from './migrate.ts'
import { runStart, type StartOptions } from './start.ts'

type StartCommandOptions = Omit<StartOptions, 'beginAt'> & { readonly clock?: Instant }

/** `paylect start` and `paylect migrate`. */
export function registerStart(program: Command): void {
  const start = program
    .command('start')
    .description('Start the gateway with a sandbox: an embedded database, a demo merchant, simulated rails.')
    .option('--clock <instant>', 'begin the sandbox clock at this ISO 8601 instant', parseInstant)
    .option('--fixtures <file>', 'load merchants with a past from this file (docs/fixtures.md)')
    .addOption(new Option('--role <role>', 'what this process does').choices(['all', 'api', 'worker']))
    .option('--new-master-key', 'go on with a master key that opens no webhook secret here')
    .action(async ({ clock, ...options }: StartCommandOptions) =>
      act(() => runStart({ ...options, ...(clock === undefined ? {} : { beginAt: clock }) })),
    )
  withExamples(start, 'paylect start', 'paylect start --clock 2026-01-31T23:55:00Z', 'paylect start --role worker')
  const migrate = program
    .command('migrate')
    .description('Bring the database to the newest schema; start does it too.')
    .addOption(jsonOption())
    .action(async (options: { json?: boolean }) => act(() => runMigrate(options.json ?? false)))
  withExamples(migrate, 'paylect migrate')
}

function parseInstant(text: string): Instant {
  const instant = Date.parse(text)
  const hasZone = /(Z|[+-]\d\d:\d\d)$/.test(text)
  if (Number.isNaN(instant) || !hasZone) {
    throw new InvalidArgumentError('Give an ISO 8601 instant with a zone, for example 2025-03-01T10:00:00Z.')
  }
  return instant
}
