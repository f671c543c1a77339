import { type Command, InvalidArgumentError } from 'commander'
import type { SimulationResult } from '../simulation/simulate.ts'
import { type SeedRange, type SeedsReport, simulateSeeds } from '../simulation/simulate-seeds.ts'
import { act, jsonOption, wholeNumber, withExamples } from './command-action.ts'

const progressEveryMs = 2_000
const operationsDefault = 500
const seedsMax = 1_000_000
const operationsMax = 100_000
const traceLinesShown = 60

/** Adds `simulate`: the whole gateway in one process under seeded faults. */
export function registerSimulate(program: Command): void {
  const simulate = program
    .command('simulate')
    .description('Run the gateway in memory under seeded faults and check the money rules after every step.')
    .option('--seed <n>', 'run this seed alone', wholeNumber(1, seedsMax))
    .option('--seeds <a..b>', 'run the seeds from a to b', seedRange)
    .option('--ops <n>', 'operations a seed', wholeNumber(1, operationsMax), operationsDefault)
    .addOption(jsonOption())
    .action(async (options: { seed?: number; seeds?: [number, number]; ops: number; json?: boolean }) => {
      const [from, to] = options.seeds ?? [options.seed ?? 1, options.seed ?? 1]
      await act(() => run({ from, to, operations: options.ops }, options.json ?? false))
    })
  withExamples(simulate, 'paylect simulate --seeds 1..50', 'paylect simulate --seed 7 --ops 500')
}

async function run(range: SeedRange, asJson: boolean): Promise<void> {
  const startedMs = performance.now()
  let toldAtMs = startedMs
  const report = await simulateSeeds(range, ({ seed }) => {
    if (performance.now() - toldAtMs < progressEveryMs) return
    toldAtMs = performance.now()
    process.stderr.write(`seed ${seed} of ${range.from}..${range.to} …\n`)
  })
  const seconds = Math.round((performance.now() - startedMs) / 100) / 10
  process.stdout.write(asJson ? `${JSON.stringify({ ...report, seconds })}\n` : textOf(report, seconds))
  if (report.failure) process.exitCode = 1
}

function textOf({ seeds, operations, failure, counts }: SeedsReport, seconds: number): string {
  const made = Object.entries(counts).map(([kind, count]) => `${count} ${kind.replace(/ry$/, 'rie')}s`)
  const head = `${seeds} seeds of ${operations} operations in ${seconds} s: ${made.join(', ')}.\n`
  return failure ? head + failureText(failure) : `${head}Every rule held after every step.\n`
}

function failureText({ seed, operation, broken, trace, traceHash }: SimulationResult): string {
  const rules = broken.map((rule) => `  ${rule}`)
  const steps = trace.slice(-traceLinesShown).map((note) => `  ${note}`)
  return [
    `Seed ${seed} breaks a rule after ${operation} operations:`,
    ...rules,
    `The last ${steps.length} steps:`,
    ...steps,
    `Again: paylect simulate --seed ${seed} --ops ${operation}   (trace ${traceHash.slice(0, 16)})`,
    '',
  ].join('\n')
}

function seedRange(text: string): [number, number] {
  const [, from, to] = /^(\d+)\.\.(\d+)$/.exec(text) ?? []
  if (from === undefined || to === undefined || Number(from) > Number(to)) {
    throw new InvalidArgumentError('Give a range such as 1..50.')
  }
  return [wholeNumber(1, seedsMax)(from), wholeNumber(1, seedsMax)(to)]
}
