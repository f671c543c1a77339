import * as z from 'zod'

/** A JSON Schema (draft 2020-12), as OpenAPI 3.1 uses it. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** The schemas of one document: those with a name are told once and referred to. */
export interface SchemaBook {
  /**
   * The wire form of a schema: what a caller sends or gets. A part with `.meta({ id })` becomes a reference to a component.
   * Throws when two different schemas share a name, and for a schema that contains itself and has no name.
   */
  wireForm(schema: z.ZodType): JsonSchema
  /** The named schemas so far, in the order of their names. */
  components(): Readonly<Record<string, JsonSchema>>
}

const componentPrefix = '#/components/schemas/'

/** Opens the book of one document. */
export function createSchemaBook(): SchemaBook {
  const components = new Map<string, JsonSchema>()
  const add = (name: string, schema: JsonSchema) => {
    if (name.startsWith('__')) throw new Error('A schema that contains itself must be given a name with .meta({ id })')
    const known = components.get(name)
    if (known && JSON.stringify(known) !== JSON.stringify(schema)) throw new Error(`Two schemas are named ${name}`)
    components.set(name, schema)
  }
  return {
    wireForm(schema) {
      const { $schema: _, $defs = {}, ...own } = wireSchema(schema)
      for (const [name, part] of Object.entries($defs)) add(name, referring(part) as JsonSchema)
      return referring(own) as JsonSchema
    },
    components: () => Object.fromEntries([...components].sort(([left], [right]) => (left < right ? -1 : 1))),
  }
}

/** Our schemas are codecs whose input side is the wire, both for what is taken and for what is given. */
function wireSchema(schema: z.ZodType) {
  return z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-2020-12',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => trim(jsonSchema),
  })
}

/** Takes away what zod adds and no reader needs: the bounds of exact numbers, and the pattern behind `date-time`. */
function trim(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.type === 'integer') {
    if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum
    if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum
    schema.format = 'int64'
  }
  if (schema.format === 'date-time') delete schema.pattern
  if (schema.propertyNames && JSON.stringify(schema.propertyNames) === '{"type":"string"}') delete schema.propertyNames
}

function referring(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(referring)
  if (typeof part !== 'object' || part === null) return part
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => {
      const refers = key === '$ref' && typeof value === 'string'
      return [key, refers ? value.replace('#/$defs/', componentPrefix) : referring(value)]
    }),
  )
}
