/*
 * The benchmarks: each figure beside a floor of the same run (docs/benchmarks.md says what each means).
 *
 *   npm run bench -- [payments|ledger|webhooks|lists|start|memory|peer|sustained]… [--json] [--seconds 5] [--rounds 3]
 *     [--rows 1000000] [--loaded 0] [--minutes 15] [--database postgres://…] [--floor pgbench|driver] [--statements] [--short]
 *
 * Without a name all run but `peer`, which must be installed (npm ci --ignore-scripts --prefix tools/medusa), and `sustained`,
 * one load without a pause for `--minutes`. The gateway is a process of its own, the load another; the database is the
 * gateway's embedded one, or a fresh database on the server of `--database`. `--rows` are the payments in the lists,
 * `--loaded` those that stand already when payments are measured. `--short` takes a second each and says nothing of speed.
 */
import { parseArgs } from 'node:util'
import { type BenchSettings, say } from './bench-run.ts'
import { type Figure, figureJson, figureLines } from './figures.ts'
import { measureLedger } from './measure-ledger.ts'
import { measureLists } from './measure-lists.ts'
import { measureMemory } from './measure-memory.ts'
import { measurePayments } from './measure-payments.ts'
import { measurePeer } from './measure-peer.ts'
import { measureStart } from './measure-start.ts'
import { measureSustained } from './measure-sustained.ts'
import { measureWebhooks } from './measure-webhooks.ts'
import { type PaymentBench, withPaymentBench } from './payment-bench.ts'
import { withPaymentStage } from './payment-stage.ts'
import { floorScale, floorToolHere } from './tpcb-floor.ts'

const suites = ['payments', 'ledger', 'webhooks', 'lists', 'start', 'memory', 'peer', 'sustained'] as const
type Suite = (typeof suites)[number]
/** They share one gateway and one floor. */
const paymentSuites: readonly Suite[] = ['payments', 'webhooks', 'ledger', 'peer', 'sustained']
const onlyByName: readonly Suite[] = ['peer', 'sustained']

const secondsMax = 600
const roundsMax = 50
const rowsMin = 10_000
const rowsMax = 20_000_000
const minutesMax = 1_440
/** `pgbench` counts the time in which it connects: a second may be over before its first transaction. */
const short = { seconds: 1, rounds: 1, rows: 12_000, scale: 1, floorTool: 'driver' } as const

interface Wanted {
  readonly suites: readonly Suite[]
  readonly settings: BenchSettings
  readonly minutes: number
  readonly json: boolean
}

function readWanted(): Wanted {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      short: { type: 'boolean', default: false },
      statements: { type: 'boolean', default: false },
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '3' },
      rows: { type: 'string', default: '1000000' },
      loaded: { type: 'string', default: '0' },
      minutes: { type: 'string', default: '15' },
      database: { type: 'string' },
      floor: { type: 'string', default: floorToolHere() },
    },
  })
  const { floor: floorTool, statements, database: databaseUrl } = values
  if (floorTool !== 'driver' && floorTool !== 'pgbench') throw new Error(`no such floor: ${floorTool}`)
  if (statements && databaseUrl !== undefined) throw new Error('--statements works with the embedded server only')
  const given = {
    seconds: between(1, secondsMax, values.seconds),
    rounds: between(1, roundsMax, values.rounds),
    rows: between(rowsMin, rowsMax, values.rows),
    scale: floorScale,
  }
  const loaded = between(0, rowsMax, values.loaded)
  return {
    suites: suitesOf(positionals),
    settings: { loaded, floorTool, databaseUrl, statements, ...(values.short ? short : given) },
    minutes: between(1, minutesMax, values.minutes),
    json: values.json,
  }
}

function suitesOf(names: readonly string[]): readonly Suite[] {
  const unknown = names.find((name) => !suites.includes(name as Suite))
  if (unknown !== undefined) throw new Error(`no such benchmark: ${unknown}; there are ${suites.join(', ')}`)
  return names.length === 0 ? suites.filter((name) => !onlyByName.includes(name)) : (names as Suite[])
}

function between(least: number, most: number, text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= least && number <= most) return number
  throw new Error(`${text} is not a whole number from ${least} to ${most}`)
}

type Report = (figures: readonly Figure[]) => void

async function main(): Promise<void> {
  const wanted = readWanted()
  const { settings, json } = wanted
  const has = (name: Suite) => wanted.suites.includes(name)
  const report: Report = (figures) => {
    for (const figure of figures) process.stdout.write(`${json ? figureJson(figure) : figureLines(figure)}\n`)
  }
  if (paymentSuites.some(has)) {
    await withPaymentStage(settings, (stage) =>
      withPaymentBench(stage, settings, (bench) => measureOnOneStage(bench, wanted, report)),
    )
  }
  if (has('lists')) report(await withPaymentStage(settings, (stage) => measureLists(stage, settings)))
  if (has('start')) report(await measureStart(settings))
  if (has('memory')) report([await measureMemory()])
  say('every count that was checked agreed, and every ledger verified')
}

async function measureOnOneStage(
  bench: PaymentBench,
  { suites: names, minutes }: Wanted,
  report: Report,
): Promise<void> {
  if (names.includes('payments')) report(await measurePayments(bench))
  if (names.includes('webhooks')) report([await measureWebhooks(bench)])
  if (names.includes('ledger')) report(await measureLedger(bench.stage, bench.settings))
  if (names.includes('peer')) report([await measurePeer(bench)])
  if (names.includes('sustained')) report([await measureSustained(bench, minutes)])
}

await main()
