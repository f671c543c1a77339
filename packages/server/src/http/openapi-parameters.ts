import * as z from 'zod'
import type { EndpointDescription } from './endpoint.ts'
import type { JsonSchema, SchemaBook } from './openapi-schemas.ts'

/** A Parameter Object of OpenAPI, or a reference to one. */
export type ParameterObject = Readonly<Record<string, unknown>>

/** The key of an idempotent call, told once. */
export const idempotencyKeyParameter: ParameterObject = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'Your own name for this call. The same key with the same request is answered once more with the first answer; with another request it is refused. A UUID will do.',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x20-\\x7e]+$' },
}

/** The path, query and header parameters of an endpoint. */
export function parametersOf(endpoint: EndpointDescription, book: SchemaBook): readonly ParameterObject[] {
  return [
    ...pathParameters(endpoint, book),
    ...queryParameters(endpoint, book),
    ...(endpoint.idempotent === true ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
  ]
}

function pathParameters({ path, params, examples }: EndpointDescription, book: SchemaBook): readonly ParameterObject[] {
  const fields = fieldsOf(params)
  return [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => {
    const field = fields[name]
    return {
      name,
      in: 'path',
      required: true,
      ...describedBy(field),
      schema: field ? book.wireForm(field) : { type: 'string' },
      ...examplesOf(name, 'params', examples, String),
    }
  })
}

function queryParameters({ query, examples }: EndpointDescription, book: SchemaBook): readonly ParameterObject[] {
  return Object.entries(fieldsOf(query)).map(([name, field]) => {
    const { inner, isRequired, preset } = unwrapped(field)
    const { schema, isList } = textForm(inner, book)
    const wirePreset = preset === undefined ? {} : { default: presetOnWire(schema, inner, preset) }
    return {
      name,
      in: 'query',
      ...(isRequired ? { required: true } : {}),
      ...(isList ? { style: 'form', explode: false } : {}),
      ...describedBy(field, inner),
      schema: { ...schema, ...wirePreset },
      ...examplesOf(name, 'query', examples, (text) => meantBy(schema, text)),
    }
  })
}

function fieldsOf(schema: z.ZodType | undefined): Readonly<Record<string, z.ZodType>> {
  return schema instanceof z.ZodObject ? (schema.shape as Record<string, z.ZodType>) : {}
}

interface Unwrapped {
  readonly inner: z.ZodType
  readonly isRequired: boolean
  /** In the decoded form: zod keeps defaults so. */
  readonly preset?: unknown
}

function unwrapped(field: z.ZodType): Unwrapped {
  if (field instanceof z.ZodDefault) {
    return { inner: field.unwrap() as z.ZodType, isRequired: false, preset: field.def.defaultValue }
  }
  if (field instanceof z.ZodOptional) return { ...unwrapped(field.unwrap() as z.ZodType), isRequired: false }
  return { inner: field, isRequired: true }
}

/**
 * A query is text, so it is documented by what the text stands for: a whole number where the text is decimal digits, a list
 * where it is joined by commas, otherwise the text itself.
 */
function textForm(inner: z.ZodType, book: SchemaBook): { readonly schema: JsonSchema; readonly isList: boolean } {
  const written = book.wireForm(inner)
  if (!(inner instanceof z.ZodCodec) || written['type'] !== 'string') return { schema: written, isList: false }
  const meant = book.wireForm(inner.out as z.ZodType)
  if (meant['type'] === 'array') return { schema: meant, isList: true }
  if (meant['type'] === 'integer' && z.safeEncode(inner, 1 as never).data === '1') {
    const isNatural = meant['minimum'] === undefined && !z.safeEncode(inner, -1 as never).success
    return { schema: { ...meant, ...(isNatural ? { minimum: 0 } : {}) }, isList: false }
  }
  return { schema: written, isList: false }
}

function presetOnWire(schema: JsonSchema, inner: z.ZodType, preset: unknown): unknown {
  const isSame = schema['type'] === 'integer' || schema['type'] === 'array'
  return isSame ? preset : z.encode(inner, preset as never)
}

function meantBy(schema: JsonSchema, text: string): unknown {
  if (schema['type'] === 'integer') return Number(text)
  return schema['type'] === 'array' ? text.split(',') : text
}

function describedBy(...schemas: readonly (z.ZodType | undefined)[]): { readonly description?: string } {
  const description = schemas.map((schema) => schema?.description).find((text) => text !== undefined)
  return description === undefined ? {} : { description }
}

function examplesOf(
  name: string,
  part: 'params' | 'query',
  examples: EndpointDescription['examples'],
  meaning: (text: string) => unknown,
): { readonly examples?: Readonly<Record<string, unknown>> } {
  const given = (examples ?? []).flatMap(({ name: title, request }) => {
    const values = request?.[part]
    const value = typeof values === 'object' && values !== null ? (values as Record<string, unknown>)[name] : undefined
    return value === undefined ? [] : [[exampleKey(title), { summary: title, value: meaning(String(value)) }] as const]
  })
  return given.length === 0 ? {} : { examples: Object.fromEntries(given) }
}

/** The key of an example in a map of examples: its name in kebab case. */
export function exampleKey(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
}
