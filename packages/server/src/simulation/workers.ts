import { attemptKind, submitAttemptJobName } from '../engine/attempts/attempt.ts'
import type { Job } from '../engine/commit/changes.ts'
import { type EngineEvent, eventFact } from '../engine/commit/event.ts'
import { fanOutJobName } from '../engine/commit/group.ts'
import type { Kind, RevisedRow } from '../engine/commit/kind.ts'
import { StoreError } from '../engine/commit/store.ts'
import { paymentKind } from '../engine/payments/payment.ts'
import { type Delivery, deliveryKind } from '../engine/webhooks/delivery.ts'
import type { DeliveryOutcome } from '../engine/webhooks/record-delivery-attempt.ts'
import { webhookEndpointKind } from '../engine/webhooks/webhook-endpoint.ts'
import { EngineError } from '../kernel/engine-error.ts'
import type { Scope } from '../kernel/scope.ts'
import type { GatewayProcess, Installation } from './installation.ts'

/** Everything that happens without a merchant asking: jobs, timers, webhooks and what the rail tells by itself. */
export interface Workers {
  /** A random process does a piece of waiting work, if there is any. */
  act(): void
  /** Starts all work that waits now. Answers how much that was. */
  actOnAll(): Promise<number>
  /** Delivers one of the rail's notifications; often an old one, sometimes one that was delivered before. */
  deliverNotification(): void
  /** Receivers stop failing. */
  calm(): void
  /** Which events each endpoint has heard of, and how often it answered yes: `endpoint event` → times. */
  readonly heard: ReadonlyMap<string, number>
  readonly failures: string[]
}

interface HeldJob {
  readonly job: Job
  by: GatewayProcess | undefined
}

interface Floor {
  readonly installation: Installation
  readonly jobs: HeldJob[]
  readonly heard: Map<string, number>
  readonly failures: string[]
  isCalm: boolean
}

const leaseMs = 120_000
const claimMax = 4
const retryDelaysMs = [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000]
const servedKinds = [paymentKind, attemptKind, deliveryKind] as unknown as readonly Kind[]

/** Creates the workers of every process of an installation. */
export function createSimulatedWorkers(installation: Installation): Workers {
  const floor: Floor = { installation, jobs: [], heard: new Map(), failures: [], isCalm: false }
  const { chance, processes, rail } = installation
  return {
    heard: floor.heard,
    failures: floor.failures,
    calm: () => {
      floor.isCalm = true
    },
    act: () => {
      collectJobs(floor)
      const gateway = chance.pick(processes)
      const free = floor.jobs.filter((held) => isFree(floor, held))
      if (free.length > 0 && chance.oneIn(2)) return launch(floor, gateway, runJob(floor, gateway, chance.pick(free)))
      launch(floor, gateway, claimAndRun(floor, gateway, chance.pick(servedKinds)))
    },
    actOnAll: async () => {
      collectJobs(floor)
      const gateway = chance.pick(processes)
      const free = floor.jobs.filter((held) => isFree(floor, held))
      for (const held of free) launch(floor, gateway, runJob(floor, gateway, held))
      let due = 0
      for (const kind of servedKinds) {
        const next = await installation.shared.nextDue(kind, 'sandbox')
        if (next === undefined || next > installation.clock.now()) continue
        due += 1
        launch(floor, gateway, claimAndRun(floor, gateway, kind))
      }
      return free.length + due
    },
    deliverNotification: () => {
      const { outbox } = rail
      if (outbox.length === 0) return
      const index = chance.below(outbox.length)
      const [raw] = chance.oneIn(4) ? [outbox[index]] : outbox.splice(index, 1)
      const gateway = chance.pick(processes)
      if (raw) launch(floor, gateway, gateway.engine.attempts.receiveNotification('simulated', raw))
    },
  }
}

function collectJobs({ installation, jobs }: Floor): void {
  for (const job of installation.shared.takeJobs()) jobs.push({ job, by: undefined })
}

/** A job is free when nobody has it; the queue takes back what a crashed process held. */
function isFree({ installation }: Floor, { by }: HeldJob): boolean {
  return by === undefined || !installation.processes.includes(by)
}

/** Work that fails is tried again later, like a job or a lease that ran out; only a defect is noted. */
function launch({ failures }: Floor, gateway: GatewayProcess, work: Promise<unknown>): void {
  work.catch((error: unknown) => {
    if (error instanceof StoreError || (error instanceof EngineError && error.kind === 'overloaded')) return
    failures.push(`${gateway.process.name}: ${String(error)}`)
  })
}

async function runJob(floor: Floor, gateway: GatewayProcess, held: HeldJob): Promise<void> {
  held.by = gateway
  try {
    await work(floor, gateway, held.job)
    floor.jobs.splice(floor.jobs.indexOf(held), 1)
  } finally {
    held.by = undefined
  }
}

async function work(floor: Floor, gateway: GatewayProcess, { name, payload }: Job): Promise<void> {
  if (name === submitAttemptJobName) {
    const { merchantId, mode, attemptId } = payload as unknown as Scope & { readonly attemptId: string }
    return gateway.engine.attempts.submit({ merchantId, mode }, attemptId)
  }
  if (name !== fanOutJobName) throw new Error(`no worker does ${name}`)
  const { events } = payload as { readonly events: readonly (readonly [string, Scope['mode'], string])[] }
  const refs = events.map(([merchantId, mode, number]) => eventFact({ merchantId, mode }, BigInt(number)))
  const rows = (await gateway.connection.store.read(refs)) as readonly (EngineEvent | undefined)[]
  for (const event of rows) if (event) await fanOut(floor, gateway, event)
}

async function fanOut({ installation }: Floor, { engine }: GatewayProcess, event: EngineEvent): Promise<void> {
  const { merchantId, mode, id, number, type, objectId } = event
  const endpoints = installation.shared.rows(webhookEndpointKind).filter((row) => row.merchantId === merchantId)
  await Promise.all(
    endpoints.map((endpoint) =>
      engine.webhooks.deliver({
        scope: { merchantId, mode },
        event: { id, number, type, objectId },
        endpointId: endpoint.id,
        target: `endpoint:${endpoint.id}`,
        url: endpoint.url ?? '',
        lane: endpoint.id,
        dialect: 'paylect',
        body: id,
        headers: {},
      }),
    ),
  )
}

async function claimAndRun(floor: Floor, gateway: GatewayProcess, kind: Kind): Promise<void> {
  const { clock } = floor.installation
  const now = clock.now()
  const claim = { kind, mode: 'sandbox', dueBy: now, leaseUntil: now + leaseMs, limit: claimMax } as const
  const rows = await gateway.connection.store.claimDue(claim)
  for (const row of rows) launch(floor, gateway, runRow(floor, gateway, kind, row as RevisedRow & { id: string }))
}

async function runRow(
  floor: Floor,
  gateway: GatewayProcess,
  kind: Kind,
  row: RevisedRow & { readonly id: string },
): Promise<void> {
  const { merchantId, mode, id } = row
  const scope = { merchantId, mode }
  if (kind.name === paymentKind.name) await gateway.engine.payments.expire(scope, id)
  else if (kind.name === attemptKind.name) await gateway.engine.attempts.poll(scope, id)
  else await post(floor, gateway, row as unknown as Delivery)
}

/** One POST to a receiver that may refuse, vanish, or say yes into the void. */
async function post(floor: Floor, gateway: GatewayProcess, delivery: Delivery): Promise<void> {
  const { installation, heard, isCalm } = floor
  const { chance, scheduler, clock, shared } = installation
  const { merchantId, mode, id: deliveryId, endpointId, eventId } = delivery
  const startedAt = clock.now()
  const endpoint = shared.rows(webhookEndpointKind).find(({ id }) => id === endpointId)
  await scheduler.pause(gateway.process, `post ${deliveryId}`)
  let outcome: DeliveryOutcome
  if (!isCalm && chance.oneIn(4)) outcome = { is: 'unreachable', error: 'the receiver hangs' }
  else if (!isCalm && chance.oneIn(6)) outcome = { is: 'rejected', status: 500, excerpt: '', retryAfterMs: null }
  else {
    const key = `${endpointId} ${eventId}`
    heard.set(key, (heard.get(key) ?? 0) + 1)
    outcome = { is: 'acknowledged', status: 200, excerpt: '' }
  }
  await scheduler.pause(gateway.process, `posted ${deliveryId}`)
  await gateway.engine.webhooks.recordAttempt({
    scope: { merchantId, mode },
    deliveryId,
    startedAt,
    durationMs: 5,
    outcome,
    endpoint: endpoint ? { id: endpointId, isFailing: endpoint.failingSince !== null } : null,
    requestHeaders: {},
    responseHeaders: 'status' in outcome ? {} : null,
    retryDelaysMs,
    random: 0.5,
  })
}
