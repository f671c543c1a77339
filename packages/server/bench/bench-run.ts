import { setTimeout as sleep } from 'node:timers/promises'
import type { DatabaseStage } from './database-stage.ts'
import { type FloorSample, type FloorTool, measureFloor } from './tpcb-floor.ts'

/** How a run of benchmarks is made. */
export interface BenchSettings {
  /** How long each single measurement takes. */
  readonly seconds: number
  readonly rounds: number
  /** Payments in the lists. */
  readonly rows: number
  /** Payments that stand in the tables before payments are measured. */
  readonly loaded: number
  /** Of TPC-B. */
  readonly scale: number
  readonly floorTool: FloorTool
  /** A server to measure on; undefined means the gateway's embedded one. */
  readonly databaseUrl: string | undefined
  /** Shows the dearest statements after the payments, from pg_stat_statements. */
  readonly statements: boolean
}

const drainTimeoutMs = 300_000
const drainPollMs = 50

/** Says on standard error what is going on: a run takes minutes. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** TPC-B at this many connections, on the stage's server. */
export function floorOf(
  { floorUrl }: { readonly floorUrl: string },
  { floorTool, seconds, scale }: BenchSettings,
  connections: number,
): Promise<FloorSample> {
  return measureFloor(floorTool, floorUrl, connections, seconds, scale)
}

/** The mean of what was measured before and after. */
export function meanFloor(before: FloorSample, after: FloorSample): FloorSample {
  return {
    perSecond: (before.perSecond + after.perSecond) / 2,
    meanMs: (before.meanMs + after.meanMs) / 2,
  }
}

/** Waits until the background work that the commits have asked for is done; answers how long that took, in seconds. */
export async function drain({ pool }: Pick<DatabaseStage, 'pool'>): Promise<number> {
  const started = performance.now()
  while (performance.now() - started < drainTimeoutMs) {
    const { rows } = await pool.query<{ jobs: string; due: string }>(`
      select (select count(*) from graphile_worker._private_jobs) + (select count(*) from event_outbox) as jobs,
        (select count(*) from deliveries where status = 'pending' and due_at is not null) as due`)
    if (rows[0]?.jobs === '0' && rows[0].due === '0') return (performance.now() - started) / 1000
    await sleep(drainPollMs)
  }
  throw new Error('the background work did not end')
}
