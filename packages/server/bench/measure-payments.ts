import { floorOf, meanFloor, say } from './bench-run.ts'
import { type Figure, figureOf, type Round } from './figures.ts'
import { type PaymentBench, type PaymentLoad, runLoad } from './payment-bench.ts'
import { dearestStatements, forgetStatements } from './statement-costs.ts'
import type { FloorSample } from './tpcb-floor.ts'

const floorClients = 8
const spread: PaymentLoad = { name: 'payments_http_32', connections: 32, merchants: 'waiting' }
const wide: PaymentLoad = { name: 'payments_http_256', connections: 256, merchants: 'waiting' }
const hot: PaymentLoad = { name: 'payments_http_hot_32', connections: 32, merchants: 'hot' }
/** The load of the long run too. */
export const withWebhooks: PaymentLoad = { name: 'payments_with_webhooks_64', connections: 64, merchants: 'sending' }

/**
 * The payment figures: every load in every round, each between two measurements of the floor F1. The first load has TPC-B at
 * as many connections before and after it too: its mean latency is the floor of `request_p99_32`.
 */
export async function measurePayments(bench: PaymentBench): Promise<Figure[]> {
  const { stage, settings } = bench
  const rounds = new Map<string, Round[]>()
  const add = (name: string, round: Round) => rounds.set(name, [...(rounds.get(name) ?? []), round])
  if (settings.statements) await forgetStatements(stage)
  for (let round = 1; round <= settings.rounds; round += 1) {
    let before = await floorOf(stage, settings, floorClients)
    let spreadPerSecond = 0
    for (const load of [spread, wide, hot, withWebhooks]) {
      say(`round ${round} of ${settings.rounds}: ${load.name}`)
      const wideBefore = load === spread ? await floorOf(stage, settings, load.connections) : undefined
      const { perSecond, p50Ms, p99Ms, detail } = await runLoad(bench, load, settings.seconds)
      if (wideBefore) {
        const wideFloor = meanFloor(wideBefore, await floorOf(stage, settings, load.connections))
        add('request_p99_32', { value: p99Ms, floor: wideFloor.meanMs, p50Ms, p99Ms })
        spreadPerSecond = perSecond
      }
      const after = await floorOf(stage, settings, floorClients)
      // One merchant is held against many, not against the database.
      const floor = load === hot ? spreadPerSecond : floorAround(before, after)
      add(load.name, { value: perSecond, floor, p50Ms, p99Ms, detail })
      before = after
    }
  }
  if (settings.statements) say(await dearestStatements(stage))
  return figuresOf(rounds, settings.floorTool)
}

function floorAround(before: FloorSample, after: FloorSample): number {
  return meanFloor(before, after).perSecond
}

function figuresOf(rounds: ReadonlyMap<string, readonly Round[]>, floorTool: string): Figure[] {
  const figures = [spread, wide, hot, withWebhooks].map(({ name }) => {
    const floorName = name === hot.name ? spread.name : `tpcb_${floorTool}_c${floorClients}`
    return figureOf({ name, unit: 'payments/s', floorName }, rounds.get(name) ?? [])
  })
  const what = { name: 'request_p99_32', unit: 'ms', floorName: `tpcb_${floorTool}_c${spread.connections}_mean_ms` }
  return [...figures, figureOf(what, rounds.get(what.name) ?? [])]
}
