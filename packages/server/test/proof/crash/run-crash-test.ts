/*
 * The crash test. States of a run: trading → struck → serving again (a write that began after the strike was accepted)
 * → told again (the webhook of such a write has come) → trading …; every so often and at the end: paused → checked.
 */
import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Chance, createChance } from '../../../src/simulation/chance.ts'
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.ts'
import { type CallRecord, type CrashMerchant, create, createCallRecord, persist } from './caller.ts'
import { type CheckpointDeps, type CheckpointReport, checkpoint, messagesOf, withDatabase } from './checkpoint.ts'
import { type DatabasePlant, plantInDatabase } from './checkpoint-queries.ts'
import { type Fault, faultsOf } from './faults.ts'
import type { Finding } from './finding.ts'
import { createListener } from './hearing.ts'
import { type CrashForm, type CrashInstallation, startInstallation } from './installation.ts'
import { type Load, startLoad } from './load.ts'

/** What is run. */
export interface CrashTestOptions {
  readonly form: CrashForm
  readonly kills: number
  /** Decides which fault comes when, and what each caller does. What the processes do meanwhile is not in its hands. */
  readonly seed: number
  /** After a strike a new write must be accepted within this time, in milliseconds. */
  readonly servingAgainMs: number
  /** Strikes between two checkpoints; there is one at the end in any case. */
  readonly checkpointEvery: number
  /** What passes between two strikes, drawn anew each time, in milliseconds. */
  readonly betweenMs: readonly [least: number, most: number]
  /** Only faults whose name holds this text. */
  readonly only: string
  /** Damage that is done after the last checkpoint, one after another: each must be found by a checkpoint of its own. */
  readonly plants: readonly DatabasePlant[]
  readonly onProgress: (line: string) => void
}

/** What came of one strike, in milliseconds since the harm was done. */
export interface Strike {
  readonly fault: string
  /** Until a write was accepted that began at least a tenth of a second after the strike. */
  readonly servingMs: number
  /** Until the first webhook came of a payment that was made after the strike. */
  readonly toldMs: number
}

/** What came of a run. It holds when there are no findings. */
export interface CrashTestReport {
  readonly form: CrashForm
  readonly seed: number
  readonly strikes: readonly Strike[]
  readonly findings: readonly Finding[]
  readonly checkpoints: number
  readonly last: Omit<CheckpointReport, 'findings'>
  /** Writes that were answered with 201, by kind and API. */
  readonly acknowledged: Readonly<Record<string, number>>
  readonly abandoned: number
  readonly webhooks: number
  readonly counts: CallRecord['counts']
  /** What was found of each plant that is not found without it. */
  readonly planted: Readonly<Partial<Record<DatabasePlant, readonly Finding[]>>>
  readonly durationMs: number
}

const merchantCount = 3
/** What was under way when the harm was done may still be answered; what begins after this cannot be. */
const effectMs = 100
const pollMs = 5
/** What is waited for a write or a webhook after a strike before the run is given up. */
const waitMaxMs = 120_000
const tryTimeoutMs = 20_000

interface Run {
  readonly options: CrashTestOptions
  readonly chance: Chance
  readonly installation: CrashInstallation
  readonly receiver: WebhookReceiver
  readonly merchants: readonly CrashMerchant[]
  readonly record: CallRecord
  readonly load: Load
  readonly findings: Finding[]
  readonly strikes: Strike[]
  readonly checking: CheckpointDeps
}

/** Starts the form, kills it so many times under load, and checks. Throws when the test itself cannot go on. */
export async function runCrashTest(options: CrashTestOptions): Promise<CrashTestReport> {
  const startedMs = performance.now()
  const installation = await startInstallation(options.form)
  const receiver = await startWebhookReceiver()
  try {
    const run = await begin(options, installation, receiver)
    const { checkpoints, last, planted } = await strikeAndCheck(run).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${installation.output()}`, { cause: error })
    })
    const { acknowledged, abandoned, counts } = run.record
    const kinds = Map.groupBy(acknowledged, ({ kind, api }) => `${kind} (${api})`)
    return {
      ...{ form: options.form, seed: options.seed, strikes: run.strikes, findings: run.findings, checkpoints, last },
      ...{ abandoned: abandoned.size, webhooks: receiver.received.length, counts, planted },
      acknowledged: Object.fromEntries([...kinds].map(([kind, writes]) => [kind, writes.length])),
      durationMs: performance.now() - startedMs,
    }
  } finally {
    await installation.stop()
    await receiver.close()
  }
}

async function begin(
  options: CrashTestOptions,
  installation: CrashInstallation,
  receiver: WebhookReceiver,
): Promise<Run> {
  const record = createCallRecord()
  const chance = createChance(options.seed)
  const calls = { baseUrl: installation.baseUrl, record, tryTimeoutMs }
  const merchants: CrashMerchant[] = []
  for (let number = 1; number <= merchantCount; number += 1) {
    const args = ['merchants', 'create', `Shop ${number}`, '--fee', 'upi=200', '--json']
    const merchant = JSON.parse(await installation.runVerb(args)) as Omit<CrashMerchant, 'endpointSecret'>
    const sent = { body: { url: receiver.url }, key: `endpoint-${number}` }
    const deps = { ...calls, chance }
    const made = await persist(deps, { ...merchant, endpointSecret: '' }, 'paylect', '/v1/webhook_endpoints', sent)
    if (made?.status !== 201) throw new Error(`no webhook endpoint was made: ${JSON.stringify(made)}`)
    merchants.push({ ...merchant, endpointSecret: String(made.body['secret']) })
  }
  const chanceOf = (program: number) => createChance(options.seed * 1_000 + program)
  const load = startLoad({ ...calls, merchants, callbackUrl: receiver.url, chanceOf })
  const checking = {
    ...{ ...calls, chance, merchants, databaseUrl: installation.databaseUrl },
    listener: createListener(receiver.received, merchants),
    verifyLedger: () => installation.runVerb(['ledger', 'verify', '--json'], [0, 1]),
  }
  return { options, chance, installation, receiver, merchants, record, load, findings: [], strikes: [], checking }
}

async function strikeAndCheck(run: Run): Promise<Pick<CrashTestReport, 'checkpoints' | 'last' | 'planted'>> {
  const { options, chance, installation, load, findings } = run
  const faults = faultsOf(installation).filter(({ name }) => name.includes(options.only))
  if (faults.length === 0) throw new Error(`no fault of this form is called ${options.only}`)
  let checkpoints = 0
  let round: Fault[] = []
  // What is slow may be slow again; whatever else was found is best looked at before more happens.
  const goesOn = () => findings.every(({ kind }) => kind === 'slow')
  for (let number = 1; number <= options.kills && goesOn(); number += 1) {
    await Promise.race([sleep(chance.between(...options.betweenMs)), load.failure])
    if (round.length === 0) round = shuffled(chance, faults)
    const fault = round.pop()
    if (fault) await strike(run, fault, number)
    if (number % options.checkpointEvery === 0 && number < options.kills) {
      await check(run)
      checkpoints += 1
    }
  }
  await load.stop()
  const last = await check(run)
  return { checkpoints: checkpoints + 1, last, planted: goesOn() ? await plantAll(run) : {} }
}

/** Each fault comes once before one comes again. */
function shuffled(chance: Chance, faults: readonly Fault[]): Fault[] {
  const left = [...faults]
  return faults.map(() => left.splice(chance.below(left.length), 1)[0]).filter((fault) => fault !== undefined)
}

async function strike(run: Run, fault: Fault, number: number): Promise<void> {
  const { options, chance, installation, record, load, strikes, findings } = run
  const label = `${options.form} ${number}/${options.kills}: ${fault.name}`
  await fault.strike(chance)
  const struckMs = performance.now()
  const accepted = Promise.withResolvers<number>()
  record.onAccepted = (beganMs) => {
    if (beganMs >= struckMs + effectMs) accepted.resolve(performance.now() - struckMs)
  }
  const told = hearAgain(run, struckMs + effectMs)
  // A process that cannot start again is told of at once.
  const broken = installation.settled().then(() => new Promise<never>(() => undefined))
  const servingMs = await within(
    waitMaxMs,
    Promise.race([accepted.promise, load.failure, broken]),
    `${label}: no write`,
  )
  const toldMs =
    (await within(waitMaxMs, Promise.race([told, load.failure, broken]), `${label}: no webhook`)) - struckMs
  await within(waitMaxMs, installation.settled(), `${label}: a process did not start again`)
  strikes.push({ fault: fault.name, servingMs, toldMs })
  if (servingMs > options.servingAgainMs) {
    // A machine with more to do than it can is slow by itself: whoever reads the finding must be able to tell.
    const [load = 0] = loadavg()
    const message = `${label}: no write was accepted for ${Math.round(servingMs)} ms, load average ${load.toFixed(1)} on ${availableParallelism()} processors`
    findings.push({ kind: 'slow', message })
    options.onProgress(installation.output())
  }
  options.onProgress(`${label}: serving after ${Math.round(servingMs)} ms, told after ${Math.round(toldMs)} ms`)
}

/** Makes a payment of its own after the strike, and resolves with the time at which its first webhook came. */
async function hearAgain({ installation, merchants, record, chance, receiver }: Run, fromMs: number): Promise<number> {
  await sleep(Math.max(fromMs - performance.now(), 0))
  const [merchant] = merchants
  if (!merchant) throw new Error('there is no merchant')
  const deps = { baseUrl: installation.baseUrl, record, chance, tryTimeoutMs }
  const fields = { amount: 1_000, currency: 'INR', method: 'upi', expires_in: 'P90D' }
  let seen = receiver.received.length
  let id: string | undefined
  while (id === undefined) id = await create(deps, merchant, 'paylect', 'payment', fields)
  for (const deadlineMs = performance.now() + waitMaxMs; performance.now() < deadlineMs; ) {
    for (; seen < receiver.received.length; seen += 1) {
      if (receiver.received[seen]?.data['id'] === id) return performance.now()
    }
    await sleep(pollMs)
  }
  throw new Error(`no webhook of ${id} came`)
}

async function check({ options, load, findings, checking }: Run): Promise<CrashTestReport['last']> {
  await load.pause()
  const { findings: found, ...seen } = await checkpoint(checking)
  findings.push(...found)
  options.onProgress(`${options.form}: checked ${JSON.stringify(seen)}, ${found.length} findings`)
  load.resume()
  return seen
}

/** The checker is only worth what it finds: each plant must make findings that were not there before it. */
async function plantAll({ options, checking }: Run): Promise<CrashTestReport['planted']> {
  const planted: Partial<Record<DatabasePlant, readonly Finding[]>> = {}
  const known = new Set<string>()
  const merchantIds = checking.merchants.map(({ id }) => id)
  for (const plant of options.plants) {
    await withDatabase(checking, (pool) => plantInDatabase(pool, merchantIds, plant))
    const { findings } = await checkpoint(checking)
    const fresh = findings.filter(({ message }) => !known.has(message))
    for (const { message } of fresh) known.add(message)
    planted[plant] = fresh
    options.onProgress(`${options.form}: planted ${plant}, found ${messagesOf(fresh).join('; ') || 'nothing'}`)
  }
  return planted
}

async function within<Result>(ms: number, work: Promise<Result>, what: string): Promise<Result> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`${what} within ${ms} ms`)), ms)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
