import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DialectGateway, openDialectGateway } from '../../../test/support/dialect-gateway.ts'
import { houseCaller, refusalCheck } from '../../../test/support/house-caller.ts'
import { paylect } from './index.ts'

let gateway: DialectGateway
beforeAll(async () => {
  gateway = await openDialectGateway([paylect])
})
afterAll(() => gateway.close())

type Body = Record<string, unknown>

const call = houseCaller(() => gateway)
const expectRefused = refusalCheck(() => gateway)

async function paidPayment(amount = 10_000, reference?: string): Promise<Body> {
  const { body } = await call('POST', '/payments', { amount, currency: 'INR', method: 'upi', reference })
  return (await call('POST', `/sandbox/payments/${body['id']}/outcome`, { outcome: 'succeeded' })).body
}

async function balance(): Promise<Body | undefined> {
  return ((await call('GET', '/balance')).body['balances'] as Body[]).find(({ currency }) => currency === 'INR')
}

const supplier = { name: 'A Supplier', account_number: '000123456789', bank_code: 'HDFC0000001' }

describe('the balance', () => {
  test('of a merchant that nobody has paid is empty, and moves with payments, refunds and payouts', async () => {
    expect((await call('GET', '/balance')).body).toEqual({ object: 'balance', livemode: false, balances: [] })
    const { id } = await paidPayment()
    expect(await balance()).toEqual({ currency: 'INR', available: 9_800, pending: 0, reserved: 0 })
    await call('POST', '/refunds', { payment_id: id, amount: 5_000 })
    expect(await balance()).toEqual({ currency: 'INR', available: 4_900, pending: 5_000, reserved: 0 })
    await call('POST', '/payouts', { amount: 900, currency: 'INR', beneficiary: supplier })
    expect(await balance()).toEqual({ currency: 'INR', available: 4_000, pending: 5_000, reserved: 900 })
    await gateway.submitAttempts()
    expect(await balance()).toEqual({ currency: 'INR', available: 4_000, pending: 0, reserved: 0 })
    expect(await gateway.ledgerSums()).toEqual({ INR: 0n })
  })
})

describe('refunds', () => {
  test('are made by any name of the payment, and read by their id and by their own reference', async () => {
    const paid = await paidPayment(10_000, 'ORD-7')
    const given = {
      payment_id: 'ORD-7',
      amount: 500,
      currency: 'INR',
      reason: 'One item',
      reference: 'RF-1',
      metadata: { a: 1 },
    }
    const { status, body } = await call('POST', '/refunds', given)
    expect([status, body]).toMatchObject([
      201,
      { ...given, payment_id: paid['id'], object: 'refund', status: 'pending' },
    ])
    await gateway.submitAttempts()
    const settled = (await call('GET', `/refunds/${body['id']}`)).body
    expect(settled).toMatchObject({ status: 'succeeded', fee_returned: 10, livemode: false })
    expect((await call('GET', '/refunds/RF-1')).body).toEqual(settled)
    expect((await call('GET', `/payments/${paid['id']}`)).body['amount_refunded']).toBe(500)
  })

  test('fail as metadata.simulate says, and what they held comes back', async () => {
    const { id } = await paidPayment()
    const before = await balance()
    const { body } = await call('POST', '/refunds', {
      payment_id: id,
      metadata: { simulate: 'declined:invalid_account' },
    })
    await gateway.submitAttempts()
    const failed = (await call('GET', `/refunds/${body['id']}`)).body
    expect(failed).toMatchObject({ status: 'failed', failure_code: 'invalid_account', amount: 10_000 })
    expect(await balance()).toEqual(before)
  })

  test('a hundred at once give back no more than was paid', async () => {
    const { id } = await paidPayment()
    const one = () => call('POST', '/refunds', { payment_id: id, amount: 200 })
    const answers = await Promise.all(Array.from({ length: 100 }, one))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(50)
    expect(new Set(answers.filter(({ status }) => status !== 201).map(({ body }) => body['code']))).toEqual(
      new Set(['refund_exceeds_payment']),
    )
    await gateway.submitAttempts()
    expect((await call('GET', `/payments/${id}`)).body['amount_refunded']).toBe(10_000)
  })

  test('are refused by name, and nothing changes', async () => {
    const { id: open } = (await call('POST', '/payments', { amount: 1, currency: 'INR', method: 'upi' })).body
    const { id } = await paidPayment()
    await call('POST', '/refunds', { payment_id: id, amount: 1, reference: 'RF-taken' })
    await expectRefused([
      ['/refunds', {}, 400, 'payment_id'],
      ['/refunds', { payment_id: 'pay_none' }, 404, 'payment_id'],
      ['/refunds', { payment_id: open }, 409, 'payment_id'],
      ['/refunds', { payment_id: id, amount: 10_000 }, 422, 'amount'],
      ['/refunds', { payment_id: id, amount: 0 }, 400, 'amount'],
      ['/refunds', { payment_id: id, amount: 1, currency: 'USD' }, 400, 'currency'],
      ['/refunds', { payment_id: id, currency: 'INR' }, 400, 'amount'],
      ['/refunds', { payment_id: id, amount: 1, reference: 'RF-taken' }, 409, 'reference'],
      ['/refunds', { payment_id: id, notify_url: 'http://10.0.0.1/' }, 400, 'notify_url'],
      ['/refunds', { payment_id: id, ammount: 1 }, 400, 'ammount'],
    ])
  })
})

describe('payouts', () => {
  test('go to a bank account or a UPI id, and are read by their id and by their own reference', async () => {
    await paidPayment()
    const toBank = { amount: 100, currency: 'INR', beneficiary: supplier, reference: 'PO-1', description: 'May' }
    const first = await call('POST', '/payouts', toBank)
    const sent = { ...toBank, beneficiary: { ...supplier, upi_id: null } }
    expect([first.status, first.body]).toMatchObject([201, { ...sent, method: 'bank_transfer', status: 'processing' }])
    const upiId = 'declined.invalid_account@simulator'
    const toUpi = { amount: 100, currency: 'INR', beneficiary: { name: 'B', upi_id: upiId } }
    const second = await call('POST', '/payouts', toUpi)
    expect([second.status, second.body['method']]).toEqual([201, 'upi'])
    await gateway.submitAttempts()
    expect((await call('GET', '/payouts/PO-1')).body).toMatchObject({ id: first.body['id'], status: 'succeeded' })
    const failed = (await call('GET', `/payouts/${second.body['id']}`)).body
    expect(failed).toMatchObject({ status: 'failed', failure_code: 'invalid_account' })
  })

  test('a hundred at once send no more than there is', async () => {
    await paidPayment()
    const available = Number((await balance())?.['available'])
    const amount = Math.floor(available / 20)
    const one = () => call('POST', '/payouts', { amount, currency: 'INR', beneficiary: supplier })
    const answers = await Promise.all(Array.from({ length: 100 }, one))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(20)
    await gateway.submitAttempts()
    expect(await balance()).toMatchObject({ available: available - 20 * amount, reserved: 0 })
  })

  test('are refused by name, and nothing changes', async () => {
    await paidPayment()
    const good = { amount: 1, currency: 'INR', beneficiary: supplier }
    await call('POST', '/payouts', { ...good, reference: 'PO-taken' })
    await expectRefused([
      ['/payouts', { ...good, amount: 1_000_000 }, 422, 'amount'],
      ['/payouts', { ...good, currency: 'USD' }, 422, 'amount'],
      ['/payouts', { ...good, currency: 'rupees' }, 400, 'currency'],
      ['/payouts', { ...good, reference: 'PO-taken' }, 409, 'reference'],
      ['/payouts', { ...good, beneficiary: undefined }, 400, 'beneficiary'],
      ['/payouts', { ...good, beneficiary: { name: 'A' } }, 400, 'beneficiary.account_number'],
      ['/payouts', { ...good, beneficiary: { name: 'A', account_number: '12345' } }, 400, 'beneficiary.bank_code'],
      ['/payouts', { ...good, beneficiary: { ...supplier, upi_id: 'a.b@bank' } }, 400, 'beneficiary.upi_id'],
      ['/payouts', { ...good, beneficiary: { name: 'A', upi_id: 'nobody' } }, 400, 'beneficiary.upi_id'],
      ['/payouts', { ...good, beneficiary: { ...supplier, ifsc: 'x' } }, 400, 'beneficiary.ifsc'],
      ['/payouts', { ...good, method: 'card' }, 400, 'method'],
    ])
  })
})
