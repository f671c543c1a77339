import fc from 'fast-check'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import * as z from 'zod'
import type { Engine } from '../engine/index.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { badBodies, type SampleRequest, strangeRequest } from '../http/hostile-requests.ts'
import type { HttpSurface } from '../http/surface.ts'
import { EngineError, type ErrorKind, errorKinds } from '../kernel/engine-error.ts'
import type { Scope } from '../kernel/scope.ts'
import {
  type ContractChecks,
  createContractChecks,
  describeExamples,
  type ExampleBench,
} from './conformance-examples.ts'
import type { Dialect, DialectPrincipal, DialectServices } from './dialect.ts'

/** Whose key a request carries: `main` may do everything, `other` is another merchant's, `unscoped` has no scope, `live` is the main merchant's live one. */
export type ConformanceRole = 'main' | 'other' | 'unscoped' | 'revoked' | 'suspended' | 'live'

/** A server with one merchant's data, on a database of its own. */
export interface ConformanceGateway {
  readonly app: Pick<FastifyInstance, 'inject'>
  readonly engine: Engine
  readonly services: DialectServices
  /** The main merchant in the sandbox. */
  readonly scope: Scope
  /** The other merchant in the sandbox. */
  readonly otherScope: Scope
  key(dialect: Dialect, role: ConformanceRole): string
  /** Numbers that any write changes: rows by table, and the journals' counters. */
  rowCounts(): Promise<Readonly<Record<string, number>>>
  /** Lets every window of the rate limits pass. */
  forgetCalls(): void
  /** What the server logged as errors of its own. Must stay empty. */
  readonly failures: readonly unknown[]
  close(): Promise<void>
}

/** A request that a key of the gateway's `scope` gets a success for; called anew for each use, it may make what it names. */
export type AcceptedRequest = (gateway: ConformanceGateway) => Promise<SampleRequest>

/** What the suite needs to know of a dialect. Endpoints are named `POST /v2/payments`. */
export interface DialectSamples extends Partial<ExampleBench<AnyEndpoint>['samples']> {
  credentials(key: string): Readonly<Record<string, string>>
  /** Headers that look like credentials and are none. */
  readonly badCredentials: readonly Readonly<Record<string, string>>[]
  readonly errorBody: z.ZodType
  /** The status of each kind, as the dialect's document has it. */
  readonly statuses: Readonly<Record<ErrorKind, number>>
  /** One for every endpoint. */
  readonly accepted: Readonly<Record<string, AcceptedRequest>>
  /** Endpoints whose accepted request names an object of the merchant. */
  readonly naming: readonly string[]
  /** Fields that only the first answer shows, by endpoint; an answer given again has null there. */
  readonly shownOnce?: Readonly<Record<string, readonly string[]>>
  /** What makes an endpoint's accepted body another one that it would accept, where `amount` is no field of it. */
  readonly otherwise?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** A request whose second sending is refused as a conflict, where the dialect has references that are used once. */
  readonly duplicate?: { readonly endpoint: string; readonly request: AcceptedRequest }
}

/** What `dialectConformance` is called with. */
export interface DialectConformanceOptions {
  readonly dialect: Dialect
  readonly openGateway: () => Promise<ConformanceGateway>
  readonly samples: DialectSamples
}

type AnyEndpoint = Endpoint<DialectServices, DialectPrincipal>
type Named = readonly [name: string, endpoint: AnyEndpoint]
type Headers = Readonly<Record<string, string>>
type Answer = LightMyRequestResponse

/** A dialect in a running gateway: what every part of the suite works with. */
interface Bench extends DialectConformanceOptions {
  readonly gateway: ConformanceGateway
  readonly surface: HttpSurface<DialectServices, DialectPrincipal>
  readonly contract: ContractChecks
  endpoints(wanted?: (endpoint: AnyEndpoint) => boolean): readonly Named[]
  /** Sends a sample, or `payload` in place of its body; with the main key unless `headers` say otherwise. */
  send(endpoint: AnyEndpoint, sample: SampleRequest, headers?: Headers, payload?: string | Buffer): Promise<Answer>
  accepted(name: string, scope?: Scope): Promise<SampleRequest>
  headersOf(role: ConformanceRole): Headers
}

const json = { 'content-type': 'application/json' }
const fuzzRuns = 60
/** A surface whose shortest window is larger is not driven to its limit. */
const limitDrivenMax = 2_000
const callsAtOnce = 50

/**
 * The suite that every dialect must pass, over HTTP and a real database. Call it in a test file of the dialect. Nothing
 * that is refused may change anything, nothing that a caller sends may be answered with a failure of ours, and
 * everything that is answered must fit what the endpoint declares.
 */
export function dialectConformance(options: DialectConformanceOptions): void {
  describe(`${options.dialect.name} keeps the contract of a dialect`, () => {
    let bench: Bench
    beforeAll(async () => {
      bench = benchOf(options, await options.openGateway())
    })
    afterAll(async () => {
      const { failures } = bench.gateway
      await bench.gateway.close()
      expect(failures, 'failures of ours that were logged').toEqual([])
    })
    beforeEach(() => bench.gateway.forgetCalls())
    describeAnswers(() => bench)
    describeExamples(() => bench)
    describeCredentials(() => bench)
    describePaths(() => bench)
    describeBodies(() => bench)
    describeIdempotency(() => bench)
    describeErrors(() => bench)
    describeRateLimit(() => bench)
    describeChance(() => bench)
  })
}

function benchOf(options: DialectConformanceOptions, gateway: ConformanceGateway): Bench {
  const surface = options.dialect.surface(gateway.services)
  const contract = createContractChecks(surface)
  const headersOf = (role: ConformanceRole) => options.samples.credentials(gateway.key(options.dialect, role))
  return {
    ...options,
    gateway,
    surface,
    contract,
    headersOf,
    endpoints: (wanted = () => true) =>
      surface.endpoints.filter(wanted).map((endpoint) => [`${endpoint.method} ${endpoint.path}`, endpoint] as const),
    send: async (endpoint, sample, headers = headersOf('main'), payload = undefined) => {
      const body = payload ?? sample.body
      const request = { method: endpoint.method, url: urlOf(surface, endpoint, sample), headers }
      const answer = await gateway.app.inject(body === undefined ? request : { ...request, payload: body })
      contract.expectTold(endpoint, answer, `${endpoint.method} ${endpoint.path}`)
      return answer
    },
    accepted: (name, scope = gateway.scope) => {
      const make = options.samples.accepted[name]
      if (!make) throw new Error(`The samples have no accepted request for ${name}`)
      return make({ ...gateway, scope })
    },
  }
}

function urlOf({ mount }: { readonly mount: string }, { path }: AnyEndpoint, { params, query }: SampleRequest): string {
  const filled = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params?.[name] ?? 'absent'))
  const search = new URLSearchParams(query).toString()
  return mount + filled + (search === '' ? '' : `?${search}`)
}

/** The answer is a refusal in the dialect's own form. Where a status is given, it is exactly that one. */
function expectRefusal({ samples }: Bench, answer: Answer, title: string, status?: number): void {
  expect(answer.statusCode, `${title}: ${answer.body}`).toBeGreaterThanOrEqual(400)
  expect(answer.statusCode, `${title}: ${answer.body}`).toBeLessThan(500)
  // A call that the rate limit refuses says nothing about what was meant to be tested.
  if (status === undefined) expect(answer.statusCode, title).not.toBe(samples.statuses.rate_limited)
  else expect(answer.statusCode, `${title}: ${answer.body}`).toBe(status)
  expect(samples.errorBody.safeParse(answer.json()).error, title).toBeUndefined()
  expect(answer.headers['cache-control'], title).toBe('no-store')
}

/** The answer is a success that holds exactly what the endpoint declares. */
function expectFits(endpoint: AnyEndpoint, answer: Answer, title: string): void {
  const schema = endpoint.response[answer.statusCode]
  expect(schema, `${title} answered ${answer.statusCode}: ${answer.body}`).toBeDefined()
  if (!schema) return
  const body: unknown = answer.body === '' ? undefined : answer.json()
  expect(z.encode(schema, schema.parse(body)), title).toEqual(body)
}

/** Runs `refused` and checks that it changed nothing. */
async function expectUnchanged({ gateway }: Bench, refused: () => Promise<void>): Promise<void> {
  const before = await gateway.rowCounts()
  await refused()
  expect(await gateway.rowCounts(), 'what was refused changed something').toEqual(before)
}

function describeAnswers(bench: () => Bench): void {
  test('every endpoint answers an accepted request with what it declares', async () => {
    const it = bench()
    for (const [name, endpoint] of it.endpoints()) {
      const answer = await it.send(endpoint, await it.accepted(name))
      expect(answer.statusCode, `${name}: ${answer.body}`).toBeLessThan(300)
      expectFits(endpoint, answer, name)
    }
  })
}

/** Sends the endpoint's accepted request with other headers: each is refused as the kind says, and nothing changes. */
async function expectRefusedWith(it: Bench, named: Named, tries: readonly (readonly [Headers, ErrorKind])[]) {
  const [name, endpoint] = named
  const sample = await it.accepted(name)
  await expectUnchanged(it, async () => {
    for (const [headers, kind] of tries) {
      const answer = await it.send(endpoint, sample, headers)
      expectRefusal(it, answer, `${name} with ${JSON.stringify(headers)}`, it.samples.statuses[kind])
    }
  })
}

function describeCredentials(bench: () => Bench): void {
  test('without good credentials nothing is answered and nothing is changed', async () => {
    const it = bench()
    const unknown = [{}, ...it.samples.badCredentials, it.headersOf('revoked')]
    const tries = unknown.map((headers) => [headers, 'unauthenticated'] as const)
    for (const named of it.endpoints()) {
      await expectRefusedWith(it, named, [...tries, [it.headersOf('suspended'), 'forbidden']])
    }
  })

  test('a key without the scope is forbidden, and so is a live key at a control of the sandbox', async () => {
    const it = bench()
    const forbidden = (role: ConformanceRole) => [it.headersOf(role), 'forbidden'] as const
    for (const named of it.endpoints(({ scopes }) => scopes.length > 0)) {
      await expectRefusedWith(it, named, [forbidden('unscoped')])
    }
    for (const named of it.endpoints(({ sandboxOnly }) => sandboxOnly === true)) {
      await expectRefusedWith(it, named, [forbidden('live')])
    }
  })

  test('what another merchant has is not found, and neither is a sandbox object with a live key', async () => {
    const it = bench()
    const naming = it.endpoints().filter(([name]) => it.samples.naming.includes(name))
    expect(naming).toHaveLength(it.samples.naming.length)
    for (const named of naming) {
      const [name, endpoint] = named
      const foreign = await it.accepted(name, it.gateway.otherScope)
      const roles: ConformanceRole[] = endpoint.sandboxOnly === true ? ['other'] : ['other', 'live']
      const tries = roles.map((role) => [it.headersOf(role), 'not_found'] as const)
      await expectRefusedWith(it, named, tries)
      // Both merchants have made objects by now, under the same numbers.
      expectRefusal(it, await it.send(endpoint, foreign), `${name} of another`, it.samples.statuses.not_found)
      expect((await it.send(endpoint, foreign, it.headersOf('other'))).statusCode, name).toBeLessThan(300)
    }
  })
}

function describePaths(bench: () => Bench): void {
  test('a path that leads nowhere is not found, with and without credentials', async () => {
    const it = bench()
    const { mount } = it.surface
    for (const headers of [{}, it.headersOf('main')]) {
      for (const path of ['', '/nowhere', '/..%2f..%2fnowhere', `/${'a'.repeat(2_000)}`, '/%00', '/%zz']) {
        const answer = await it.gateway.app.inject({ method: 'GET', url: mount + path, headers })
        expectRefusal(it, answer, `GET ${mount}${path.slice(0, 40)}`)
      }
    }
  })

  test('a method that a path does not answer is refused and the others are named', async () => {
    const it = bench()
    for (const [name, endpoint] of it.endpoints()) {
      const url = urlOf(it.surface, endpoint, {})
      await expectUnchanged(it, async () => {
        const taken = it.endpoints(({ path }) => path === endpoint.path).map(([, { method }]) => method)
        const method = taken.includes('DELETE') ? 'PUT' : 'DELETE'
        const answer = await it.gateway.app.inject({ method, url, headers: it.headersOf('main') })
        expectRefusal(it, answer, `${method} for ${name}`)
        expect(answer.headers['allow'], name).toContain(endpoint.method)
      })
    }
  })
}

function describeBodies(bench: () => Bench): void {
  test.each(badBodies)('%s is refused and changes nothing', async (title, payload, headers) => {
    const it = bench()
    for (const [name, endpoint] of it.endpoints(({ body }) => body !== undefined)) {
      const sample = await it.accepted(name)
      await expectUnchanged(it, async () => {
        const answer = await it.send(endpoint, sample, { ...it.headersOf('main'), ...headers }, payload)
        expectRefusal(it, answer, `${name} with ${title}`)
      })
    }
  })

  test('text that cannot be stored is refused by name in every field', async () => {
    const it = bench()
    for (const [name, endpoint] of it.endpoints(({ body }) => body !== undefined)) {
      const sample = await it.accepted(name)
      const fields = Object.keys(sample.body ?? {})
      await expectUnchanged(it, async () => {
        for (const [field, text] of fields.flatMap((field) => [
          [field, 'a\u0000b'] as const,
          [field, '\ud800'] as const,
        ])) {
          const payload = JSON.stringify({ ...sample.body, [field]: text })
          const answer = await it.send(endpoint, sample, { ...it.headersOf('main'), ...json }, payload)
          expectRefusal(it, answer, `${name} with ${JSON.stringify(text)} as ${field}`)
          expect(answer.body, name).toContain(field)
        }
      })
    }
  })
}

function describeIdempotency(bench: () => Bench): void {
  test('the same idempotency key gets the same answer once more, and another body is refused', async () => {
    const it = bench()
    for (const [name, endpoint] of it.endpoints(({ idempotent }) => idempotent === true)) {
      const sample = await it.accepted(name)
      const headers = { ...it.headersOf('main'), 'idempotency-key': `conformance ${name}` }
      const first = await it.send(endpoint, sample, headers)
      expect(first.statusCode, `${name}: ${first.body}`).toBeLessThan(300)
      const another = await it.accepted(name)
      await expectUnchanged(it, async () => {
        const again = await it.send(endpoint, sample, headers)
        const unseen = (it.samples.shownOnce?.[name] ?? []).map((field) => [field, null] as const)
        const expected = { ...first.json<object>(), ...Object.fromEntries(unseen) }
        expect([again.statusCode, again.json()], name).toEqual([first.statusCode, expected])
        const changed = { ...sample, body: { ...sample.body, ...(it.samples.otherwise?.[name] ?? { amount: 3 }) } }
        // Without a body, another request is one about another object.
        const answer = await it.send(endpoint, endpoint.body ? changed : another, headers)
        expectRefusal(it, answer, `${name} with another body`, it.samples.statuses.idempotency_mismatch)
      })
    }
  })

  test('a reference that is used once is refused the second time', async () => {
    const it = bench()
    if (!it.samples.duplicate) return
    const [, endpoint] = it.endpoints().find(([name]) => name === it.samples.duplicate?.endpoint) ?? []
    if (!endpoint) throw new Error('the duplicate sample names no endpoint')
    const sample = await it.samples.duplicate.request(it.gateway)
    expect((await it.send(endpoint, sample)).statusCode).toBeLessThan(300)
    await expectUnchanged(it, async () => {
      expectRefusal(it, await it.send(endpoint, sample), 'a duplicate', it.samples.statuses.conflict)
    })
  })
}

function describeErrors(bench: () => Bench): void {
  test.each(errorKinds)('a failure of the kind %s has a face', (kind) => {
    const { surface, samples } = bench()
    const context = { requestId: 'req_1', route: undefined, method: 'POST', path: '/', now: 0 }
    const details = [{}, { field: 'amount', message: 'The amount is too large.' }, { retryAfterSeconds: 7 }]
    for (const detail of details) {
      const { status, body } = surface.renderError(new EngineError(kind, 'made_up_code', detail), context)
      expect(status).toBe(samples.statuses[kind])
      const rendered: unknown = JSON.parse(JSON.stringify(body))
      expect(samples.errorBody.safeParse(rendered).error).toBeUndefined()
      if (detail.message) expect(JSON.stringify(rendered)).toContain(detail.message)
    }
  })
}

function describeRateLimit(bench: () => Bench): void {
  test('every counted answer carries the limit, and too many calls are refused with Retry-After', async () => {
    const it = bench()
    const { rateLimit } = it.surface
    if (!rateLimit) return
    const refused = it.samples.statuses.rate_limited
    const state = { allowed: true, limit: 1, remaining: 1, resetAtSeconds: 1, retryAfterSeconds: 1 }
    const names = Object.keys(rateLimit.headers(state))
    const limit = Math.min(...rateLimit.windows.map((window) => window.limit))
    const [, endpoint] = it.endpoints(({ method }) => method === 'GET')[0] ?? []
    if (!endpoint || limit > limitDrivenMax) throw new Error('no endpoint or no limit to drive')
    const answers: Answer[] = []
    while (answers.length < limit + callsAtOnce) {
      const calls = Array.from({ length: callsAtOnce }, () => it.send(endpoint, {}, it.headersOf('unscoped')))
      answers.push(...(await Promise.all(calls)))
    }
    for (const answer of answers) {
      for (const name of names) expect(answer.headers[name], name).toMatch(/^\d+$/)
      if (answer.statusCode !== refused) continue
      expectRefusal(it, answer, 'over the limit', refused)
      expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/)
    }
    const served = answers.filter(({ statusCode }) => statusCode !== refused).length
    expect(served).toBe(limit)
  })
}

function describeChance(bench: () => Bench): void {
  test('whatever stands in a body, a query or a path, the answer is declared or a refusal that changed nothing', async () => {
    const it = bench()
    for (const [name, endpoint] of it.endpoints()) {
      const sample = await it.accepted(name)
      it.gateway.forgetCalls()
      await fc.assert(
        fc.asyncProperty(strangeRequest(endpoint, sample), async (strange) => {
          const before = await it.gateway.rowCounts()
          const answer = await it.send(endpoint, strange)
          const title = `${name} with ${JSON.stringify(strange)}`
          if (answer.statusCode < 300) return expectFits(endpoint, answer, title)
          expectRefusal(it, answer, title)
          expect(await it.gateway.rowCounts(), title).toEqual(before)
        }),
        { numRuns: fuzzRuns },
      )
    }
  })
}
