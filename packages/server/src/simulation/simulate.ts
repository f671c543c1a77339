import type { Kind } from '../engine/commit/kind.ts'
import { journalKind } from '../engine/commit/ledger-kinds.ts'
import { type Payment, paymentKind } from '../engine/payments/payment.ts'
import { webhookEndpointKind } from '../engine/webhooks/webhook-endpoint.ts'
import { createInstallation, type Installation } from './installation.ts'
import { createInvariants, type Invariants } from './invariants.ts'
import { createMemoryGround } from './memory-ground.ts'
import { enrolMerchants, type Merchants } from './merchants.ts'
import { observedKinds, servedKinds } from './observed-kinds.ts'
import { createPostgresGround } from './postgres-ground.ts'
import { faultsAtRest } from './rest-invariants.ts'
import { createSimulatedWorkers, type Workers } from './workers.ts'

/** What a run came to. */
export interface SimulationResult {
  readonly seed: number
  /** The rules that were broken, in words; empty for a run in which all held. */
  readonly broken: readonly string[]
  /** The operation after which the first rule was broken; the number of operations for a run that held. */
  readonly operation: number
  /** Whether it broke only once everything had come to rest, or on the way there. */
  readonly atRest: boolean
  /** Operations that were left out, in order; see `shortestRun`. */
  readonly skipped: readonly number[]
  /** Two runs of a seed in memory agree in it. */
  readonly traceHash: string
  /** The last notes of the run, oldest first. */
  readonly trace: readonly string[]
  readonly counts: Readonly<Record<string, number>>
}

interface Run {
  readonly installation: Installation
  readonly merchants: Merchants
  readonly workers: Workers
  readonly invariants: Invariants
  checkedCommits: number
  /** What the last look found broken. */
  broken: readonly string[]
}

const processCount = 2
const processesMax = 3
/** What the last work is found by. */
const restingKinds = [webhookEndpointKind, journalKind] as unknown as readonly Kind[]
/** Waits that may end from one operation to the next. */
const stepsMax = 12
const restRoundsMax = 4_000
const clockStepsMs = [1, 1_000, 20_000, 60_000, 600_000, 3_600_000]

/**
 * Runs the gateway in memory for `operations` steps of seeded chance, with a fault at any moment at which it waits, checks
 * the rules after every step, then lets everything come to rest and checks what must be true in the end. Each operation
 * draws from a stream of its own, so that those in `skipped` can be left out and the others stay what they were. Without
 * `comesToRest` it stops after the last operation.
 */
export async function simulate(
  seed: number,
  operations: number,
  skipped: readonly number[] = [],
  comesToRest = true,
): Promise<SimulationResult> {
  const installation = await createInstallation(seed, async (chance, faults, traceMax) =>
    createMemoryGround(chance, faults, traceMax),
  )
  return runThrough(installation, { seed, operations, skipped, comesToRest })
}

/**
 * The same on PostgreSQL: real connections, real concurrency, sessions that are ended at random moments. `url` names a
 * migrated database that the run has to itself; rows of earlier seeds may lie in it. Such a run does not replay.
 */
export async function simulateOnPostgres(seed: number, operations: number, url: string): Promise<SimulationResult> {
  const installation = await createInstallation(seed, (chance, faults, traceMax) =>
    createPostgresGround(url, chance, faults, traceMax),
  )
  try {
    return await runThrough(installation, { seed, operations, skipped: [], comesToRest: true })
  } finally {
    await installation.close()
    await installation.ground.close()
  }
}

interface Plan {
  readonly seed: number
  readonly operations: number
  readonly skipped: readonly number[]
  readonly comesToRest: boolean
}

async function runThrough(installation: Installation, plan: Plan): Promise<SimulationResult> {
  const { seed, operations, skipped, comesToRest } = plan
  const { scheduler, chance, ground } = installation
  for (let index = 0; index < processCount; index += 1) await installation.start()
  const merchants = await enrolMerchants(installation)
  const workers = createSimulatedWorkers(installation)
  const invariants = createInvariants(installation, merchants)
  const run: Run = { installation, merchants, workers, invariants, checkedCommits: 0, broken: [] }
  const ended = (broken: readonly string[], operation: number, atRest: boolean): SimulationResult => ({
    ...{ seed, broken, operation, atRest, skipped: skipped.filter((left) => left <= operation) },
    ...{ traceHash: scheduler.traceHash(), trace: [...scheduler.trace], counts: countsOf(installation) },
  })
  const leftOut = new Set(skipped)
  for (let operation = 1; operation <= operations; operation += 1) {
    chance.open(operation)
    if (leftOut.has(operation)) continue
    await act(run)
    if (run.broken.length === 0 && operation % ground.checkEvery === 0) run.broken = await brokenNow(run)
    if (run.broken.length > 0) return ended(run.broken, operation, false)
  }
  if (!comesToRest) return ended([], operations, false)
  chance.open(operations + 1)
  await comeToRest(run)
  if (run.broken.length > 0) return ended(run.broken, operations, true)
  const broken = await brokenNow(run)
  return ended([...broken, ...(await faultsAtRest(installation, merchants, workers.receivers))], operations, true)
}

async function brokenNow({ invariants, workers }: Run): Promise<readonly string[]> {
  return [...(await invariants.broken()), ...workers.failures, ...workers.feeds.complaints]
}

/** Holds the rules if something was committed since the last time. Answers whether they hold. */
async function holdsStill(run: Run): Promise<boolean> {
  const commits = run.installation.ground.commits()
  if (commits === run.checkedCommits) return true
  run.checkedCommits = commits
  run.broken = await brokenNow(run)
  return run.broken.length === 0
}

/** One operation and a few steps of whatever goes on. */
async function act(run: Run): Promise<void> {
  const { installation, merchants, workers } = run
  const { chance, scheduler, clock, processes, ground } = installation
  const what = chance.weighted([
    [40, 'merchant'],
    [27, 'worker'],
    [10, 'notification'],
    [3, 'feed'],
    [8, 'clock'],
    [2, 'crash'],
    [1, 'endpoint'],
    [ground.disturb ? 5 : 0, 'disturbance'],
    [12, 'nothing'],
  ] as const)
  if (what === 'merchant') merchants.act()
  if (what === 'worker') await workers.act()
  if (what === 'notification') workers.deliverNotification()
  if (what === 'feed') workers.readFeed()
  if (what === 'endpoint') workers.switchAnEndpoint()
  if (what === 'disturbance') await ground.disturb?.(chance)
  if (what === 'clock') await moveClock(run)
  if (what === 'crash') {
    await installation.crash(chance.pick(processes))
    await installation.start()
    if (processes.length < processesMax && chance.oneIn(4)) await installation.start()
  }
  scheduler.note(`${what} at ${clock.now()}`)
  await scheduler.settle()
  for (let steps = chance.between(1, stepsMax); steps > 0; steps -= 1) {
    if (!(await scheduler.step()) || !(await holdsStill(run))) return
  }
}

/** Time jumps by odd amounts, and sometimes exactly to the moment at which something is due, or just before it. */
async function moveClock({ installation }: Run): Promise<void> {
  const { chance, clock, ground } = installation
  const next = await ground.shared.nextDue(chance.pick(servedKinds), 'sandbox')
  const target =
    next === undefined || chance.oneIn(2) ? clock.now() + chance.pick(clockStepsMs) : next - chance.below(2)
  if (target > clock.now()) clock.set(target)
}

/** No more faults, no more crashes: everything that was begun must now end. */
async function comeToRest(run: Run): Promise<void> {
  const { installation, merchants, workers } = run
  const { scheduler, faults, rail, ground, clock } = installation
  Object.assign(faults, { unavailableOneIn: 0, lostReplyOneIn: 0, retryOneIn: 0 })
  rail.calm()
  const holds = () => holdsStill(run)
  for (let round = 0; round < restRoundsMax; round += 1) {
    await scheduler.rest(holds)
    if (run.broken.length > 0) return
    await ground.shared.look(installation.scopes, restingKinds)
    merchants.repeatUnanswered()
    const started = workers.calm() + (await workers.actOnAll())
    await scheduler.rest(holds)
    if (started > 0) continue
    const dues = await Promise.all(servedKinds.map((kind) => ground.shared.nextDue(kind, 'sandbox')))
    const waiting = dues.filter((due) => due !== undefined)
    if (waiting.length === 0) return
    clock.set(Math.max(clock.now(), Math.min(...waiting)))
    await checkOnTime(run)
  }
  workers.failures.push('the installation does not come to rest')
}

/**
 * At the very moment at which a payment's timer is due, whoever claims it must end it. Only a claim sets the timer to a
 * moment that is still to come; one run claims no more than `claimMax`, and the rest stays due.
 */
async function checkOnTime({ installation, workers }: Run): Promise<void> {
  const { ground, clock, scheduler, scopes } = installation
  const { shared } = ground
  const kinds = [paymentKind as unknown as Kind]
  await shared.look(scopes, kinds)
  const over = (payment: Payment) => payment.status === 'awaiting_payer' && payment.dueAt === clock.now()
  const ending = shared.rows(paymentKind).filter(over)
  if (ending.length === 0) return
  await workers.actOnAll()
  await scheduler.rest()
  await shared.look(scopes, kinds)
  for (const { id } of ending) {
    const after = shared.rows(paymentKind).find((payment) => payment.id === id)
    if (after?.status === 'awaiting_payer' && (after.dueAt ?? 0) > clock.now()) {
      workers.failures.push(`${id}: was claimed when its time was over and is still open`)
    }
  }
}

function countsOf({ ground }: Installation): Record<string, number> {
  return Object.fromEntries(observedKinds.map((kind: Kind) => [kind.name, ground.shared.rows(kind).length]))
}
