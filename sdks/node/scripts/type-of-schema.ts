import { nameOfReference, type Schema } from './contract.ts'

const primitives: Readonly<Record<string, string>> = {
  string: 'string',
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  null: 'null',
}

/** The TypeScript type of a schema. Total: what says nothing is `unknown`. */
export function typeOfSchema(schema: Schema): string {
  if (schema.$ref !== undefined) return nameOfReference(schema.$ref)
  if ('const' in schema) return literalOf(schema.const)
  if (schema.enum !== undefined) return unionOf(schema.enum.map(literalOf))
  const either = schema.anyOf ?? schema.oneOf
  if (either !== undefined) return unionOf(either.map(typeOfSchema))
  if (schema.allOf !== undefined) return schema.allOf.map((part) => `(${typeOfSchema(part)})`).join(' & ')
  if (schema.type === undefined) return schema.properties === undefined ? 'unknown' : objectType(schema)
  const types = typeof schema.type === 'string' ? [schema.type] : schema.type
  return unionOf(types.map((type) => typeOfKind(type, schema)))
}

function typeOfKind(type: string, schema: Schema): string {
  if (type === 'object') return objectType(schema)
  if (type === 'array') return `readonly (${typeOfSchema(schema.items ?? {})})[]`
  return primitives[type] ?? 'unknown'
}

function objectType(schema: Schema): string {
  const { properties = {}, required = [], additionalProperties } = schema
  const members = Object.entries(properties).map(([name, property]) => {
    const isRequired = required.includes(name)
    const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)
    const type = isRequired ? typeOfSchema(property) : `${typeOfSchema(property)} | undefined`
    return `${commentOf(property.description)}readonly ${key}${isRequired ? '' : '?'}: ${type}`
  })
  if (members.length > 0) return `{\n${members.join('\n')}\n}`
  if (additionalProperties === false) return 'Readonly<Record<string, never>>'
  const values = typeof additionalProperties === 'object' ? typeOfSchema(additionalProperties) : 'unknown'
  return `Readonly<Record<string, ${values}>>`
}

function unionOf(types: readonly string[]): string {
  return [...new Set(types)].join(' | ')
}

function literalOf(value: unknown): string {
  return JSON.stringify(value)
}

/** A doc comment with a line end behind it; empty for no text. */
export function commentOf(text: string | undefined): string {
  if (text === undefined || text === '') return ''
  const lines = wrapped(text.replaceAll('*/', '* /'))
  return lines.length === 1
    ? `/** ${lines[0]} */\n`
    : `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join('\n')}\n */\n`
}

const columnsMax = 110

function wrapped(text: string): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines = ['']
    for (const word of paragraph.split(' ')) {
      const line = lines.at(-1) ?? ''
      if (line !== '' && line.length + word.length >= columnsMax) lines.push(word)
      else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
    }
    return lines
  })
}
