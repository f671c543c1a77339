import { isDeepStrictEqual } from 'node:util'
import type { OpenApiDocument } from './openapi.ts'
import type { JsonSchema } from './openapi-schemas.ts'

/** Whether a schema says what a caller sends or what it gets: what is a break for one is none for the other. */
export type Side = 'request' | 'response'

/** Where the references of the two schemas lead. */
export interface Documents {
  readonly before: OpenApiDocument
  readonly after: OpenApiDocument
}

/** Schemas that contain themselves are followed this deep. */
const depthMax = 24

/** Bounds of which a larger value is narrower, and those of which a smaller one is. */
const lowerBounds = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties']
const upperBounds = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties']

/** What `is` breaks for those who rely on `was`; `name` begins each sentence. */
export function schemaBreaks(
  side: Side,
  name: string,
  was: JsonSchema,
  is: JsonSchema,
  documents: Documents,
  depth = 0,
): string[] {
  const [before, after] = [resolved(was, documents.before), resolved(is, documents.after)]
  const asIs =
    before['$ref'] === undefined && isDeepStrictEqual(was, is) && JSON.stringify(was).indexOf('"$ref"') === -1
  if (depth > depthMax || asIs) return []
  const deeper = (part: string, left: unknown, right: unknown) =>
    schemaBreaks(side, part, left as JsonSchema, right as JsonSchema, documents, depth + 1)

  if (alternativesOf(before) || alternativesOf(after)) return alternativeBreaks(side, name, before, after, deeper)
  const [typeBefore, typeAfter] = [before['type'], after['type']]
  if (!isDeepStrictEqual(typeBefore, typeAfter)) {
    const isWider = side === 'request' ? typeAfter === undefined : typeBefore === undefined
    const isWhole = side === 'request' ? typeBefore === 'integer' : typeAfter === 'integer'
    const isNumber = side === 'request' ? typeAfter === 'number' : typeBefore === 'number'
    return isWider || (isWhole && isNumber)
      ? []
      : [`${subject(name)} was ${written(typeBefore)} and is ${written(typeAfter)}`]
  }
  return [
    ...valueBreaks(side, name, before, after),
    ...fieldBreaks(side, name, before, after, deeper),
    ...partBreaks(name, before, after, deeper),
  ]
}

type Deeper = (name: string, was: unknown, is: unknown) => string[]

function resolved(schema: JsonSchema, { components }: OpenApiDocument): JsonSchema {
  const reference = schema['$ref']
  if (typeof reference !== 'string') return schema
  return (components['schemas']?.[reference.split('/').at(-1) ?? ''] as JsonSchema | undefined) ?? schema
}

function alternativesOf(schema: JsonSchema): readonly JsonSchema[] | undefined {
  const { type } = schema
  if (Array.isArray(type)) return type.map((one) => (one === 'null' ? { type: 'null' } : { ...schema, type: one }))
  return (schema['anyOf'] ?? schema['oneOf']) as readonly JsonSchema[] | undefined
}

/** Each alternative that a caller may have sent must still be taken; each that a caller may get must have been there before. */
function alternativeBreaks(side: Side, name: string, before: JsonSchema, after: JsonSchema, deeper: Deeper): string[] {
  const [left, right] = [alternativesOf(before) ?? [before], alternativesOf(after) ?? [after]]
  const fits = (was: JsonSchema, is: JsonSchema) => deeper(name, was, is).length === 0
  const [only] = left
  // One schema against one: its own breaks say more than that it does not fit.
  const [rest, restAfter] = [left.filter((one) => !isNull(one)), right.filter((one) => !isNull(one))]
  const nulls = nullBreaks(side, name, left.some(isNull), right.some(isNull))
  if (only && rest.length === 1 && restAfter.length === 1) return [...nulls, ...deeper(name, rest[0], restAfter[0])]
  const [needed, offered] = side === 'request' ? [rest, restAfter] : [restAfter, rest]
  const lost = needed.filter(
    (one) => !offered.some((other) => (side === 'request' ? fits(one, other) : fits(other, one))),
  )
  const said = side === 'request' ? 'no longer takes one of its forms' : 'may have a form that it never had'
  return lost.length === 0 ? nulls : [...nulls, `${subject(name)} ${said}`]
}

function isNull({ type }: JsonSchema): boolean {
  return type === 'null'
}

function nullBreaks(side: Side, name: string, could: boolean, can: boolean): string[] {
  if (side === 'request') return could && !can ? [`${subject(name)} must not be null any more`] : []
  return can && !could ? [`${subject(name)} may be null`] : []
}

function valueBreaks(side: Side, name: string, before: JsonSchema, after: JsonSchema): string[] {
  const breaks: string[] = []
  if (!isDeepStrictEqual(before['const'], after['const'])) {
    const isLoosened = side === 'request' && after['const'] === undefined
    if (!isLoosened) breaks.push(`${subject(name)} was ${written(before['const'])} and is ${written(after['const'])}`)
  }
  if (side === 'response') return breaks
  const [valuesBefore, valuesAfter] = [before['enum'], after['enum']]
  if (Array.isArray(valuesAfter)) {
    const lost = Array.isArray(valuesBefore) ? valuesBefore.filter((value) => !valuesAfter.includes(value)) : undefined
    if (lost === undefined) breaks.push(`${subject(name)} takes only ${valuesAfter.map(written).join(', ')}`)
    else breaks.push(...lost.map((value) => `${subject(name)} no longer takes ${written(value)}`))
  }
  for (const keyword of ['pattern', 'format']) {
    if (after[keyword] === undefined || after[keyword] === before[keyword]) continue
    breaks.push(`${subject(name)} is held to another ${keyword}: ${written(after[keyword])}`)
  }
  return [...breaks, ...boundBreaks(name, before, after)]
}

function boundBreaks(name: string, before: JsonSchema, after: JsonSchema): string[] {
  const narrower = (keyword: string, sign: 1 | -1) => {
    const [was, is] = [before[keyword], after[keyword]]
    const isNarrower = typeof is === 'number' && (typeof was !== 'number' || (is - was) * sign > 0)
    return isNarrower ? [`${subject(name)} has a narrower ${keyword}: ${is}`] : []
  }
  return [...lowerBounds.flatMap((bound) => narrower(bound, 1)), ...upperBounds.flatMap((bound) => narrower(bound, -1))]
}

function fieldBreaks(side: Side, name: string, before: JsonSchema, after: JsonSchema, deeper: Deeper): string[] {
  const [fields, fieldsNow] = [fieldsOf(before), fieldsOf(after)]
  const [required, requiredNow] = [requiredOf(before), requiredOf(after)]
  const known = Object.entries(fields).flatMap(([field, was]) => {
    const is = fieldsNow[field]
    const path = `${name}, field ${field}`
    if (is === undefined) return [`${subject(path)} is gone`]
    const demanded = requiredNow.includes(field) && !required.includes(field)
    const lapsed = required.includes(field) && !requiredNow.includes(field)
    return [
      ...(side === 'request' && demanded ? [`${subject(path)} is required`] : []),
      ...(side === 'response' && lapsed ? [`${subject(path)} may be missing`] : []),
      ...deeper(path, was, is),
    ]
  })
  const added = requiredNow.filter((field) => fields[field] === undefined && !required.includes(field))
  const closed =
    side === 'request' && after['additionalProperties'] === false && before['additionalProperties'] !== false
  return [
    ...known,
    ...(side === 'request' ? added.map((field) => `${subject(`${name}, field ${field}`)} is new and required`) : []),
    ...(closed ? [`${subject(name)} takes no unknown fields any more`] : []),
  ]
}

function fieldsOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return (schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>
}

function requiredOf(schema: JsonSchema): readonly string[] {
  return (schema['required'] ?? []) as readonly string[]
}

function partBreaks(name: string, before: JsonSchema, after: JsonSchema, deeper: Deeper): string[] {
  return ['items', 'additionalProperties', 'propertyNames'].flatMap((keyword) => {
    const [was, is] = [before[keyword] ?? {}, after[keyword] ?? {}]
    return typeof was === 'object' && typeof is === 'object' ? deeper(`${name}, ${partNames[keyword]}`, was, is) : []
  })
}

const partNames: Readonly<Record<string, string>> = {
  items: 'each item',
  additionalProperties: 'each value',
  propertyNames: 'each key',
}

/** A place inside a body is set off by commas: "the body, field amount, is required". */
function subject(name: string): string {
  return name.includes(', ') ? `${name},` : name
}

function written(value: unknown): string {
  return value === undefined ? 'anything' : JSON.stringify(value)
}
