/*
 * Kills a real gateway under load and checks that nothing acknowledged is lost or doubled.
 *
 *   npm run crash-test -- [--kills 20] [--seed 1] [--form both|embedded|separate] [--network] [--json]
 *                         [--seconds-between 0.1..1.2] [--checkpoint-every 20] [--only "api killed"] [--plant lost,ledger]
 *
 * Half of the kills go to one process with its embedded database, half to an api and a worker process on a PostgreSQL
 * server of their own; `--network` puts a failing network between those two and the server instead of killing anything.
 * `--plant` (or `--plant all`) damages the database after the last checkpoint, to show that the checks find it.
 * Ends with 1 when something was found, and with 0 when a plant was and nothing else. Progress goes to standard error.
 */
import { parseArgs } from 'node:util'
import { messagesOf } from './crash/checkpoint.ts'
import { type DatabasePlant, databasePlants } from './crash/checkpoint-queries.ts'
import { type CrashTestReport, runCrashTest, type Strike } from './crash/run-crash-test.ts'

/** Idempotency records live for a day of the sandbox's clock, which checkpoints move on by minutes. */
const killsMax = 2_000
const secondsBetweenMax = 600
const servingAgainMs = 5_000
/** A silent connection is given up after 15 seconds, and only then is another one opened. */
const servingAgainNetworkMs = 20_000

function readSettings() {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      form: { type: 'string', default: 'both' },
      'seconds-between': { type: 'string', default: '0.1..1.2' },
      'checkpoint-every': { type: 'string', default: '20' },
      only: { type: 'string', default: '' },
      plant: { type: 'string', default: '' },
      network: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  })
  const { form, network, json, only } = values
  if (form !== 'both' && form !== 'embedded' && form !== 'separate') throw new Error(`no such form: ${form}`)
  const chosen = form === 'both' ? (['embedded', 'separate'] as const) : ([form] as const)
  const forms = network ? (['network'] as const) : chosen
  return {
    ...{ json, only, forms, plants: plantsOf(values.plant), betweenMs: spanOf(values['seconds-between']) },
    kills: wholeNumber('--kills', values.kills, 1, killsMax),
    seed: wholeNumber('--seed', values.seed, 0, Number.MAX_SAFE_INTEGER / 10_000),
    checkpointEvery: wholeNumber('--checkpoint-every', values['checkpoint-every'], 1, killsMax),
  }
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value
  throw new Error(`${name} is a whole number from ${least} to ${most}`)
}

/** `0.5` or `0.1..1.2`, in seconds; answers milliseconds. */
function spanOf(text: string): readonly [number, number] {
  const [least = Number.NaN, most = least] = text.split('..').map(Number)
  if (least >= 0 && most >= least && most <= secondsBetweenMax) return [least * 1000, most * 1000]
  throw new Error(`--seconds-between is a number or a span such as 0.1..1.2, up to ${secondsBetweenMax}`)
}

function plantsOf(text: string): readonly DatabasePlant[] {
  if (text === 'all') return databasePlants
  return text.split(',').flatMap((name) => {
    const plant = databasePlants.find((known) => known === name)
    if (!plant && name !== '') throw new Error(`--plant knows ${databasePlants.join(', ')} and all`)
    return plant ?? []
  })
}

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (part: number) => Math.round(sorted[Math.ceil(sorted.length * part) - 1] ?? 0)
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`
}

function summary(strikes: readonly Strike[]): { strikes: number; serving: string; told: string } {
  const serving = spread(strikes.map(({ servingMs }) => servingMs))
  return { strikes: strikes.length, serving, told: spread(strikes.map(({ toldMs }) => toldMs)) }
}

function textOf(report: CrashTestReport): string {
  const { form, seed, strikes, last, counts, checkpoints, acknowledged, durationMs, findings } = report
  const counted = (kind: string) => findings.filter((finding) => finding.kind === kind).length
  const lines = [
    `${form}, seed ${seed}: ${strikes.length} strikes in ${Math.round(durationMs / 1000)} s, ${checkpoints} checkpoints`,
    `  acknowledged ${Object.entries(acknowledged)
      .map((entry) => entry.join(': '))
      .join(', ')}; given up ${report.abandoned}`,
    `  lost ${counted('lost')}, doubled ${counted('doubled')}, half applied ${counted('half_applied')}, undelivered ${counted('undelivered')}`,
    `  at the end ${last.objects} objects, ${last.transfers} transfers, ${last.events} events, ${report.webhooks} webhooks received`,
    `  calls ${counts.calls}: ${counts.lost} without an answer, ${counts.unavailable} answered 503, ${counts.limited} answered 429, ${counts.replayed} replays`,
    ...[...Map.groupBy(strikes, ({ fault }) => fault), ['all', strikes] as const].map(([fault, some]) => {
      const { serving, told } = summary(some)
      return `  ${fault} (${some.length}): serving again ${serving}; webhooks again ${told}`
    }),
    ...Object.entries(report.planted).map(
      ([plant, found]) => `  planted ${plant}: ${found[0]?.message ?? 'NOT FOUND'}`,
    ),
    ...(findings.length === 0 ? ['  No findings.'] : messagesOf(findings).map((message) => `  FOUND ${message}`)),
  ]
  return `${lines.join('\n')}\n`
}

const { kills, forms, json, ...settings } = readSettings()
for (const form of forms) {
  const report = await runCrashTest({
    ...settings,
    form,
    kills: Math.ceil(kills / forms.length),
    servingAgainMs: form === 'network' ? servingAgainNetworkMs : servingAgainMs,
    onProgress: (line) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`),
  })
  process.stdout.write(json ? `${JSON.stringify({ ...report, ...summary(report.strikes) })}\n` : textOf(report))
  const missed = Object.values(report.planted).some((found) => found.length === 0)
  if (report.findings.length > 0 || missed) process.exitCode = 1
}
