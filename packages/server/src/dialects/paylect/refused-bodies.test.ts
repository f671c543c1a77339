import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DialectGateway, openDialectGateway } from '../../../test/support/dialect-gateway.ts'
import { paylect } from './index.ts'

let gateway: DialectGateway
beforeAll(async () => {
  gateway = await openDialectGateway([paylect])
})
afterAll(() => gateway.close())

/** Cancels a payment that there is not, so that only what is wrong with the body can come before "not found". */
async function cancel(payload: string, type = 'application/json') {
  const headers = { authorization: `Bearer ${gateway.key(paylect, 'main')}`, 'content-type': type }
  const answer = await gateway.app.inject({ method: 'POST', url: '/v1/payments/pay_0/cancel', headers, payload })
  return [answer.statusCode, (answer.json() as { readonly field?: string }).field]
}

test('an empty object counts as no body where none is taken, with a byte order mark before it too', async () => {
  expect(await cancel('{}')).toEqual([404, 'id'])
  expect(await cancel('\ufeff{}')).toEqual([404, 'id'])
  expect(await cancel('\ufeff {"amount":1}')).toEqual([400, 'amount'])
  expect(gateway.failures).toEqual([])
})

test('what the contract tells of a call that takes no body holds for a body of another type or a body too large', async () => {
  const document = (await gateway.app.inject({ url: '/v1/openapi.json' })).json()
  const responses = document.paths['/payments/{id}/cancel'].post.responses
  expect(await cancel('a=1', 'application/x-www-form-urlencoded')).toEqual([415, undefined])
  expect(await cancel(JSON.stringify({ a: 'x'.repeat(100_000) }))).toEqual([413, undefined])
  expect(Object.keys(responses)).toEqual(expect.arrayContaining(['413', '415']))
})
