import fc from 'fast-check'
import type { JsonSchema } from '../../src/http/openapi-schemas.ts'
import type { FuzzOperation, FuzzParameter } from './fuzz-contract.ts'
import { type IdPools, resourceOfName } from './fuzz-pools.ts'

/** A request before it is written down. */
export interface Draft {
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, unknown>> | undefined
}

/** What a value is made for. */
interface Place {
  readonly operation: FuzzOperation
  readonly pools: IdPools
}

const textCharactersMax = 40
/** Optional fields that one valid request carries at most: with all of them, hardly one would fit the others. */
const optionalFieldsMax = 3
const listItemsMax = 3

const scenarios = [
  ...['succeeded', 'declined', 'declined:insufficient_funds', 'partial', 'over', 'late', 'duplicate', 'pending'],
  ...['unknown', 'down', 'timeout'],
]
const durations = ['PT1S', 'PT30M', 'PT1H', 'P1D', 'P3D']
const instants = ['2026-11-21T09:40:14Z', '2026-11-20', '2026-12-01T00:00:00+05:30', '9999-12-31T23:59:59Z']
const urls = [
  ...['https://shop.example/hook', 'http://127.0.0.1:9/hook', 'https://shop.example/hook?a=%C3%A9&b=1'],
  ...['http://[::1]:9/', 'https://xn--bcher-kva.example/'],
]

/** What names mean beyond their schemas: the contract's words for them are in its descriptions. */
const meanings: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  currency: fc.constantFrom('INR', 'INR', 'INR', 'INR', 'USD', 'JPY', 'KWD', 'BTC'),
  amount: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 100, max: 50_000 }) },
    { weight: 1, arbitrary: fc.constantFrom(1, 9_000_000_000_000_000) },
  ),
  expires_in: fc.constantFrom(...durations),
  advance: fc.constantFrom('PT1S', 'PT1M', 'PT0S'),
  overlap: fc.constantFrom('PT0S', 'PT1H', 'P1D'),
  code: fc.constantFrom('insufficient_funds', 'do_not_honor'),
  dialect: fc.constantFrom('paylect', 'monetiflow'),
  wait: fc.constant(0),
  account_number: fc.constantFrom('000123456789', '50100012345678'),
  bank_code: fc.constantFrom('HDFC0000001', 'ICIC0001234'),
  ifsc: fc.constant('HDFC0000001'),
  upi_id: fc.constant('supplier@bank'),
  email: fc.constantFrom('user@example.com', 'a@b'),
  ip_allow: fc.constantFrom(['192.0.2.0/24'], ['2001:db8::1', '10.0.0.0/8']),
  metadata: fc.oneof(
    fc.constantFrom(...scenarios).map((simulate) => ({ simulate })),
    fc.dictionary(fc.string({ minLength: 1, maxLength: 12 }).map(storable), fc.oneof(fc.integer(), fc.boolean()), {
      maxKeys: 4,
    }),
    fc.constant({ order_ref: 'ORD-2025-4892', customer_email: 'user@example.com' }),
  ),
}

/** A request that the contract allows, and that mostly names what there is. */
export function validDraft(operation: FuzzOperation, pools: IdPools): fc.Arbitrary<Draft> {
  const place = { operation, pools }
  const body = operation.body
  const of = (where: FuzzParameter['in']) => operation.parameters.filter((parameter) => parameter.in === where)
  return fc.record({
    params: textsOf(place, of('path')),
    query: textsOf(place, of('query')),
    body: body === undefined ? fc.constant(undefined) : objectOf(place, body),
  })
}

function textsOf(place: Place, parameters: readonly FuzzParameter[]): fc.Arbitrary<Record<string, string>> {
  const schema = {
    properties: Object.fromEntries(parameters.map(({ name, schema }) => [name, schema])),
    required: parameters.filter(({ required }) => required).map(({ name }) => name),
  }
  return objectOf(place, schema).map((values) =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : String(value)]),
    ),
  )
}

/** A value of a field. */
export function fieldValue(place: Place, name: string, schema: JsonSchema): fc.Arbitrary<unknown> {
  const resource = resourceOfName(place.operation, name)
  if (resource !== undefined) {
    const id = fc.constantFrom(...place.pools.of(place.operation.dialect.name, resource))
    return schema['type'] === 'array' ? fc.uniqueArray(id, { minLength: 1, maxLength: listItemsMax }) : id
  }
  if (name === 'reference') return referenceOf(place)
  const meaning = meanings[name] ?? meaningOfEnding(name)
  if (meaning !== undefined) return isNullable(schema) ? orNull(meaning) : meaning
  return bySchema(place, name, schema)
}

function meaningOfEnding(name: string): fc.Arbitrary<unknown> | undefined {
  if (/(?:^|_)url$/.test(name)) return fc.constantFrom(...urls)
  return /^(?:created_from|created_to|from|to|at|set|expires_at)$/.test(name) ? fc.constantFrom(...instants) : undefined
}

/** Mostly a new one, at times one that was used. */
function referenceOf({ operation, pools }: Place): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.uuid().map((id) => `ref ${id}`) },
    { weight: 1, arbitrary: fc.constantFrom(...pools.of(operation.dialect.name, 'references')) },
  )
}

function isNullable(schema: JsonSchema): boolean {
  return JSON.stringify(schema).includes('"null"')
}

function orNull(value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 6, arbitrary: value }, { weight: 1, arbitrary: fc.constant(null) })
}

function bySchema(place: Place, name: string, schema: JsonSchema): fc.Arbitrary<unknown> {
  const choices = schema['anyOf'] as readonly JsonSchema[] | undefined
  if (choices) return fc.oneof(...choices.map((choice) => ({ weight: 1, arbitrary: fieldValue(place, name, choice) })))
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]))
  if (schema['const'] !== undefined) return fc.constant(schema['const'])
  const type = [schema['type']].flat()[0]
  if (type === 'integer')
    return fc.integer({ min: numberAt(schema, 'minimum', 0), max: numberAt(schema, 'maximum', 1_000) })
  if (type === 'number') return fc.double({ noNaN: true, noDefaultInfinity: true })
  if (type === 'boolean') return fc.boolean()
  if (type === 'null') return fc.constant(null)
  if (type === 'array') return arrayOf(place, name, schema)
  return type === 'object' ? objectOf(place, schema) : textOf(schema)
}

function numberAt(schema: JsonSchema, key: string, otherwise: number): number {
  const value = schema[key]
  return typeof value === 'number' ? Math.min(value, 2_147_483_647) : otherwise
}

function arrayOf(place: Place, name: string, schema: JsonSchema): fc.Arbitrary<unknown> {
  const items = (schema['items'] ?? { type: 'string' }) as JsonSchema
  const minLength = numberAt(schema, 'minItems', 0)
  return fc.uniqueArray(fieldValue(place, `${name}[]`, items), {
    minLength,
    maxLength: Math.max(minLength, listItemsMax),
  })
}

function textOf(schema: JsonSchema): fc.Arbitrary<string> {
  if (typeof schema['pattern'] === 'string') return fc.stringMatching(new RegExp(schema['pattern'])).map(storable)
  const minLength = numberAt(schema, 'minLength', 0)
  const maxLength = Math.min(numberAt(schema, 'maxLength', textCharactersMax), textCharactersMax)
  return fc.string({ minLength, maxLength, unit: 'grapheme' }).map(storable)
}

/** The same text without what no field takes. */
function storable(text: string): string {
  const kept = text.toWellFormed().replaceAll('\0', '')
  return kept === '' || kept === '__proto__' || kept === 'constructor' ? 'x' : kept
}

/** An object with all its required fields and a few of the others. */
export function objectOf(place: Place, schema: JsonSchema): fc.Arbitrary<Record<string, unknown>> {
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>
  const required = (schema['required'] ?? []) as readonly string[]
  const optional = Object.keys(properties).filter((name) => !required.includes(name))
  return fc.subarray(optional, { maxLength: Math.min(optional.length, optionalFieldsMax) }).chain((chosen) => {
    const names = Object.keys(properties).filter((name) => required.includes(name) || chosen.includes(name))
    return fc.record(Object.fromEntries(names.map((name) => [name, fieldValue(place, name, properties[name] ?? {})])), {
      noNullPrototype: true,
    })
  })
}
