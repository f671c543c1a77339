/*
 * What is done to the cluster. States of a round: whole (a leader, a synchronous standby, another one) → struck → serving
 * again (a write that began after the strike was accepted) → mended → whole.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster, Member } from './failover-cluster.ts'
import { until } from './failover-tools.ts'
import type { CallWatch } from './failover-watch.ts'

/**
 * - `kill`: the leader's PostgreSQL and Patroni die at once; later they are started again and rejoin as a standby.
 * - `behind`: the same, after a moment in which the standbys received nothing: commits wait, and die with the leader.
 * - `switchover`: the lead is handed over by `patronictl`, as for maintenance.
 * - `silence`: the leader's processes stop where they stand and wake up as a leader that has been replaced.
 * - `standby`: the synchronous standby dies; the other one takes its place.
 * - `alone`: both standbys die, then the leader's server crashes and starts again with commits that no standby has;
 *   nothing may be acknowledged until a standby is back.
 */
export type RoundName = 'kill' | 'behind' | 'switchover' | 'silence' | 'standby' | 'alone'

/** All rounds there are, in the order in which they are run. */
export const roundNames: readonly RoundName[] = ['kill', 'behind', 'switchover', 'silence', 'standby', 'alone']

/** What came of a round; times in milliseconds. */
export interface Round {
  readonly name: RoundName
  readonly leader: { readonly before: string; readonly after: string }
  /** From the harm (for `alone`: from the return of a standby) until a write was accepted that began after it. */
  readonly noServiceMs: number
  /** The longest time between two accepted writes during the round. */
  readonly longestPauseMs: number
  /** From the start of what was dead, or from the harm where nothing died, until the cluster was whole again. */
  readonly rejoinMs: number
  /** How often the member that came back had to take back what only it had written (`pg_rewind`). */
  readonly rewinds: number
}

/** What rounds are made with. */
export interface RoundDeps {
  readonly cluster: Cluster
  readonly watch: CallWatch
  readonly findings: string[]
  /** Rejects when a caller fails in a way that it must not. */
  readonly failure: Promise<never>
}

/** What was under way when the harm was done may still be answered; what begins after this cannot be. */
const effectMs = 100
const serviceTimeoutMs = 90_000
/** Load before and after the harm. */
const tradingMs = 2_000
/** Longer than a flight to the database may take (15 s), so that commits are given up and asked for. */
const aloneMs = 20_000
/** For how long its server, started again, has callers and no standby: callers learn that nobody knows, and repeat. */
const crashedMs = 35_000
/** For how long the standbys receive nothing before the leader dies. */
const behindMs = 1_000
/** A leader that wakes up finds another one in its place and callers at work. */
const silentAfterMs = 2_000

/** Makes one round under the load that runs. The cluster is whole before and after it. */
export async function makeRound(deps: RoundDeps, name: RoundName): Promise<Round> {
  const { cluster, watch, failure } = deps
  const leader = await cluster.whole()
  const fromMs = performance.now()
  await Promise.race([sleep(tradingMs), failure])
  const { noServiceMs, mend, returning } = await harms[name](deps, leader)
  await Promise.race([sleep(tradingMs), failure])
  const rewindsBefore = await cluster.rewinds(returning)
  const mendedMs = performance.now()
  await mend()
  const next = await cluster.whole()
  const rejoinMs = performance.now() - mendedMs
  await Promise.race([sleep(tradingMs), failure])
  const rewinds = (await cluster.rewinds(returning)) - rewindsBefore
  if ((name !== 'standby' && name !== 'alone') === (leader.name === next.name))
    deps.findings.push(`${name}: ${leader.name} led, and ${next.name} does`)
  const longestPauseMs = longestPause(watch, fromMs)
  return { name, leader: { before: leader.name, after: next.name }, noServiceMs, longestPauseMs, rejoinMs, rewinds }
}

interface Harm {
  readonly noServiceMs: number
  /** Starts what is dead. */
  readonly mend: () => Promise<void>
  /** The member that was harmed. */
  readonly returning: Member
}

const harms: Readonly<Record<RoundName, (deps: RoundDeps, leader: Member) => Promise<Harm>>> = {
  kill: async (deps, leader) => {
    await deps.cluster.kill(leader)
    const noServiceMs = await servingAgain(deps, performance.now())
    return { noServiceMs, mend: () => deps.cluster.revive(leader), returning: leader }
  },
  behind: async (deps, leader) => {
    const release = await deps.cluster.holdBack(standbysOf(deps.cluster, leader))
    await sleep(behindMs)
    await deps.cluster.kill(leader)
    const struckMs = performance.now()
    release()
    const noServiceMs = await servingAgain(deps, struckMs)
    return { noServiceMs, mend: () => deps.cluster.revive(leader), returning: leader }
  },
  switchover: async (deps, leader) => {
    const struckMs = performance.now()
    await deps.cluster.switchover(leader)
    // The command ends once the other one leads; what was accepted before the old one gave up is no service again.
    const noServiceMs = await servingAgain(deps, struckMs, performance.now())
    return { noServiceMs, mend: nothing, returning: leader }
  },
  silence: async (deps, leader) => {
    const wake = await deps.cluster.freeze(leader)
    const noServiceMs = await servingAgain(deps, performance.now())
    await sleep(silentAfterMs)
    return { noServiceMs, mend: async () => wake(), returning: leader }
  },
  standby: async (deps) => {
    const standby = await deps.cluster.synchronous()
    await deps.cluster.kill(standby)
    const noServiceMs = await servingAgain(deps, performance.now())
    return { noServiceMs, mend: () => deps.cluster.revive(standby), returning: standby }
  },
  alone: async (deps, leader) => {
    const standbys = standbysOf(deps.cluster, leader)
    const [first, second] = standbys
    if (!first || !second) throw new Error('two standbys were expected')
    await Promise.all(standbys.map(deps.cluster.kill))
    const aloneFromMs = performance.now()
    await Promise.race([sleep(aloneMs), deps.failure])
    await deps.cluster.crash(leader)
    await Promise.race([sleep(crashedMs), deps.failure])
    const wrong = deps.watch.accepted.filter(({ beganMs }) => beganMs > aloneFromMs)
    if (wrong.length > 0)
      deps.findings.push(`alone: ${wrong.length} writes were acknowledged although no standby had them`)
    await deps.cluster.revive(first)
    const noServiceMs = await servingAgain(deps, performance.now(), aloneFromMs)
    return { noServiceMs, mend: () => deps.cluster.revive(second), returning: second }
  },
}

function standbysOf({ members }: Cluster, leader: Member): readonly Member[] {
  return members.filter(({ name }) => name !== leader.name)
}

async function nothing(): Promise<void> {
  // Nothing is dead.
}

/** Waits for an accepted write that began after the harm had its effect. Answers how long that took since the harm. */
async function servingAgain(deps: RoundDeps, struckMs: number, beganAfterMs = struckMs + effectMs): Promise<number> {
  const waiting = until('an accepted write after the harm', serviceTimeoutMs, async () =>
    deps.watch.accepted.find(({ beganMs, isReplay }) => beganMs > beganAfterMs && !isReplay),
  )
  const { endedMs } = await Promise.race([waiting, deps.failure])
  return endedMs - struckMs
}

function longestPause({ accepted }: CallWatch, fromMs: number): number {
  const ends = [fromMs, ...accepted.map(({ endedMs }) => endedMs).filter((endedMs) => endedMs > fromMs)]
  return Math.max(...ends.slice(1).map((endedMs, index) => endedMs - (ends[index] ?? endedMs)), 0)
}
