import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { Dialect, DialectServices } from '../../src/dialects/dialect.ts'
import { type OpenApiDocument, openApiDocument } from '../../src/http/openapi.ts'
import type { JsonSchema } from '../../src/http/openapi-schemas.ts'

/** A parameter of an operation as its contract tells it. */
export interface FuzzParameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly required: boolean
  readonly schema: JsonSchema
}

/** One operation of one dialect, as a stranger reads it from the published contract. */
export interface FuzzOperation {
  readonly dialect: Dialect
  /** `paylect payments.create`. */
  readonly name: string
  readonly method: string
  /** The template below the mount, `/payments/{id}`. */
  readonly path: string
  readonly mount: string
  readonly parameters: readonly FuzzParameter[]
  readonly isIdempotent: boolean
  readonly isSandboxOnly: boolean
  /** The schema of the body with its references filled in; undefined where no body is read. */
  readonly body: JsonSchema | undefined
  readonly takesForms: boolean
  /** What the contract tells of each status: the kinds of error, none for a success. */
  readonly responses: Readonly<Record<string, readonly string[]>>
}

/** An answer as the checks read it. */
export interface ToldAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** The contract of one dialect, made ready for checking. */
export interface FuzzContract {
  readonly operations: readonly FuzzOperation[]
  /** What is wrong with an answer of the operation, in words; undefined when the contract tells of it. */
  fault(operation: FuzzOperation, answer: ToldAnswer): string | undefined
  /** The same for a refusal that belongs to no operation: it must have the dialect's form of an error. */
  faultOfRefusal(answer: ToldAnswer): string | undefined
}

interface DocumentedResponse {
  readonly content?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, unknown>>
  readonly 'x-error-kinds'?: readonly string[]
}

interface DocumentedOperation {
  readonly operationId: string
  readonly parameters?: readonly (FuzzParameter & { readonly $ref?: string })[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> }
  readonly responses: Readonly<Record<string, DocumentedResponse>>
  readonly 'x-idempotent'?: boolean
  readonly 'x-sandbox-only'?: boolean
}

const formType = 'application/x-www-form-urlencoded'
/** References inside references: far more than the contracts hold, so that a circle is an error and no hang. */
const referencesMax = 32

/** Writes the contract of a dialect and compiles its schemas as they are asked for. */
export function fuzzContractOf(dialect: Dialect, services: DialectServices): FuzzContract {
  const document = openApiDocument(dialect.surface(services))
  const validate = createValidator(document)
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) =>
      operationOf(dialect, document, method, path, operation as unknown as DocumentedOperation),
    ),
  )
  const documented = (operation: FuzzOperation) => {
    const found = document.paths[operation.path]?.[operation.method.toLowerCase()] as DocumentedOperation | undefined
    return found?.responses ?? {}
  }
  const faultAt = (operation: FuzzOperation, answer: ToldAnswer) => {
    const response = documented(operation)[String(answer.status)]
    if (response === undefined) return `the contract knows no status ${answer.status}`
    const body = bodyOf(answer)
    if (body === notJson) return 'the body is no JSON'
    if (response.content === undefined) return body === undefined ? undefined : 'the contract tells of no body'
    const type = String(answer.headers['content-type'] ?? '').split(';')[0] ?? ''
    if (!Object.hasOwn(response.content, type)) return `the contract knows no ${type || 'empty body'} here`
    return validate(['paths', operation.path, operation.method.toLowerCase()], answer.status, type, body)
  }
  const anywhere = operations.find(({ responses }) => responses['400'] !== undefined)
  return {
    operations,
    fault: (operation, answer) => faultAt(operation, answer) ?? faultOfHeaders(answer),
    faultOfRefusal: (answer) => {
      if (!anywhere) return 'no operation documents a refusal'
      return faultAt(anywhere, { ...answer, status: 400 }) ?? faultOfHeaders(answer)
    },
  }
}

const notJson = Symbol('not JSON')

function bodyOf({ text }: ToldAnswer): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return notJson
  }
}

/** What every answer carries. */
function faultOfHeaders({ status, headers, text }: ToldAnswer): string | undefined {
  if (!/^req_[0-9a-f]{32}$/.test(String(headers['x-request-id']))) return 'X-Request-Id is missing'
  if (headers['x-content-type-options'] !== 'nosniff') return 'X-Content-Type-Options is missing'
  if (headers['cache-control'] !== 'no-store') return 'Cache-Control is not no-store'
  if (status >= 400 && text === '') return 'a refusal without a body'
  if ((status === 429 || status === 503) && headers['retry-after'] === undefined) return 'Retry-After is missing'
  return undefined
}

function createValidator(document: OpenApiDocument) {
  const ajv = formats.default(new Ajv2020({ strict: false, allErrors: true }))
  ajv.addSchema(document, 'contract')
  const compiled = new Map<string, ValidateFunction>()
  return (place: readonly string[], status: number, contentType: string, body: unknown): string | undefined => {
    const parts = [...place, 'responses', String(status), 'content', contentType, 'schema']
    const pointer = parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')
    const check = compiled.get(pointer) ?? ajv.compile({ $ref: `contract#/${pointer}` })
    compiled.set(pointer, check)
    return check(body) ? undefined : `the body does not fit: ${ajv.errorsText(check.errors)}`
  }
}

function operationOf(
  dialect: Dialect,
  document: OpenApiDocument,
  method: string,
  path: string,
  operation: DocumentedOperation,
): FuzzOperation {
  const content = operation.requestBody?.content
  const body = content?.['application/json']?.schema ?? content?.[formType]?.schema
  return {
    dialect,
    name: `${dialect.name} ${operation.operationId}`,
    method: method.toUpperCase(),
    path,
    mount: document.servers[0]?.url ?? dialect.mount,
    parameters: (operation.parameters ?? [])
      .filter(({ $ref }) => $ref === undefined)
      .map((parameter) => ({
        ...parameter,
        required: parameter.required === true,
        schema: filledIn(document, parameter.schema) as JsonSchema,
      })),
    isIdempotent: operation['x-idempotent'] === true,
    isSandboxOnly: operation['x-sandbox-only'] === true,
    body: body === undefined ? undefined : (filledIn(document, body) as JsonSchema),
    takesForms: content !== undefined && Object.hasOwn(content, formType),
    responses: Object.fromEntries(
      Object.entries(operation.responses).map(([status, told]) => [status, told['x-error-kinds'] ?? []]),
    ),
  }
}

/** The part of a document with what it refers to put in its place. Throws for references that go round. */
function filledIn(document: OpenApiDocument, part: unknown, depth = 0): unknown {
  if (depth > referencesMax) throw new Error('the references of the contract go round')
  if (Array.isArray(part)) return part.map((item) => filledIn(document, item, depth))
  if (typeof part !== 'object' || part === null) return part
  const reference = (part as { readonly $ref?: unknown }).$ref
  if (typeof reference === 'string') {
    const steps = reference.split('/').slice(1)
    const found = steps.reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], document)
    return filledIn(document, found, depth + 1)
  }
  return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, filledIn(document, value, depth)]))
}
