import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DialectGateway, openDialectGateway } from '../../../test/support/dialect-gateway.ts'
import { houseCaller } from '../../../test/support/house-caller.ts'
import { monetiflow } from '../monetiflow/index.ts'
import { paylect } from './index.ts'

let gateway: DialectGateway
beforeAll(async () => {
  gateway = await openDialectGateway([paylect, monetiflow])
})
afterAll(async () => {
  expect(gateway.failures).toEqual([])
  await gateway.close()
})

type Body = Record<string, unknown>
const call = houseCaller(() => gateway)
const reports = { name: 'Reports', scopes: ['payments:read', 'api_keys:read', 'api_keys:write'] }

async function create(given: Body = {}, headers: Record<string, string> = {}) {
  const answer = await call('POST', '/api_keys', { ...reports, ...given }, { headers })
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return { ...answer.body, id: String(answer.body['id']), key: String(answer.body['key']) }
}

async function callWith(key: string, method: 'GET' | 'POST', path: string, payload?: object) {
  const headers = { authorization: `Bearer ${key}` }
  const answer = await gateway.app.inject({ method, url: `/v1${path}`, headers, ...(payload ? { payload } : {}) })
  return { status: answer.statusCode, body: answer.json<Body>() }
}

async function databaseText(): Promise<string> {
  const { pool } = gateway.testEngine.database
  const { rows } = await pool.query(`select table_schema, table_name from information_schema.tables
    where table_type = 'BASE TABLE' and table_schema in ('public', 'graphile_worker')`)
  const texts = rows.map(async ({ table_schema: schema, table_name: table }) => {
    const dump = await pool.query(`select coalesce(string_agg(t::text, ' '), '') as text from "${schema}"."${table}" t`)
    return String(dump.rows[0]?.text)
  })
  return (await Promise.all(texts)).join('\n')
}

describe('a new key', () => {
  test('works at once, does what its scopes say and no more', async () => {
    const { key, id } = await create()
    expect(key).toMatch(/^sk_test_[0-9A-Za-z]{39}$/)
    expect((await callWith(key, 'GET', '/payments')).status).toBe(200)
    expect((await callWith(key, 'GET', '/balance')).body).toMatchObject({ status: 403, code: 'scope_missing' })
    const { body } = await callWith(key, 'GET', `/api_keys/${id}`)
    expect(body).toMatchObject({ object: 'api_key', hint: key.slice(-4), status: 'active', livemode: false })
    expect(body).toMatchObject({ dialect: 'paylect', kind: 'secret', scopes: reports.scopes, ip_allow: null })
    expect(body).not.toHaveProperty('key')
  })

  test('is refused like an unknown one where one character is wrong', async () => {
    const { key } = await create()
    const unknown = await callWith('sk_test_000A7dl5PEW67zZCpFU9uKaHnGgOvQKAR3ud6Qh', 'GET', '/payments')
    const flipped = key.slice(0, 20) + (key[20] === 'x' ? 'y' : 'x') + key.slice(21)
    const { status, body } = await callWith(flipped, 'GET', '/payments')
    const { request_id: _, ...said } = body
    expect([status, said]).toEqual([401, { ...unknown.body, request_id: undefined }])
    expect(said).toMatchObject({ code: 'api_key_invalid' })
  })

  test('is shown once: a replay shows the same key without its text, which stands in no row and no log', async () => {
    const headers = { 'idempotency-key': 'make one key' }
    const first = await create({}, headers)
    const again = await call('POST', '/api_keys', reports, { headers })
    expect([again.status, again.headers['idempotent-replayed']]).toEqual([201, 'true'])
    expect(again.body).toEqual({ ...first, key: null })
    const rotated = await call('POST', `/api_keys/${first.id}/rotate`, { overlap: 'PT1H' }, { headers })
    const rotatedAgain = await call('POST', `/api_keys/${first.id}/rotate`, { overlap: 'PT1H' }, { headers })
    expect(rotatedAgain.body).toEqual({ ...rotated.body, key: null })
    const other = await call('POST', '/api_keys', { ...reports, name: 'Other' }, { headers })
    expect([other.status, other.body['code']]).toEqual([422, 'idempotency_key_reused'])
    const stored = await databaseText()
    expect(stored).toContain('make one key')
    expect(stored).toContain(first.id)
    for (const text of [first.key, String(rotated.body['key'])]) {
      expect(text).toMatch(/^sk_test_/)
      expect(stored).not.toContain(text.slice(8, -6))
      expect(JSON.stringify(gateway.failures)).not.toContain(text)
    }
  })

  test('can be another dialect’s, in that dialect’s form', async () => {
    const { key, id } = await create({ dialect: 'monetiflow' })
    expect(key).toMatch(/^mk_test_/)
    const headers = { authorization: `Bearer ${key}` }
    const path = monetiflow.surface(gateway.services).mount
    const answer = await gateway.app.inject({ method: 'GET', url: `${path}/payments`, headers })
    expect(answer.statusCode, answer.body).not.toBe(401)
    const { body } = await call('GET', '/api_keys?limit=100')
    expect((body['data'] as Body[]).find((listed) => listed['id'] === id)).toMatchObject({ dialect: 'monetiflow' })
  })

  test.each([
    [{ scopes: [] }, 'scopes'],
    [{ scopes: ['payments:dance'] }, 'scopes.0'],
    [{ name: '' }, 'name'],
    [{ dialect: 'nowhere' }, 'dialect'],
    [{ kind: 'publishable', dialect: 'monetiflow', scopes: ['checkout:read'] }, 'kind'],
    [{ kind: 'publishable', scopes: ['payments:read'] }, 'scopes'],
    [{ expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    [{ ip_allow: ['192.0.2.0/24', 'nowhere'] }, 'ip_allow.1'],
    [{ ip_allow: [] }, 'ip_allow'],
    [{ mode: 'live' }, 'mode'],
    [{ merchant_id: 'mer_other' }, 'merchant_id'],
  ])('is refused by name with %j', async (given, field) => {
    const { status, body } = await call('POST', '/api_keys', { ...reports, ...given })
    expect([status, body['field']]).toEqual([400, field])
  })

  test('gets no scope that the key that asks lacks, neither when it is made nor when it replaces another', async () => {
    const { key } = await create()
    const all = await create({ scopes: ['payouts:write'] })
    const made = await callWith(key, 'POST', '/api_keys', { name: 'More', scopes: ['payouts:write'] })
    expect([made.status, made.body['code'], made.body['field']]).toEqual([403, 'scope_not_grantable', 'scopes'])
    const rotated = await callWith(key, 'POST', `/api_keys/${all.id}/rotate`, { overlap: 'PT0S' })
    expect([rotated.status, rotated.body['code']]).toEqual([403, 'scope_not_grantable'])
    expect((await callWith(key, 'POST', '/api_keys', { name: 'Less', scopes: ['payments:read'] })).status).toBe(201)
  })

  test('is refused from another address, with the address that was seen', async () => {
    const { key } = await create({ ip_allow: ['198.51.100.0/24'] })
    const { status, body } = await callWith(key, 'GET', '/payments')
    expect([status, body['code']]).toEqual([403, 'ip_not_allowed'])
    expect(body['detail']).toContain('127.0.0.1')
    const near = await create({ ip_allow: ['127.0.0.0/8'] })
    expect((await callWith(near.key, 'GET', '/payments')).status).toBe(200)
  })
})

describe('the end of a key', () => {
  test('a key can replace itself: both work, then only the new one', async () => {
    const { key, id } = await create()
    const rotated = await callWith(key, 'POST', `/api_keys/${id}/rotate`, { overlap: 'PT1H' })
    expect(rotated.status).toBe(201)
    const next = String(rotated.body['key'])
    expect(rotated.body).toMatchObject({ name: 'Reports', rotated_from: id, replaced: { id, status: 'active' } })
    for (const works of [key, next]) expect((await callWith(works, 'GET', '/payments')).status).toBe(200)
    const twice = await call('POST', `/api_keys/${id}/rotate`, { overlap: 'PT1H' })
    expect([twice.status, twice.body['code']]).toEqual([409, 'api_key_replaced'])
    gateway.testEngine.clocks.live.advance(3_600_000)
    expect((await callWith(key, 'GET', '/payments')).status).toBe(401)
    expect((await callWith(next, 'GET', '/payments')).status).toBe(200)
    expect((await call('GET', `/api_keys/${id}`)).body).toMatchObject({
      status: 'expired',
      replaced_by: rotated.body['id'],
    })
  })

  test('a revoked key is refused at once, and revoking it again answers it again', async () => {
    const { key, id } = await create()
    const first = await callWith(key, 'POST', `/api_keys/${id}/revoke`)
    expect([first.status, first.body['status']]).toEqual([200, 'revoked'])
    expect((await callWith(key, 'GET', '/payments')).status).toBe(401)
    const again = await call('POST', `/api_keys/${id}/revoke`)
    expect([again.status, again.body]).toEqual([200, first.body])
  })

  test.each(['P31D', '-PT1S', 'PT1H30', 'P1M'])('an overlap of %s is refused by name', async (overlap) => {
    const { id } = await create()
    const { status, body } = await call('POST', `/api_keys/${id}/rotate`, { overlap })
    expect([status, body['field']]).toEqual([400, 'overlap'])
  })

  test('nobody sees, rotates or revokes the key of another merchant or of the other mode', async () => {
    const { key, id } = await create()
    for (const role of ['other', 'live'] as const) {
      expect((await call('GET', `/api_keys/${id}`, undefined, { role })).body).toMatchObject({
        code: 'api_key_not_found',
      })
      expect((await call('POST', `/api_keys/${id}/rotate`, { overlap: 'PT0S' }, { role })).status).toBe(404)
      expect((await call('POST', `/api_keys/${id}/revoke`, undefined, { role })).status).toBe(404)
      const { body } = await call('GET', '/api_keys?limit=100', undefined, { role })
      expect(JSON.stringify(body)).not.toContain(id)
    }
    expect((await callWith(key, 'GET', '/payments')).status).toBe(200)
  })
})

describe('a publishable key', () => {
  test('shows what the payer may see of a payment, by its house id, and opens nothing else', async () => {
    const { key } = await create({ kind: 'publishable', scopes: ['checkout:read'] })
    expect(key).toMatch(/^pk_test_/)
    const asked = { amount: 2_500, currency: 'INR', method: 'upi', reference: 'ORD-9', description: 'Two books' }
    const payment = (await call('POST', '/payments', { ...asked, metadata: { margin: 'secret' } })).body
    const shown = await callWith(key, 'GET', `/checkout/payments/${payment['id']}`)
    expect([shown.status, shown.body]).toEqual([
      200,
      {
        ...{ id: payment['id'], object: 'checkout_payment', status: 'awaiting_payer', amount: 2_500, currency: 'INR' },
        ...{ method: 'upi', description: 'Two books', expires_at: payment['expires_at'] },
        ...{ success_url: null, failure_url: null },
      },
    ])
    expect((await callWith(key, 'GET', '/checkout/payments/ORD-9')).status).toBe(404)
    for (const endpoint of paylect.surface(gateway.services).endpoints) {
      if (endpoint.operation === 'checkout.getPayment') continue
      const path = `/v1${endpoint.path.replace(':id', String(payment['id']))}`
      const headers = { authorization: `Bearer ${key}` }
      const answer = await gateway.app.inject({ method: endpoint.method, url: path, headers })
      expect([answer.statusCode, answer.json<Body>()['code']], endpoint.operation).toEqual([403, 'scope_missing'])
    }
  })
})

describe('the list of keys', () => {
  test('is paged both ways, newest first, without a text', async () => {
    const made: string[] = []
    for (let count = 0; count < 3; count += 1) made.unshift((await create({ name: `Key ${count}` })).id)
    const idsOf = ({ body }: { body: Body }) => (body['data'] as Body[]).map(({ id }) => id)
    expect(idsOf(await call('GET', '/api_keys?limit=2'))).toEqual(made.slice(0, 2))
    expect(idsOf(await call('GET', `/api_keys?limit=1&after=${made[0]}`))).toEqual([made[1]])
    expect(idsOf(await call('GET', `/api_keys?limit=2&before=${made[2]}`))).toEqual(made.slice(0, 2))
    expect((await call('GET', '/api_keys?after=key_nothing')).body).toMatchObject({ status: 400, field: 'after' })
  })
})
