import type { Committer } from '../engine/commit/committer.ts'
import { type EngineEvent, eventKind } from '../engine/commit/event.ts'
import { createMemoryStore, type MemoryStore } from '../engine/commit/memory-store.ts'
import type { Store } from '../engine/commit/store.ts'
import type { Engine } from '../engine/create-engine.ts'
import { type Delivery, deliveryKind } from '../engine/webhooks/delivery.ts'
import { releaseDelivery } from '../engine/webhooks/park-delivery.ts'
import { webhookEndpointKind } from '../engine/webhooks/webhook-endpoint.ts'
import type { Scope } from '../kernel/scope.ts'
import type { Chance } from './chance.ts'
import { connect, type StoreFaults } from './faulty-store.ts'
import { fanOutJob, type Ground } from './ground.ts'
import { createScheduler, type Scheduler, type SimulatedProcess } from './scheduler.ts'

/** Far beyond any run: real time plays no part here, and the rail itself acts out what a time-out leaves behind. */
const railTimeoutMs = 2 ** 31 - 1

/** Creates the ground of a run in memory: every await is the scheduler's, so a seed replays. */
export function createMemoryGround(chance: Chance, faults: StoreFaults, traceMax: number): Ground {
  const scheduler = createScheduler(chance, traceMax)
  const memory = createMemoryStore()
  let commits = 0
  const begin: Store['begin'] = async () => {
    const tx = await memory.begin()
    return {
      ...tx,
      commit: async (writes) => {
        await tx.commit(writes)
        commits += 1
      },
    }
  }
  const counted: MemoryStore = { ...memory, begin }
  return {
    scheduler,
    shared: {
      look: async () => {},
      rows: memory.rows,
      takeJobs: async () => [...memory.takeJobs(), ...memory.takeOutbox().map(fanOutJob)],
      nextDue: memory.nextDue,
    },
    checkEvery: 1,
    commits: () => commits,
    railTimeoutMs,
    disturb: undefined,
    open: async (process) => {
      const { store, disconnect } = connect({ shared: counted, scheduler, chance, process, faults })
      return {
        store,
        pool: { query: () => Promise.reject(new Error('lists are not part of the simulation')) } as never,
        finish: (engine, committer) => withMemoryReads({ engine, committer, store, memory, scheduler, process }),
        lose: disconnect,
        close: async () => {},
      }
    },
    prove: async () => [],
  }
}

interface MemoryReads {
  readonly engine: Engine
  readonly committer: Committer
  /** The process's own way, with its faults. */
  readonly store: Store
  readonly memory: MemoryStore
  readonly scheduler: Scheduler
  readonly process: SimulatedProcess
}

/** The engine's reads that are SQL in production, over the rows in memory, for what the workers need. */
function withMemoryReads({ engine, committer, store, memory, scheduler, process }: MemoryReads): Engine {
  const seen = async <Answer>(label: string, read: () => Answer): Promise<Answer> => {
    await scheduler.pause(process, label)
    const answer = read()
    await scheduler.pause(process, `has read: ${label}`)
    return answer
  }
  return {
    ...engine,
    events: {
      ...engine.events,
      feed: (scope, { after, limit }) =>
        seen('feed', () => {
          const isNew = (event: EngineEvent) => isOf(scope, event) && event.number > after
          const items = memory
            .rows(eventKind)
            .filter(isNew)
            .sort((a, b) => Number(a.number - b.number))
          return { items: items.slice(0, limit), hasMore: items.length > limit }
        }),
      objectSequences: (events) => seen('sequences', () => sequencesOf(memory.rows(eventKind), events)),
    },
    webhooks: {
      ...engine.webhooks,
      claim: async ({ mode, dueBy, leaseUntil, limit }) => {
        const kind = deliveryKind as unknown as Parameters<Store['claimDue']>[0]['kind']
        const claimed = await store.claimDue({ kind, mode, dueBy, leaseUntil, limit })
        return claimed as unknown as readonly Delivery[]
      },
      listeningEndpoints: (scopes) =>
        seen('endpoints', () =>
          memory
            .rows(webhookEndpointKind)
            .filter((row) => scopes.some((scope) => isOf(scope, row)))
            .filter(({ status }) => status === 'enabled' || status === 'paused'),
        ),
      release: async (scope, endpointId, limit) => {
        const waits = (row: Delivery) =>
          isOf(scope, row) && row.endpointId === endpointId && row.status === 'pending' && row.dueAt === null
        const waiting = await seen('waiting deliveries', () => memory.rows(deliveryKind).filter(waits).slice(0, limit))
        const released = await Promise.all(
          waiting.map(({ id: deliveryId }) => committer.submit(releaseDelivery, { scope, deliveryId, endpointId })),
        )
        return released.filter(({ result }) => result).length
      },
    },
  }
}

function sequencesOf(all: readonly EngineEvent[], wanted: readonly EngineEvent[] | readonly PlacedEvent[]): number[] {
  return wanted.map(
    (event) =>
      all.filter((other) => isOf(event, other) && other.objectId === event.objectId && other.number <= event.number)
        .length,
  )
}

type PlacedEvent = Pick<EngineEvent, 'merchantId' | 'mode' | 'objectId' | 'number'>

function isOf(scope: Scope, row: Scope): boolean {
  return row.merchantId === scope.merchantId && row.mode === scope.mode
}
