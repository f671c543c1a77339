import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClient, type GatewayAnswer } from '../support/gateway-client.ts'
import { type GatewayProcess, makeDataDirectory, runCommand, startGatewayProcess } from '../support/gateway-process.ts'
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts'

// Server and database are killed and frozen while merchants create, pay, refund and pay out, each repeating what was not
// answered under the same idempotency key. What was acknowledged is there afterwards, once.

const merchants = 3
/** Keeps the whole test below the thousand calls a minute that one key has. */
const pauseMs = 300
const triesMax = 200
const readyAgainMs = 5_000
const frozenMs = 2_000

let directory: Awaited<ReturnType<typeof makeDataDirectory>>
let gateway: GatewayProcess
let receiver: WebhookReceiver

beforeAll(async () => {
  directory = await makeDataDirectory()
  receiver = await startWebhookReceiver()
  gateway = await startGatewayProcess({ dataDirectory: directory.path })
})

afterAll(async () => {
  await gateway?.stop('SIGKILL')
  await receiver?.close()
  await directory?.remove()
})

const client = createClient(() => gateway.sandbox)
/** Ids by the path that they are read at: what the gateway has acknowledged. */
const acknowledged: { readonly path: string; readonly id: string; readonly key: string }[] = []
const refusals = new Set<string>()
let isRunning = true

/** Repeats a call until it is answered for good. Notes whatever a caller should never have to see. */
async function persist(call: () => Promise<GatewayAnswer>): Promise<GatewayAnswer> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const answer = await call().catch(() => undefined)
    if (answer && answer.status < 500) return answer
    if (answer && (answer.status !== 503 || answer.headers.get('retry-after') === null)) {
      refusals.add(`${answer.status} ${JSON.stringify(answer.body)}`)
    }
    await sleep(pauseMs)
  }
  throw new Error('a call was never answered')
}

async function createWithKey(path: string, readPath: string, body: object): Promise<string> {
  const key = randomUUID()
  const answer = await persist(() => client.post(path, { ...body, metadata: { order_ref: key } }, key))
  if (answer.status !== 201) refusals.add(`${path} ${answer.status} ${JSON.stringify(answer.body)}`)
  const id = String(answer.body['id'])
  acknowledged.push({ path: readPath, id, key })
  return id
}

async function trade(): Promise<void> {
  const callbacks = { callback_url: receiver.url }
  const beneficiary = { name: 'Asha Rao', account_number: '50100012345678', ifsc: 'HDFC0001234' }
  while (isRunning) {
    const payment = { amount: 25_000, currency: 'INR', payment_method: 'upi', ...callbacks }
    const id = await createWithKey('/v2/payments/create', '/v2/payments', payment)
    const paid = await persist(() => client.house(`/v1/sandbox/payments/${id}/outcome`, { outcome: 'succeeded' }))
    // 409: the call whose answer was lost had paid it already.
    if (![200, 409].includes(paid.status)) refusals.add(`outcome ${paid.status} ${JSON.stringify(paid.body)}`)
    if (paid.body['status'] === 'succeeded') {
      await createWithKey('/v2/refunds/create', '/v2/refunds', { payment_id: id, amount: 500 })
      await createWithKey('/v2/payouts/send', '/v2/payouts', { amount: 100, currency: 'INR', beneficiary })
    }
    await sleep(pauseMs)
  }
}

const run = promisify(execFile)

async function postmaster(): Promise<number> {
  const pidFile = await readFile(join(directory.path, 'postgresql', 'postmaster.pid'), 'utf8')
  return Number(pidFile.split('\n')[0])
}

/** The database's processes that serve connections, or all of them. */
async function databaseProcesses(which: 'sessions' | 'all'): Promise<number[]> {
  const parent = await postmaster()
  const { stdout } = await run('ps', ['-o', 'pid=,args=', '--ppid', String(parent)])
  const lines = stdout.trim().split('\n')
  const chosen = which === 'all' ? lines : lines.filter((line) => line.includes('127.0.0.1('))
  return chosen.map((line) => Number.parseInt(line, 10))
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name)
    } catch {
      // It has ended with its parent.
    }
  }
}

/** Resolves once the gateway is ready, has acknowledged something new, and has had a while to do more. */
async function recovers(): Promise<void> {
  const count = acknowledged.length
  const isReady = async () => (await fetch(`${gateway.sandbox.baseUrl}/readyz`).catch(() => undefined))?.status
  await expect.poll(isReady, { timeout: readyAgainMs, interval: 50 }).toBe(200)
  await expect.poll(() => acknowledged.length, { timeout: readyAgainMs, interval: 50 }).toBeGreaterThan(count)
  await sleep(500)
}

const faults: readonly (readonly [name: string, strike: () => Promise<void>])[] = [
  [
    'a session of the database is killed',
    async () => signal((await databaseProcesses('sessions')).slice(0, 1), 'SIGKILL'),
  ],
  ['the postmaster is killed', async () => signal([await postmaster()], 'SIGKILL')],
  [
    'every process of the database is killed',
    async () => {
      const parent = await postmaster()
      signal([...(await databaseProcesses('all')), parent], 'SIGKILL')
    },
  ],
  [
    'the database is frozen',
    async () => {
      const pids = [await postmaster(), ...(await databaseProcesses('all'))]
      signal(pids, 'SIGSTOP')
      await sleep(frozenMs)
      signal(pids, 'SIGCONT')
    },
  ],
  [
    'the server is killed',
    async () => {
      await gateway.stop('SIGKILL')
      gateway = await startGatewayProcess({ dataDirectory: directory.path })
    },
  ],
]

test('whatever is killed under load, acknowledged writes are there once and everything goes on', {
  timeout: 60_000,
}, async () => {
  const trading = Promise.all(Array.from({ length: merchants }, trade))
  await recovers()
  for (const [name, strike] of faults) {
    await strike()
    await recovers().catch((cause: unknown) => {
      throw new Error(`after ${name} the gateway did not come back`, { cause })
    })
  }
  isRunning = false
  await trading
  expect([...refusals]).toEqual([])

  for (const { path, id, key } of acknowledged) {
    const answer = await persist(() => client.get(`${path}/${id}`))
    expect(answer.body, `${path}/${id}`).toMatchObject({ id, metadata: { order_ref: key } })
  }
  const payments = acknowledged.filter(({ path }) => path === '/v2/payments')
  expect(await total('/v2/payments')).toBe(payments.length)
  expect(await total('/v2/transactions')).toBe(acknowledged.length)
})

test('afterwards nothing is stuck, every paid payment was told of, and the ledger verifies', {
  timeout: 40_000,
}, async () => {
  // Deliveries that a dying server held wait for the end of their lease, and attempts for their next question.
  for (const advance of ['PT5M', 'PT5M'])
    expect((await client.house('/v1/sandbox/clock', { advance })).status).toBe(200)
  for (const word of ['pending', 'processing']) expect(await total('/v2/transactions', `&status=${word}`), word).toBe(0)
  const told = new Set(
    receiver.received.filter(({ event }) => event === 'payment.success').map(({ data }) => data['id']),
  )
  const paid = acknowledged.filter(({ path }) => path === '/v2/payments').map(({ id }) => id)
  expect(paid.filter((id) => !told.has(id))).toEqual([])
  expect(await gateway.stop()).toBe(0)
  const verified = await runCommand({ dataDirectory: directory.path, args: ['ledger', 'verify'] })
  expect(verified.output).toContain('No findings')
})

async function total(list: string, filter = ''): Promise<unknown> {
  return (await persist(() => client.get(`${list}?limit=1${filter}`))).body['total']
}
