import * as z from 'zod'
import { type ErrorKind, errorKinds } from '../kernel/engine-error.ts'
import type { EndpointDescription } from './endpoint.ts'
import { exampleKey, idempotencyKeyParameter, parametersOf } from './openapi-parameters.ts'
import { createSchemaBook, type JsonSchema, type SchemaBook } from './openapi-schemas.ts'
import type { HttpSurface, SurfaceDocument } from './surface.ts'

/** An OpenAPI document as plain JSON. */
export interface OpenApiDocument {
  readonly openapi: string
  readonly info: Readonly<Record<string, unknown>>
  readonly servers: readonly { readonly url: string }[]
  readonly tags: readonly Readonly<Record<string, unknown>>[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** An Operation Object of OpenAPI. */
export type Operation = Readonly<Record<string, unknown>>

/** A surface that can be described: what the writer reads of it. */
export type DescribedSurface = Pick<HttpSurface<never, never>, 'name' | 'mount' | 'bodies' | 'rateLimit'> & {
  readonly endpoints: readonly EndpointDescription[]
  readonly document?: SurfaceDocument
}

const openApiVersion = '3.1.1'
const formType = 'application/x-www-form-urlencoded'

/** What any call may be answered with, whatever the endpoint: a malformed request line or Host is `invalid_request`. */
const kindsOfEveryEndpoint: readonly ErrorKind[] = [
  'invalid_request',
  'unauthenticated',
  'forbidden',
  'overloaded',
  'internal',
]

/** What the writing of one document passes round. */
interface Writing {
  readonly surface: DescribedSurface
  readonly about: SurfaceDocument
  readonly book: SchemaBook
}

/**
 * Writes the OpenAPI 3.1 document of a surface from the definitions that validate its calls. The same surface gives the same
 * document, with its keys in the same order. `serverUrl` is where the surface is reached, `<mount>` unless given. Throws for a
 * surface that has no description of itself, for two endpoints of one `operation`, and for two schemas of one name.
 */
export function openApiDocument(surface: DescribedSurface, serverUrl: string = surface.mount): OpenApiDocument {
  const { document: about } = surface
  if (about === undefined) throw new Error(`The surface ${surface.name} has no document to write`)
  assertUniqueOperations(surface)
  const writing: Writing = { surface, about, book: createSchemaBook() }
  const errorSchema = writing.book.wireForm(about.errors.body)
  const paths = pathsOf(writing, errorSchema)
  return {
    openapi: openApiVersion,
    info: {
      title: about.title,
      version: about.version,
      description: about.description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: serverUrl }],
    tags: tagsOf(surface, about),
    paths,
    components: {
      schemas: writing.book.components(),
      parameters: { IdempotencyKey: idempotencyKeyParameter },
      headers: headersOf(surface),
      securitySchemes: about.securitySchemes,
    },
  }
}

function assertUniqueOperations({ name, endpoints }: DescribedSurface): void {
  const seen = new Set<string>()
  for (const { operation } of endpoints) {
    if (seen.has(operation)) throw new Error(`${name} has two endpoints of the operation ${operation}`)
    seen.add(operation)
  }
}

function tagOf({ operation }: EndpointDescription): string {
  return operation.split('.')[0] ?? operation
}

/** The tags that are used: those that are described first, in that order. */
function tagsOf({ endpoints }: DescribedSurface, { tags }: SurfaceDocument) {
  const used = new Set(endpoints.map(tagOf))
  const described = Object.keys(tags).filter((tag) => used.has(tag))
  const others = [...used].filter((tag) => tags[tag] === undefined)
  return [...described, ...others].map((name) => {
    const description = tags[name]
    return description === undefined ? { name } : { name, description }
  })
}

function pathsOf(writing: Writing, errorSchema: JsonSchema): OpenApiDocument['paths'] {
  const paths = new Map<string, Record<string, Operation>>()
  for (const endpoint of writing.surface.endpoints) {
    const path = endpoint.path.replace(/:(\w+)/g, '{$1}')
    const operations = paths.get(path) ?? {}
    operations[endpoint.method.toLowerCase()] = operationOf(writing, endpoint, errorSchema)
    paths.set(path, operations)
  }
  return Object.fromEntries(paths)
}

function operationOf(writing: Writing, endpoint: EndpointDescription, errorSchema: JsonSchema): Operation {
  const { book, about } = writing
  const parameters = parametersOf(endpoint, book)
  const { description } = endpoint
  return {
    operationId: endpoint.operation,
    tags: [tagOf(endpoint)],
    summary: endpoint.summary,
    ...(description === undefined ? {} : { description }),
    // OpenAPI 3.1 lets any security scheme list the roles that a call needs.
    security: [Object.fromEntries(Object.keys(about.securitySchemes).map((name) => [name, [...endpoint.scopes]]))],
    'x-scopes': [...endpoint.scopes],
    ...(endpoint.sandboxOnly === true ? { 'x-sandbox-only': true } : {}),
    ...(endpoint.idempotent === true ? { 'x-idempotent': true } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(endpoint.body === undefined ? {} : { requestBody: requestBodyOf(writing, endpoint, endpoint.body) }),
    responses: { ...successesOf(writing, endpoint), ...failuresOf(writing, endpoint, errorSchema) },
  }
}

function requestBodyOf({ surface, book }: Writing, { examples }: EndpointDescription, body: z.ZodType) {
  const schema = book.wireForm(body)
  const bodies = (examples ?? []).flatMap(({ name, request }) =>
    request?.body === undefined ? [] : [[exampleKey(name), { summary: name, value: request.body }] as const],
  )
  const json = { schema, ...(bodies.length === 0 ? {} : { examples: Object.fromEntries(bodies) }) }
  return {
    required: !body.safeParse(undefined).success && !body.safeParse({}).success,
    content: {
      ...(surface.bodies.json ? { 'application/json': json } : {}),
      ...(surface.bodies.form ? { [formType]: { schema } } : {}),
    },
  }
}

function successesOf({ surface, book }: Writing, endpoint: EndpointDescription) {
  return Object.fromEntries(
    Object.entries(endpoint.response).map(([status, schema]) => {
      const isEmpty = schema instanceof z.ZodUndefined
      const shown = (endpoint.examples ?? []).flatMap(({ name, response }) =>
        String(response?.status) === status
          ? [[exampleKey(name), { summary: name, value: response?.body }] as const]
          : [],
      )
      const examples = shown.length === 0 ? {} : { examples: Object.fromEntries(shown) }
      return [
        status,
        {
          description: isEmpty ? 'Done; there is no body.' : `${endpoint.summary}: the answer.`,
          headers: headerReferences(surface, endpoint.idempotent === true),
          ...(isEmpty ? {} : { content: { 'application/json': { schema: book.wireForm(schema), ...examples } } }),
        },
      ]
    }),
  )
}

function failuresOf({ surface, about }: Writing, endpoint: EndpointDescription, schema: JsonSchema) {
  const { statuses, bodyStatuses, contentType } = about.errors
  const possible = new Set<ErrorKind>([
    ...kindsOfEveryEndpoint,
    ...endpoint.errors,
    ...(surface.rateLimit ? (['rate_limited'] as const) : []),
  ])
  const kinds = Map.groupBy(
    errorKinds.filter((kind) => possible.has(kind)),
    (kind) => statuses[kind],
  )
  // A body is read, and refused for its size or type, where none is expected too.
  const isBodyRead = endpoint.method !== 'GET' && endpoint.ignoresBody !== true
  const ofBodies = isBodyRead ? bodyStatuses.filter((status) => !kinds.has(status)) : []
  for (const status of ofBodies) kinds.set(status, ['invalid_request'])
  return Object.fromEntries(
    [...kinds].map(([status, ofStatus]) => [
      String(status),
      {
        description: `Refused: ${ofStatus.join(', ')}.`,
        'x-error-kinds': ofStatus,
        headers: { ...headerReferences(surface, false), ...(waits(ofStatus) ? reference('Retry-After') : {}) },
        content: { [contentType]: { schema } },
      },
    ]),
  )
}

function waits(kinds: readonly ErrorKind[]): boolean {
  return kinds.some((kind) => ['rate_limited', 'overloaded', 'rail_unavailable'].includes(kind))
}

function reference(header: string) {
  return { [header]: { $ref: `#/components/headers/${header}` } }
}

function headerReferences(surface: DescribedSurface, isIdempotent: boolean) {
  const names = ['X-Request-Id', ...(isIdempotent ? ['Idempotent-Replayed'] : []), ...rateLimitHeaders(surface)]
  return Object.assign({}, ...names.map(reference))
}

function rateLimitHeaders({ rateLimit }: DescribedSurface): readonly string[] {
  const state = { allowed: true, limit: 1, remaining: 1, resetAtSeconds: 1, retryAfterSeconds: 1 }
  return Object.keys(rateLimit?.headers(state) ?? {})
}

function headersOf(surface: DescribedSurface) {
  const counted = rateLimitHeaders(surface).map((name) => [
    name,
    { description: 'Where you stand with the limit of calls.', schema: { type: 'integer' } },
  ])
  return {
    'X-Request-Id': {
      description: 'Our own id of the request. Quote it when you ask about it.',
      schema: { type: 'string', pattern: '^req_' },
    },
    'Idempotent-Replayed': {
      description: '`true` when this is the first answer to the same Idempotency-Key, given once more.',
      schema: { type: 'string', const: 'true' },
    },
    'Retry-After': {
      description: 'Seconds after which another try makes sense.',
      schema: { type: 'integer', minimum: 1 },
    },
    ...Object.fromEntries(counted),
  }
}
