import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClient } from '../support/gateway-client.ts'
import { type GatewayProcess, makeDataDirectory, runCommand, startGatewayProcess } from '../support/gateway-process.ts'
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts'

// The rehearsal of a disaster: a gateway that has traded is backed up, its data directory is lost, and a new one is
// filled from the archive.

let first: Awaited<ReturnType<typeof makeDataDirectory>>
let second: Awaited<ReturnType<typeof makeDataDirectory>>
let gateway: GatewayProcess
let receiver: WebhookReceiver
let archive: string
let before: { balance: unknown; payment: unknown; transactions: unknown }
let paid: string
let undelivered: string

const client = () => createClient(() => gateway.sandbox)
const run = (directory: string, ...args: string[]) => runCommand({ dataDirectory: directory, args })

async function traded() {
  const read = async (path: string) => (await client().get(path)).body
  return {
    balance: await read('/v2/balance'),
    // The address of the payer's page names the port, which is another one each time.
    payment: { ...(await read(`/v2/payments/${paid}`)), payment_url: undefined },
    transactions: await read('/v2/transactions'),
  }
}

beforeAll(async () => {
  first = await makeDataDirectory()
  second = await makeDataDirectory()
  receiver = await startWebhookReceiver()
  gateway = await startGatewayProcess({ dataDirectory: first.path })
  archive = join(dirname(first.path), 'backup.gz')
})

afterAll(async () => {
  await gateway?.stop()
  await receiver?.close()
  await first?.remove()
  await second?.remove()
})

test('a gateway with payments, refunds, payouts and a webhook that nobody takes is backed up while it runs', async () => {
  const pay = { amount: 25_000, currency: 'INR', payment_method: 'upi' }
  const created = await client().post('/v2/payments/create', { ...pay, callback_url: receiver.url })
  paid = String(created.body['id'])
  await client().house(`/v1/sandbox/payments/${paid}/outcome`, { outcome: 'succeeded' })
  await client().post('/v2/refunds/create', { payment_id: paid, amount: 500 })
  const beneficiary = { name: 'Asha \\ Rao\n', account_number: '50100012345678', ifsc: 'HDFC0001234' }
  await client().post('/v2/payouts/send', { amount: 10_000, currency: 'INR', reference: 'P-1', beneficiary })
  await receiver.waitFor('payment.success')
  await receiver.close()
  const late = await client().post('/v2/payments/create', { ...pay, callback_url: receiver.url })
  undelivered = String(late.body['id'])
  await client().house(`/v1/sandbox/payments/${undelivered}/outcome`, { outcome: 'succeeded' })
  await client().house('/v1/sandbox/clock', { advance: 'PT1M' })
  before = await traded()
  const backup = await run(first.path, 'backup', archive)
  expect(backup.output).toContain('The archive does not hold the master key')
  expect(backup.code).toBe(0)
})

test('the archive holds no master key, and a second backup does not replace it', async () => {
  const text = gunzipSync(await readFile(archive)).toString('utf8')
  expect(text).toContain(`"format":"paylect-backup"`)
  expect(text).not.toContain((await readFile(join(first.path, 'master.key'), 'utf8')).trim())
  expect((await run(first.path, 'backup', archive)).output).toContain('exists already')
})

test('a database that is in use is not overwritten', async () => {
  await gateway.stop()
  const refused = await run(first.path, 'restore', archive)
  expect(refused.code).toBe(1)
  expect(refused.output).toContain('The database is not empty')
})

test('an archive that was cut short or altered restores nothing', async () => {
  const whole = await readFile(archive)
  const text = gunzipSync(whole).toString('utf8')
  const damaged = {
    cut: whole.subarray(0, whole.length - 200),
    shortened: gzipSync(text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1)),
    altered: gzipSync(text.replace('Demo Store', 'Demo Stove')),
  }
  for (const [name, bytes] of Object.entries(damaged)) {
    const path = join(dirname(first.path), `${name}.gz`)
    await writeFile(path, bytes)
    const refused = await run(second.path, 'restore', path)
    expect(refused.code, name).toBe(1)
    expect(refused.output, name).toMatch(/cut short|cannot be read|damaged/)
  }
})

test('a new data directory is filled from the archive, and the ledger verifies', async () => {
  const restored = await run(second.path, 'restore', archive)
  expect(restored.output).toContain('The ledger verifies')
  expect(restored.output).toContain('There is no master key here')
  expect(restored.code).toBe(0)
  const verified = await run(second.path, 'ledger', 'verify')
  expect(verified.output).toContain('No findings')
})

test('a start with another master key is refused, because it could not sign a single webhook', async () => {
  const environment = { PAYLECT_MASTER_KEY: randomBytes(32).toString('hex') }
  const refused = await runCommand({ dataDirectory: second.path, environment })
  expect(refused.code).toBe(1)
  expect(refused.output).toContain('master key')
})

test('a gateway starts on it with the old keys, and everything is as it was', async () => {
  await mkdir(second.path, { recursive: true })
  await copyFile(join(first.path, 'master.key'), join(second.path, 'master.key'))
  const oldSandbox = gateway.sandbox
  await rm(first.path, { recursive: true, force: true })
  gateway = await startGatewayProcess({ dataDirectory: second.path })
  gateway = { ...gateway, sandbox: { ...oldSandbox, baseUrl: gateway.sandbox.baseUrl } }
  expect(await traded()).toEqual(before)
})

test('the webhook that was waiting is delivered', async () => {
  receiver = await startWebhookReceiver(Number(new URL(receiver.url).port))
  await client().house('/v1/sandbox/clock', { advance: 'PT2H' })
  const delivered = () => receiver.received.some(({ data }) => data['id'] === undelivered)
  await expect.poll(delivered, { timeout: 10_000 }).toBe(true)
})
