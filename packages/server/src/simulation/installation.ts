import { type Committer, createCommitter } from '../engine/commit/committer.ts'
import { createEngine, type Engine } from '../engine/create-engine.ts'
import { createManualClock, type ManualClock } from '../kernel/clock.ts'
import { createIdSource, type IdSource } from '../kernel/ids.ts'
import type { Scope } from '../kernel/scope.ts'
import { createRailRegistry } from '../rails/registry.ts'
import { type Chance, createChance } from './chance.ts'
import type { StoreFaults } from './faulty-store.ts'
import type { Footing, Ground } from './ground.ts'
import type { Scheduler, SimulatedProcess } from './scheduler.ts'
import { createSimulatedRail, type SimulatedRail } from './simulated-rail.ts'

/** A running process of the installation: a committer and an engine over its own connection to the shared store. */
export interface GatewayProcess {
  readonly process: SimulatedProcess
  readonly footing: Footing
  readonly committer: Committer
  readonly engine: Engine
}

/** Everything that outlives a crash: the store, the rail, time and chance. */
export interface Installation {
  readonly chance: Chance
  readonly scheduler: Scheduler
  readonly clock: ManualClock
  readonly ground: Ground
  readonly rail: SimulatedRail
  readonly faults: StoreFaults
  /** The merchants of the run. */
  readonly scopes: readonly Scope[]
  /** What the engine reported as a defect of its own: must stay empty. */
  readonly defects: string[]
  readonly processes: GatewayProcess[]
  /** Starts one more process. */
  start(): Promise<GatewayProcess>
  /** Ends a process as `kill -9` would. */
  crash(gateway: GatewayProcess): Promise<void>
  /** Ends every process in good order. */
  close(): Promise<void>
}

/** Makes the ground of a run from what all grounds share. */
export type LayGround<Laid extends Ground> = (chance: Chance, faults: StoreFaults, traceMax: number) => Promise<Laid>

/** Saturday, 21 November 2026, 09:40:14 UTC. */
export const simulationStartAt = Date.UTC(2026, 10, 21, 9, 40, 14)
const tracedNotesMax = 4_000
const merchantCount = 2
const seedDigits = 25

/** Puts up an installation with nothing in it. */
export async function createInstallation<Laid extends Ground>(
  seed: number,
  lay: LayGround<Laid>,
): Promise<Installation & { readonly ground: Laid }> {
  const chance = createChance(seed)
  const faults: StoreFaults = { unavailableOneIn: 60, lostReplyOneIn: 30, retryOneIn: 25 }
  const ground = await lay(chance, faults, tracedNotesMax)
  const { scheduler } = ground
  const clock = createManualClock(simulationStartAt)
  // The rail is a system of its own: its network outlives our processes, and a crash of ours does not stop a call on its way.
  const outside: SimulatedProcess = { name: 'rail', isAlive: true }
  const rail = createSimulatedRail(chance, {
    pause: (label) => scheduler.pause(outside, label),
    follow: (work) => scheduler.follow(outside, work),
  })
  const scopes = Array.from({ length: merchantCount }, (_, index): Scope => {
    return { merchantId: `mer_${String(seed).padStart(seedDigits, '0')}${index}`, mode: 'sandbox' }
  })
  const common = { chance, scheduler, clock, ground, rail, faults, scopes, defects: [] as string[] }
  const processes: GatewayProcess[] = []
  const ids = createIdSource(chance)
  let started = 0
  const start = async () => {
    started += 1
    const gateway = await startProcess({ ...common, ids }, { name: `p${started}`, isAlive: true })
    processes.push(gateway)
    return gateway
  }
  const crash = async (gateway: GatewayProcess) => {
    scheduler.crash(gateway.process)
    processes.splice(processes.indexOf(gateway), 1)
    await gateway.footing.lose()
    await scheduler.settle()
  }
  const close = async () => {
    for (const { footing } of processes.splice(0)) await footing.close()
  }
  return { ...common, processes, start, crash, close }
}

interface Surroundings extends Omit<Installation, 'processes' | 'start' | 'crash' | 'close'> {
  readonly ids: IdSource
}

async function startProcess(surroundings: Surroundings, process: SimulatedProcess): Promise<GatewayProcess> {
  const { chance, scheduler, clock, ground, rail, defects, ids } = surroundings
  const footing = await ground.open(process)
  const { store, pool } = footing
  const committer = createCommitter({
    store,
    sources: { now: () => clock.now(), newId: (_, prefix) => ids.newId(prefix, clock.now()) },
    metrics: { group: () => {}, waited: () => {}, answered: () => {} },
    groupsInFlightMax: chance.pick([1, 2]),
    overlapMin: 1,
    breathe: queueMicrotask,
    groupMax: 16,
    queueMax: 64,
    onCommitted: () => {},
    onDefect: (error, command) => defects.push(`${command}: ${textOf(error)}`),
    // A wait would take real time; the callers try again by themselves.
    unavailableBackoffMs: [],
  })
  const engine = createEngine({
    committer,
    store,
    rails: createRailRegistry([rail.rail]),
    now: () => clock.now(),
    onRailDefect: (error, name) => {
      defects.push(`rail ${name}: ${textOf(error)}`)
    },
    railTimeoutMs: ground.railTimeoutMs,
    pool,
  })
  scheduler.note(`${process.name} starts`)
  return { process, footing, committer, engine: footing.finish(engine, committer) }
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
