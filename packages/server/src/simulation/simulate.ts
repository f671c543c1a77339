import { attemptKind, isSettled } from '../engine/attempts/attempt.ts'
import { eventKind } from '../engine/commit/event.ts'
import { accountKind, journalKind, transferKind } from '../engine/commit/ledger-kinds.ts'
import { type Payment, paymentKind } from '../engine/payments/payment.ts'
import { payoutKind } from '../engine/payouts/payout.ts'
import { refundKind } from '../engine/refunds/refund.ts'
import { deliveryKind } from '../engine/webhooks/delivery.ts'
import { webhookEndpointKind } from '../engine/webhooks/webhook-endpoint.ts'
import { createChainFold } from '../ledger/chain-fold.ts'
import { createInstallation, type Installation } from './installation.ts'
import { createInvariants, type Invariants } from './invariants.ts'
import { enrolMerchants, type Merchants } from './merchants.ts'
import { createSimulatedWorkers, type Workers } from './workers.ts'

/** What a run came to. */
export interface SimulationResult {
  readonly seed: number
  /** The rules that were broken, in words; empty for a run in which all held. */
  readonly broken: readonly string[]
  /** The operation after which the first rule was broken; the number of operations for a run that held. */
  readonly operation: number
  /** Two runs of a seed agree in it. */
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
}

const processCount = 2
const processesMax = 3
const restRoundsMax = 4_000
const clockStepsMs = [1, 1_000, 20_000, 60_000, 600_000, 3_600_000]

/**
 * Runs the gateway for `operations` steps of seeded chance, with a fault at any moment at which it waits, checks the
 * rules after every step, then lets everything come to rest and checks what must be true in the end.
 */
export async function simulate(seed: number, operations: number): Promise<SimulationResult> {
  const installation = createInstallation(seed)
  const { scheduler } = installation
  for (let index = 0; index < processCount; index += 1) installation.start()
  const merchants = await enrolMerchants(installation)
  const workers = createSimulatedWorkers(installation)
  const invariants = createInvariants(installation, merchants)
  const run: Run = { installation, merchants, workers, invariants }
  const ended = (broken: readonly string[], operation: number): SimulationResult => ({
    seed,
    broken,
    operation,
    traceHash: scheduler.traceHash(),
    trace: [...scheduler.trace],
    counts: countsOf(installation),
  })
  for (let operation = 1; operation <= operations; operation += 1) {
    await act(run)
    const broken = [...invariants.broken(), ...workers.failures]
    if (broken.length > 0) return ended(broken, operation)
  }
  await comeToRest(run)
  return ended([...invariants.broken(), ...workers.failures, ...faultsAtRest(run)], operations)
}

async function act(run: Run): Promise<void> {
  const { installation, merchants, workers } = run
  const { chance, scheduler, clock, processes } = installation
  const what = chance.weighted([
    [40, 'merchant'],
    [25, 'worker'],
    [10, 'notification'],
    [8, 'clock'],
    [2, 'crash'],
    [15, 'nothing'],
  ] as const)
  if (what === 'merchant') merchants.act()
  if (what === 'worker') workers.act()
  if (what === 'notification') workers.deliverNotification()
  if (what === 'clock') await moveClock(run)
  if (what === 'crash') {
    await installation.crash(chance.pick(processes))
    installation.start()
    if (processes.length < processesMax && chance.oneIn(4)) installation.start()
  }
  scheduler.note(`${what} at ${clock.now()}`)
  await scheduler.settle()
  for (let steps = chance.between(1, 12); steps > 0; steps -= 1) if (!(await scheduler.step())) return
}

/** Time jumps by odd amounts, and sometimes exactly to the moment at which something is due, or just before it. */
async function moveClock({ installation }: Run): Promise<void> {
  const { chance, clock, shared } = installation
  const kind = chance.pick([paymentKind, attemptKind, deliveryKind] as const)
  const next = await shared.nextDue(kind as unknown as typeof paymentKind, 'sandbox')
  const target =
    next === undefined || chance.oneIn(2) ? clock.now() + chance.pick(clockStepsMs) : next - chance.below(2)
  if (target > clock.now()) clock.set(target)
}

/** No more faults, no more crashes: everything that was begun must now end. */
async function comeToRest(run: Run): Promise<void> {
  const { installation, merchants, workers } = run
  const { scheduler, faults, rail, shared, clock } = installation
  Object.assign(faults, { unavailableOneIn: 0, lostReplyOneIn: 0, retryOneIn: 0 })
  rail.calm()
  workers.calm()
  for (let round = 0; round < restRoundsMax; round += 1) {
    await scheduler.rest()
    merchants.repeatUnanswered()
    const started = await workers.actOnAll()
    await scheduler.rest()
    if (started > 0) continue
    const dues = await Promise.all(
      [paymentKind, attemptKind, deliveryKind].map((kind) =>
        shared.nextDue(kind as unknown as typeof paymentKind, 'sandbox'),
      ),
    )
    const waiting = dues.filter((due) => due !== undefined)
    if (waiting.length === 0) return
    clock.set(Math.max(clock.now(), Math.min(...waiting)))
    await checkOnTime(run)
  }
  workers.failures.push('the installation does not come to rest')
}

/** At the very moment at which a payment's time is over, one run of the timers must end it. */
async function checkOnTime({ installation, workers }: Run): Promise<void> {
  const { shared, clock, scheduler } = installation
  const over = (payment: Payment) => payment.status === 'awaiting_payer' && payment.dueAt === clock.now()
  const ending = shared.rows(paymentKind).filter(over)
  if (ending.length === 0) return
  await workers.actOnAll()
  await scheduler.rest()
  for (const { id } of ending) {
    const after = shared.rows(paymentKind).find((payment) => payment.id === id)
    if (after?.status === 'awaiting_payer' && (after.dueAt ?? 0) > after.expiresAt) {
      workers.failures.push(`${id}: was claimed when its time was over and is still open`)
    }
  }
}

/** What must be true once nothing is under way any more. */
function faultsAtRest({ installation, workers, merchants }: Run): string[] {
  const { shared } = installation
  const faults = [
    ...shared.rows(attemptKind).flatMap((row) => (isSettled(row) ? [] : [`${row.id}: still ${row.status} at rest`])),
    ...shared.rows(refundKind).flatMap((row) => (row.status === 'pending' ? [`${row.id}: still pending at rest`] : [])),
    ...shared.rows(payoutKind).flatMap((row) => (row.status === 'processing' ? [`${row.id}: still processing`] : [])),
    ...shared.rows(deliveryKind).flatMap((row) => (row.status === 'pending' ? [`${row.id}: still pending`] : [])),
    ...merchants.requests.flatMap((request) =>
      request.acknowledged === undefined && !request.refused ? [`${request.key}: never answered`] : [],
    ),
  ]
  const endpoints = Map.groupBy(shared.rows(webhookEndpointKind), ({ merchantId }) => merchantId)
  const deliveries = new Map(shared.rows(deliveryKind).map((row) => [`${row.endpointId} ${row.eventId}`, row]))
  for (const event of shared.rows(eventKind)) {
    for (const endpoint of endpoints.get(event.merchantId) ?? []) {
      if (endpoint.status !== 'enabled') continue
      const key = `${endpoint.id} ${event.id}`
      const delivery = deliveries.get(key)
      const wasHeard = (workers.heard.get(key) ?? 0) > 0
      if (!delivery) faults.push(`event ${event.number} (${event.type}) never went to ${endpoint.id}`)
      else if (delivery.status === 'delivered' && !wasHeard)
        faults.push(`${delivery.id}: delivered, and nobody heard it`)
    }
  }
  return [...faults, ...chainFaults(installation), ...railFaults(installation)]
}

function chainFaults({ shared }: Installation): string[] {
  const faults: string[] = []
  for (const journal of shared.rows(journalKind)) {
    const isOwn = (row: { readonly merchantId: string }) => row.merchantId === journal.merchantId
    const fold = createChainFold(({ message }) => faults.push(message))
    const transfers = shared.rows(transferKind).filter(isOwn)
    for (const transfer of transfers.sort((a, b) => Number(a.number - b.number)))
      fold.take({ ...transfer, isWholeMilliseconds: true })
    fold.finish(shared.rows(accountKind).filter(isOwn), journal)
  }
  return faults
}

/** The rail's own sum of what it moved, against our account of it. */
function railFaults({ shared, rail }: Installation): string[] {
  const moved = new Map<string, bigint>()
  for (const { attempt, verdict, movedMinor } of rail.truths.values()) {
    const { currency } = attempt.amount
    const signed = attempt.operation === 'collect' ? movedMinor : -movedMinor
    if (verdict === 'moved') moved.set(currency, (moved.get(currency) ?? 0n) + signed)
  }
  const booked = new Map<string, bigint>()
  for (const { code, currency, debitsPosted, creditsPosted } of shared.rows(accountKind)) {
    if (!code.startsWith('clearing:')) continue
    booked.set(currency, (booked.get(currency) ?? 0n) + debitsPosted - creditsPosted)
  }
  return [...new Set([...moved.keys(), ...booked.keys()])].flatMap((currency) => {
    const [ours, theirs] = [booked.get(currency) ?? 0n, moved.get(currency) ?? 0n]
    return ours === theirs ? [] : [`${currency}: our books say the rail holds ${ours}, the rail says ${theirs}`]
  })
}

function countsOf({ shared }: Installation): Record<string, number> {
  const kinds = [paymentKind, attemptKind, refundKind, payoutKind, transferKind, eventKind, deliveryKind]
  return Object.fromEntries(kinds.map((kind) => [kind.name, shared.rows(kind as unknown as typeof paymentKind).length]))
}
