import type { Command } from 'commander'
import { systemClock } from '../kernel/clock.ts'
import type { Mode } from '../kernel/scope.ts'
import { createSandboxClock } from '../platform/sandbox-clock.ts'
import { act, exitCodes, jsonOption, withExamples } from './command-action.ts'
import { outputColumns, paint, printJson, printLine, withProgress, wrapText } from './command-output.ts'
import { type DoctorCheck, type DoctorContext, doctorChecks, type Finding, type FindingState } from './doctor-checks.ts'
import { type ConnectedDatabase, pendingMigrations, withOperatorDatabase } from './open-engine.ts'

/** `paylect doctor`: looks at everything, changes nothing, and says what to do. */
export function registerDoctor(program: Command): void {
  const doctor = program
    .command('doctor')
    .description('Check the installation and say what to do; exits with 1 when something must be mended.')
    .option('--quick', 'do not prove the ledger')
    .option('--full', 'prove the ledger however long it is')
    .addOption(jsonOption())
    .action(async (options: DoctorOptions) => act(() => examine(options)))
  withExamples(doctor, 'paylect doctor', 'paylect doctor --quick --json')
}

interface DoctorOptions {
  readonly quick?: boolean
  readonly full?: boolean
  readonly json?: boolean
}

async function examine({ quick = false, full = false, json }: DoctorOptions): Promise<void> {
  const findings: Finding[] = []
  const tell = (finding: Finding) => {
    findings.push(finding)
    if (json !== true) printLine(findingText(finding))
  }
  try {
    await withOperatorDatabase(async (opened) => runChecks(await contextOf(opened, quick, full), tell))
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    tell({ check: 'database', state: 'fail', message, advice: 'Nothing else can be checked before it answers.' })
  }
  const failed = findings.filter(({ state }) => state === 'fail').length
  if (json === true) printJson({ ok: failed === 0, findings })
  else printLine(summary(findings))
  if (failed > 0) process.exitCode = exitCodes.failure
}

async function contextOf(
  { config, database }: ConnectedDatabase,
  quick: boolean,
  full: boolean,
): Promise<DoctorContext & { readonly hasSchema: boolean }> {
  const hasSchema = (await pendingMigrations(database)).length === 0
  if (!hasSchema) return { config, database, quick, full, now: systemClock.now, hasSchema }
  const clock = await createSandboxClock(database.pool, systemClock)
  // Read once: the checks take seconds, and nobody else looks at this clock.
  clock.stop()
  const now = (mode: Mode) => (mode === 'live' ? systemClock.now() : clock.now())
  return { config, database, quick, full, now, hasSchema }
}

async function runChecks(
  context: DoctorContext & { readonly hasSchema: boolean },
  tell: (finding: Finding) => void,
): Promise<void> {
  for (const check of doctorChecks) {
    if (check.needsSchema && !context.hasSchema) continue
    tell({ check: check.check, ...(await outcomeOf(check, context)) })
  }
}

/** A check that breaks is a finding too; the others still run. */
async function outcomeOf({ check, run }: DoctorCheck, context: DoctorContext): Promise<Omit<Finding, 'check'>> {
  try {
    return await withProgress(`Checking ${check}`, () => run(context))
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { state: 'fail', message: `the check itself failed: ${message}`, advice: 'See the log of the database.' }
  }
}

const colours: Readonly<Record<FindingState, (text: string) => string>> = {
  ok: paint.green,
  warn: paint.yellow,
  fail: paint.red,
}
const checkWidth = 11
const indent = ' '.repeat(5 + checkWidth)

function findingText({ check, state, message, advice }: Finding): string {
  const text = wrapText(message, outputColumns, indent).slice(indent.length)
  const line = `${colours[state](state.padEnd(4))} ${check.padEnd(checkWidth)}${text}`
  return advice === undefined ? line : `${line}\n${paint.dim(wrapText(`→ ${advice}`, outputColumns, indent))}`
}

function summary(findings: readonly Finding[]): string {
  const count = (state: FindingState) => findings.filter((finding) => finding.state === state).length
  if (count('fail') > 0) return `\n${count('fail')} to mend, ${count('warn')} to look at.`
  return count('warn') > 0 ? `\nNothing to mend, ${count('warn')} to look at.` : '\nEverything is well.'
}
