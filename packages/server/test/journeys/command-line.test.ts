import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CommandResult, runCommandLine } from '../support/command-line.ts'
import { type GatewayProcess, makeDataDirectory, startGatewayProcess } from '../support/gateway-process.ts'
import { startWebhookReceiver } from '../support/webhook-receiver.ts'

let directory: Awaited<ReturnType<typeof makeDataDirectory>>
let gateway: GatewayProcess

beforeAll(async () => {
  directory = await makeDataDirectory()
  gateway = await startGatewayProcess({ dataDirectory: directory.path })
}, 60_000)

afterAll(async () => {
  await gateway.stop()
  await directory.remove()
})

function run(...args: readonly string[]): Promise<CommandResult> {
  return runCommandLine(args, { PAYLECT_DATA: directory.path, XDG_CONFIG_HOME: directory.path })
}

async function json<Value>(...args: readonly string[]): Promise<Value> {
  const { code, out, err } = await run(...args, '--json')
  expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' })
  return JSON.parse(out) as Value
}

interface Triggered {
  readonly event: { readonly number: number; readonly type: string; readonly object_id: string }
  readonly objects: readonly { readonly id: string; readonly status: string }[]
}

describe('the command line beside a running gateway', () => {
  test.each([
    ['payment.succeeded', 'succeeded'],
    ['payment.failed', 'failed'],
    ['payment.expired', 'expired'],
    ['refund.failed', 'failed'],
    ['payout.succeeded', 'succeeded'],
  ])(
    'trigger %s makes it happen, and the object is %s',
    async (type, status) => {
      const { event, objects } = await json<Triggered>('trigger', type)
      expect(event.type).toBe(type)
      expect(objects.find(({ id }) => id === event.object_id)?.status).toBe(status)
    },
    30_000,
  )

  test('a misspelt event is refused with 2 and the one that was meant', async () => {
    const { code, err } = await run('trigger', 'payment.suceeded')
    expect(code).toBe(2)
    expect(err).toContain('Did you mean payment.succeeded?')
  })

  test('listen forwards an event as a webhook whose signature holds, and shows the answer', async () => {
    const { event } = await json<Triggered>('trigger', 'payment.created')
    const receiver = await startWebhookReceiver()
    try {
      const from = String(event.number - 1)
      const args = ['listen', '--forward-to', receiver.url, '--from', from, '--count', '1', '--json']
      const { code, out } = await run(...args)
      expect(code).toBe(0)
      expect(JSON.parse(out)).toMatchObject({ type: 'payment.created', forwarded: { status: 200, error: null } })
      const [webhook] = receiver.received
      const secret = gateway.sandbox.dialects['paylect']?.webhookSecret ?? ''
      const verified = new Webhook(secret).verify(webhook?.body ?? '', webhook?.headers as Record<string, string>)
      expect(verified).toMatchObject({ type: 'payment.created', object_id: event.object_id })
    } finally {
      await receiver.close()
    }
  }, 30_000)

  test('events tail prints the record from the beginning, one event a line', async () => {
    const { code, out } = await run('events', 'tail', '--from', '0', '--count', '3', '--json')
    expect(code).toBe(0)
    const numbers = out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { number: number }).number)
    expect(numbers).toEqual([1, 2, 3])
  })

  test('payments are listed, shown with their money and explained; an unknown one names the request', async () => {
    const { event } = await json<Triggered>('trigger', 'payment.succeeded', '--amount', '4999')
    const id = event.object_id
    const page = await json<{ data: { id: string }[] }>('payments', 'list', '--status', 'succeeded', '--limit', '1')
    expect(page.data).toMatchObject([{ id, amount: 4999 }])
    const shown = await run('payments', 'get', id)
    expect(shown.out).toContain('49.99 INR')
    const explained = await run('payments', 'explain', id)
    expect(explained).toMatchObject({ code: 0, err: '' })
    expect(explained.out.split('\n').every((line) => [...line].length <= 80)).toBe(true)
    const unknown = await run('payments', 'get', 'pay_nothing')
    expect(unknown.code).toBe(1)
    expect(unknown.err).toMatch(/code payment_not_found, request /)
  }, 30_000)

  test('deliveries are listed, and where none failed none is sent again', async () => {
    expect(await json('deliveries', 'list')).toMatchObject({ has_more: false })
    expect(await json('deliveries', 'resend', '--failed-since', '2026-01-01T00:00:00Z')).toEqual({ resent: 0 })
    expect((await run('deliveries', 'resend')).code).toBe(2)
  }, 30_000)

  test('the clock moves forward by what was asked', async () => {
    const before = await json<{ now: string }>('clock', 'show')
    const after = await json<{ now: string }>('clock', 'advance', 'PT2H')
    expect(Date.parse(after.now) - Date.parse(before.now)).toBeGreaterThanOrEqual(7_200_000)
    const wrong = await run('clock', 'advance', 'tomorrow')
    expect(wrong.code).toBe(2)
    expect(wrong.err).toContain('PT30M')
  }, 30_000)

  test('the operator’s verbs work beside it: doctor is content, and the export has every transfer', async () => {
    const report = await json<{ ok: boolean; findings: { check: string; state: string }[] }>('doctor')
    expect(report.findings.filter(({ state }) => state === 'fail')).toEqual([])
    const proof = await json<{ transfers: number; findingsTotal: number }>('ledger', 'verify')
    expect(proof.findingsTotal).toBe(0)
    const lines = (await run('ledger', 'export', '--format', 'jsonl')).out.trim().split('\n')
    expect(lines).toHaveLength(proof.transfers)
    const csv = (await run('ledger', 'export')).out.trim().split('\n')
    expect(csv).toHaveLength(proof.transfers + 1)
  }, 60_000)

  test('ledger balance is zero for the whole of a currency', async () => {
    const { out } = await run('ledger', 'balance', '--json')
    const accounts = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { side: string; balance: number })
    const sum = accounts.reduce((total, { side, balance }) => total + (side === 'credit' ? balance : -balance), 0)
    expect(accounts.length).toBeGreaterThan(3)
    expect(sum).toBe(0)
  })
})
