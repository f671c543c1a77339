import type { Pool } from 'pg'
import { floorOf, meanFloor, say } from './bench-run.ts'
import { type Figure, figureOf } from './figures.ts'
import { withWebhooks } from './measure-payments.ts'
import { type PaymentBench, runLoad } from './payment-bench.ts'

const floorClients = 8
const reportSecondsMax = 60
const megabyte = 1_000_000
const tablesShown = 6

/** What the server has done by itself so far. */
interface Upkeep {
  readonly checkpointsTimed: number
  readonly checkpointsRequested: number
  readonly autovacuums: number
  readonly databaseMegabytes: number
}

/**
 * Payments with webhooks for many minutes without a pause, so that checkpoints and autovacuum fall inside. Says on standard
 * error what each minute gave; the figure is the whole run between two measurements of the floor.
 */
export async function measureSustained(bench: PaymentBench, minutes: number): Promise<Figure> {
  const { stage, settings, receiver } = bench
  const seconds = minutes * 60
  const before = await floorOf(stage, settings, floorClients)
  const atStart = await readUpkeep(stage.pool)
  let last = { ...atStart, delivered: (await receiver.stats()).count }
  let reports = Promise.resolve()
  let interval = 0
  const rates: number[] = []
  const sample = await runLoad(bench, withWebhooks, seconds, Math.min(reportSecondsMax, seconds + 1), (output) => {
    reports = reports.then(async () => {
      interval += 1
      const now = { ...(await readUpkeep(stage.pool)), delivered: (await receiver.stats()).count }
      const perSecond = output.payments / output.elapsedSeconds
      rates.push(perSecond)
      say(
        [
          `minute ${interval}: ${Math.round(perSecond)} payments/s`,
          `${Math.round((now.delivered - last.delivered) / output.elapsedSeconds)} deliveries/s`,
          `p50 ${output.p50Ms.toFixed(1)} ms, p99 ${output.p99Ms.toFixed(1)} ms`,
          `checkpoints +${now.checkpointsTimed - last.checkpointsTimed} timed +${now.checkpointsRequested - last.checkpointsRequested} requested`,
          `autovacuums +${now.autovacuums - last.autovacuums}`,
          `database ${now.databaseMegabytes} MB`,
        ].join(', '),
      )
      last = now
    })
  })
  await reports
  const floor = meanFloor(before, await floorOf(stage, settings, floorClients)).perSecond
  const atEnd = await readUpkeep(stage.pool)
  say(await tableSizes(stage.pool))
  const { perSecond: value, p50Ms, p99Ms, detail } = sample
  const what = {
    name: 'payments_sustained_64',
    unit: 'payments/s',
    floorName: `tpcb_${settings.floorTool}_c${floorClients}`,
  }
  return figureOf(what, [{ value, floor, p50Ms, p99Ms, detail }], {
    minutes,
    slowestMinute: Math.round(Math.min(...rates)),
    fastestMinute: Math.round(Math.max(...rates)),
    checkpoints:
      atEnd.checkpointsTimed + atEnd.checkpointsRequested - atStart.checkpointsTimed - atStart.checkpointsRequested,
    autovacuums: atEnd.autovacuums - atStart.autovacuums,
    databaseMegabytes: atEnd.databaseMegabytes,
  })
}

async function readUpkeep(pool: Pool): Promise<Upkeep> {
  // PostgreSQL 17 has moved the counts of checkpoints into a view of their own.
  const { rows: views } = await pool.query("select to_regclass('pg_catalog.pg_stat_checkpointer') is not null as has")
  const checkpoints = views[0]?.has
    ? 'select num_timed as timed, num_requested as requested from pg_stat_checkpointer'
    : 'select checkpoints_timed as timed, checkpoints_req as requested from pg_stat_bgwriter'
  const { rows } = await pool.query<Record<'timed' | 'requested' | 'autovacuums' | 'bytes', string>>(
    `select c.timed, c.requested, pg_database_size(current_database()) as bytes,
       (select sum(autovacuum_count + autoanalyze_count) from pg_stat_user_tables) as autovacuums
     from (${checkpoints}) c`,
  )
  const row = rows[0]
  return {
    checkpointsTimed: Number(row?.timed),
    checkpointsRequested: Number(row?.requested),
    autovacuums: Number(row?.autovacuums),
    databaseMegabytes: Math.round(Number(row?.bytes) / megabyte),
  }
}

/** The largest tables with their indexes, their dead rows, and how often each was vacuumed. */
async function tableSizes(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ line: string }>(
    `select format('%s: %s MB, %s rows, %s dead, %s autovacuums', relname, pg_total_relation_size(relid) / 1000000,
       n_live_tup, n_dead_tup, autovacuum_count) as line
     from pg_stat_user_tables order by pg_total_relation_size(relid) desc limit $1`,
    [tablesShown],
  )
  return rows.map(({ line }) => line).join('\n')
}
