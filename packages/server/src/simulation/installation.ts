import { type Committer, createCommitter } from '../engine/commit/committer.ts'
import { createMemoryStore, type MemoryStore } from '../engine/commit/memory-store.ts'
import { createEngine, type Engine } from '../engine/create-engine.ts'
import { createManualClock, type ManualClock } from '../kernel/clock.ts'
import { createIdSource, type IdSource } from '../kernel/ids.ts'
import { createRailRegistry } from '../rails/registry.ts'
import { type Chance, createChance } from './chance.ts'
import { connect, type StoreConnection, type StoreFaults } from './faulty-store.ts'
import { createScheduler, type Scheduler, type SimulatedProcess } from './scheduler.ts'
import { createSimulatedRail, type SimulatedRail } from './simulated-rail.ts'

/** A running process of the installation: a committer and an engine over its own connection to the shared store. */
export interface GatewayProcess {
  readonly process: SimulatedProcess
  readonly connection: StoreConnection
  readonly committer: Committer
  readonly engine: Engine
}

/** Everything that outlives a crash: the store, the rail, time and chance. */
export interface Installation {
  readonly chance: Chance
  readonly scheduler: Scheduler
  readonly clock: ManualClock
  readonly shared: MemoryStore
  readonly rail: SimulatedRail
  readonly faults: StoreFaults
  /** What the engine reported as a defect of its own: must stay empty. */
  readonly defects: string[]
  readonly processes: GatewayProcess[]
  /** Starts one more process. */
  start(): GatewayProcess
  /** Ends a process as `kill -9` would. */
  crash(gateway: GatewayProcess): Promise<void>
}

/** Saturday, 21 November 2026, 09:40:14 UTC. */
export const simulationStartAt = Date.UTC(2026, 10, 21, 9, 40, 14)
const tracedNotesMax = 4_000
/** Far beyond any run: real time plays no part in a simulation. */
const railTimeoutMs = 2 ** 31 - 1

/** Puts up an installation with nothing in it. */
export function createInstallation(seed: number): Installation {
  const chance = createChance(seed)
  const scheduler = createScheduler(chance, tracedNotesMax)
  const clock = createManualClock(simulationStartAt)
  const shared = createMemoryStore()
  // The rail is a system of its own: its network outlives our processes, and a crash of ours does not stop a call on its way.
  const outside: SimulatedProcess = { name: 'rail', isAlive: true }
  const rail = createSimulatedRail(chance, (label) => scheduler.pause(outside, label))
  const faults: StoreFaults = { unavailableOneIn: 60, lostReplyOneIn: 30, retryOneIn: 25 }
  const defects: string[] = []
  const processes: GatewayProcess[] = []
  const surroundings: Surroundings = {
    chance,
    scheduler,
    clock,
    shared,
    rail,
    faults,
    defects,
    ids: createIdSource(chance),
  }
  let started = 0
  const start = () => {
    started += 1
    const gateway = startProcess(surroundings, { name: `p${started}`, isAlive: true })
    processes.push(gateway)
    return gateway
  }
  const crash = async (gateway: GatewayProcess) => {
    scheduler.crash(gateway.process)
    processes.splice(processes.indexOf(gateway), 1)
    await gateway.connection.disconnect()
    await scheduler.settle()
  }
  return { chance, scheduler, clock, shared, rail, faults, defects, processes, start, crash }
}

interface Surroundings extends Omit<Installation, 'processes' | 'start' | 'crash'> {
  readonly ids: IdSource
}

function startProcess(surroundings: Surroundings, process: SimulatedProcess): GatewayProcess {
  const { chance, scheduler, clock, shared, rail, faults, defects, ids } = surroundings
  const connection = connect({ shared, scheduler, chance, process, faults })
  const committer = createCommitter({
    store: connection.store,
    sources: { now: () => clock.now(), newId: (_, prefix) => ids.newId(prefix, clock.now()) },
    metrics: { group: () => {}, waited: () => {}, answered: () => {} },
    lanes: chance.pick([1, 2]),
    groupMax: 16,
    queueMax: 64,
    onCommitted: () => {},
    onDefect: (error, command) => defects.push(`${command}: ${textOf(error)}`),
    // A wait would take real time; the callers try again by themselves.
    unavailableBackoffMs: [],
  })
  const engine = createEngine({
    committer,
    store: connection.store,
    rails: createRailRegistry([rail.rail]),
    now: () => clock.now(),
    onRailDefect: (error, name) => {
      defects.push(`rail ${name}: ${textOf(error)}`)
    },
    railTimeoutMs,
    pool: { query: () => Promise.reject(new Error('lists are not part of the simulation')) } as never,
  })
  scheduler.note(`${process.name} starts`)
  return { process, connection, committer, engine }
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
