import { post } from '../src/engine/commit/changes.ts'
import { accept, defineCommand, present } from '../src/engine/commit/command.ts'
import { accountFact } from '../src/engine/commit/ledger-kinds.ts'
import { money } from '../src/kernel/money.ts'
import type { Scope } from '../src/kernel/scope.ts'
import { clearingCode } from '../src/ledger/chart.ts'
import { type BenchEngine, provisionMerchants, withBenchEngine } from './bench-engine.ts'
import { type BenchSettings, floorOf, meanFloor, say } from './bench-run.ts'
import { countStage, type DatabaseStage } from './database-stage.ts'
import { type Figure, figureOf, quantile, type Round } from './figures.ts'
import type { PaymentStage } from './payment-stage.ts'

const callers = 32
const floorClients = 8
const merchantsCount = 64

/** The smallest command that moves money: one balanced transfer, chained and with both balances. Nothing but the ledger knows its subject. */
const postOne = defineCommand({
  name: 'post_one',
  facts: (c: { readonly scope: Scope; readonly postingId: string }) => ({
    clearing: accountFact(c.scope, clearingCode('simulator'), 'INR'),
    available: accountFact(c.scope, 'available', 'INR'),
  }),
  decide({ clearing, available }, c) {
    const origin = { reason: 'payment_captured', subject: { kind: 'benchmark', id: c.postingId } } as const
    const transfer = post(present(clearing, 'clearing'), present(available, 'available'), money(25_000n, 'INR'), origin)
    return accept(c.postingId, [transfer])
  },
})

/** Postings a second through the committer, by 32 callers in one process, for 64 merchants and for one. */
export async function measureLedger(stage: PaymentStage, settings: BenchSettings): Promise<Figure[]> {
  return withBenchEngine(stage.url, 2, async (opened) => {
    const merchants = await provisionMerchants(opened.engine, 'ledger', merchantsCount)
    const scopes = merchants.map(({ scope }) => scope)
    const figures = { ledger_postings: scopes, ledger_postings_hot: scopes.slice(0, 1) }
    const rounds: Record<keyof typeof figures, Round[]> = { ledger_postings: [], ledger_postings_hot: [] }
    await postFor(stage, opened, scopes, 1)
    for (let round = 1; round <= settings.rounds; round += 1) {
      for (const name of ['ledger_postings', 'ledger_postings_hot'] as const) {
        say(`round ${round} of ${settings.rounds}: ${name}`)
        const before = await floorOf(stage, settings, floorClients)
        const sample = await postFor(stage, opened, figures[name], settings.seconds)
        const floor = meanFloor(before, await floorOf(stage, settings, floorClients))
        rounds[name].push({ ...sample, floor: floor.perSecond })
      }
    }
    const what = { unit: 'postings/s', floorName: `tpcb_${settings.floorTool}_c8` }
    return Object.entries(rounds).map(([name, measured]) => figureOf({ ...what, name }, measured))
  })
}

async function postFor(
  stage: DatabaseStage,
  { committer }: BenchEngine,
  scopes: readonly Scope[],
  seconds: number,
): Promise<Omit<Round, 'floor'>> {
  const before = await countStage(stage)
  const started = performance.now()
  const endAt = started + seconds * 1000
  const latencies: number[] = []
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      const scope = scopes[caller % scopes.length] as Scope
      while (performance.now() < endAt) {
        const startedAt = performance.now()
        await committer.submit(postOne, { scope, postingId: `posting_${caller}` })
        latencies.push(performance.now() - startedAt)
      }
    }),
  )
  const elapsedSeconds = (performance.now() - started) / 1000
  const posted = (await countStage(stage)).transfers - before.transfers
  if (posted !== latencies.length) throw new Error(`${posted} transfers stand for ${latencies.length} postings`)
  latencies.sort((a, b) => a - b)
  return { value: posted / elapsedSeconds, p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99) }
}
