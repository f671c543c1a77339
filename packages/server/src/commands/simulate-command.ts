import { availableParallelism } from 'node:os'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { startSeedProcesses } from '../simulation/seed-processes.ts'
import { type ShortestRun, shortestRun } from '../simulation/shortest-run.ts'
import { type SimulationResult, simulate } from '../simulation/simulate.ts'
import { type SeedRange, type SeedsReport, simulateSeeds } from '../simulation/simulate-seeds.ts'
import { act, jsonOption, UsageError, wholeNumber, withExamples } from './command-action.ts'
import { withScratchDatabases } from './scratch-database.ts'

const progressEveryMs = 2_000
const operationsDefault = 500
const seedsMax = 1_000_000
const operationsMax = 100_000
const jobsMax = 64
const traceLinesShown = 60

interface SimulateOptions {
  readonly seed?: number
  readonly seeds?: readonly [number, number]
  readonly ops: number
  readonly skip?: readonly number[]
  readonly jobs?: number
  readonly store: 'memory' | 'postgres'
  readonly databaseUrl?: string
  readonly json?: boolean
}

/** Adds `simulate`: the whole gateway in one process under seeded faults. */
export function registerSimulate(program: Command): void {
  const simulation = program
    .command('simulate')
    .description('Run the gateway under seeded faults and check the money rules after every step.')
    .option('--seed <n>', 'run this seed alone', wholeNumber(1, seedsMax))
    .option('--seeds <a..b>', 'run the seeds from a to b', seedRange)
    .option('--ops <n>', 'operations a seed', wholeNumber(1, operationsMax), operationsDefault)
    .option('--skip <list>', 'leave operations out, such as 3,7-12: how a shortest run is named', operationList)
    .option('--jobs <n>', 'processes that run seeds; as many as there are cores', wholeNumber(1, jobsMax))
    .addOption(
      new Option('--store <store>', 'memory replays a seed exactly; postgres is a real, temporary database')
        .choices(['memory', 'postgres'])
        .default('memory'),
    )
    .option('--database-url <url>', 'the server on which the temporary databases are made; without it, one of our own')
    .addOption(jsonOption())
    .action((options: SimulateOptions) => act(() => run(options)))
  withExamples(
    simulation,
    'paylect simulate --seeds 1..50',
    'paylect simulate --seed 7 --ops 500',
    'paylect simulate --store postgres --seeds 1..10',
  )
}

async function run(options: SimulateOptions): Promise<void> {
  const [from, to] = options.seeds ?? [options.seed ?? 1, options.seed ?? 1]
  if (options.skip && (from !== to || options.store === 'postgres')) {
    throw new UsageError('--skip names one run in memory: give it with --seed alone.')
  }
  const startedMs = performance.now()
  const report = await reportOf({ from, to, operations: options.ops }, options)
  const seconds = Math.round((performance.now() - startedMs) / 100) / 10
  const isReplayable = options.store === 'memory' && options.skip === undefined
  if (report.failure && isReplayable) process.stderr.write('Looking for a shorter run that fails too …\n')
  const shortest = report.failure && isReplayable ? await shortestRun(report.failure) : undefined
  if (options.json) process.stdout.write(`${JSON.stringify({ ...report, shortest, seconds })}\n`)
  else process.stdout.write(textOf(report, shortest, seconds, options))
  if (report.failure) process.exitCode = 1
}

async function reportOf(range: SeedRange, options: SimulateOptions): Promise<SeedsReport> {
  const { store, skip, jobs, databaseUrl } = options
  const processCount = Math.min(jobs ?? availableParallelism(), range.to - range.from + 1)
  if (store === 'postgres') {
    return withScratchDatabases(databaseUrl, processCount, (urls) => runInProcesses(range, processCount, urls))
  }
  if (processCount > 1) return runInProcesses(range, processCount, [])
  return simulateSeeds(range, progress(range), [(seed, operations) => simulate(seed, operations, skip)])
}

async function runInProcesses(range: SeedRange, count: number, urls: readonly string[]): Promise<SeedsReport> {
  const processes = startSeedProcesses(count, urls)
  try {
    return await simulateSeeds(range, progress(range), processes.runners)
  } finally {
    processes.close()
  }
}

function progress({ from, to }: SeedRange): (result: SimulationResult) => void {
  let toldAtMs = performance.now()
  return ({ seed }) => {
    if (performance.now() - toldAtMs < progressEveryMs) return
    toldAtMs = performance.now()
    process.stderr.write(`seed ${seed} of ${from}..${to} …\n`)
  }
}

function textOf(
  { seeds, operations, failure, counts }: SeedsReport,
  shortest: ShortestRun | undefined,
  seconds: number,
  options: SimulateOptions,
) {
  const made = Object.entries(counts).map(([kind, count]) => `${count} ${plural(kind.replaceAll('_', ' '))}`)
  const head = `${seeds} seeds of ${operations} operations in ${seconds} s: ${made.join(', ')}.\n`
  return failure ? head + failureText(failure, shortest, options) : `${head}Every rule held after every step.\n`
}

function plural(noun: string): string {
  return `${noun.replace(/ry$/, 'rie')}s`
}

function failureText(failure: SimulationResult, shortest: ShortestRun | undefined, { store }: SimulateOptions): string {
  const { seed, operation, skipped, broken, trace, traceHash } = shortest?.run ?? failure
  const steps = trace.slice(-traceLinesShown).map((note) => `  ${note}`)
  const skip = skipped.length > 0 ? ` --skip ${listText(skipped)}` : ''
  const hash = traceHash.slice(0, 16)
  const command = `paylect simulate --seed ${seed} --ops ${operation}${skip}`
  const replay = shortest ? `, ${shortest.replays ? 'replayed: the same' : 'DID NOT REPLAY'}` : ''
  const again =
    store === 'memory'
      ? `Again: ${command}   (trace ${hash}${replay})`
      : `Again, though never exactly: ${command} --store postgres`
  return [
    `Seed ${failure.seed} breaks a rule after ${failure.operation} operations:`,
    ...failure.broken.map((rule) => `  ${rule}`),
    ...(shortest ? [`The shortest run found breaks one after ${shortest.operationsLeft} operations:`] : []),
    ...(shortest ? broken.map((rule) => `  ${rule}`) : []),
    `The last ${steps.length} steps of it:`,
    ...steps,
    again,
    '',
  ].join('\n')
}

/** `[3, 7, 8, 9]` as `3,7-9`. */
function listText(numbers: readonly number[]): string {
  const spans: [number, number][] = []
  for (const number of numbers) {
    const last = spans.at(-1)
    if (last && last[1] + 1 === number) last[1] = number
    else spans.push([number, number])
  }
  return spans.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',')
}

function operationList(text: string): readonly number[] {
  return text.split(',').flatMap((span) => {
    const [, from, to] = /^(\d+)(?:-(\d+))?$/.exec(span) ?? []
    if (from === undefined) throw new InvalidArgumentError('Give a list such as 3,7-12.')
    const first = wholeNumber(1, operationsMax)(from)
    const last = wholeNumber(first, operationsMax)(to ?? from)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}

function seedRange(text: string): readonly [number, number] {
  const [, from, to] = /^(\d+)\.\.(\d+)$/.exec(text) ?? []
  if (from === undefined || to === undefined || Number(from) > Number(to)) {
    throw new InvalidArgumentError('Give a range such as 1..50.')
  }
  return [wholeNumber(1, seedsMax)(from), wholeNumber(1, seedsMax)(to)]
}
