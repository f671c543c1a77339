import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type GatewayProcess, makeDataDirectory, runCommand, startGatewayProcess } from '../support/gateway-process.ts'

// The commented example of the documentation, in a process of its own, as a person starts it.

const example = join(import.meta.dirname, '../../../../docs/fixtures.example.jsonc')
const houseKey = 'sk_test_ExampleKeyOfCornerBooks000000000049ptla'
const args = ['start', '--fixtures', example]

let directory: Awaited<ReturnType<typeof makeDataDirectory>>
let gateway: GatewayProcess

beforeAll(async () => {
  directory = await makeDataDirectory()
  gateway = await startGatewayProcess({ dataDirectory: directory.path, args })
})

afterAll(async () => {
  await gateway?.stop()
  await directory?.remove()
})

async function call(
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const headers = { authorization: `Bearer ${houseKey}`, ...(body ? { 'content-type': 'application/json' } : {}) }
  const answer = await fetch(`${gateway.sandbox.baseUrl}${path}`, {
    method,
    headers,
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

describe('a gateway that starts with fixtures', () => {
  test('says what it loaded', () => {
    expect(gateway.output()).toContain(
      'Loaded 1 merchant with 6 payments, 2 refunds, 1 payout, 1 customer, 1 bank account:',
    )
  })

  test('answers to the key of the file with the past of the file', async () => {
    const { status, body } = await call('GET', '/v1/payments/ORDER-1001')
    expect([status, body['status'], body['amount']]).toEqual([200, 'succeeded', 250_000])
    const balance = await call('GET', '/v1/balance')
    expect(JSON.stringify(balance.body)).toContain('3745660')
  })

  test('tells who holds the bank account of the file, and of no other', async () => {
    const path = '/v1/bank_accounts/resolve?bank_code=HDFC0001234&account_number='
    const found = await call('GET', `${path}50100012345678`)
    expect([found.status, found.body['name']]).toEqual([200, 'Lakeview Estates'])
    const other = await call('GET', `${path}50100012345679`)
    expect([other.status, other.body['code']]).toEqual([404, 'bank_account_not_found'])
  })

  test('refunds a payment of the past and pays out to the account that resolves', async () => {
    const paid = await call('GET', '/v1/payments/ORDER-1002')
    const refund = await call('POST', '/v1/refunds', { payment_id: paid.body['id'], amount: 900, currency: 'INR' })
    expect(refund.status).toBe(201)
    const payout = await call('POST', '/v1/payouts', {
      amount: 10_000,
      currency: 'INR',
      beneficiary: { name: 'Lakeview Estates', account_number: '50100012345678', bank_code: 'HDFC0001234' },
    })
    expect(payout.status).toBe(201)
  })

  test('takes the same file again when it starts again, and refuses another one for the same merchant', async () => {
    await gateway.stop()
    gateway = await startGatewayProcess({ dataDirectory: directory.path, args })
    expect(gateway.output()).toContain('These fixtures are already loaded; nothing was changed.')
    const other = join(directory.path, 'other.json')
    await writeFile(other, '{"merchants": [{"id": "mer_00000000000000000c0rnerb00", "name": "Another"}]}')
    const refused = await runCommand({ dataDirectory: directory.path, args: ['fixtures', 'load', other] })
    expect([refused.code, refused.output]).toEqual([
      1,
      `paylect: ${other} cannot be loaded; nothing was changed.\n  merchants[0]: This merchant exists already.\n`,
    ])
  })

  test('loads a second file beside the running gateway, shows the keys it made, and the ledger is proven', async () => {
    const second = join(directory.path, 'second.json')
    await writeFile(
      second,
      '{"merchants": [{"name": "Second Shop", "opening_balances": [{"currency": "INR", "amount": 5}]}]}',
    )
    const loaded = await runCommand({ dataDirectory: directory.path, args: ['fixtures', 'load', second, '--json'] })
    expect(loaded.code).toBe(0)
    const { issued } = JSON.parse(loaded.output) as { issued: { dialect: string; value: string }[] }
    const key = issued.find(({ dialect }) => dialect === 'paylect')?.value
    const answer = await fetch(`${gateway.sandbox.baseUrl}/v1/balance`, { headers: { authorization: `Bearer ${key}` } })
    expect(answer.status).toBe(200)
    const verified = await runCommand({ dataDirectory: directory.path, args: ['ledger', 'verify'] })
    expect(verified.output).toContain('No findings')
  })
})
