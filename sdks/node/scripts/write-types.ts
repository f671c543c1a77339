import { type Contract, itemOfList, type Operation, operationsOf, type Schema } from './contract.ts'
import { commentOf, typeOfSchema } from './type-of-schema.ts'

/** What the names of an operation's types are. A type that is undefined does not exist. */
export interface OperationTypes {
  readonly params: string | undefined
  /** The type of the answer, or of a list's objects. */
  readonly result: string
  readonly isList: boolean
}

/** Names the types of an operation: a component by its own name, everything else after the operation. */
export function typesOfOperation(contract: Contract, operation: Operation): OperationTypes {
  const stem = pascal(operation.resource) + pascal(operation.verb)
  const item = itemOfList(contract, operation.result)
  const shown = item ?? operation.result
  return {
    params: operation.query === undefined && operation.body === undefined ? undefined : `${stem}Params`,
    result: shown === undefined ? 'void' : isNamed(shown) ? typeOfSchema(shown) : `${stem}Result`,
    isList: item !== undefined,
  }
}

/** Writes a type for each component, and for the input and answer of each operation. Unformatted. */
export function writeTypes(contract: Contract): string {
  const components = Object.entries(contract.components.schemas)
  const written = components.map(([name, schema]) =>
    declaration(name, typeOfSchema(schema), schema.description ?? `${name}, as the gateway writes it.`),
  )
  const ofOperations = operationsOf(contract).flatMap((operation) => typesAround(contract, operation))
  return [...written, ...ofOperations].join('\n')
}

function typesAround(contract: Contract, operation: Operation): string[] {
  const { params, result } = typesOfOperation(contract, operation)
  const shown = itemOfList(contract, operation.result) ?? operation.result
  const name = `${operation.resource}.${operation.verb}`
  const inputs = [operation.body, operation.query].flatMap((schema) => (schema ? [typeOfSchema(schema)] : []))
  return [
    ...(params ? [declaration(params, inputs.join(' & '), `What \`${name}\` takes.`)] : []),
    ...(shown && !isNamed(shown) ? [declaration(result, typeOfSchema(shown), `What \`${name}\` answers with.`)] : []),
  ]
}

function declaration(name: string, type: string, comment: string): string {
  return `${commentOf(comment)}export type ${name} = ${type}\n`
}

function isNamed(schema: Schema): boolean {
  return schema.$ref !== undefined
}

/** `webhookEndpoints` becomes `WebhookEndpoints`. */
export function pascal(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}
