import { type BenchMerchant, provisionMerchants, withBenchEngine } from './bench-engine.ts'
import { type BenchSettings, drain, say } from './bench-run.ts'
import { type ReceiverProcess, runChild, startReceiver } from './children.ts'
import { countStage, type StageCounts } from './database-stage.ts'
import type { LoadCaller, PaymentLoadInput, PaymentLoadOutput } from './payment-load.ts'
import { loadPayments } from './payment-loader.ts'
import type { PaymentStage } from './payment-stage.ts'
import { processorSecondsOf, readProcessorTimes } from './processor-time.ts'
import { prepareFloor } from './tpcb-floor.ts'

const merchantsCount = 64
/** Enough for a quarter of an hour at 160 payments a second and connection, 900 calls a minute with each key. */
const keysEach = 16
/** One merchant that takes what many do otherwise. */
const keysOfHot = 512
/** Every load begins this many keys further, so that none begins with a key that the last one has used up. */
const keysStep = 3
const warmUpSecondsMax = 2
/** What every payment leaves: captured and fee in the ledger; created and succeeded in the event feed; one webhook. */
const leaves = { succeeded: 1, transfers: 2, events: 2, deliveries: 1 } as const

/**
 * The gateway at work, with three kinds of merchants, each with one webhook endpoint: the webhooks of `waiting` and `hot`
 * are written and wait, because their endpoints are paused; those of `sending` are sent.
 */
export interface PaymentBench {
  readonly stage: PaymentStage
  readonly settings: BenchSettings
  readonly receiver: ReceiverProcess
  readonly waiting: readonly BenchMerchant[]
  readonly hot: readonly BenchMerchant[]
  readonly sending: readonly BenchMerchant[]
  /** Loads so far. */
  loads: number
}

/** Payments over so many connections, which take the merchants in turn. */
export interface PaymentLoad {
  readonly name: string
  readonly connections: number
  readonly merchants: 'waiting' | 'hot' | 'sending'
}

/** What a load did, and what it cost. */
export interface LoadSample extends PaymentLoadOutput {
  readonly perSecond: number
  /** Processor time a payment by process, and how the background work kept up. */
  readonly detail: Readonly<Record<string, number>>
}

/** Prepares the floor's tables, the merchants and their endpoints and the receiver, loads payments if wanted, and warms all up. */
export async function withPaymentBench<Result>(
  stage: PaymentStage,
  settings: BenchSettings,
  use: (bench: PaymentBench) => Promise<Result>,
): Promise<Result> {
  say(`making the tables of the floor, scale ${settings.scale}`)
  await prepareFloor(stage.floorUrl, settings.scale)
  const merchants = await withBenchEngine(stage.url, 1, async ({ engine }) => ({
    waiting: await provisionMerchants(engine, 'waiting', merchantsCount, keysEach),
    hot: await provisionMerchants(engine, 'hot', 1, keysOfHot),
    sending: await provisionMerchants(engine, 'sending', merchantsCount, keysEach),
    past: settings.loaded > 0 ? await provisionMerchants(engine, 'past', merchantsCount) : [],
  }))
  if (settings.loaded > 0) await loadPayments(stage, merchants.past, 0, settings.loaded)
  const receiver = await startReceiver()
  try {
    const { baseUrl } = stage.gateway.sandbox
    await addEndpoints(baseUrl, [...merchants.waiting, ...merchants.hot], receiver.url, true)
    await addEndpoints(baseUrl, merchants.sending, receiver.url, false)
    const bench: PaymentBench = { stage, settings, receiver, loads: 0, ...merchants }
    const warmUpSeconds = Math.min(warmUpSecondsMax, settings.seconds)
    // Both kinds: what webhooks need is compiled too, and there are bodies to send.
    await runLoad(bench, { name: 'warm-up', connections: 32, merchants: 'waiting' }, warmUpSeconds)
    await runLoad(bench, { name: 'warm-up', connections: 64, merchants: 'sending' }, warmUpSeconds)
    return await use(bench)
  } finally {
    await receiver.stop()
  }
}

async function addEndpoints(
  baseUrl: string,
  merchants: readonly BenchMerchant[],
  url: string,
  isPaused: boolean,
): Promise<void> {
  for (const { apiKey } of merchants) {
    const { id } = await post(`${baseUrl}/v1/webhook_endpoints`, apiKey, { url: `${url}/hook`, dialect: 'monetiflow' })
    if (isPaused) await post(`${baseUrl}/v1/webhook_endpoints/${id}/pause`, apiKey)
  }
}

async function post(url: string, apiKey: string, body?: unknown): Promise<{ readonly id: string }> {
  const authorization = `Bearer ${apiKey}`
  const answer = await fetch(url, {
    method: 'POST',
    headers: body === undefined ? { authorization } : { authorization, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (!answer.ok) throw new Error(`${answer.status} ${url}: ${await answer.text()}`)
  return (await answer.json()) as { readonly id: string }
}

/** Who pays over each connection: the merchants in turn, and where several share one, each with keys of its own. */
function callersOf({ loads, ...merchants }: PaymentBench, load: PaymentLoad): LoadCaller[] {
  const chosen = merchants[load.merchants]
  return Array.from({ length: load.connections }, (_, index) => {
    const { monetiflowKeys, apiKey } = chosen[index % chosen.length] as BenchMerchant
    const sharers = Math.ceil(load.connections / chosen.length)
    const own = monetiflowKeys.filter((_key, position) => position % sharers === Math.floor(index / chosen.length))
    const first = (loads * keysStep) % own.length
    return { monetiflowKeys: [...own.slice(first), ...own.slice(0, first)], houseKey: apiKey }
  })
}

/**
 * Runs one load, waits for the background work, and checks that what was counted stands in the database, once.
 * `onReport` gets what was done in each `reportSeconds`.
 */
export async function runLoad(
  bench: PaymentBench,
  load: PaymentLoad,
  seconds: number,
  reportSeconds = seconds + 1,
  onReport: (output: PaymentLoadOutput) => void = () => {},
): Promise<LoadSample> {
  const { stage } = bench
  const callers = callersOf(bench, load)
  bench.loads += 1
  const before = await countStage(stage)
  const costsOf = beginCosts(bench)
  const input: PaymentLoadInput = { baseUrl: stage.gateway.sandbox.baseUrl, callers, seconds, reportSeconds }
  const reports: PaymentLoadOutput[] = []
  const last = await runChild<PaymentLoadOutput>('payment-load.ts', input, seconds, (output) => {
    reports.push(output)
    onReport(output)
  })
  const sum = (name: keyof PaymentLoadOutput) => reports.reduce((total, output) => total + output[name], 0)
  const payments = sum('payments')
  const costs = costsOf(payments, sum('processorSeconds'))
  const atEnd = await countStage(stage)
  const drainSeconds = await drain(stage)
  assertHappened(load.name, before, await countStage(stage), payments)
  const { createP99Ms, settleP99Ms } = last
  const shares = {
    /** Webhooks written, and sent where they are sent, by the time the last payment was acknowledged. */
    writtenShare: (atEnd.deliveries - before.deliveries) / payments,
    ...(load.merchants === 'sending' ? { deliveredShare: (atEnd.delivered - before.delivered) / payments } : {}),
  }
  const elapsedSeconds = sum('elapsedSeconds')
  return {
    ...last,
    payments,
    elapsedSeconds,
    perSecond: payments / elapsedSeconds,
    detail: { createP99Ms, settleP99Ms, ...costs, ...shares, drainSeconds, limited: sum('limited') },
  }
}

/** Reads who has used the processors so far; the result tells what each has used since, in microseconds a payment. */
function beginCosts({
  stage,
  receiver,
}: PaymentBench): (payments: number, loadSeconds: number) => Record<string, number> {
  const gatewayPid = stage.gateway.child.pid ?? 0
  const read = () => ({
    times: readProcessorTimes(stage.postmasterPid),
    gateway: processorSecondsOf(gatewayPid),
    receiver: processorSecondsOf(receiver.pid),
  })
  const before = read()
  return (payments, load) => {
    const after = read()
    if (!before.times || !after.times) return {}
    const gateway = after.gateway - before.gateway
    const received = after.receiver - before.receiver
    const postgres = after.times.postgres - before.times.postgres
    const machine = after.times.machine - before.times.machine
    const each = (seconds: number) => (seconds / payments) * 1e6
    const foreignShare = Math.max(0, machine - postgres - gateway - load - received) / machine
    return {
      gatewayUs: each(gateway),
      postgresUs: each(postgres),
      loadUs: each(load),
      receiverUs: each(received),
      foreignShare,
    }
  }
}

function assertHappened(name: string, before: StageCounts, after: StageCounts, payments: number): void {
  for (const [key, each] of Object.entries(leaves) as [keyof typeof leaves, number][]) {
    const found = after[key] - before[key]
    if (found !== payments * each)
      throw new Error(`${name}: ${found} ${key}, but ${payments} payments were acknowledged`)
  }
}
