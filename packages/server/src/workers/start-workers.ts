import type { Dialect } from '../dialects/dialect.ts'
import {
  type Delivery,
  deliveryKind,
  type Engine,
  type GroupWrites,
  releaseDeliveriesJobName,
  type Store,
  submitAttemptJobName,
} from '../engine/index.ts'
import { type Clock, type Instant, systemClock } from '../kernel/clock.ts'
import { type RandomSource, systemRandom } from '../kernel/ids.ts'
import type { Mode } from '../kernel/scope.ts'
import { type EventOutbox, startEventOutbox } from '../platform/event-outbox.ts'
import type { HttpClient } from '../platform/http-client.ts'
import { startJobRunner } from '../platform/job-runner.ts'
import type { Log } from '../platform/log.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { Vault } from '../platform/vault.ts'
import { moveSandboxClock } from './advance-clock.ts'
import { createFanOut } from './fan-out-events.ts'
import { startHousekeeping } from './housekeeping.ts'
import { createReleaseTask } from './release-deliveries.ts'
import { createSubmitAttemptTask } from './submit-attempt.ts'
import { startTimers } from './timers.ts'
import { createSecretReader } from './webhook-secrets.ts'
import { startWebhookSender } from './webhook-sender.ts'

/** What the background workers of a process are built from. */
export interface WorkerDeps {
  readonly engine: Engine
  readonly store: Store
  /** The database of the jobs and events; their runners open their own connections. */
  readonly databaseUrl: string
  readonly dialects: ReadonlyMap<string, Dialect>
  readonly vault: Pick<Vault, 'open'>
  /** From `createWebhookClients`; the workers do not close them. */
  readonly http: Readonly<Record<Mode, Pick<HttpClient, 'post'>>>
  readonly metrics: Pick<Metrics, 'countWebhookAttempt'>
  readonly log: Log
  /** Sets the sandbox's clock (for all processes), before anything due there is run. */
  setSandboxClock(instant: Instant): Promise<void>
  /** Background jobs at once; 4 unless told otherwise. */
  readonly jobsAtOnce?: number
  /** Real time and chance, unless a test hands in its own. */
  readonly realClock?: Clock
  readonly random?: RandomSource
}

/** How the workers do. */
export interface WorkersReadiness {
  /** True when jobs and events are taken and due rows can be claimed. */
  readonly ready: boolean
  readonly jobs: 'listening' | 'not listening'
  readonly timers: 'working' | 'failing'
  readonly deliveries: 'working' | 'failing'
  /** Deliveries and timers that this process works on now. */
  readonly underWay: number
}

/** The background workers of one process. */
export interface Workers {
  /** For the committer's `onCommitted`: sends what a group has made due at once, not at the next poll. Never throws. */
  wake(writes: GroupWrites): void
  /** Moves the sandbox's clock and resolves when everything that fell due on the way has run. See `advance-clock.ts`. */
  moveSandboxClock(target: Instant): Promise<void>
  /** Runs jobs, timers and deliveries that are due now in the mode, and what they bring about, until nothing is left. */
  runAllDue(mode: Mode): Promise<void>
  /** Jobs and fan-outs that have failed for good; jobs are counted up to 1,000. */
  deadJobs(): Promise<number>
  readiness(): WorkersReadiness
  /** Takes nothing new, lets what is under way end within bounds, and closes the workers' own connections. */
  stop(): Promise<void>
}

const jobsAtOnceDefault = 4
const roundsMax = 1_000

/** Starts all background workers. */
export function startWorkers(deps: WorkerDeps): Workers {
  const { engine, store, log } = deps
  const jobs = startJobRunner({
    url: deps.databaseUrl,
    concurrency: deps.jobsAtOnce ?? jobsAtOnceDefault,
    log,
    tasks: {
      [submitAttemptJobName]: createSubmitAttemptTask(engine),
      [releaseDeliveriesJobName]: createReleaseTask(engine),
    },
  })
  const outbox = startFanOut(deps)
  const timers = startTimers({ engine, store, log })
  const housekeeping = startHousekeeping({ engine, log })
  const sender = startWebhookSender({
    engine,
    dialects: deps.dialects,
    http: deps.http,
    secretsOf: createSecretReader(deps.vault),
    realClock: deps.realClock ?? systemClock,
    random: deps.random ?? systemRandom,
    metrics: deps.metrics,
    log,
  })
  const runDue = async (mode: Mode) => {
    const ran = (await jobs.runAllDue()) + (await outbox.runAllDue())
    return ran + (await timers.runAllDue(mode)) + (await sender.runAllDue(mode))
  }
  const clock = { now: () => engine.now('sandbox') }
  const mover = { store, clock, setClock: deps.setSandboxClock, runDue: () => runDue('sandbox') }
  let lastMove: Promise<unknown> = Promise.resolve()
  return {
    wake: (writes) => {
      if (writes.outbox.length > 0) outbox.wake()
      for (const mode of dueModes(writes)) sender.wake(mode)
    },
    moveSandboxClock: (target) => {
      // One move after another: two at once would run past each other's stops.
      const move = lastMove.then(() => moveSandboxClock(mover, target))
      lastMove = move.catch(() => undefined)
      return move
    },
    runAllDue: (mode) => untilQuiet(() => runDue(mode)),
    deadJobs: async () => (await jobs.deadJobs()) + (await outbox.givenUp()),
    readiness: () => readinessOf(jobs.isListening() && outbox.isWorking(), timers.readiness(), sender.readiness()),
    stop: async () => {
      // What makes deliveries stops before what sends them.
      await Promise.all([jobs.stop(), outbox.stop(), timers.stop(), housekeeping.stop()])
      await sender.stop()
    },
  }
}

function startFanOut({ engine, store, dialects, log, databaseUrl }: WorkerDeps): EventOutbox {
  return startEventOutbox({ url: databaseUrl, task: createFanOut({ engine, store, dialects, log }), log })
}

async function untilQuiet(runDue: () => Promise<number>): Promise<void> {
  for (let round = 0; round < roundsMax; round += 1) if ((await runDue()) === 0) return
  throw new Error(`work kept bringing about more work for ${roundsMax} rounds`)
}

/** The modes in which a group has made deliveries that are to be sent. */
function dueModes({ inserts, updates }: GroupWrites): ReadonlySet<Mode> {
  const written = [...(inserts.get(deliveryKind) ?? []), ...(updates.get(deliveryKind) ?? []).map(({ row }) => row)]
  const fresh = (written as unknown as readonly Delivery[]).filter((delivery) => delivery.dueAt === delivery.updatedAt)
  return new Set(fresh.map((delivery) => delivery.mode))
}

function readinessOf(
  isListening: boolean,
  timers: { readonly underWay: number; readonly claims: 'working' | 'failing' },
  sender: { readonly held: number; readonly claims: 'working' | 'failing' },
): WorkersReadiness {
  return {
    ready: isListening && timers.claims === 'working' && sender.claims === 'working',
    jobs: isListening ? 'listening' : 'not listening',
    timers: timers.claims,
    deliveries: sender.claims,
    underWay: timers.underWay + sender.held,
  }
}
