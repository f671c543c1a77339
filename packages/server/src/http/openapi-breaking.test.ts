import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { type EndpointDescription, endpointsOf } from './endpoint.ts'
import { type DescribedSurface, type OpenApiDocument, openApiDocument } from './openapi.ts'
import { breakingChanges } from './openapi-breaking.ts'

const problem = z.object({ code: z.string() }).meta({ id: 'Problem' })
const order = z.object({ id: z.string(), status: z.enum(['open', 'paid']), note: z.string().nullable() })

const create = {
  method: 'POST' as const,
  path: '/orders',
  operation: 'orders.create',
  summary: 'Create an order',
  scopes: ['write'],
  query: z.strictObject({ limit: z.string().max(9).optional() }),
  body: z.strictObject({
    amount: z.int().min(1).max(100),
    method: z.enum(['upi', 'card']),
    note: z.string().max(20).nullish(),
    lines: z.array(z.object({ name: z.string() })).optional(),
  }),
  response: { 201: order.meta({ id: 'Order' }), 202: z.object({ later: z.boolean() }) },
  errors: ['conflict' as const],
}

function contractOf(...endpoints: readonly EndpointDescription[]): OpenApiDocument {
  const statuses = new Proxy({} as never, { get: () => 400 })
  const surface: DescribedSurface = {
    name: 'shop',
    mount: '/shop',
    bodies: { json: true, form: false, limitBytes: 1_000 },
    endpoints,
    document: {
      ...{ title: 'Shop', version: '1', description: '', tags: {} },
      securitySchemes: { key: { type: 'http', scheme: 'bearer' } },
      errors: { contentType: 'application/json', body: problem, statuses, bodyStatuses: [] },
    },
  }
  return openApiDocument(surface)
}

const released = contractOf(create)
const shape = create.body.shape
const changedTo = (changes: Partial<EndpointDescription>) =>
  breakingChanges(released, contractOf({ ...create, ...changes }))
const bodyWith = (changes: z.ZodRawShape) => ({ body: z.strictObject({ ...shape, ...changes }) })
const answerWith = (answer: z.ZodType) => ({ response: { ...create.response, 201: answer } })

describe('what breaks a contract', () => {
  test.each<[string, Partial<EndpointDescription>, string[]]>([
    ['another path', { path: '/purchases' }, ['POST /orders is gone']],
    ['another method', { method: 'PUT' }, ['POST /orders is gone']],
    ['another operation id', { operation: 'orders.make' }, ['POST /orders is no longer named orders.create']],
    ['another scope', { scopes: ['write', 'admin'] }, ['POST /orders needs admin']],
    [
      'a new required parameter',
      { query: z.strictObject({ limit: z.string().max(9).optional(), page: z.string() }) },
      ['POST /orders requires the new query parameter page'],
    ],
    ['a parameter less', { query: z.strictObject({}) }, ['POST /orders no longer takes the query parameter limit']],
    [
      'a parameter that must be given',
      { query: z.strictObject({ limit: z.string().max(9) }) },
      ['POST /orders requires the query parameter limit'],
    ],
    [
      'a narrower parameter',
      { query: z.strictObject({ limit: z.string().max(8).optional() }) },
      ['POST /orders: the query parameter limit has a narrower maxLength: 8'],
    ],
    ['no body', { body: undefined as never }, ['POST /orders no longer takes a body']],
    [
      'a new required field',
      bodyWith({ currency: z.string() }),
      ['POST /orders: the body, field currency, is new and required'],
    ],
    [
      'a field that must be given',
      bodyWith({ lines: shape.lines.unwrap() }),
      ['POST /orders: the body, field lines, is required'],
    ],
    ['a field less', { body: create.body.omit({ lines: true }) }, ['POST /orders: the body, field lines, is gone']],
    [
      'a field of another type',
      bodyWith({ amount: z.string() }),
      ['POST /orders: the body, field amount, was "integer" and is "string"'],
    ],
    [
      'a value less in an enum of a request',
      bodyWith({ method: z.enum(['upi']) }),
      ['POST /orders: the body, field method, no longer takes "card"'],
    ],
    [
      'narrower bounds',
      bodyWith({ amount: z.int().min(2).max(99) }),
      [
        'POST /orders: the body, field amount, has a narrower minimum: 2',
        'POST /orders: the body, field amount, has a narrower maximum: 99',
      ],
    ],
    [
      'a field that must not be null',
      bodyWith({ note: z.string().max(20).optional() }),
      ['POST /orders: the body, field note, must not be null any more'],
    ],
    [
      'a break inside a list',
      bodyWith({ lines: z.array(z.object({ name: z.int() })).optional() }),
      ['POST /orders: the body, field lines, each item, field name, was "string" and is "integer"'],
    ],
    ['a status of success less', { response: { 201: create.response[201] } }, ['POST /orders no longer answers 202']],
    [
      'an answer without a field',
      answerWith(order.omit({ note: true })),
      ['POST /orders: the 201 answer, field note, is gone'],
    ],
    [
      'an answer whose field may be missing',
      answerWith(order.extend({ id: z.string().optional() })),
      ['POST /orders: the 201 answer, field id, may be missing'],
    ],
    [
      'an answer whose field may be null',
      answerWith(order.extend({ id: z.string().nullable() })),
      ['POST /orders: the 201 answer, field id, may be null'],
    ],
    [
      'an answer with a field of another type',
      answerWith(order.extend({ id: z.int() })),
      ['POST /orders: the 201 answer, field id, was "string" and is "integer"'],
    ],
  ])('%s', (_, changes, breaks) => {
    expect(changedTo(changes)).toEqual(breaks)
  })

  test.each<[string, Partial<EndpointDescription>]>([
    ['nothing at all', {}],
    ['other words', { summary: 'Make an order', description: 'As you like.' }],
    ['a scope less', { scopes: [] }],
    ['another refusal', { errors: [] }],
    ['a new optional field', bodyWith({ colour: z.string().optional() })],
    ['a new optional parameter', { query: create.query.extend({ page: z.string().optional() }) }],
    ['a value more in an enum of a request', bodyWith({ method: z.enum(['upi', 'card', 'cash']) })],
    ['wider bounds', bodyWith({ amount: z.int().min(0).max(101) })],
    ['a number where a whole number was asked', bodyWith({ amount: z.number().min(1).max(100) })],
    ['a field that need not be given any more', bodyWith({ amount: shape.amount.optional() })],
    ['a new field in an answer', answerWith(order.extend({ colour: z.string() }))],
    ['a new status of success', { response: { ...create.response, 200: order } }],
    ['a value more in an enum of an answer', answerWith(order.extend({ status: z.enum(['open', 'paid', 'lost']) }))],
    ['an answer whose field is never null any more', answerWith(order.extend({ note: z.string() }))],
    ['another name of a schema', answerWith(order.meta({ id: 'Purchase' }))],
  ])('%s breaks nothing', (_, changes) => {
    expect(changedTo(changes)).toEqual([])
  })

  test('a new operation breaks nothing, one that is gone does', () => {
    const get = endpointsOf<never, never>()({
      ...{ method: 'GET', path: '/orders/:id', operation: 'orders.get', summary: 'Read', scopes: [], errors: [] },
      response: { 200: order },
      handler: () => Promise.reject(new Error('is not called')),
    })
    const larger = contractOf(create, get)
    expect(breakingChanges(released, larger)).toEqual([])
    expect(breakingChanges(larger, released)).toEqual(['GET /orders/{id} is gone'])
  })
})
