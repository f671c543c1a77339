import { randomInt } from 'node:crypto'
import { idOf } from '../src/dialects/monetiflow/ids.ts'
import type { ListFilter } from '../src/engine/lists/list-queries.ts'
import type { BenchMerchant } from './bench-engine.ts'
import { customersOf, loadedAtMs, loadedId } from './payment-loader.ts'

/** What the lists are measured over; see `loadPayments` for how number, merchant and customer hang together. */
export interface ListGround {
  readonly merchants: readonly BenchMerchant[]
  /** Payments that stand. */
  readonly rows: number
  /** Payments that will stand at the end: they decide how many customers there are. */
  readonly rowsAtEnd: number
}

/** One page: what is asked over HTTP, how many objects must come, and the same page as the engine's filter where it has one. */
export interface Page {
  readonly merchant: BenchMerchant
  readonly path: string
  readonly apiKey: string
  readonly itemsMin: number
  readonly itemsMax: number
  readonly filter?: ListFilter
}

/** A way to ask for a page. Each call asks for another one. */
export interface PageShape {
  readonly name: string
  pageOf(ground: ListGround): Page
}

const limit = 25
const dayMs = 86_400_000
const full = { itemsMin: limit, itemsMax: limit } as const

type Query = Readonly<Record<string, string | number>>

/** Some payment of the older half, but not so old that the page behind it runs out, and its merchant. */
function pick({ merchants, rows }: ListGround): { readonly number: number; readonly merchant: BenchMerchant } {
  const number = randomInt(Math.min(limit * merchants.length * 4, Math.floor(rows / 4)), Math.floor(rows / 2))
  return { number, merchant: merchants[number % merchants.length] as BenchMerchant }
}

function overHouse(merchant: BenchMerchant, query: Query): Pick<Page, 'merchant' | 'path' | 'apiKey'> {
  return { merchant, path: pathOf('/v1/payments', { limit, ...query }), apiKey: merchant.apiKey }
}

/** A page of the house API whose query has the names of the engine's filter. */
function house(
  name: string,
  queryOf: (number: number) => Omit<ListFilter, 'limit'> = () => ({}),
  items: Pick<Page, 'itemsMin' | 'itemsMax'> = full,
): PageShape {
  return {
    name,
    pageOf: (ground) => {
      const { number, merchant } = pick(ground)
      const query = queryOf(number)
      return { ...overHouse(merchant, query as Query), ...items, filter: { limit, ...query } }
    },
  }
}

/** A page of Monetiflow, which also counts what the filter holds, up to its limit. */
function overMonetiflow(name: string, queryOf: (number: number, merchant: BenchMerchant) => Query): PageShape {
  return {
    name: `monetiflow_${name}`,
    pageOf: (ground) => {
      const { number, merchant } = pick(ground)
      const { monetiflowKeys } = merchant
      const path = pathOf('/monetiflow/v2/payments', { limit, ...queryOf(number, merchant) })
      return { merchant, path, apiKey: monetiflowKeys[randomInt(monetiflowKeys.length)] ?? '', ...full }
    },
  }
}

function pathOf(path: string, query: Query): string {
  const given = Object.entries(query).map(([key, value]): [string, string] => [key, String(value)])
  return `${path}?${new URLSearchParams(given)}`
}

const ofCustomer: PageShape = {
  name: 'customer',
  pageOf: (ground) => {
    const { number, merchant } = pick(ground)
    const count = ground.merchants.length
    const customer = Math.floor(number / count) % customersOf(ground.rowsAtEnd, count)
    return { ...overHouse(merchant, { customer: `customer-${customer}` }), itemsMin: 1, itemsMax: limit }
  },
}

const ofDay: PageShape = {
  name: 'day',
  pageOf: (ground) => {
    const { number, merchant } = pick(ground)
    const created_to = new Date(loadedAtMs(number)).toISOString()
    const created_from = new Date(loadedAtMs(number) - dayMs).toISOString()
    return { ...overHouse(merchant, { created_from, created_to }), ...full }
  },
}

/** The pages behind each figure: both APIs, and every filter that they offer. Nothing is searched by e-mail or metadata. */
export const pageShapes: Readonly<Record<'list_first_page' | 'list_deep_page' | 'list_search', readonly PageShape[]>> =
  {
    list_first_page: [house('house'), overMonetiflow('list', () => ({}))],
    list_deep_page: [
      house('house', (number) => ({ after: loadedId(number) })),
      overMonetiflow('list', (number, { scope }) => ({ starting_after: idOf('payment', scope, BigInt(number)) })),
    ],
    list_search: [
      house('reference', (number) => ({ reference: `order-${number}` }), { itemsMin: 1, itemsMax: 1 }),
      house('reference_absent', (number) => ({ reference: `nobody-${number}` }), { itemsMin: 0, itemsMax: 0 }),
      ofCustomer,
      house('status', () => ({ status: 'expired' })),
      house('status_deep', (number) => ({ status: 'expired', after: loadedId(number) })),
      ofDay,
      overMonetiflow('status', () => ({ status: 'expired' })),
    ],
  }
