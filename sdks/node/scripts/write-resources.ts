import { type Contract, type Operation, operationsOf, resolved } from './contract.ts'
import { commentOf } from './type-of-schema.ts'
import { pascal, typesOfOperation } from './write-types.ts'

/** Writes a class for each resource with a method for each of its operations, and the class that holds them all. Unformatted. */
export function writeResources(contract: Contract): string {
  const operations = operationsOf(contract)
  const resources = [...new Set(operations.map(({ resource }) => resource))]
  const classes = resources.map((resource) => {
    const own = operations.filter((operation) => operation.resource === resource)
    return resourceClass(contract, resource, own)
  })
  return [importsFor(contract, operations), ...classes, resourcesClass(contract, resources)].join('\n')
}

function importsFor(contract: Contract, operations: readonly Operation[]): string {
  const types = operations.map((operation) => typesOfOperation(contract, operation))
  const names = types.flatMap(({ params, result }) => [
    ...(params ? [params] : []),
    ...(result === 'void' ? [] : [result]),
  ])
  return [
    "import { List } from '../list.ts'",
    "import type { CallOptions, Transport, WriteOptions } from '../transport.ts'",
    `import type { ${[...new Set(names)].toSorted().join(', ')} } from './types.ts'`,
    '',
  ].join('\n')
}

function resourceClass(contract: Contract, resource: string, operations: readonly Operation[]): string {
  const methods = operations.map((operation) => methodOf(contract, operation))
  return `${commentOf(descriptionOf(contract, resource))}export class ${classOf(resource)} {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

${methods.join('\n')}}
`
}

function methodOf(contract: Contract, operation: Operation): string {
  const { verb, method, path, pathParameters, isIdempotent } = operation
  const { params, result, isList } = typesOfOperation(contract, operation)
  const options = method === 'GET' ? 'CallOptions' : 'WriteOptions'
  const inputs = [
    ...pathParameters.map((name) => `${camel(name)}: string`),
    ...(params ? [`params: ${params}${needsParams(contract, operation) ? '' : ' = {}'}`] : []),
    `options: ${options} = {}`,
  ]
  const call = `{ method: '${method}', path: ${pathTemplate(path)}, ${inputsOf(operation)}isIdempotent: ${isIdempotent} }`
  const body = isList
    ? `return new List<${result}>(this.#transport, ${call}, options)`
    : `return this.#transport.send<${result}>(${call}, options)`
  return `${commentOf(commentFor(operation))}${verb}(${inputs.join(', ')}): ${isList ? 'List' : 'Promise'}<${result}> {
    ${body}
  }
`
}

function commentFor({ summary, description, method, path, scopes }: Operation): string {
  const scope = scopes.length === 0 ? '' : ` Scope: ${scopes.map((name) => `\`${name}\``).join(', ')}.`
  const first = `${summary.replace(/\.$/, '')}: \`${method} ${path}\`.${scope}`
  return description === undefined ? first : `${first}\n\n${description}`
}

/** An operation with both a body and a query takes one object for both; the query's names are taken out of it. */
function inputsOf({ query, body }: Operation): string {
  if (query === undefined) return body === undefined ? '' : 'body: params, '
  if (body === undefined) return 'query: params, '
  const names = Object.keys(query.properties ?? {})
  const own = names.map((name) => `${name}: params.${name}`).join(', ')
  return `query: { ${own} }, body: { ...params, ${names.map((name) => `${name}: undefined`).join(', ')} }, `
}

function needsParams(contract: Contract, { query, body, isBodyRequired }: Operation): boolean {
  const ofBody = body === undefined || !isBodyRequired ? [] : (resolved(contract, body).required ?? [])
  return ofBody.length > 0 || (query?.required ?? []).length > 0
}

function pathTemplate(path: string): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => `\${encodeURIComponent(${camel(name)})}`)
  return filled === path ? `'${path}'` : `\`${filled}\``
}

function resourcesClass(contract: Contract, resources: readonly string[]): string {
  const fields = resources.map(
    (name) => `${commentOf(descriptionOf(contract, name))}readonly ${name}: ${classOf(name)}`,
  )
  const made = resources.map((name) => `this.${name} = new ${classOf(name)}(transport)`)
  return `/** Everything that the house API offers, by resource. */
export class Resources {
  ${fields.join('\n')}

  constructor(transport: Transport) {
    ${made.join('\n')}
  }
}
`
}

function descriptionOf(contract: Contract, resource: string): string {
  return contract.tags?.find(({ name }) => name === resource)?.description ?? `The calls of \`${resource}\`.`
}

/** `Payment` is an object of the gateway, `PaymentsResource` what is done with it. */
function classOf(resource: string): string {
  return `${pascal(resource)}Resource`
}

function camel(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
}
