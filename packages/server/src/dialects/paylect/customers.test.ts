import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type DialectGateway, openDialectGateway } from '../../../test/support/dialect-gateway.ts'
import { type HouseAnswer, houseCaller, refusalCheck, walkList } from '../../../test/support/house-caller.ts'
import { paylect } from './index.ts'

let gateway: DialectGateway
beforeAll(async () => {
  gateway = await openDialectGateway([paylect])
})
afterAll(() => gateway.close())
beforeEach(() => gateway.forgetCalls())

const call = houseCaller(() => gateway)
const refuses = refusalCheck(() => gateway)
const create = (fields: object, key?: string) =>
  call('POST', '/customers', fields, key ? { headers: { 'idempotency-key': key } } : {})
const change = (id: unknown, fields: object, key?: string) =>
  call('PATCH', `/customers/${id}`, fields, key ? { headers: { 'idempotency-key': key } } : {})
const now = () => new Date(gateway.testEngine.clocks.sandbox.now()).toISOString()
const replayed = ({ headers }: HouseAnswer) => headers['idempotent-replayed']

describe('creating a customer', () => {
  test('keeps what was said, and nothing else', async () => {
    const said = { reference: 'C-1', name: 'A. Payer', email: 'a@example.com', phone: '+91 1', metadata: { tier: 2 } }
    const { status, body } = await create(said)
    const id = expect.stringMatching(/^cus_[0-9a-z]{26}$/)
    const times = { created_at: now(), updated_at: now() }
    expect([status, body]).toEqual([201, { ...said, id, object: 'customer', livemode: false, ...times }])
    expect((await call('GET', `/customers/${body['id']}`)).body).toEqual(body)
    expect((await call('GET', '/customers/C-1')).body).toEqual(body)
    const { body: least } = await create({ name: 'B' })
    expect(least).toMatchObject({ reference: null, name: 'B', email: null, phone: null, metadata: {} })
  })

  test('refuses what is wrong by name, and a reference that is taken, and keeps nothing', async () => {
    await create({ reference: 'C-2' })
    await refuses([
      ['/customers', { reference: 'C-2' }, 409, 'reference'],
      ['/customers', { reference: 'C-3', e_mail: 'a@example.com' }, 400, 'e_mail'],
      ['/customers', { reference: 'C-3', email: 'example.com' }, 400, 'email'],
      ['/customers', { reference: '' }, 400, 'reference'],
      ['/customers', { reference: 'x'.repeat(101) }, 400, 'reference'],
      ['/customers', { name: 7 }, 400, 'name'],
      ['/customers', { name: 'A', metadata: { deep: { er: 1 } } }, 400, 'metadata.deep'],
      ['/customers', { name: null }, 400],
      ['/customers', {}, 400],
    ])
  })

  test('under one key happens once, is marked when it is given again, and is refused for other words', async () => {
    const first = await create({ reference: 'C-4', name: 'First' }, 'key-create')
    const before = await gateway.rowCounts()
    const again = await create({ reference: 'C-4', name: 'First' }, 'key-create')
    expect([again.status, again.body, replayed(first), replayed(again)]).toEqual([201, first.body, undefined, 'true'])
    const other = await create({ reference: 'C-4', name: 'Second' }, 'key-create')
    expect([other.status, await gateway.rowCounts()]).toEqual([422, before])
  })

  test('of ten calls at once with one reference lets one through', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => create({ reference: 'C-race' })))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 9 }, () => 409)])
    expect((await call('GET', '/customers?reference=C-race')).body['data']).toHaveLength(1)
  })
})

describe('changing a customer', () => {
  test('changes what is named, clears what is null, replaces metadata whole and leaves the rest', async () => {
    const said = { reference: 'C-5', name: 'A', email: 'a@example.com', phone: '1', metadata: { a: 1, b: 2 } }
    const { body: made } = await create(said)
    gateway.testEngine.clocks.sandbox.advance(60_000)
    const { status, body } = await change('C-5', { email: null, name: 'B', metadata: { c: 3 } })
    const expected = { ...made, email: null, name: 'B', metadata: { c: 3 }, updated_at: now() }
    expect([status, body]).toEqual([200, expected])
    expect((await call('GET', `/customers/${made['id']}`)).body).toEqual(expected)
    const cleared = await change(made['id'], { reference: null })
    expect(cleared.body['reference']).toBeNull()
    expect((await call('GET', '/customers/C-5')).status).toBe(404)
    expect((await create({ reference: 'C-5' })).status).toBe(201)
  })

  test('refuses what is wrong by name and changes nothing; its own reference is no conflict', async () => {
    const { body: mine } = await create({ reference: 'C-6' })
    await create({ reference: 'C-7' })
    const { body: foreign } = await call('POST', '/customers', { reference: 'C-8' }, { role: 'other' })
    const before = await gateway.rowCounts()
    const tries: [unknown, object, number, string | undefined][] = [
      [mine['id'], { reference: 'C-7' }, 409, 'reference'],
      [mine['id'], { id: 'cus_1' }, 400, 'id'],
      [mine['id'], { email: 'nobody' }, 400, 'email'],
      [mine['id'], { metadata: null }, 400, 'metadata'],
      [mine['id'], {}, 400, undefined],
      [foreign['id'], { name: 'Mine now' }, 404, 'id'],
      ['C-8', { name: 'Mine now' }, 404, 'id'],
      ['cus_00000000000000000000000001', { name: 'B' }, 404, 'id'],
    ]
    for (const [id, fields, status, field] of tries) {
      const answer = await change(id, fields)
      expect([answer.status, answer.body['field']], JSON.stringify([id, fields])).toEqual([status, field])
    }
    expect(await gateway.rowCounts()).toEqual(before)
    expect((await change(mine['id'], { reference: 'C-6', name: 'Same' })).status).toBe(200)
    // Another merchant's reference is free here.
    expect((await change(mine['id'], { reference: 'C-8' })).status).toBe(200)
  })

  test('under one key happens once: a replay does not undo what came later', async () => {
    const { body: made } = await create({ reference: 'C-9', name: 'A' })
    const first = await change(made['id'], { name: 'B' }, 'key-change')
    await change(made['id'], { name: 'C' })
    const before = await gateway.rowCounts()
    const again = await change(made['id'], { name: 'B' }, 'key-change')
    expect([again.status, again.body, replayed(again)]).toEqual([200, first.body, 'true'])
    expect((await call('GET', '/customers/C-9')).body['name']).toBe('C')
    expect((await change(made['id'], { name: 'D' }, 'key-change')).status).toBe(422)
    // The same words for another customer are another request.
    const { body: other } = await create({ reference: 'C-10' })
    expect((await change(other['id'], { name: 'B' }, 'key-change')).status).toBe(422)
    expect((await gateway.rowCounts())['revisions of customers']).toBe(before['revisions of customers'])
  })
})

describe('the payments of a customer', () => {
  const pay = async (reference: string, customer?: object, role: 'main' | 'other' = 'main') => {
    const order = { amount: 1_000, currency: 'INR', method: 'upi', reference, ...(customer ? { customer } : {}) }
    const { status, body } = await call('POST', '/payments', order, { role })
    expect(status).toBe(201)
    return body
  }
  const referencesOf = async (customer: unknown, query: Record<string, string> = {}) => {
    const found = await walkList(call, '/payments', { customer: String(customer), ...query }, { side: 'after' })
    return found.map(({ reference }) => reference)
  }

  test('are found by its id and by its reference, and those of nobody else', async () => {
    const first = await pay('P-1', { reference: 'C-20', name: 'Twenty' })
    await pay('P-2', { reference: 'C-21' })
    await pay('P-3', { reference: 'C-20', name: 'ignored' })
    await pay('P-4')
    await pay('P-5', { reference: 'C-20' }, 'other')
    const { body: customer } = await call('GET', '/customers/C-20')
    expect(customer).toMatchObject({ id: first['customer_id'], name: 'Twenty' })
    for (const name of [customer['id'], 'C-20']) {
      expect(await referencesOf(name)).toEqual(['P-3', 'P-1'])
      expect(await referencesOf(name, { limit: '1', order: 'created_at.asc' })).toEqual(['P-1', 'P-3'])
      expect(await referencesOf(name, { status: 'succeeded' })).toEqual([])
    }
    await change(customer['id'], { reference: 'C-20-new' })
    expect(await referencesOf('C-20-new')).toEqual(['P-3', 'P-1'])
    expect((await call('GET', '/payments/P-1')).body['customer_reference']).toBe('C-20')
  })

  test('of a customer that is unknown or another merchant’s are not found, by the field', async () => {
    const { body: foreign } = await call('POST', '/customers', { reference: 'C-foreign' }, { role: 'other' })
    for (const customer of [foreign['id'], 'C-foreign', 'cus_00000000000000000000000001', 'nobody']) {
      const { status, body } = await call('GET', `/payments?customer=${customer}`)
      expect([status, body['code'], body['field']]).toEqual([404, 'customer_not_found', 'customer'])
    }
    expect((await call('GET', '/payments?customer=')).body['field']).toBe('customer')
  })
})
