import { describe, expect, test } from 'vitest'
import { madeUpServer } from '../../test/support/made-up-surface.ts'

const writer = { 'x-key': 'writer-key' }
const json = { ...writer, 'content-type': 'application/json' }
const form = { ...writer, 'content-type': 'application/x-www-form-urlencoded' }
const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth)

interface Attack {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'TRACE'
  readonly url?: string
  readonly headers?: Record<string, string>
  readonly payload?: string | Buffer
  readonly code: string
}

const attacks: readonly (readonly [string, Attack])[] = [
  ['half an object', { headers: json, payload: '{"amount":', code: 'malformed_body' }],
  ['two values', { headers: json, payload: '{}{}', code: 'malformed_body' }],
  ['not a number', { headers: json, payload: '{"amount":NaN}', code: 'malformed_body' }],
  [
    'bytes that are not UTF-8',
    { headers: json, payload: Buffer.from('{"a":"\xff\xfe"}', 'latin1'), code: 'malformed_body' },
  ],
  ['UTF-16', { headers: json, payload: Buffer.from('{"a":1}', 'utf16le'), code: 'malformed_body' }],
  [
    'a compressed body',
    { headers: { ...json, 'content-encoding': 'gzip' }, payload: '{}', code: 'unsupported_content_encoding' },
  ],
  ['deep objects', { headers: json, payload: nested(40, '{"a":', '}').replace(':}', ':1}'), code: 'body_too_deep' }],
  ['very deep arrays', { headers: json, payload: nested(30_000, '[', ']'), code: 'body_too_deep' }],
  ['many members', { headers: json, payload: `[${'0,'.repeat(20_000)}0]`, code: 'body_too_many_fields' }],
  ['a prototype', { headers: json, payload: '{"__proto__":{"admin":true}}', code: 'field_invalid' }],
  ['a constructor', { headers: json, payload: '{"metadata":{"constructor":{"prototype":1}}}', code: 'field_invalid' }],
  ['U+0000 in a value', { headers: json, payload: '{"metadata":{"a":"\\u0000"}}', code: 'field_invalid' }],
  ['U+0000 in a name', { headers: json, payload: '{"metadata":{"\\u0000":"a"}}', code: 'field_invalid' }],
  ['a lone surrogate', { headers: json, payload: '{"metadata":{"a":"\\ud800"}}', code: 'field_invalid' }],
  ['a number without bounds', { headers: json, payload: '{"lines":1e999}', code: 'field_invalid' }],
  ['null', { headers: json, payload: 'null', code: 'field_invalid' }],
  ['a body that is too large', { headers: json, payload: `"${'a'.repeat(70_000)}"`, code: 'body_too_large' }],
  [
    'an unknown content type',
    { headers: { ...writer, 'content-type': 'text/xml' }, payload: '<a/>', code: 'unsupported_content_type' },
  ],
  [
    'a broken content type',
    { headers: { ...writer, 'content-type': ';;' }, payload: '{}', code: 'unsupported_content_type' },
  ],
  [
    'an empty content type',
    { headers: { ...writer, 'content-type': '' }, payload: '{}', code: 'unsupported_content_type' },
  ],
  [
    'another charset',
    {
      headers: { ...writer, 'content-type': 'application/json; charset=utf-16' },
      payload: '{}',
      code: 'unsupported_content_type',
    },
  ],
  [
    'multipart',
    {
      headers: { ...writer, 'content-type': 'multipart/form-data; boundary=a' },
      payload: '--a--',
      code: 'unsupported_content_type',
    },
  ],
  ['no content type', { headers: writer, payload: Buffer.from('{}'), code: 'unsupported_content_type' }],
  ['a form with a broken escape', { headers: form, payload: 'amount=%zz', code: 'malformed_body' }],
  ['a form with escapes that are not UTF-8', { headers: form, payload: 'amount=%ff', code: 'malformed_body' }],
  [
    'a form with raw bytes that are not UTF-8',
    { headers: form, payload: Buffer.from('amount=\xff', 'latin1'), code: 'malformed_body' },
  ],
  ['a form name with a broken escape', { headers: form, payload: '%E0%A4=1', code: 'malformed_body' }],
  ['a form with U+0000', { headers: form, payload: 'reference=a%00b', code: 'field_invalid' }],
  ['a form with a prototype', { headers: form, payload: 'metadata[__proto__][a]=1', code: 'field_invalid' }],
  ['a form with an escaped prototype', { headers: form, payload: 'metadata%5B__proto__%5D=1', code: 'field_invalid' }],
  ['a form with deep brackets', { headers: form, payload: `a${'[b]'.repeat(9)}=1`, code: 'body_too_deep' }],
  ['a form with a high index', { headers: form, payload: 'lines[99999]=1', code: 'body_too_deep' }],
  ['a form with many parameters', { headers: form, payload: 'a=1&'.repeat(300), code: 'too_many_parameters' }],
  [
    'a form that repeats a field',
    { headers: form, payload: 'amount=1.00&amount=2.00&reference=r', code: 'field_invalid' },
  ],
  ['a form that mixes kinds', { headers: form, payload: 'metadata=1&metadata[a]=2', code: 'field_required' }],
  ['a form of separators', { headers: form, payload: '&&=&[]=&[=&]=', code: 'field_required' }],
  ['a broken escape in the path', { method: 'GET', url: '/shop/orders/%zz', code: 'malformed_url' }],
  ['a surrogate in the path', { method: 'GET', url: '/shop/orders/%ED%A0%80', code: 'malformed_url' }],
  ['U+0000 in the path', { method: 'GET', url: '/shop/orders/a%00b', code: 'field_invalid' }],
  [
    'an escaped path out of the surface',
    { method: 'GET', url: '/shop/orders/%2e%2e%2fhealthz', code: 'order_not_found' },
  ],
  ['an overlong id', { method: 'GET', url: `/shop/orders/${'9'.repeat(5_000)}`, code: 'route_not_found' }],
  ['an id above the schema', { method: 'GET', url: `/shop/orders/${'9'.repeat(201)}`, code: 'field_invalid' }],
  ['a broken escape in the query', { method: 'GET', url: '/shop/orders?reference=%', code: 'malformed_query' }],
  ['U+0000 in the query', { method: 'GET', url: '/shop/orders?reference=%00', code: 'field_invalid' }],
  ['a repeated query parameter', { method: 'GET', url: '/shop/orders?limit=1&limit=2', code: 'field_invalid' }],
  ['an object in the query', { method: 'GET', url: '/shop/orders?limit[a]=1', code: 'field_invalid' }],
  ['a page too large', { method: 'GET', url: '/shop/orders?limit=101', code: 'field_invalid' }],
  ['a page of none', { method: 'GET', url: '/shop/orders?limit=0', code: 'field_invalid' }],
  ['a page that is no number', { method: 'GET', url: '/shop/orders?limit=1e1', code: 'field_invalid' }],
  ['a prototype in the query', { method: 'GET', url: '/shop/orders?__proto__[a]=1', code: 'field_invalid' }],
  ['a deep query', { method: 'GET', url: `/shop/orders?a${'[b]'.repeat(9)}=1`, code: 'query_too_deep' }],
  ['a method that nobody uses', { method: 'TRACE', url: '/shop/orders', code: 'route_not_found' }],
]

describe('hostile input', () => {
  test.each(attacks)('%s is the caller\u2019s mistake, told in the form of the surface', async (_, attack) => {
    const { app, shop, logged } = madeUpServer()
    const { code, ...request } = { method: 'POST' as const, url: '/shop/orders', headers: writer, ...attack }
    const answer = await app.inject(request)
    expect(answer.json().failure).toMatchObject({ code, message: expect.any(String) })
    expect(answer.statusCode).toBeGreaterThanOrEqual(400)
    expect(answer.statusCode).toBeLessThan(500)
    expect(shop.orders.size).toBe(0)
    expect(logged).toEqual([])
    expect(Object.hasOwn(Object.prototype, 'admin')).toBe(false)
  })

  test('names the field that cannot be stored', async () => {
    const { app } = madeUpServer()
    const fieldOf = async (headers: Record<string, string>, payload: string) =>
      (await app.inject({ method: 'POST', url: '/shop/orders', headers, payload })).json().failure.field
    expect(await fieldOf(json, '{"lines":[{"note":"\\u0000"}]}')).toBe('lines.0.note')
    expect(await fieldOf(form, 'metadata[order_ref]=%00')).toBe('metadata.order_ref')
    expect(await fieldOf(form, 'metadata[order_ref]=%ff')).toBe('metadata[order_ref]')
  })
})
