import pg from 'pg'
import { listPayments } from '../src/engine/lists/list-queries.ts'
import { type BenchSettings, say } from './bench-run.ts'
import { type Figure, figureOf, median, quantile, type Round } from './figures.ts'
import { type HttpConnection, openConnection } from './http-connection.ts'
import { type ListGround, type Page, type PageShape, pageShapes } from './list-pages.ts'
import { loadPayments, provisionListMerchants } from './payment-loader.ts'
import type { PaymentStage } from './payment-stage.ts'

/** The smaller of the two sizes that show whether a list stays flat is a tenth. */
const smallShare = 10
const smallRowsMin = 10_000
const warmUpSeconds = 0.3
const names = ['list_first_page', 'list_deep_page', 'list_search'] as const

interface ListBench {
  /** For the floor. */
  readonly client: pg.Client
  /** For the engine's own reads. */
  readonly reads: pg.Pool
  readonly connection: HttpConnection
  readonly host: string
}

/** One page through the gateway; answers its time in milliseconds. Throws unless the page is the one that was meant. */
async function overHttp({ connection, host }: ListBench, { path, apiKey, itemsMin, itemsMax }: Page): Promise<number> {
  const request = `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${apiKey}\r\n\r\n`
  const startedAt = performance.now()
  const { status, body } = await connection.send(request)
  const ms = performance.now() - startedAt
  const found = status === 200 ? (JSON.parse(body) as { readonly data: unknown[] }).data.length : -1
  if (found < itemsMin || found > itemsMax)
    throw new Error(
      `${path}: ${status}, ${found} payments where ${itemsMin} to ${itemsMax} stand: ${body.slice(0, 500)}`,
    )
  return ms
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

interface ShapeSample {
  readonly shape: string
  readonly floor: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** The same page from the engine in this process: without HTTP, the key and the rendering. */
  readonly engineMs: number | undefined
}

/** Takes floor, page and engine in turn, so that other work on the machine meets all three. */
async function measureShape(
  bench: ListBench,
  ground: ListGround,
  shape: PageShape,
  seconds: number,
): Promise<ShapeSample> {
  const times = { floor: [] as number[], page: [] as number[], engine: [] as number[] }
  const endAt = performance.now() + seconds * 1000
  while (performance.now() < endAt) {
    const page = shape.pageOf(ground)
    const { filter } = page
    times.floor.push(await timed(() => bench.client.query({ name: 'floor', text: 'select 1' })))
    times.page.push(await overHttp(bench, page))
    if (filter) times.engine.push(await timed(() => listPayments(bench.reads, page.merchant.scope, filter)))
  }
  const sorted = times.page.toSorted((a, b) => a - b)
  const engineMs = times.engine.length === 0 ? undefined : median(times.engine)
  const [p50Ms, p99Ms] = [quantile(sorted, 0.5), quantile(sorted, 0.99)]
  return { shape: shape.name, floor: median(times.floor), p50Ms, p99Ms, engineMs }
}

/** A figure is its slowest kind of page; the others stand in the detail. */
function roundOf(samples: readonly ShapeSample[]): Round {
  const slowest = samples.toSorted((a, b) => b.p50Ms / b.floor - a.p50Ms / a.floor)[0] as ShapeSample
  const detail = samples.flatMap(({ shape, p50Ms, engineMs }) => [
    [`${shape}Ms`, p50Ms] as const,
    ...(engineMs === undefined ? [] : [[`${shape}EngineMs`, engineMs] as const]),
  ])
  const { p50Ms, p99Ms, floor } = slowest
  return { value: p50Ms, floor, p50Ms, p99Ms, detail: Object.fromEntries(detail) }
}

type Measured = Readonly<Record<(typeof names)[number], Round[]>>

async function measureSize(bench: ListBench, ground: ListGround, settings: BenchSettings): Promise<Measured> {
  const measured: Measured = { list_first_page: [], list_deep_page: [], list_search: [] }
  for (const shape of names.flatMap((name) => pageShapes[name])) await measureShape(bench, ground, shape, warmUpSeconds)
  for (let round = 1; round <= settings.rounds; round += 1) {
    say(`round ${round} of ${settings.rounds}: lists at ${ground.rows} payments`)
    for (const name of names) {
      const samples: ShapeSample[] = []
      const seconds = settings.seconds / pageShapes[name].length
      for (const shape of pageShapes[name]) samples.push(await measureShape(bench, ground, shape, seconds))
      measured[name].push(roundOf(samples))
    }
  }
  return measured
}

/** Pages of payments at `rows` payments, and at a tenth of that: `timesTheSmaller` is how much slower the larger size is. */
export async function measureLists(stage: PaymentStage, settings: BenchSettings): Promise<Figure[]> {
  const merchants = await provisionListMerchants(stage)
  const { baseUrl } = stage.gateway.sandbox
  const client = new pg.Client({ connectionString: stage.url })
  await client.connect()
  const reads = new pg.Pool({ connectionString: stage.url, max: 1 })
  const { rows: rowsAtEnd } = settings
  const measureAt = async (loaded: number, rows: number) => {
    await loadPayments(stage, merchants, loaded, rows, rowsAtEnd)
    // Opened after the load: the gateway hangs up on a caller who is silent for long.
    const connection = await openConnection(baseUrl)
    try {
      const bench: ListBench = { client, reads, connection, host: new URL(baseUrl).host }
      return await measureSize(bench, { merchants, rows, rowsAtEnd }, settings)
    } finally {
      connection.close()
    }
  }
  try {
    const smallRows = Math.max(Math.min(smallRowsMin, rowsAtEnd), Math.floor(rowsAtEnd / smallShare))
    const small = await measureAt(0, smallRows)
    const large = await measureAt(smallRows, rowsAtEnd)
    const ratioOf = (rounds: readonly Round[]) => median(rounds.map(({ value, floor }) => value / floor))
    return names.map((name) => {
      const timesTheSmaller = (ratioOf(large[name]) / ratioOf(small[name])).toFixed(2)
      const detail = { rows: rowsAtEnd, smallRows, timesTheSmaller }
      return figureOf({ name, unit: 'ms', floorName: 'select_1_p50_ms' }, large[name], detail)
    })
  } finally {
    await client.end()
    await reads.end()
  }
}
