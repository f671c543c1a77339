import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DialectGateway, openDialectGateway } from '../../../test/support/dialect-gateway.ts'
import { houseCaller, refusalCheck } from '../../../test/support/house-caller.ts'
import { paylect } from './index.ts'

let gateway: DialectGateway
beforeAll(async () => {
  gateway = await openDialectGateway([paylect])
})
afterAll(() => gateway.close())

const call = houseCaller(() => gateway)
const refuses = refusalCheck(() => gateway)

test('deliveries of an endpoint that is unknown, deleted or another merchant’s are not found, by the field', async () => {
  const endpoint = { url: 'https://example.com/hook' }
  const { body: own } = await call('POST', '/webhook_endpoints', endpoint)
  const { body: deleted } = await call('POST', '/webhook_endpoints', endpoint)
  await call('DELETE', `/webhook_endpoints/${deleted['id']}`)
  const { body: foreign } = await call('POST', '/webhook_endpoints', endpoint, { role: 'other' })
  for (const id of [foreign['id'], deleted['id'], 'we_00000000000000000000000001', 'nothing']) {
    const { status, body } = await call('GET', `/deliveries?endpoint_id=${id}`)
    expect([status, body['code'], body['field']]).toEqual([404, 'webhook_endpoint_not_found', 'endpoint_id'])
    await refuses([['/deliveries/resend', { endpoint_id: id }, 404, 'endpoint_id']])
  }
  expect((await call('GET', `/deliveries?endpoint_id=${own['id']}`)).body['data']).toEqual([])
  expect((await call('POST', '/deliveries/resend', { endpoint_id: own['id'] })).body).toMatchObject({ resent: 0 })
})
