/*
 * The failover test. States: cluster and gateway started → trading → a round (see failover-rounds.ts) → paused → checked
 * → trading …; the gateway is one process that is never started again.
 */
import { createChance } from '../../src/simulation/chance.ts'
import { type GatewayProcess, makeDataDirectory, runCommand, startGatewayProcess } from '../support/gateway-process.ts'
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts'
import { type CallerDeps, type CallRecord, type CrashMerchant, createCallRecord, persist } from './crash/caller.ts'
import { type CheckpointDeps, type CheckpointReport, checkpoint, messagesOf } from './crash/checkpoint.ts'
import type { Finding, FindingKind } from './crash/finding.ts'
import { createListener } from './crash/hearing.ts'
import { startLoad } from './crash/load.ts'
import { type Cluster, startCluster } from './failover-cluster.ts'
import { makeRound, type Round, type RoundName } from './failover-rounds.ts'
import { type CallWatch, watchCalls } from './failover-watch.ts'

/** What is run. */
export interface FailoverOptions {
  readonly rounds: readonly RoundName[]
  /** Decides what callers do. What the processes do meanwhile is not in its hands. */
  readonly seed: number
  /** False plants a fault: commits wait for no standby, which the test must find. */
  readonly isSynchronous: boolean
  readonly onProgress: (line: string) => void
  /** Takes what undoes a step, before it is done; to be run, the last first, at the end and when interrupted. */
  readonly onStop: (undo: () => Promise<unknown>) => void
}

/** What came of a run. It holds when there are no findings. */
export interface FailoverReport {
  readonly seed: number
  readonly versions: string
  readonly rounds: readonly Round[]
  readonly findings: readonly string[]
  readonly acknowledged: number
  /** Acknowledged writes that are not there, in the database or in the lists of the API that acknowledged them. */
  readonly lost: number
  readonly doubled: number
  /** Writes whose answer was lost and that were not sent again: each is there once or not at all. */
  readonly abandoned: number
  readonly replayed: number
  readonly calls: number
  /** How often each answer other than 200 and 201 came. */
  readonly kinds: Readonly<Record<string, number>>
  /** Payments, refunds and payouts in the database, events in the feeds (all of them heard), transfers that prove. */
  readonly objects: number
  readonly events: number
  readonly transfers: number
  readonly durationMs: number
}

const merchantCount = 3
/** Longer than the gateway takes to say that it does not know: 15 s for the flight, and as much to ask what became of it. */
const tryTimeoutMs = 45_000

/** What a run works with once everything has started. */
interface Run {
  readonly options: FailoverOptions
  readonly cluster: Cluster
  readonly gateway: GatewayProcess
  readonly receiver: WebhookReceiver
  readonly merchants: readonly CrashMerchant[]
  /** Runs a verb of the command line beside the gateway, and answers what it printed. */
  readonly runVerb: (args: readonly string[]) => Promise<string>
}

/** Starts everything, makes the rounds, and checks after each. Throws when the test itself cannot go on. */
export async function runFailoverTest(options: FailoverOptions): Promise<FailoverReport> {
  const { onStop, onProgress, seed } = options
  const startedMs = performance.now()
  const cluster = await startCluster(options.isSynchronous, onStop)
  const versions = await cluster.versions()
  onProgress(`the cluster stands after ${seconds(performance.now() - startedMs)}: ${versions}`)
  const { gateway, runVerb } = await startGateway(cluster.url, onStop)
  const receiver = await startWebhookReceiver()
  onStop(receiver.close)
  try {
    const merchants = await makeMerchants(runVerb, gateway, receiver)
    const seen = await trade({ options, cluster, gateway, receiver, merchants, runVerb })
    return { seed, versions, ...seen, durationMs: performance.now() - startedMs }
  } catch (error) {
    const logs = `== gateway\n${gateway.output()}\n${await cluster.logs()}`
    throw new Error(`${String(error)}\n${logs}`, { cause: error })
  }
}

async function startGateway(url: string, onStop: FailoverOptions['onStop']) {
  const directory = await makeDataDirectory()
  onStop(directory.remove)
  const environment = { DATABASE_URL: url, PAYLECT_METRICS_ENABLED: 'false' }
  const gateway = await startGatewayProcess({ dataDirectory: directory.path, environment })
  onStop(() => gateway.stop())
  const runVerb = async (args: readonly string[]) => {
    const { code, output } = await runCommand({ dataDirectory: directory.path, environment, args })
    if (code !== 0) throw new Error(`paylect ${args.join(' ')} ended with ${code}:\n${output}`)
    return output
  }
  return { gateway, runVerb }
}

async function makeMerchants(
  runVerb: Run['runVerb'],
  gateway: GatewayProcess,
  receiver: WebhookReceiver,
): Promise<CrashMerchant[]> {
  const deps = { baseUrl: gateway.sandbox.baseUrl, record: createCallRecord(), chance: createChance(0), tryTimeoutMs }
  const merchants: CrashMerchant[] = []
  for (let number = 1; number <= merchantCount; number += 1) {
    const made = await runVerb(['merchants', 'create', `Shop ${number}`, '--fee', 'upi=200', '--json'])
    const merchant = { ...(JSON.parse(made) as CrashMerchant), endpointSecret: '' }
    const sent = { body: { url: receiver.url }, key: `endpoint-${number}` }
    const endpoint = await persist(deps, merchant, 'paylect', '/v1/webhook_endpoints', sent)
    if (endpoint?.status !== 201) throw new Error(`no webhook endpoint was made: ${JSON.stringify(endpoint)}`)
    merchants.push({ ...merchant, endpointSecret: String(endpoint.body['secret']) })
  }
  return merchants
}

async function trade(run: Run): Promise<Omit<FailoverReport, 'seed' | 'versions' | 'durationMs'>> {
  const { options, cluster, gateway, receiver, merchants } = run
  const { seed, onProgress } = options
  const record = createCallRecord()
  const { baseUrl } = gateway.sandbox
  const watch = watchCalls(baseUrl)
  const calls = { baseUrl, record, tryTimeoutMs, merchants, chance: createChance(seed) }
  const chanceOf = (program: number) => createChance(seed * 1_000 + program)
  const load = startLoad({ ...calls, callbackUrl: receiver.url, chanceOf })
  const check = checkerOf(run, calls)
  const rounds: Round[] = []
  const findings: Finding[] = []
  let seen: Omit<CheckpointReport, 'findings'> | undefined
  for (const name of options.rounds) {
    const found: string[] = []
    const round = await makeRound({ cluster, watch, findings: found, failure: load.failure }, name)
    rounds.push(round)
    onProgress(`${rounds.length}/${options.rounds.length} ${sentenceOf(round)}`)
    await load.pause()
    const { findings: judged, ...counts } = await check()
    seen = counts
    findings.push(...found.map((message) => ({ kind: 'refused' as const, message })), ...judged)
    onProgress(`  checked ${record.acknowledged.length} acknowledged writes, ${judged.length} findings`)
    if (findings.length > 0) break
    load.resume()
  }
  await load.stop()
  watch.stop()
  const refused = [...watch.refused, ...(gateway.child.exitCode === null ? [] : ['the gateway ended'])]
  findings.push(...refused.map((message) => ({ kind: 'refused' as const, message })))
  return { rounds, ...figuresOf(record, watch, findings), ...{ objects: 0, events: 0, transfers: 0, ...seen } }
}

function checkerOf({ cluster, receiver, runVerb, merchants }: Run, calls: CallerDeps) {
  const deps: CheckpointDeps = {
    ...calls,
    merchants,
    listener: createListener(receiver.received, merchants),
    databaseUrl: async () => cluster.url,
    verifyLedger: () => runVerb(['ledger', 'verify', '--json']),
  }
  return () => checkpoint(deps)
}

function figuresOf({ acknowledged, abandoned, counts }: CallRecord, { kinds }: CallWatch, findings: Finding[]) {
  // One write may be missing in several places.
  const countOf = (wanted: FindingKind) =>
    new Set(findings.flatMap(({ kind, message }) => (kind === wanted ? [message.split(', ')[0]] : []))).size
  return {
    findings: messagesOf(findings),
    acknowledged: acknowledged.length,
    lost: countOf('lost'),
    doubled: countOf('doubled'),
    abandoned: abandoned.size,
    replayed: counts.replayed,
    calls: counts.calls,
    kinds: Object.fromEntries([...kinds].toSorted(([, a], [, b]) => b - a)),
  }
}

/** A round in one line for people. */
export function sentenceOf({ name, leader, noServiceMs, longestPauseMs, rejoinMs, rewinds }: Round): string {
  const rewound = rewinds > 0 ? ', rewound' : ''
  const times = `no service for ${seconds(noServiceMs)}, longest pause ${seconds(longestPauseMs)}`
  return `${name}: ${leader.before} → ${leader.after}, ${times}, whole again ${seconds(rejoinMs)} later${rewound}`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
