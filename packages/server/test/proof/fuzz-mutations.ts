import fc from 'fast-check'
import type { FuzzOperation } from './fuzz-contract.ts'
import type { IdPools } from './fuzz-pools.ts'
import type { FuzzRole, Writing } from './fuzz-requests.ts'

/** One change to a request that was valid. */
export interface Mutation {
  readonly title: string
  apply(writing: Writing): Writing
}

const json = 'application/json'
const form = 'application/x-www-form-urlencoded'
const longCharacters = 3_000
const hugeCharacters = 1_200_000
const deepLevels = 5_000
const manyMembers = 12_000

/** What a program might wrongly send where something else is meant. */
const strangeValues: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, -0, 2 ** 53, -(2 ** 53), 1e21, 9_000_000_000_000_001, '', ' ', 'x', '0', '-1'],
  ...['1e3', '0x10', '٣', 'null', 'true', [], [[]], [1], {}, { a: 1 }, { length: 1 }, 'a\u0000b', '\u0000', '\ud800'],
  ...[
    '\ufeff',
    '\u202edrowssap',
    'İı',
    'ﬀ',
    '👩‍👩‍👧‍👦'.repeat(40),
    "' or 1=1 --",
    '%00',
    '../../etc/passwd',
    '#{7*7}',
    '{{7*7}}',
  ],
  ...['<script>alert(1)</script>', 'a\r\nSet-Cookie: a=b', 'x'.repeat(longCharacters), '9'.repeat(400), '2026-02-30'],
  ...['9999999999999999', '-271821-04-20T00:00:00Z', '+275760-09-13T00:00:00Z', 'P1Y', '-P1D', 'PT1E9S', 'P999999999Y'],
  ...[
    'http://169.254.169.254/',
    'http://[::ffff:7f00:1]/',
    'javascript:alert(1)',
    'https://a:b@example.com/',
    'http://',
  ],
  ...['https://example.com:0/', 'INRR', 'inr', 'XXX', 'hasOwnProperty', 'toString', 'valueOf', { toString: 'x' }],
]

const strangeValue = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...strangeValues) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.oneof(fc.double(), fc.maxSafeInteger()) },
)

/** Raw text in place of the body, with its type. */
const strangeBodies: readonly (readonly [title: string, body: string | Buffer, type: string])[] = [
  ['an empty body', '', json],
  ['half an object', '{"amount":', json],
  ['two values', '{}{}', json],
  ['a list', '[]', json],
  ['null', 'null', json],
  ['a text', '"{}"', json],
  ['an empty object', '{}', json],
  ['a byte order mark', '\ufeff{}', json],
  ['comments', '{/* a */}', json],
  ['NaN', '{"amount":NaN}', json],
  ['a number beyond all bounds', '{"amount":1e999}', json],
  ['a key of the prototype', '{"__proto__":{"scopes":["payments:write"]}}', json],
  ['a constructor', '{"constructor":{"prototype":{"admin":true}}}', json],
  ['deep lists', '['.repeat(deepLevels) + ']'.repeat(deepLevels), json],
  ['deep objects', `${'{"a":'.repeat(deepLevels)}1${'}'.repeat(deepLevels)}`, json],
  ['many members', `{${Array.from({ length: manyMembers }, (_, index) => `"k${index}":1`).join(',')}}`, json],
  ['a huge text', `{"a":"${'x'.repeat(hugeCharacters)}"}`, json],
  ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), json],
  ['UTF-16', Buffer.from('{"a":1}', 'utf16le'), json],
  ['gzip without saying so', Buffer.from('1f8b08000000000000ffaa0600a3a1f90200000', 'hex'), json],
  ['a form with a prototype', '__proto__[a]=1&constructor[prototype][b]=1', form],
  ['a form with a broken escape', 'amount=%ff&currency=%zz', form],
  ['a form with deep brackets', `a${'[b]'.repeat(200)}=1`, form],
  ['a form with many fields', 'a=1&'.repeat(2_000), form],
  ['XML', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', 'application/xml'],
  ['multipart', '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--', 'multipart/form-data; boundary=x'],
]

const strangeHeaders: readonly (readonly [name: string, value: string])[] = [
  ['content-type', 'text/plain'],
  ['content-type', 'application/json; charset=utf-16'],
  ['content-type', ';;;'],
  ['content-type', ''],
  ['content-type', 'application/json; charset="utf-8"'],
  ['content-encoding', 'gzip'],
  ['content-encoding', 'br'],
  ['content-encoding', 'identity'],
  ['idempotency-key', ''],
  ['idempotency-key', 'k'.repeat(256)],
  ['idempotency-key', 'k'.repeat(255)],
  ['idempotency-key', 'caf\u00e9'],
  ['idempotency-key', '__proto__'],
  ['accept', 'application/xml'],
  ['accept-encoding', 'gzip, br;q=0'],
  ['x-http-method-override', 'DELETE'],
  ['x-forwarded-for', "127.0.0.1, ' or 1=1"],
  ['x-forwarded-host', 'evil.example'],
  ['x-forwarded-proto', 'javascript'],
  ['forwarded', 'for=unknown;host=evil.example'],
  ['host', 'evil.example'],
  ['host', 'a b'],
  ['host', '[::1'],
  ['host', ''],
  ['range', 'bytes=0-1'],
  ['if-none-match', '*'],
  ['if-modified-since', 'never'],
  ['cookie', 'a=b; '.repeat(100)],
  ['x-long', 'a'.repeat(6_000)],
  ['paylect-version', '1999-01-01'],
  ['x-request-id', 'req_mine'],
  ['expect', '100-continue'],
  ['traceparent', 'x'.repeat(500)],
]

const strangeSegments = [
  ...['%00', '%2e%2e', '..%2f..', '%2F', '%5c', '%zz', '%ff', '%ED%A0%80', 'a%0d%0ab', '0', '-1', 'null', 'undefined'],
  ...['__proto__', 'constructor', 'x'.repeat(300), '9'.repeat(5_000), '%F0%9F%92%A9', 'pay_00000000', ';a=b', '*', '.'],
  ...['pay_00000000000000000000000000', 'PAY_00000000000000000000000000', '99999999999999999999', '01', '1e3', ' 1'],
].map((segment) => segment.replaceAll(' ', '%20'))

const strangeQueries = [
  ...[
    'limit=0',
    'limit=101',
    'limit=1e1',
    'limit=%00',
    'limit=',
    'limit',
    'limit=1&limit=2',
    'limit[a]=1',
    'limit[]=1',
  ],
  ...[
    'limit=١',
    'limit=+1',
    'limit=%31',
    '%6cimit=1',
    'Limit=1',
    'unknown=1',
    '__proto__[a]=1',
    'constructor[prototype]=1',
  ],
  ...[`a${'[b]'.repeat(9)}=1`, `a=${'b'.repeat(4_000)}`, 'a=1&'.repeat(300), '&&&=&', '%=1', 'a=%zz', 'a=%ff', '?a=1'],
  ...['after=x', 'after=%27', 'after=0', 'before=x', 'starting_after=x', 'order=created_at.desc;drop', 'status=paid'],
  ...['created_from=yesterday', 'created_to=9999999999999999', 'from=0001-01-01', 'to=2026-02-30', 'currency=inr'],
  ...['expand=', 'expand=a', 'expand=customer,customer', 'expand=attempts%2Cattempts', 'type=', 'at=1', 'wait=31'],
].map((query) => encodeURI(query).replaceAll('%25', '%'))

const otherMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY'] as const
const wrongRoles: readonly FuzzRole[] = ['unscoped', 'other', 'live', 'revoked', 'suspended', 'none', 'malformed']

/** Any one change, of those that apply to the operation. */
export function mutationOf(operation: FuzzOperation, pools: IdPools): fc.Arbitrary<Mutation> {
  const everywhere = [
    { weight: 3, arbitrary: roleMutation() },
    { weight: 2, arbitrary: headerMutation() },
    { weight: 2, arbitrary: queryMutation(operation) },
    { weight: 1, arbitrary: methodMutation() },
    { weight: 1, arbitrary: pathMutation(operation) },
  ]
  const ofBody = [
    { weight: 8, arbitrary: fieldMutation() },
    { weight: 3, arbitrary: bodyMutation() },
  ]
  const again = { weight: 2, arbitrary: usedKeyMutation(operation, pools) }
  return fc.oneof(
    ...everywhere,
    ...(operation.body === undefined ? ofBody.slice(1) : ofBody),
    ...(operation.isIdempotent ? [again] : []),
  )
}

function roleMutation(): fc.Arbitrary<Mutation> {
  return fc
    .constantFrom(...wrongRoles)
    .map((role) => ({ title: `as ${role}`, apply: (writing) => ({ ...writing, role }) }))
}

function headerMutation(): fc.Arbitrary<Mutation> {
  return fc.constantFrom(...strangeHeaders).map(([name, value]) => ({
    title: `${name}: ${value.slice(0, 30)}`,
    apply: (writing) => ({
      ...writing,
      // A Host that is none never becomes a request of the surface.
      isLost: writing.isLost || name === 'host',
      headers: [...writing.headers.filter(([given]) => given !== name), [name, value] as const],
    }),
  }))
}

function queryMutation(operation: FuzzOperation): fc.Arbitrary<Mutation> {
  const names = operation.parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name)
  const known = names.filter((name) => name !== 'wait')
  const replaced = fc.tuple(fc.constantFrom(...known, 'unknown'), strangeValue).map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    return `${name}=${encodeURIComponent(text.toWellFormed())}`
  })
  return fc.oneof(fc.constantFrom(...strangeQueries), replaced).map((text) => ({
    title: `?${text.slice(0, 40)}`,
    apply: (writing) => ({ ...writing, addedQuery: text }),
  }))
}

function methodMutation(): fc.Arbitrary<Mutation> {
  return fc.constantFrom(...otherMethods).map((method) => ({
    title: `${method} instead`,
    apply: (writing) => ({ ...writing, method, isLost: true }),
  }))
}

function pathMutation({ path }: FuzzOperation): fc.Arbitrary<Mutation> {
  const shapes: readonly ((path: string) => string)[] = [
    (at) => `${at}/`,
    (at) => at.replace('/', '//'),
    (at) => at.toUpperCase(),
    (at) => `${at}/../..`,
    (at) => `${at}/%2e%2e/healthz`,
    (at) => `${at}.json`,
    (at) => `${at};a=b`,
    (at) => `${at}%20`,
    (at) => at.replaceAll('/', '%2f'),
    (at) => `/.${at}`,
    (at) => `${at}/${'a/'.repeat(100)}`,
  ]
  const reshaped = fc.constantFrom(...shapes.keys()).map((index) => ({
    title: `path shape ${index}`,
    apply: (writing: Writing): Writing => ({
      ...writing,
      isLost: true,
      reshape: shapes[index] ?? writing.reshape,
    }),
  }))
  if (!path.includes('{')) return reshaped
  const filled = fc.constantFrom(...strangeSegments).map((segment) => ({
    title: `path part ${segment.slice(0, 30)}`,
    apply: (writing: Writing): Writing => ({ ...writing, isLost: true, segment }),
  }))
  return fc.oneof({ weight: 1, arbitrary: reshaped }, { weight: 3, arbitrary: filled })
}

/** One field replaced, left out, doubled or added. */
function fieldMutation(): fc.Arbitrary<Mutation> {
  return fc.record({ at: fc.nat(), deed: fc.nat({ max: 9 }), value: strangeValue }).map(({ at, deed, value }) => ({
    title: `field ${at} ${deed}`,
    apply: (writing) => {
      const body = writing.draft.body ?? {}
      const names = Object.keys(body)
      const name = names[at % Math.max(names.length, 1)] ?? 'amount'
      if (deed === 0) return withBody(writing, Object.fromEntries(Object.entries(body).filter(([key]) => key !== name)))
      if (deed === 1) return withBody(writing, { ...body, [`${name}_`]: value })
      if (deed === 2) return { ...writing, doubledField: [name, value] }
      if (deed === 3) return withBody(writing, { ...body, [name]: inside(body[name], value) })
      return withBody(writing, { ...body, [name]: value })
    },
  }))
}

/** The value with one of its own members replaced. */
function inside(whole: unknown, value: unknown): unknown {
  if (Array.isArray(whole)) return [...whole, value]
  if (typeof whole !== 'object' || whole === null) return { [String(whole)]: value }
  const [first = 'extra'] = Object.keys(whole)
  return { ...whole, [first]: value }
}

function withBody(writing: Writing, body: Record<string, unknown>): Writing {
  return { ...writing, draft: { ...writing.draft, body } }
}

function bodyMutation(): fc.Arbitrary<Mutation> {
  return fc.constantFrom(...strangeBodies).map(([title, body, type]) => ({
    title,
    apply: (writing) => ({
      ...writing,
      rawBody: Buffer.from(body),
      headers: [...writing.headers.filter(([name]) => name !== 'content-type'), ['content-type', type] as const],
    }),
  }))
}

/** An idempotency key that an earlier request of the run has used, likely with another body. */
function usedKeyMutation({ dialect, name }: FuzzOperation, pools: IdPools): fc.Arbitrary<Mutation> {
  return fc.constantFrom(...pools.of(dialect.name, `keys of ${name}`)).map((key) => ({
    title: 'a used idempotency key',
    apply: (writing) => ({
      ...writing,
      headers: [...writing.headers.filter(([given]) => given !== 'idempotency-key'), ['idempotency-key', key] as const],
    }),
  }))
}
