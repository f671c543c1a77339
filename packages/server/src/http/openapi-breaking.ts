import { isDeepStrictEqual } from 'node:util'
import type { OpenApiDocument } from './openapi.ts'
import { type Side, schemaBreaks } from './openapi-breaking-schemas.ts'

type Json = Readonly<Record<string, unknown>>

/**
 * What a later contract breaks for a client of an earlier one; one sentence each, in the order of the earlier document, and
 * the same sentence for the same break. A change breaks when a call that was right is refused after it, or when an answer
 * lacks or changes something that a client may have relied on:
 *
 * - a path, an operation, a status of success or a field of an answer is gone, retyped, or may be missing or null where it
 *   never was; a closed field (`const`, or a `type` of fewer values) gets another value;
 * - a request has a new required field or parameter, loses a field or parameter (unknown ones are refused), or is held to
 *   a narrower type, enum, pattern or bound;
 * - an operation is renamed, needs another scope, or no longer honours Idempotency-Key.
 *
 * It does not break: a new path, operation, optional parameter, request field or field of an answer; a new value in the enum
 * of an answer, since our documents tell clients to expect those; another error status, since clients go by `code`; words.
 */
export function breakingChanges(before: OpenApiDocument, after: OpenApiDocument): string[] {
  return Object.entries(before.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, operation]) => {
      const name = `${method.toUpperCase()} ${path}`
      const now = after.paths[path]?.[method]
      if (now === undefined) return [`${name} is gone`]
      return operationBreaks(name, { document: before, operation }, { document: after, operation: now })
    }),
  )
}

interface Told {
  readonly document: OpenApiDocument
  readonly operation: Json
}

function operationBreaks(name: string, before: Told, after: Told): string[] {
  const breaks: string[] = []
  const [was, is] = [before.operation, after.operation]
  if (was['operationId'] !== is['operationId']) breaks.push(`${name} is no longer named ${String(was['operationId'])}`)
  const newScopes = listOf(is['x-scopes']).filter((scope) => !listOf(was['x-scopes']).includes(scope))
  if (newScopes.length > 0) breaks.push(`${name} needs ${newScopes.join(', ')}`)
  return [
    ...breaks,
    ...parameterBreaks(name, before, after),
    ...bodyBreaks(name, before, after),
    ...answerBreaks(name, before, after),
  ]
}

function parameterBreaks(name: string, before: Told, after: Told): string[] {
  const [was, is] = [parametersOf(before), parametersOf(after)]
  const added = [...is].flatMap(([key, { required }]) =>
    required === true && !was.has(key) ? [`${name} requires the new ${key}`] : [],
  )
  const others = [...was].flatMap(([key, parameter]) => {
    const now = is.get(key)
    if (now === undefined) return [`${name} no longer takes the ${key}`]
    const demanded = now['required'] === true && parameter['required'] !== true ? [`${name} requires the ${key}`] : []
    return [...demanded, ...compare('request', `${name}: the ${key}`, [before, parameter], [after, now])]
  })
  return [...others, ...added]
}

function parametersOf({ document, operation }: Told): Map<string, Json> {
  return new Map(
    listOf(operation['parameters']).map((given) => {
      const parameter = resolved(document, given as Json)
      return [`${String(parameter['in'])} parameter ${String(parameter['name'])}`, parameter]
    }),
  )
}

function bodyBreaks(name: string, before: Told, after: Told): string[] {
  const [was, is] = [
    before.operation['requestBody'] as Json | undefined,
    after.operation['requestBody'] as Json | undefined,
  ]
  if (was === undefined) return is?.['required'] === true ? [`${name} requires a body`] : []
  if (is === undefined) return [`${name} no longer takes a body`]
  const demanded = is['required'] === true && was['required'] !== true ? [`${name} requires a body`] : []
  return [...demanded, ...contentBreaks('request', `${name}: the body`, [before, was], [after, is])]
}

function answerBreaks(name: string, before: Told, after: Told): string[] {
  const answers = after.operation['responses'] as Readonly<Record<string, Json>>
  return Object.entries(before.operation['responses'] as Readonly<Record<string, Json>>).flatMap(([status, was]) => {
    const is = answers[status]
    const isSuccess = status.startsWith('2')
    if (is === undefined) return isSuccess ? [`${name} no longer answers ${status}`] : []
    return contentBreaks('response', `${name}: the ${status} answer`, [before, was], [after, is])
  })
}

type Holder = readonly [told: Told, object: Json]

function contentBreaks(side: Side, name: string, [before, was]: Holder, [after, is]: Holder): string[] {
  const [contentWas, contentIs] = [was['content'] ?? {}, is['content'] ?? {}] as Readonly<Record<string, Json>>[]
  return Object.entries(contentWas ?? {}).flatMap(([type, media]) => {
    const now = contentIs?.[type]
    return now === undefined ? [`${name} is no longer ${type}`] : compare(side, name, [before, media], [after, now])
  })
}

function compare(side: Side, name: string, [before, was]: Holder, [after, is]: Holder): string[] {
  if (isDeepStrictEqual(was['schema'], is['schema']) && before.document === after.document) return []
  const documents = { before: before.document, after: after.document }
  return schemaBreaks(side, name, was['schema'] as Json, is['schema'] as Json, documents)
}

function resolved(document: OpenApiDocument, object: Json): Json {
  const name = String(object['$ref'] ?? '').replace('#/components/parameters/', '')
  return (document.components['parameters']?.[name] as Json | undefined) ?? object
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
