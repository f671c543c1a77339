import fc from 'fast-check'
import type { ConformanceRole } from '../../src/dialects/conformance.ts'
import type { WireRequest } from './fuzz-client.ts'
import type { FuzzOperation } from './fuzz-contract.ts'
import { type Mutation, mutationOf } from './fuzz-mutations.ts'
import type { IdPools } from './fuzz-pools.ts'
import { type Draft, validDraft } from './fuzz-values.ts'

/** Whose key a request carries; `none` sends none and `malformed` something that is no key. */
export type FuzzRole = ConformanceRole | 'none' | 'malformed'

/** A request on its way from a draft to the wire. */
export interface Writing {
  readonly operation: FuzzOperation
  readonly draft: Draft
  readonly role: FuzzRole
  readonly method: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Sent in place of the draft's body. */
  readonly rawBody?: Buffer
  /** Put after the draft's query as it stands. */
  readonly addedQuery?: string
  /** Put in the place of the path's parameter as it stands. */
  readonly segment?: string
  readonly reshape?: ((path: string) => string) | undefined
  /** A member that stands twice in the text of the body. */
  readonly doubledField?: readonly [name: string, value: unknown]
  /** The body goes as a form. */
  readonly asForm?: boolean
  /** True when the request may not reach its operation: another path, method or host. */
  readonly isLost: boolean
}

/** A request that is ready to be sent, and what is known of it. */
export interface FuzzRequest {
  readonly operation: FuzzOperation
  /** What was changed; empty for a valid request. */
  readonly mutations: readonly string[]
  readonly isLost: boolean
  readonly idempotencyKey: string | undefined
  readonly wire: WireRequest
}

/** What requests are made from. */
export interface RequestMaker {
  readonly pools: IdPools
  keyOf(operation: FuzzOperation, role: ConformanceRole): string
}

const mutationsMax = 2

/**
 * A request to the operation that is a function of `seed` and the pools: valid with a chance of two in five, else changed
 * in one or two ways.
 */
export function fuzzRequest(maker: RequestMaker, operation: FuzzOperation, seed: number): FuzzRequest {
  const [made] = fc.sample(
    fc.record({
      draft: validDraft(operation, maker.pools),
      mutations: fc.oneof(
        { weight: 2, arbitrary: fc.constant<readonly Mutation[]>([]) },
        {
          weight: 3,
          arbitrary: fc
            .array(mutationOf(operation, maker.pools), { minLength: 1, maxLength: mutationsMax })
            .map((chosen): readonly Mutation[] => chosen),
        },
      ),
      key: fc.option(fc.uuid(), { freq: 2 }),
      asForm: fc.nat({ max: 3 }).map((chance) => chance === 0),
    }),
    { seed, numRuns: 1 },
  )
  if (!made) throw new Error('nothing was made')
  const headers = operation.isIdempotent && made.key !== null ? [['idempotency-key', made.key] as const] : []
  const base: Writing = {
    operation,
    draft: made.draft,
    role: 'main',
    method: operation.method,
    headers,
    asForm: made.asForm && operation.takesForms,
    isLost: false,
  }
  const written = made.mutations.reduce<Writing>((writing, mutation) => mutation.apply(writing), base)
  return {
    operation,
    mutations: made.mutations.map(({ title }) => title),
    isLost: written.isLost,
    idempotencyKey: written.headers.find(([name]) => name === 'idempotency-key')?.[1],
    wire: wireOf(maker, written),
  }
}

function wireOf(maker: RequestMaker, writing: Writing): WireRequest {
  const { operation, draft } = writing
  const filled = operation.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    writing.segment === undefined ? encodeURIComponent(draft.params[name] ?? '0') : writing.segment,
  )
  const path = operation.mount + (writing.reshape?.(filled) ?? filled)
  const search = [new URLSearchParams(draft.query).toString(), writing.addedQuery ?? ''].filter((part) => part !== '')
  const [type, body] = bodyOf(writing)
  const authorization = authorizationOf(maker, writing)
  const typed = type === undefined || writing.headers.some(([name]) => name === 'content-type')
  return {
    method: writing.method,
    target: search.length === 0 ? path : `${path}?${search.join('&')}`,
    headers: [
      ...(authorization === undefined ? [] : [['authorization', authorization] as const]),
      ...(typed ? [] : [['content-type', type] as const]),
      ...writing.headers,
    ],
    body,
  }
}

function authorizationOf(maker: RequestMaker, { operation, role }: Writing): string | undefined {
  if (role === 'none') return undefined
  return role === 'malformed' ? 'Bearer sk_test_\u00e9' : `Bearer ${maker.keyOf(operation, role)}`
}

function bodyOf(writing: Writing): readonly [type: string | undefined, body: Buffer | undefined] {
  const { draft, rawBody, doubledField, asForm } = writing
  if (rawBody !== undefined) return [undefined, rawBody]
  if (draft.body === undefined) return [undefined, undefined]
  if (asForm === true && doubledField === undefined) {
    return ['application/x-www-form-urlencoded', Buffer.from(formText(draft.body))]
  }
  const text = JSON.stringify(draft.body)
  if (doubledField === undefined) return ['application/json', Buffer.from(text)]
  const [name, value] = doubledField
  const doubled = `${JSON.stringify(name)}:${JSON.stringify(value) ?? 'null'}`
  return ['application/json', Buffer.from(text === '{}' ? `{${doubled}}` : `${text.slice(0, -1)},${doubled}}`)]
}

/** A form with brackets for what is nested; what is null is left out. */
function formText(body: Readonly<Record<string, unknown>>): string {
  const pairs: string[] = []
  const visit = (name: string, value: unknown): void => {
    if (value === null || value === undefined) return
    if (typeof value !== 'object') {
      pairs.push(`${encodeURIComponent(name)}=${encodeURIComponent(String(value).toWellFormed())}`)
      return
    }
    for (const [key, part] of Object.entries(value)) visit(`${name}[${key.toWellFormed()}]`, part)
  }
  for (const [name, value] of Object.entries(body)) visit(name.toWellFormed(), value)
  return pairs.join('&')
}
