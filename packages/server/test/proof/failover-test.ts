/*
 * Kills the leading PostgreSQL server of a Patroni cluster under load, again and again, and checks that nothing acknowledged
 * is lost or doubled and that callers saw nothing but answers that ask them to try again.
 *
 *   npm run failover-test -- [--rounds 3] [--only kill,behind,switchover,silence,standby,alone] [--seed 1] [--json]
 *
 * `--rounds` is how often the leader is killed; every other kind of round is made once. `--asynchronous` plants a fault:
 * commits wait for no standby, and `--only behind` must find what is lost. Runs as root (the cluster then runs
 * as `postgres`) or as anybody. Ends with 1 when something was found, 2 for a wrong argument, 3 when programs are missing,
 * 130 when interrupted. Progress goes to standard error.
 */
import { parseArgs } from 'node:util'
import { type RoundName, roundNames } from './failover-rounds.ts'
import { type FailoverReport, runFailoverTest, sentenceOf } from './failover-run.ts'
import { familyOf, MissingProgramsError, signalAll } from './failover-tools.ts'

const roundsMax = 1_000
const exitCodes = { found: 1, misused: 2, missing: 3, interrupted: 130 }

/** The command line is wrong; the message says what it may be. */
class MisuseError extends Error {}

function readSettings() {
  try {
    return settingsOf(process.argv.slice(2))
  } catch (error) {
    throw new MisuseError(error instanceof Error ? error.message : String(error))
  }
}

function settingsOf(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '3' },
      only: { type: 'string', default: roundNames.join(',') },
      seed: { type: 'string', default: '1' },
      asynchronous: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  })
  const [kills, seed] = [Number(values.rounds), Number(values.seed)]
  if (!Number.isSafeInteger(kills) || kills < 1 || kills > roundsMax) throw new Error(`--rounds is 1 to ${roundsMax}`)
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error('--seed is a whole number')
  const only = values.only.split(',')
  const wrong = only.find((name) => !(roundNames as readonly string[]).includes(name))
  if (wrong !== undefined) throw new Error(`--only knows ${roundNames.join(', ')}, and not ${wrong}`)
  const chosen = roundNames.filter((name) => only.includes(name))
  const rounds = chosen.flatMap((name): RoundName[] => (name === 'kill' ? Array(kills).fill(name) : [name]))
  return { rounds, seed, isSynchronous: !values.asynchronous, json: values.json }
}

function print(report: FailoverReport): void {
  const { seed, versions, rounds, findings, durationMs, kinds } = report
  const lines = [
    `seed ${seed}, ${rounds.length} rounds in ${Math.round(durationMs / 1000)} s; ${versions}`,
    ...rounds.map((round) => `  ${sentenceOf(round)}`),
    `  acknowledged ${report.acknowledged}, lost ${report.lost}, doubled ${report.doubled}, given up ${report.abandoned}`,
    `  ${report.objects} objects, ${report.transfers} transfers, ${report.events} events`,
    `  calls ${report.calls}, replays ${report.replayed}; other answers:`,
    ...Object.entries(kinds).map(([kind, count]) => `    ${count} × ${kind}`),
    ...(findings.length === 0 ? ['  No findings.'] : findings.map((finding) => `  FOUND: ${finding}`)),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

const undo: (() => Promise<unknown>)[] = []

async function stopAll(): Promise<void> {
  for (let step = undo.pop(); step; step = undo.pop()) await step().catch((error: unknown) => say(String(error)))
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** Whatever was being started while the signal came has no undoing yet: it ends with the rest of our descendants. */
async function interrupted(): Promise<never> {
  say('interrupted: stopping everything')
  await stopAll()
  signalAll((await familyOf(process.pid)).slice(1), 'SIGKILL')
  process.exit(exitCodes.interrupted)
}

async function main(): Promise<void> {
  try {
    const { json, ...settings } = readSettings()
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void interrupted())
    const report = await runFailoverTest({ ...settings, onProgress: say, onStop: (step) => void undo.push(step) })
    if (json) process.stdout.write(`${JSON.stringify(report)}\n`)
    else print(report)
    if (report.findings.length > 0) process.exitCode = exitCodes.found
  } catch (error) {
    say(error instanceof Error ? error.message : String(error))
    process.exitCode = exitCodeOf(error)
  } finally {
    await stopAll()
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof MissingProgramsError) return exitCodes.missing
  return error instanceof MisuseError ? exitCodes.misused : exitCodes.found
}

await main()
