/** A JSON Schema as the contract document writes it (OpenAPI 3.1); only the members that decide a TypeScript type. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly description?: string
}

/** A parameter of an operation. */
export interface Parameter {
  readonly $ref?: string
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly description?: string
  readonly schema?: Schema
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>

/** An operation as the document writes it. */
export interface ContractOperation {
  readonly operationId: string
  readonly summary?: string
  readonly description?: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly required?: boolean; readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
  readonly 'x-idempotent'?: boolean
  readonly 'x-scopes'?: readonly string[]
}

/** The contract document of the house API. */
export interface Contract {
  readonly servers: readonly { readonly url: string }[]
  readonly tags?: readonly { readonly name: string; readonly description?: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, ContractOperation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

/** One operation, taken apart into what the method of a resource needs. */
export interface Operation {
  readonly resource: string
  readonly verb: string
  /** In upper case. */
  readonly method: string
  /** With the prefix of the server, parameters in braces. */
  readonly path: string
  readonly pathParameters: readonly string[]
  /** The query as the schema of an object; undefined when there is none. */
  readonly query: Schema | undefined
  readonly body: Schema | undefined
  readonly isBodyRequired: boolean
  /** The body of the answer; undefined when it is empty. */
  readonly result: Schema | undefined
  readonly isIdempotent: boolean
  readonly scopes: readonly string[]
  readonly summary: string
  readonly description: string | undefined
}

const methods: readonly string[] = ['get', 'post', 'put', 'patch', 'delete']

/** All operations of the contract, in its order. Throws for a name that is not `resource.verb`. */
export function operationsOf(contract: Contract): Operation[] {
  const prefix = new URL(contract.servers[0]?.url ?? '/', 'http://gateway').pathname.replace(/\/$/, '')
  return Object.entries(contract.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => methods.includes(method))
      .map(([method, operation]) => operationOf(prefix + path, method, operation)),
  )
}

function operationOf(path: string, method: string, operation: ContractOperation): Operation {
  const [resource, verb, ...others] = operation.operationId.split('.')
  if (!resource || !verb || others.length > 0) throw new Error(`${operation.operationId} is not resource.verb`)
  return {
    resource,
    verb,
    method: method.toUpperCase(),
    path,
    pathParameters: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? ''),
    query: querySchemaOf(operation),
    body: operation.requestBody?.content['application/json']?.schema,
    isBodyRequired: operation.requestBody?.required ?? false,
    result: resultOf(operation),
    isIdempotent: operation['x-idempotent'] ?? false,
    scopes: operation['x-scopes'] ?? [],
    summary: operation.summary ?? '',
    description: operation.description,
  }
}

function querySchemaOf({ parameters = [] }: ContractOperation): Schema | undefined {
  const inQuery = parameters.filter((parameter) => parameter.in === 'query')
  if (inQuery.length === 0) return undefined
  const described = inQuery.map(({ name, schema = {}, description }): [string, Schema] => [
    name,
    description === undefined ? schema : { ...schema, description },
  ])
  return {
    type: 'object',
    properties: Object.fromEntries(described),
    required: inQuery.filter(({ required }) => required).map(({ name }) => name),
    additionalProperties: false,
  }
}

function resultOf({ responses }: ContractOperation): Schema | undefined {
  const schemas = Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .flatMap(([, { content }]) => content?.['application/json']?.schema ?? [])
  if (schemas.length < 2) return schemas[0]
  return { anyOf: schemas }
}

/** The schema of a list's objects, or undefined for an answer that is not a list. */
export function itemOfList(contract: Contract, schema: Schema | undefined): Schema | undefined {
  const { properties = {} } = schema === undefined ? {} : resolved(contract, schema)
  return properties['has_more'] === undefined ? undefined : properties['data']?.items
}

/** Follows references into the components. */
export function resolved(contract: Contract, schema: Schema): Schema {
  if (schema.$ref === undefined) return schema
  const target = contract.components.schemas[nameOfReference(schema.$ref)]
  if (target === undefined) throw new Error(`${schema.$ref} leads nowhere`)
  return resolved(contract, target)
}

/** The name of a component that a reference names. */
export function nameOfReference(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1)
}
