/*
 * How many payments the engine takes: each is created, attempted on the simulator rail and settled (three durable
 * commits, two ledger transfers, two events), by 1, 32 and 256 callers, for one merchant and for 64. Prints each figure
 * beside the floor F1 of the same run, TPC-B on the same server: over one connection for one caller, over eight otherwise.
 * The server is a fresh embedded one with its usual, durable settings. No worker runs: jobs and webhooks are not in it.
 *
 *   node packages/server/bench/engine-payments.ts [--json] [--rounds 3] [--seconds 2] [--groups-in-flight 2] [--floor driver|pgbench|none]
 *
 * Rounds are interleaved (floors, then every load, then again); medians over the rounds are printed, latencies of whole
 * payments, and the processor time that a payment costs, which other work on the machine disturbs least.
 */
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import type { Engine } from '../src/engine/index.ts'
import type { Scope } from '../src/kernel/scope.ts'
import { provisionMerchants, withBenchEngine } from './bench-engine.ts'
import { withDatabaseStage } from './database-stage.ts'
import { median, quantile } from './figures.ts'
import { type ProcessorTimes, readProcessorTimes } from './processor-time.ts'
import { type FloorTool, measureFloor, prepareFloor } from './tpcb-floor.ts'

const merchantCounts = [1, 64] as const
const callerCounts = [1, 32, 256] as const
const roundsMax = 50
const secondsMax = 60
/** Before the first round everything is planned, compiled and cached once. */
const warmUpSeconds = 1

interface Settings {
  readonly json: boolean
  readonly rounds: number
  readonly seconds: number
  readonly groupsInFlight: number
  readonly floor: FloorTool | 'none'
}

interface Load {
  readonly name: string
  readonly merchants: number
  readonly callers: number
}

interface Sample {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Microseconds of processor time per payment, where the machine can tell. */
  readonly nodeUs: number | undefined
  readonly postgresUs: number | undefined
  /** The part of all processors that went to other programs. */
  readonly foreignShare: number | undefined
}

interface Bench {
  readonly engine: Engine
  readonly settings: Settings
  readonly scopes: readonly Scope[]
  readonly processorTimes: () => ProcessorTimes | undefined
}

function readSettings(): Settings {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '2' },
      'groups-in-flight': { type: 'string', default: '2' },
      floor: { type: 'string', default: 'driver' },
    },
  })
  const { json, floor } = values
  if (floor !== 'driver' && floor !== 'pgbench' && floor !== 'none') throw new Error(`no such floor: ${floor}`)
  return {
    json,
    floor,
    rounds: between(1, roundsMax, values.rounds),
    seconds: between(1, secondsMax, values.seconds),
    groupsInFlight: between(1, 8, values['groups-in-flight']),
  }
}

function between(least: number, most: number, text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= least && number <= most) return number
  throw new Error(`${text} is not a whole number from ${least} to ${most}`)
}

async function payOnce({ engine }: Bench, scope: Scope): Promise<void> {
  const { result } = await engine.payments.create({
    scope,
    dialect: 'monetiflow',
    amount: { minor: 25_000n, currency: 'INR' },
    method: 'upi',
    reference: `order-${randomBytes(6).toString('hex')}`,
    referenceUnique: true,
    description: 'A pair of shoes',
    notifyUrl: 'https://shop.example/webhooks/payments',
    metadata: { order: '4711' },
    expiresAfterMs: 900_000,
    attemptsMax: 1,
  })
  const paid = await engine.payments.pay(scope, result.id, { simulate: 'succeeded' })
  if (paid.status !== 'succeeded') throw new Error(`the payment ended ${paid.status}`)
}

async function measureLoad(bench: Bench, { merchants, callers }: Load, seconds: number): Promise<Sample> {
  const before = bench.processorTimes()
  const started = performance.now()
  const endAt = started + seconds * 1000
  const latencies: number[] = []
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      const scope = bench.scopes[caller % merchants] as Scope
      while (performance.now() < endAt) {
        const beganAt = performance.now()
        await payOnce(bench, scope)
        latencies.push(performance.now() - beganAt)
      }
    }),
  )
  const elapsedSeconds = (performance.now() - started) / 1000
  latencies.sort((a, b) => a - b)
  return {
    perSecond: latencies.length / elapsedSeconds,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    ...processorShares(before, bench.processorTimes(), latencies.length),
  }
}

function processorShares(before: ProcessorTimes | undefined, after: ProcessorTimes | undefined, payments: number) {
  if (!before || !after) return { nodeUs: undefined, postgresUs: undefined, foreignShare: undefined }
  const node = after.node - before.node
  const postgres = after.postgres - before.postgres
  const machine = after.machine - before.machine
  return {
    nodeUs: (node / payments) * 1e6,
    postgresUs: (postgres / payments) * 1e6,
    foreignShare: Math.max(0, machine - node - postgres) / machine,
  }
}

interface Figures {
  /** Transactions a second, by connections. */
  readonly floors: Map<number, number[]>
  readonly samples: Map<Load, Sample[]>
}

async function measureAll(bench: Bench, url: string): Promise<Figures> {
  const { floor, rounds, seconds } = bench.settings
  const loads: Load[] = merchantCounts.flatMap((merchants) =>
    callerCounts.map((callers) => ({ name: `payments_m${merchants}_c${callers}`, merchants, callers })),
  )
  const floors = new Map<number, number[]>([1, 8].map((connections) => [connections, []]))
  const samples = new Map<Load, Sample[]>(loads.map((load) => [load, []]))
  await measureLoad(bench, { name: 'warm-up', merchants: 64, callers: 64 }, warmUpSeconds)
  for (let round = 0; round < rounds; round += 1) {
    for (const [connections, figures] of floors) {
      if (floor !== 'none') figures.push((await measureFloor(floor, url, connections, seconds)).perSecond)
    }
    for (const [load, taken] of samples) taken.push(await measureLoad(bench, load, seconds))
  }
  return { floors, samples }
}

function report({ floors, samples }: Figures, { json, floor }: Settings): void {
  const rows = [...samples].map(([load, taken]) => {
    const middle = (pick: (sample: Sample) => number | undefined) => median(taken.map((sample) => pick(sample) ?? 0))
    const connections = load.callers === 1 ? 1 : 8
    const floorValue = median(floors.get(connections) ?? [])
    const value = middle((sample) => sample.perSecond)
    return {
      name: load.name,
      value: Math.round(value),
      unit: 'payments/s',
      floor: Math.round(floorValue),
      floorName: `tpcb_${floor}_c${connections}`,
      ratio: floorValue > 0 ? Number((value / floorValue).toFixed(2)) : null,
      p50Ms: Number(middle((sample) => sample.p50Ms).toFixed(1)),
      p99Ms: Number(middle((sample) => sample.p99Ms).toFixed(1)),
      nodeUs: Math.round(middle((sample) => sample.nodeUs)),
      postgresUs: Math.round(middle((sample) => sample.postgresUs)),
      foreignShare: Number(middle((sample) => sample.foreignShare).toFixed(2)),
    }
  })
  if (json) process.stdout.write(`${rows.map((row) => JSON.stringify(row)).join('\n')}\n`)
  else process.stdout.write(table(rows))
}

function table(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const names = Object.keys(rows[0] ?? {})
  const lines = [names, ...rows.map((row) => names.map((name) => String(row[name])))]
  const widths = names.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines.map((line) => `${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`).join('')
}

async function main(): Promise<void> {
  const settings = readSettings()
  await withDatabaseStage(async ({ url, postmasterPid }) => {
    if (settings.floor !== 'none') await prepareFloor(url)
    await withBenchEngine(url, settings.groupsInFlight, async ({ engine }) => {
      const merchants = await provisionMerchants(engine, 'bench', Math.max(...merchantCounts))
      const scopes = merchants.map(({ scope }) => scope)
      const bench: Bench = { engine, settings, scopes, processorTimes: () => readProcessorTimes(postmasterPid) }
      report(await measureAll(bench, url), settings)
    })
  })
}

await main()
