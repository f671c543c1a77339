import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import type { Dialect, DialectPrincipal, DialectServices } from '../../src/dialects/dialect.ts'
import { monetiflow } from '../../src/dialects/monetiflow/index.ts'
import { paylect } from '../../src/dialects/paylect/index.ts'
import { type ApiScope, apiScopes, hashOfKey } from '../../src/engine/index.ts'
import type { Endpoint } from '../../src/http/endpoint.ts'
import type { HttpSurface } from '../../src/http/surface.ts'
import { type DialectGateway, openDialectGateway } from '../support/dialect-gateway.ts'
import { type IdKind, idSamples, madeObjects, type ObjectIds } from '../support/isolation-objects.ts'

type AnyEndpoint = Endpoint<DialectServices, DialectPrincipal>
interface Route {
  readonly dialect: Dialect
  readonly surface: HttpSurface<DialectServices, DialectPrincipal>
  readonly endpoint: AnyEndpoint
  readonly title: string
}

const dialects = [paylect, monetiflow]
/** Endpoints that no scope guards, each with its reason. */
const scopeless: Readonly<Record<string, string>> = {}
/** What the parameter of a path names, by the words in front of it. */
const pathKinds: Readonly<Record<string, IdKind>> = {
  payments: 'payment',
  refunds: 'refund',
  payouts: 'payout',
  events: 'event',
  transactions: 'transaction',
  customers: 'customer',
  api_keys: 'apiKey',
  webhook_endpoints: 'webhookEndpoint',
  deliveries: 'delivery',
}
/** What a field of a query or a body names; null for a field that looks like a name of an object and is none of ours. */
const fieldKinds: Readonly<Record<string, IdKind | null>> = {
  payment_id: 'payment',
  object_id: 'payment',
  customer: 'customer',
  endpoint_id: 'webhookEndpoint',
  event_id: 'event',
  // The merchant's own name for a customer, made when it is new.
  customer_id: null,
  upi_id: null,
}
let gateway: DialectGateway
let routes: readonly Route[]
let foreign: ObjectIds
let live: ObjectIds
let own: ObjectIds

beforeAll(async () => {
  gateway = await openDialectGateway(dialects)
  own = await madeObjects(gateway, gateway.scope, 1)
  foreign = await madeObjects(gateway, gateway.otherScope, 4)
  live = await madeObjects(gateway, { ...gateway.scope, mode: 'live' }, 8)
  routes = dialects.flatMap((dialect) => {
    const surface = dialect.surface(gateway.services)
    return surface.endpoints.map((endpoint) => {
      return { dialect, surface, endpoint, title: `${dialect.name} ${endpoint.method} ${endpoint.path}` }
    })
  })
})
afterAll(() => gateway.close())

function idOf(ids: ObjectIds, { dialect }: Route, kind: IdKind): string {
  const id = ids[kind]
  if (id === undefined) throw new Error(`test/support/isolation-objects.ts makes no ${kind}: add a maker for it`)
  return typeof id === 'string' ? id : id(dialect.name)
}

function kindOfPath({ endpoint, title }: Route, name: string): IdKind {
  const word = new RegExp(`/(\\w+)/:${name}`).exec(endpoint.path)?.[1] ?? ''
  const kind = pathKinds[word]
  if (!kind) throw new Error(`${title}: say in pathKinds what /${word}/:${name} names, and add a maker for it`)
  return kind
}

/** Every place of an endpoint that names an object. */
function placesOf(route: Route) {
  const { endpoint, title } = route
  const params = [...endpoint.path.matchAll(/:(\w+)/g)].map(([, name = '']) => {
    return { part: 'params', name, kind: kindOfPath(route, name) } as const
  })
  const fields = (['query', 'body'] as const).flatMap((part) => {
    const schema = endpoint[part]
    const names = schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
    return names.flatMap((name) => {
      const looks = /_ids?$/.test(name)
      const kind = fieldKinds[name]
      if (looks && kind === undefined) throw new Error(`${title}: say in fieldKinds what ${name} names`)
      const isName = kind && (looks || endpoint[part] === endpoint.query)
      return isName ? [{ part, name, kind }] : []
    })
  })
  return [...params, ...fields]
}

type Place = ReturnType<typeof placesOf>[number]

async function send(route: Route, ids: ObjectIds, key: string, place?: Place, id?: string) {
  const { endpoint, surface } = route
  const example = (endpoint.examples ?? []).find(({ request }) => request?.body)?.request?.body as object | undefined
  const path = endpoint.path.replace(/:(\w+)/g, (_, name: string) => {
    const named = place?.part === 'params' && place.name === name ? id : undefined
    return encodeURIComponent(named ?? idOf(ids, route, kindOfPath(route, name)))
  })
  const search = place?.part === 'query' ? `?${new URLSearchParams({ [place.name]: id ?? '' })}` : ''
  const body = place?.part === 'body' ? { ...example, [place.name]: id } : example
  const answer = await gateway.app.inject({
    method: endpoint.method,
    url: surface.mount + path + search,
    headers: { authorization: `Bearer ${key}` },
    ...(endpoint.body && body ? { payload: body } : {}),
  })
  return { status: answer.statusCode, body: answer.body.replace(/req_[0-9a-z]+/g, 'req') }
}

describe('every endpoint of every dialect', () => {
  test('refuses a key that lacks one of its scopes, names the scope and changes nothing', async () => {
    for (const route of routes) {
      const { dialect, endpoint, title } = route
      if (endpoint.scopes.length === 0) expect(Object.keys(scopeless), `${title} asks for no scope`).toContain(title)
      for (const scope of endpoint.scopes) {
        const key = await keyWithout(dialect, scope as ApiScope)
        const before = await gateway.rowCounts()
        const answer = await send(route, own, key)
        expect(answer.status, `${title} without ${scope}: ${answer.body}`).toBe(403)
        expect(answer.body, title).toContain(scope)
        expect(await gateway.rowCounts(), title).toEqual(before)
      }
    }
  })

  test('answers for what another merchant or mode has as for what does not exist, and changes nothing', async () => {
    let places = 0
    for (const route of routes) {
      for (const place of placesOf(route)) {
        const title = `${route.title}, ${place.name}`
        const key = gateway.key(route.dialect, 'main')
        const none = await send(route, own, key, place, idSamples[place.kind](route.dialect.name))
        expect(none.status, `${title}: ${none.body}`).toBe(404)
        for (const ids of [foreign, live]) {
          gateway.forgetCalls()
          const before = await gateway.rowCounts()
          const answer = await send(route, own, key, place, idOf(ids, route, place.kind))
          expect(answer, title).toEqual(none)
          expect(await gateway.rowCounts(), title).toEqual(before)
          places += 1
        }
      }
    }
    expect(places).toBeGreaterThan(20)
  })
})

async function keyWithout(dialect: Dialect, without: ApiScope): Promise<string> {
  const { apiKey } = dialect.newCredentials('sandbox')
  const scopes = apiScopes.filter((scope) => scope !== without)
  const key = {
    dialect: dialect.name,
    name: `without ${without}`,
    keyHash: hashOfKey(apiKey),
    hint: apiKey.slice(-4),
    scopes,
  }
  await gateway.engine.access.issueCredentials({ scope: gateway.scope, apiKeys: [key], webhookEndpoints: [] })
  return apiKey
}
