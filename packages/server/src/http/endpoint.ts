import type { IncomingHttpHeaders } from 'node:http'
import * as z from 'zod'
import { EngineError, type ErrorKind } from '../kernel/engine-error.ts'
import { parseInput } from './field-errors.ts'

/** The HTTP methods an endpoint may answer. HEAD comes with GET, OPTIONS with every path. */
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One zod schema for each status that the handler may answer with. `z.undefined()` stands for an empty body. */
export type ResponseSchemas = Readonly<Record<number, z.ZodType>>

/** What a handler answers with: `body` in the schema's output form, before it is rendered. */
export interface Reply<Status extends number = number, Body = unknown> {
  readonly status: Status
  readonly body: Body
  /** Extra headers, names in lower case. With a `content-type` that is not JSON the rendered body is sent as text. */
  readonly headers: Readonly<Record<string, string>>
}

/** The replies that a set of response schemas admits. */
export type ReplyOf<Responses extends ResponseSchemas> = {
  [Status in keyof Responses & number]: Reply<Status, z.output<Responses[Status]>>
}[keyof Responses & number]

/** Everything about one request that is not its parsed input. */
export interface Call<Services, Principal> {
  readonly services: Services
  readonly principal: Principal
  /** Our own id of the request, `req_…`, also sent as `X-Request-Id`. */
  readonly requestId: string
  /** 1 to 255 printable ASCII characters, or undefined when the caller sent none. */
  readonly idempotencyKey: string | undefined
  /** Names in lower case, as Node parsed them. */
  readonly headers: IncomingHttpHeaders
  /** The exact bytes of the body, for inbound signatures; undefined when there was none. */
  readonly rawBody: Buffer | undefined
  /** The path as the caller sent it, without the query. */
  readonly path: string
  /** Scheme, host and mount under which this surface was reached, without a final slash: the start of links to it. */
  readonly baseUrl: string
  /** The caller's address; behind a trusted proxy, the address that the proxy saw. */
  readonly ip: string
  /** Wall-clock time in epoch milliseconds at which the request was taken up. */
  readonly now: number
}

/** The parsed parts of a request, each in its schema's output form; undefined where no schema is declared. */
export interface EndpointInput<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType> {
  readonly params: z.output<Params>
  readonly query: z.output<Query>
  readonly body: z.output<Body>
}

/** A documented sample of a request and its answer, in wire form. */
export interface EndpointExample {
  readonly name: string
  readonly request?: { readonly params?: unknown; readonly query?: unknown; readonly body?: unknown }
  readonly response?: { readonly status: number; readonly body: unknown }
}

/** What an endpoint states about itself, apart from its code: read by authentication, authorization and the OpenAPI writer. */
export interface EndpointDescription {
  readonly method: Method
  /** Path below the surface's mount; parameters as `:name`. */
  readonly path: string
  /** The stable name `resource.verb`, such as `payments.create`: the contract document's operation id and the SDKs' method. Unique in a surface. */
  readonly operation: string
  readonly summary: string
  readonly description?: string
  /** Scopes of which `authorize` asks for all; an empty list is for the surface to interpret. */
  readonly scopes: readonly string[]
  readonly params?: z.ZodType
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  readonly response: ResponseSchemas
  /** Kinds that this endpoint may refuse with beyond those of every endpoint (authentication, rate limit, internal). */
  readonly errors: readonly ErrorKind[]
  /** True when the Idempotency-Key header is honoured. */
  readonly idempotent?: boolean
  /** True when `authorize` refuses live credentials. */
  readonly sandboxOnly?: boolean
  /** True when a body is read and thrown away whatever its type, for calls that real clients make with odd bodies. */
  readonly ignoresBody?: boolean
  readonly examples?: readonly EndpointExample[]
}

/** An endpoint as it is written: its description and a handler typed by its schemas. */
export interface EndpointDefinition<
  Services,
  Principal,
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Responses extends ResponseSchemas,
> extends EndpointDescription {
  readonly params?: Params
  readonly query?: Query
  readonly body?: Body
  readonly response: Responses
  /** Translates: wire input in, engine call, engine value out. Throws `EngineError` to refuse. */
  handler(input: EndpointInput<Params, Query, Body>, call: Call<Services, Principal>): Promise<ReplyOf<Responses>>
}

/** The unparsed parts of a request, already free of text that the database refuses. */
export interface RawInput {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
}

/** An endpoint as the server runs it: parsing, handler and rendering in one function. */
export interface Endpoint<Services, Principal> extends EndpointDescription {
  /**
   * Parses `raw`, calls the handler and renders its answer; the reply's body is in wire form, holding only declared fields.
   * Throws `EngineError` `invalid_request` for input that does not fit, `internal` for an answer that does not.
   */
  run(
    raw: RawInput,
    call: Call<Services, Principal>,
    fieldName: (path: readonly PropertyKey[]) => string,
  ): Promise<Reply>
}

/** Builds a reply; the handler's types check that the status is declared and that the body fits its schema. */
export function reply<const Status extends number, Body>(
  status: Status,
  body: Body,
  headers: Readonly<Record<string, string>> = {},
): Reply<Status, Body> {
  return { status, body, headers }
}

/** Turns a typed definition into an endpoint. A dialect calls the bound form that `endpointsOf` gives. */
function defineEndpoint<
  Services,
  Principal,
  Responses extends ResponseSchemas,
  Params extends z.ZodType = z.ZodUndefined,
  Query extends z.ZodType = z.ZodUndefined,
  Body extends z.ZodType = z.ZodUndefined,
>(definition: EndpointDefinition<Services, Principal, Params, Query, Body, Responses>): Endpoint<Services, Principal> {
  const { handler, ...description } = definition
  return {
    ...description,
    async run(raw, call, fieldName) {
      const input = {
        params: parsePart(definition.params, raw.params, fieldName),
        query: parsePart(definition.query, raw.query, fieldName),
        body: parsePart(definition.body, raw.body, fieldName),
      }
      const answer = await handler.call(definition, input, call)
      return { status: answer.status, body: renderBody(definition, answer), headers: answer.headers }
    },
  }
}

/** `defineEndpoint` with a dialect's services and principal filled in, so that its endpoint files name neither. */
export function endpointsOf<Services, Principal>() {
  return <
    Responses extends ResponseSchemas,
    Params extends z.ZodType = z.ZodUndefined,
    Query extends z.ZodType = z.ZodUndefined,
    Body extends z.ZodType = z.ZodUndefined,
  >(
    definition: EndpointDefinition<Services, Principal, Params, Query, Body, Responses>,
  ): Endpoint<Services, Principal> => defineEndpoint(definition)
}

function parsePart<Schema extends z.ZodType>(
  schema: Schema | undefined,
  value: unknown,
  fieldName: (path: readonly PropertyKey[]) => string,
): z.output<Schema> {
  // Without a schema the part's type is the default ZodUndefined, and undefined is its only value.
  return schema === undefined ? (undefined as z.output<Schema>) : parseInput(schema, value, fieldName)
}

function renderBody(endpoint: EndpointDescription, answer: Reply): unknown {
  const schema = endpoint.response[answer.status]
  if (schema === undefined) {
    throw new EngineError('internal', 'response_status_not_declared', {
      message: `${endpoint.method} ${endpoint.path} answered ${answer.status}, which it does not declare.`,
    })
  }
  const rendered = z.safeEncode(schema, answer.body)
  if (rendered.success) return rendered.data
  throw new EngineError('internal', 'response_does_not_fit', {
    message: `${endpoint.method} ${endpoint.path} answered ${answer.status} with a body that does not fit: ${z.prettifyError(rendered.error)}`,
  })
}
