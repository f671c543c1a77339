/*
 * The load of the payment benchmarks, in a process of its own: every connection creates a payment through Monetiflow (with
 * an Idempotency-Key, as a careful client does), brings about its success as the rail would, and begins again. An answer
 * other than the documented success ends the run: what is counted has happened. It prints one JSON line a report.
 * Run by payment-bench.ts.
 */
import { randomBytes } from 'node:crypto'
import { quantile } from './figures.ts'
import { type HttpConnection, openConnection } from './http-connection.ts'

/** Who pays over one connection. */
export interface LoadCaller {
  /** Keys of one merchant for Monetiflow, used in turn: the dialect admits 1,000 calls a minute with each. */
  readonly monetiflowKeys: readonly string[]
  /** The merchant's key for the house API, through which the sandbox settles. */
  readonly houseKey: string
}

/** What the load is told. */
export interface PaymentLoadInput {
  readonly baseUrl: string
  readonly callers: readonly LoadCaller[]
  readonly seconds: number
  /** A report after every so many seconds, and one at the end. */
  readonly reportSeconds: number
}

/** What it did since the last report, and how long requests took. */
export interface PaymentLoadOutput {
  readonly payments: number
  readonly elapsedSeconds: number
  /** Of single requests, both kinds together. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly createP99Ms: number
  readonly settleP99Ms: number
  /** Creations that the rate limit refused; they were tried again with another key. */
  readonly limited: number
  /** Processor time of this process. */
  readonly processorSeconds: number
}

/** A key is left before the dialect's limit of 1,000 calls a minute can refuse it. */
const callsPerKey = 900
const settleBody = '{"outcome":"succeeded"}'

interface Tally {
  created: number[]
  settled: number[]
  limited: number
  sinceMs: number
  processorMicros: number
}

/** The tally of the time since the last report. */
interface Load {
  tally: Tally
}

interface Caller {
  readonly connection: HttpConnection
  readonly host: string
  readonly keys: readonly string[]
  readonly houseKey: string
  /** Creations so far: it chooses the key. */
  calls: number
}

const runToken = randomBytes(4).toString('hex')
let tokens = 0

function requestText(host: string, path: string, key: string, body: string, idempotencyKey?: string): string {
  const once = idempotencyKey === undefined ? '' : `idempotency-key: ${idempotencyKey}\r\n`
  return `POST ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\n${once}content-length: ${body.length}\r\n\r\n${body}`
}

/** Creates one payment; answers its id, trying the caller's other keys where the rate limit refuses one. */
async function create(caller: Caller, load: Load): Promise<string> {
  tokens += 1
  const token = `${runToken}-${tokens}`
  const body = `{"amount":25000,"currency":"INR","customer_id":null,"payment_method":"upi","metadata":{"order_ref":"order-${token}"}}`
  for (let tried = 0; tried <= caller.keys.length; tried += 1) {
    const key = caller.keys[Math.floor(caller.calls / callsPerKey) % caller.keys.length] ?? ''
    const request = requestText(caller.host, '/monetiflow/v2/payments/create', key, body, token)
    const startedAt = performance.now()
    const { status, body: answer } = await caller.connection.send(request)
    if (status === 429) {
      load.tally.limited += 1
      caller.calls = (Math.floor(caller.calls / callsPerKey) + 1) * callsPerKey
      continue
    }
    load.tally.created.push(performance.now() - startedAt)
    caller.calls += 1
    const idAt = answer.indexOf('"pay_')
    if (status !== 201 || idAt < 0) throw new Error(`a creation was answered with ${status}: ${answer}`)
    return answer.slice(idAt + 1, answer.indexOf('"', idAt + 1))
  }
  throw new Error('every key of a caller is over its rate limit')
}

async function payOnce(caller: Caller, load: Load): Promise<void> {
  const id = await create(caller, load)
  const request = requestText(caller.host, `/v1/sandbox/payments/${id}/outcome`, caller.houseKey, settleBody)
  const startedAt = performance.now()
  const { status, body } = await caller.connection.send(request)
  load.tally.settled.push(performance.now() - startedAt)
  if (status !== 200 || !body.includes('"status":"succeeded"'))
    throw new Error(`a settlement was answered with ${status}: ${body}`)
}

function processorMicros(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

function newTally(): Tally {
  return { created: [], settled: [], limited: 0, sinceMs: performance.now(), processorMicros: processorMicros() }
}

function report({ created, settled, limited, sinceMs, processorMicros: before }: Tally): void {
  const ascending = (values: readonly number[]) => Float64Array.from(values).sort()
  const all = ascending(created.concat(settled))
  const output: PaymentLoadOutput = {
    payments: settled.length,
    elapsedSeconds: (performance.now() - sinceMs) / 1000,
    p50Ms: quantile(all, 0.5),
    p99Ms: quantile(all, 0.99),
    createP99Ms: quantile(ascending(created), 0.99),
    settleP99Ms: quantile(ascending(settled), 0.99),
    limited,
    processorSeconds: (processorMicros() - before) / 1e6,
  }
  process.stdout.write(`${JSON.stringify(output)}\n`)
}

async function run({ baseUrl, callers, seconds, reportSeconds }: PaymentLoadInput): Promise<void> {
  const { host } = new URL(baseUrl)
  const opened = await Promise.all(
    callers.map(async ({ monetiflowKeys: keys, houseKey }): Promise<Caller> => {
      return { connection: await openConnection(baseUrl), host, keys, houseKey, calls: 0 }
    }),
  )
  const load: Load = { tally: newTally() }
  const endAt = performance.now() + seconds * 1000
  const timer = setInterval(() => {
    if (performance.now() >= endAt) return
    report(load.tally)
    load.tally = newTally()
  }, reportSeconds * 1000)
  await Promise.all(
    opened.map(async (caller) => {
      while (performance.now() < endAt) await payOnce(caller, load)
    }),
  )
  clearInterval(timer)
  report(load.tally)
  for (const { connection } of opened) connection.close()
}

await run(JSON.parse(process.argv[2] ?? '{}') as PaymentLoadInput)
