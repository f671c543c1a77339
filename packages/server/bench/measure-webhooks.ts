import { setTimeout as sleep } from 'node:timers/promises'
import { say } from './bench-run.ts'
import { runChild } from './children.ts'
import { type Figure, figureOf, type Round } from './figures.ts'
import type { PaymentBench } from './payment-bench.ts'
import type { PostLoadInput, PostLoadOutput } from './post-load.ts'

const floorConnections = 64
/** More than the sender can do in the time, so that it is never idle. */
const deliveriesPerSecondAtMost = 4_000
const pollMs = 20
const timeoutMs = 300_000

/** Deliveries a second that are claimed, signed, sent and recorded, beside bare signed POSTs to the same receiver. */
export async function measureWebhooks(bench: PaymentBench): Promise<Figure> {
  const { stage, settings, receiver } = bench
  const count = deliveriesPerSecondAtMost * settings.seconds
  const rounds: Round[] = []
  for (let round = 1; round <= settings.rounds; round += 1) {
    say(`round ${round} of ${settings.rounds}: webhook_deliveries`)
    const before = await bareRate(bench)
    await receiver.reset()
    await insertDeliveries(bench, count, round)
    const value = await rateUntilDelivered(bench, count)
    const after = await bareRate(bench)
    rounds.push({ value, floor: (before + after) / 2 })
  }
  const { rows } = await stage.pool.query<{ attempts: string }>(
    `select count(*) as attempts from delivery_attempts where delivery_id like 'del_bench_%'`,
  )
  const attempts = Number(rows[0]?.attempts)
  if (attempts !== count * settings.rounds)
    throw new Error(`${attempts} attempts for ${count * settings.rounds} deliveries`)
  const what = { name: 'webhook_deliveries', unit: 'deliveries/s', floorName: 'bare_signed_undici_pool_posts' }
  return figureOf(what, rounds, { deliveriesARound: count })
}

async function bareRate({ stage, settings, receiver }: PaymentBench): Promise<number> {
  const { rows } = await stage.pool.query<{ body: string }>('select body from deliveries limit 1')
  const body = rows[0]?.body
  if (body === undefined) throw new Error('there is no delivery whose body could be sent')
  const input: PostLoadInput = { url: receiver.url, connections: floorConnections, seconds: settings.seconds, body }
  return (await runChild<PostLoadOutput>('post-load.ts', input, settings.seconds)).perSecond
}

/** Copies deliveries that have been made by payments, all due now and spread over the merchants, each of another object. */
async function insertDeliveries({ stage, sending }: PaymentBench, count: number, round: number): Promise<void> {
  await stage.pool.query(
    `with sample as (
       select distinct on (merchant_id) * from deliveries
       where merchant_id = any($3) and id not like 'del_bench_%' order by merchant_id, id
     ), numbered as (select *, row_number() over () - 1 as position, count(*) over () as merchants from sample)
     insert into deliveries (merchant_id, mode, id, event_id, event_number, event_type, object_id, endpoint_id, target,
       url, lane, dialect, body, headers, status, attempts_made, due_at, last_outcome, created_at, updated_at, finished_at,
       revision)
     select merchant_id, mode, format('del_bench_%s_%s', $2::integer, n), event_id, 1000000000 + $2 * 10000000 + n, event_type,
       format('pay_bench_%s_%s', $2, n), endpoint_id, target, url, lane, dialect, body, headers, 'pending', 0, now(), null,
       now(), now(), null, 0
     from generate_series(0, $1::integer - 1) n join numbered on position = n % merchants`,
    [count, round, sending.map(({ scope }) => scope.merchantId)],
  )
}

/** From the first POST that arrives until the last delivery is recorded as delivered. */
async function rateUntilDelivered({ stage, receiver }: PaymentBench, count: number): Promise<number> {
  const deadline = performance.now() + timeoutMs
  while (performance.now() < deadline) {
    const { rows } = await stage.pool.query<{ left: string }>(
      `select count(*) as left from deliveries where due_at is not null and status = 'pending'`,
    )
    if (rows[0]?.left === '0') {
      const endAtMs = Date.now()
      const stats = await receiver.stats()
      if (stats.count !== count) throw new Error(`${stats.count} POSTs arrived for ${count} deliveries`)
      return count / ((endAtMs - stats.firstAtMs) / 1000)
    }
    await sleep(pollMs)
  }
  throw new Error('the deliveries were not sent in time')
}
