import { paylect } from '../dialects/paylect/index.ts'
import { attemptKind, submitAttemptJobName } from '../engine/attempts/attempt.ts'
import type { Job } from '../engine/commit/changes.ts'
import type { Kind, RevisedRow } from '../engine/commit/kind.ts'
import { journalKind } from '../engine/commit/ledger-kinds.ts'
import { storeErrorOf } from '../engine/commit/postgres-connection.ts'
import { StoreError } from '../engine/commit/store.ts'
import { paymentKind } from '../engine/payments/payment.ts'
import { type Delivery, deliveryKind } from '../engine/webhooks/delivery.ts'
import { releaseDeliveriesJobName } from '../engine/webhooks/pause-webhook-endpoint.ts'
import { webhookEndpointKind } from '../engine/webhooks/webhook-endpoint.ts'
import { EngineError } from '../kernel/engine-error.ts'
import type { Scope } from '../kernel/scope.ts'
import { createFanOut, type FanOut } from '../workers/fan-out-events.ts'
import { type DeliveryPoster, postAndRecord } from '../workers/post-delivery.ts'
import { createReleaseTask } from '../workers/release-deliveries.ts'
import { createSubmitAttemptTask } from '../workers/submit-attempt.ts'
import { createFeedReaders, type FeedReaders } from './feed-readers.ts'
import { fanOutJobName } from './ground.ts'
import type { GatewayProcess, Installation } from './installation.ts'
import { servedKinds } from './observed-kinds.ts'
import { createReceivers, type Receivers, switchEndpoint } from './receivers.ts'

/** Everything that happens without a merchant asking for money: jobs, timers, webhooks and what the rail tells by itself. */
export interface Workers {
  /** A random process does a piece of waiting work, if there is any. */
  act(): Promise<void>
  /** Starts all work that waits now. Answers how much that was. */
  actOnAll(): Promise<number>
  /** Delivers one of the rail's notifications; often an old one, sometimes one that was delivered before. */
  deliverNotification(): void
  /** Pauses or resumes one of the merchants' endpoints. */
  switchAnEndpoint(): void
  /** A merchant reads on in its feed. */
  readFeed(): void
  /** Receivers stop failing, and every endpoint is to hear again. Answers how many endpoints were not enabled. */
  calm(): number
  readonly receivers: Receivers
  readonly feeds: FeedReaders
  readonly failures: string[]
}

interface HeldJob {
  readonly job: Job
  by: GatewayProcess | undefined
}

/** One claim of a delivery, as the store has made it. */
interface Hold {
  /** Of the delivery, as the claim left it. */
  readonly revision: number
  readonly dueBy: number
  readonly leaseUntil: number
}

interface Floor {
  /** Every claim of a delivery whose answer arrived, by the delivery's id. */
  readonly holds: Map<string, readonly Hold[]>
  readonly installation: Installation
  readonly jobs: HeldJob[]
  readonly receivers: Receivers
  readonly failures: string[]
  readonly hands: WeakMap<GatewayProcess, Hands>
}

/** The production code that a process's workers are made of. */
interface Hands {
  readonly tasks: Readonly<Record<string, (payload: unknown) => Promise<void>>>
  readonly poster: DeliveryPoster
}

const leaseMs = 120_000
const claimMax = 4
/** Any well-formed secret: receivers of a simulation do not hold it against the clock of this machine. */
const secret = `whsec_${Buffer.from('a secret of the simulation').toString('base64')}`
const dialects = new Map([[paylect.name, paylect]])

/** Creates the workers of every process of an installation. */
export function createSimulatedWorkers(installation: Installation): Workers {
  const receivers = createReceivers(installation)
  const floor: Floor = { installation, jobs: [], receivers, failures: [], holds: new Map(), hands: new WeakMap() }
  const feeds = createFeedReaders()
  const { chance, processes, scopes } = installation
  const follow = (scope: Scope) => {
    const gateway = chance.pick(processes)
    launch(floor, gateway, feeds.read(gateway, scope))
  }
  return {
    receivers,
    feeds,
    failures: floor.failures,
    act: async () => {
      await collectJobs(floor)
      const gateway = chance.pick(processes)
      const free = floor.jobs.filter((held) => isFree(floor, held))
      if (free.length > 0 && chance.oneIn(2)) return launchJob(floor, gateway, chance.pick(free))
      const kind = chance.pick(servedKinds)
      // Timers of several processes often go off at the same moment.
      const awake = chance.oneIn(3) ? [...processes] : [gateway]
      for (const each of awake) launch(floor, each, claimAndRun(floor, each, kind))
    },
    actOnAll: async () => {
      const behind = scopes.filter((scope) => feeds.lastSeen(scope) < lastEventOf(installation, scope))
      for (const scope of behind) follow(scope)
      return behind.length + (await actOnAll(floor))
    },
    deliverNotification: () => deliverNotification(floor),
    readFeed: () => follow(chance.pick(scopes)),
    switchAnEndpoint: () => {
      const endpoints = installation.ground.shared.rows(webhookEndpointKind)
      if (endpoints.length === 0) return
      const gateway = chance.pick(processes)
      const to = chance.pick(['paused', 'enabled'] as const)
      launch(floor, gateway, switchEndpoint(installation, gateway, chance.pick(endpoints), to))
    },
    calm: () => {
      receivers.calm()
      const shut = installation.ground.shared.rows(webhookEndpointKind).filter(({ status }) => status !== 'enabled')
      const gateway = chance.pick(processes)
      for (const endpoint of shut) launch(floor, gateway, switchEndpoint(installation, gateway, endpoint, 'enabled'))
      return shut.length
    },
  }
}

function lastEventOf({ ground }: Installation, { merchantId }: Scope): bigint {
  const journal = ground.shared.rows(journalKind).find((row) => row.merchantId === merchantId)
  return journal?.eventNumber ?? 0n
}

async function actOnAll(floor: Floor): Promise<number> {
  const { chance, processes, ground, clock } = floor.installation
  await collectJobs(floor)
  const gateway = chance.pick(processes)
  const free = floor.jobs.filter((held) => isFree(floor, held))
  for (const held of free) launchJob(floor, gateway, held)
  let due = 0
  for (const kind of servedKinds) {
    const next = await ground.shared.nextDue(kind, 'sandbox')
    if (next === undefined || next > clock.now()) continue
    due += 1
    launch(floor, gateway, claimAndRun(floor, gateway, kind))
  }
  return free.length + due
}

function deliverNotification(floor: Floor): void {
  const { chance, processes, rail } = floor.installation
  const { outbox } = rail
  if (outbox.length === 0) return
  const index = chance.below(outbox.length)
  const [raw] = chance.oneIn(4) ? [outbox[index]] : outbox.splice(index, 1)
  const gateway = chance.pick(processes)
  if (raw) launch(floor, gateway, gateway.engine.attempts.receiveNotification('simulated', raw))
}

async function collectJobs({ installation, jobs }: Floor): Promise<void> {
  for (const job of await installation.ground.shared.takeJobs()) jobs.push({ job, by: undefined })
}

/** A job is free when nobody has it; the queue takes back what a crashed process held. */
function isFree({ installation }: Floor, { by }: HeldJob): boolean {
  return by === undefined || !installation.processes.includes(by)
}

/** Work that fails is tried again later, like a lease that ran out; only a defect is noted. */
function launch({ installation, failures }: Floor, { process }: GatewayProcess, work: Promise<unknown>): void {
  installation.scheduler.follow(process, work)
  work.catch((error: unknown) => {
    if (!passesByItself(error)) failures.push(`${process.name}: ${String(error)}`)
  })
}

function passesByItself(error: unknown): boolean {
  if (error instanceof StoreError) return true
  if (error instanceof EngineError) return error.kind === 'overloaded' || error.code === 'webhook_endpoint_disabled'
  // Claims read through the pool, whose errors are the driver's own.
  const isOfDatabase = error instanceof Error && ('code' in error || /connection|terminat/i.test(error.message))
  return isOfDatabase && ['unavailable', 'retry'].includes(storeErrorOf(error).failure)
}

/** A job that fails goes back to the queue whatever the reason; one that always fails never lets the run come to rest. */
function launchJob(floor: Floor, gateway: GatewayProcess, held: HeldJob): void {
  const { scheduler } = floor.installation
  held.by = gateway
  const { name, payload } = held.job
  const task = handsOf(floor, gateway).tasks[name]
  const work = (task?.(payload) ?? Promise.reject(new Error(`no worker does ${name}`))).then(
    () => {
      const place = floor.jobs.indexOf(held)
      if (place >= 0) floor.jobs.splice(place, 1)
    },
    (error: unknown) => {
      scheduler.note(`${gateway.process.name} fails at ${name}: ${String(error)}`)
      held.by = undefined
    },
  )
  scheduler.follow(gateway.process, work)
}

async function claimAndRun(floor: Floor, gateway: GatewayProcess, kind: Kind): Promise<void> {
  const { engine, footing } = gateway
  const now = floor.installation.clock.now()
  const claim = { mode: 'sandbox', dueBy: now, leaseUntil: now + leaseMs, limit: claimMax } as const
  if (kind.name !== deliveryKind.name) {
    const rows = await footing.store.claimDue({ ...claim, kind })
    for (const row of rows) launch(floor, gateway, runRow(gateway, kind, row as RevisedRow & { id: string }))
    return
  }
  const deliveries = await engine.webhooks.claim({ ...claim, fullLanes: [] })
  for (const delivery of deliveries) noteHold(floor, delivery, claim)
  const endpoints = deliveries.length > 0 ? await engine.webhooks.endpointsOf(deliveries) : []
  const { poster } = handsOf(floor, gateway)
  deliveries.forEach((delivery, index) => {
    const work = postAndRecord(poster, delivery, endpoints[index])
    launch(floor, gateway, work)
  })
}

/**
 * A delivery that was claimed is claimed again only when the lease has run out, or after something else was written to it:
 * what came of the first claim, or what a merchant did. Answers arrive in any order, and the first claimant may be dead or
 * may not have heard yet what it has written; the revisions tell the order in which the store made the claims.
 */
function noteHold({ holds, failures }: Floor, { id, revision }: Delivery, claim: Omit<Hold, 'revision'>): void {
  const { dueBy, leaseUntil } = claim
  const others = holds.get(id) ?? []
  const isBroken = others.some(
    (other) =>
      other.revision === revision ||
      (other.revision === revision - 1 && dueBy < other.leaseUntil) ||
      (other.revision === revision + 1 && other.dueBy < leaseUntil),
  )
  if (isBroken) failures.push(`${id}: claimed while another claim of it lasts`)
  holds.set(id, [...others, { revision, dueBy, leaseUntil }])
}

async function runRow(
  { engine }: GatewayProcess,
  { name }: Kind,
  { merchantId, mode, id }: RevisedRow & { readonly id: string },
): Promise<void> {
  const scope = { merchantId, mode }
  if (name === paymentKind.name) await engine.payments.expire(scope, id)
  if (name === attemptKind.name) await engine.attempts.poll(scope, id)
}

function handsOf({ installation, receivers, failures, hands }: Floor, gateway: GatewayProcess): Hands {
  const known = hands.get(gateway)
  if (known) return known
  const { engine, footing, process } = gateway
  const { chance, clock } = installation
  const defect = (_: unknown, message: string) => failures.push(`${process.name}: ${message}`)
  // Warnings are of things that pass; an error is something that the code says must not be.
  const log = { warn: () => {}, error: defect } as unknown as FanOut['log']
  const http = receivers.httpOf(gateway)
  const fanOut = createFanOut({ engine, store: footing.store, dialects, log })
  const made: Hands = {
    tasks: {
      [submitAttemptJobName]: createSubmitAttemptTask(engine),
      [fanOutJobName]: (payload) => fanOut((payload as { readonly events: readonly unknown[] }).events),
      [releaseDeliveriesJobName]: createReleaseTask(engine),
    },
    poster: {
      engine,
      dialects,
      http: { live: http, sandbox: http },
      secretsOf: () => [secret],
      realClock: clock,
      random: chance,
      metrics: { countWebhookAttempt: () => {} },
      log,
    },
  }
  hands.set(gateway, made)
  return made
}
