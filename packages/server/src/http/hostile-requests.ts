import fc from 'fast-check'
import * as z from 'zod'
import type { EndpointDescription } from './endpoint.ts'

/** The variable parts of a request to an endpoint. */
export interface SampleRequest {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly body?: Readonly<Record<string, unknown>>
}

const json = { 'content-type': 'application/json' }
const deepNesting = 10_000
const manyMembers = 20_000
const hugeBytes = 1_100_000

/** Bodies that no endpoint takes, each with what is wrong with it. */
export const badBodies: readonly (readonly [
  title: string,
  payload: string | Buffer,
  headers: Readonly<Record<string, string>>,
])[] = [
  ['broken JSON', '{"amount":', json],
  ['an empty body', '', json],
  ['null', 'null', json],
  ['a list', '[]', json],
  ['a number', '7', json],
  ['an empty object', '{}', json],
  ['a body of another type', '<amount/>', { 'content-type': 'application/xml' }],
  ['JSON without a type', '{"a":1}', { 'content-type': 'text/plain' }],
  ['a compressed body', '{"a":1}', { ...json, 'content-encoding': 'gzip' }],
  ['another character set', '{"a":1}', { 'content-type': 'application/json; charset=utf-16' }],
  ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), json],
  ['a huge body', `{"a":"${'x'.repeat(hugeBytes)}"}`, json],
  ['deep lists', `${'['.repeat(deepNesting)}${']'.repeat(deepNesting)}`, json],
  ['deep objects', `${'{"a":'.repeat(deepNesting)}1${'}'.repeat(deepNesting)}`, json],
  ['a key of the prototype', '{"__proto__":{"amount":1}}', json],
  ['too many members', `{${Array.from({ length: manyMembers }, (_, index) => `"k${index}":1`)}}`, json],
  ['a number too large to hold', '{"amount":1e999}', json],
]

/** The accepted request with one field of the body, one query parameter or one path parameter replaced by anything. */
export function strangeRequest(
  { path, query }: EndpointDescription,
  sample: SampleRequest,
): fc.Arbitrary<SampleRequest> {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.bigInt().map(String),
    fc.double().map(String),
    fc.string({ unit: 'binary' }),
  )
  const queryNames = query instanceof z.ZodObject ? Object.keys(query.shape) : []
  const places = [
    ...Object.keys(sample.body ?? {}).map((name) => ({ part: 'body', name })),
    ...[...path.matchAll(/:(\w+)/g)].map(([, name = '']) => ({ part: 'params', name })),
    ...[...queryNames, 'unknown', 'a[b]'].map((name) => ({ part: 'query', name })),
  ] as const
  return fc.record({ place: fc.constantFrom(...places), value }).map(({ place: { part, name }, value }) => {
    if (part === 'body') return { ...sample, body: { ...sample.body, [name]: value } }
    const text = part === 'params' ? pathPart(value) : wellFormed(value)
    const given = part === 'params' ? sample.params : sample.query
    return { ...sample, [part]: { ...given, [name]: text } }
  })
}

/** Text that stays one part of a path: nothing, or dots alone, would make it another path. */
function pathPart(value: unknown): string {
  const text = wellFormed(value)
  return /^\.{0,2}$/.test(text) ? `~${text}` : text
}

/** Text that can stand in a URL. */
function wellFormed(value: unknown): string {
  return String(typeof value === 'string' ? value : JSON.stringify(value)).toWellFormed()
}
