import { verifyLedger } from '../../src/ledger/verify-ledger.ts'
import type { DialectGateway } from '../support/dialect-gateway.ts'
import { curlOf, openWireClient, type WireAnswer, type WireClient, type WireRequest } from './fuzz-client.ts'
import { type FuzzContract, fuzzContractOf } from './fuzz-contract.ts'
import { type FuzzCoverage, openCoverage } from './fuzz-coverage.ts'
import { type FuzzFault, faultOfAnswer } from './fuzz-judge.ts'
import type { IdPools } from './fuzz-pools.ts'
import { type FuzzRequest, fuzzRequest, type RequestMaker } from './fuzz-requests.ts'
import { shrinkRequest } from './fuzz-shrink.ts'
import { type ChangeWatch, openChangeWatch } from './fuzz-watch.ts'
import { openWorld, stock } from './fuzz-world.ts'

/** A request that was answered as none may be. */
export interface FuzzFinding extends FuzzFault {
  readonly index: number
  readonly operation: string
  readonly mutations: readonly string[]
  /** The smallest request that still fails in this way. */
  readonly curl: string
}

/** What a run found. It is clean when `findings` is empty and the ledger has none. */
export interface FuzzReport {
  readonly seed: number
  readonly requests: number
  readonly durationMs: number
  readonly operations: number
  readonly statuses: Readonly<Record<string, number>>
  readonly findings: readonly FuzzFinding[]
  /** Operations that never succeeded. */
  readonly unserved: readonly string[]
  /** Documented refusals that never came. */
  readonly gaps: readonly string[]
  readonly reached: { readonly seen: number; readonly documented: number }
  /** Refusals and reads after which the database had not even begun a transaction that writes. */
  readonly untouched: number
  readonly slowestMs: number
  readonly ledgerFindings: number
  /** What every ledger account sums to, by currency, as text: zero each. */
  readonly ledgerSums: Readonly<Record<string, string>>
}

/** How a run is made. */
export interface FuzzOptions {
  readonly gateway: DialectGateway
  readonly seed: number
  readonly requests: number
  /** Only operations whose name holds this text, such as `payments.create`. */
  readonly only?: string
  readonly onProgress?: (done: number, findings: number) => void
}

interface Run {
  readonly gateway: DialectGateway
  readonly client: WireClient
  readonly contracts: readonly FuzzContract[]
  readonly pools: IdPools
  readonly maker: RequestMaker
  readonly watch: ChangeWatch
  readonly coverage: FuzzCoverage
  readonly findings: FuzzFinding[]
  slowestMs: number
}

const findingsMax = 25
const stockEvery = 300
/** Below every dialect's limit of calls in a window. */
const forgetCallsEvery = 500
const progressEvery = 1_000
/** Spreads the seeds of neighbouring requests apart. */
const seedStep = 0x9e3779b1

/** Sends `requests` requests, valid and invalid mixed, one after the other, and checks each answer and what it changed. */
export async function runFuzz({ gateway, seed, requests, only = '', onProgress }: FuzzOptions): Promise<FuzzReport> {
  const startedAt = performance.now()
  await gateway.app.listen({ host: '127.0.0.1', port: 0 })
  const address = gateway.app.server.address()
  const client = openWireClient(typeof address === 'object' && address !== null ? address.port : 0)
  try {
    const run = await openRun(gateway, client, only)
    const operations = run.contracts.flatMap((contract) =>
      contract.operations.filter(({ name }) => name.includes(only)).map((operation) => ({ contract, operation })),
    )
    if (operations.length === 0) throw new Error(`there is no operation whose name holds ${only}`)
    for (let index = 0; index < requests && run.findings.length < findingsMax; index += 1) {
      if (index % stockEvery === 0) await restock(run)
      if (index % forgetCallsEvery === 0) gateway.forgetCalls()
      const chosen = operations[index % operations.length]
      if (chosen) await step(run, chosen.contract, fuzzRequest(run.maker, chosen.operation, seedOf(seed, index)), index)
      if (index % progressEvery === 0) onProgress?.(index, run.findings.length)
    }
    if (only === '') await floodEach(run)
    return await reportOf(run, { seed, requests, startedAt })
  } finally {
    client.close()
  }
}

function seedOf(seed: number, index: number): number {
  return (Math.imul(seed, 0x85ebca6b) + Math.imul(index + 1, seedStep)) | 0
}

async function openRun(gateway: DialectGateway, client: WireClient, only: string): Promise<Run> {
  const contracts = gateway.services.dialects.map((dialect) => fuzzContractOf(dialect, gateway.services))
  const pools = await openWorld(gateway)
  return {
    gateway,
    client,
    contracts,
    pools,
    maker: { pools, keyOf: ({ dialect }, role) => gateway.key(dialect, role) },
    watch: await openChangeWatch(gateway),
    coverage: openCoverage(contracts.flatMap(({ operations }) => operations).filter(({ name }) => name.includes(only))),
    findings: [],
    slowestMs: 0,
  }
}

async function restock({ gateway, pools, watch }: Run): Promise<void> {
  await stock(gateway, pools)
  watch.wrote()
}

async function step(run: Run, contract: FuzzContract, request: FuzzRequest, index: number): Promise<void> {
  const { watch, pools } = run
  await watch.before()
  const sentAt = performance.now()
  const { answer, fault } = await judged(run, contract, request, request.wire)
  run.slowestMs = Math.max(run.slowestMs, performance.now() - sentAt)
  if (fault) {
    run.findings.push(await findingOf(run, contract, request, fault, index))
    watch.wrote()
  }
  if (answer.is !== 'answer') return
  if (!request.isLost) run.coverage.note(request.operation, answer.status, answer.text)
  if (answer.status >= 300) return
  pools.harvest(request.operation, parsed(answer.text))
  const { idempotencyKey, operation } = request
  if (idempotencyKey !== undefined) pools.add(operation.dialect.name, `keys of ${operation.name}`, idempotencyKey)
}

/** Sends a request and looks at everything that can be wrong with what comes of it. */
async function judged(run: Run, contract: FuzzContract, request: FuzzRequest, wire: WireRequest) {
  const { gateway, watch } = run
  const defectsBefore = gateway.failures.length
  const answer = await run.client.send(wire)
  const fault = faultOfAnswer(run.contracts, contract, { ...request, wire }, answer)
  const defect = gateway.failures[defectsBefore]
  if (isWrite(wire, answer)) watch.wrote()
  else {
    const changed = await watch.changed()
    if (changed !== undefined) return { answer, fault: { check: 'changed', detail: changed } satisfies FuzzFault }
  }
  if (fault === undefined && defect !== undefined) {
    return { answer, fault: { check: 'defect', detail: defectText(defect) } satisfies FuzzFault }
  }
  return { answer, fault }
}

function isWrite({ method }: WireRequest, answer: WireAnswer): boolean {
  if (answer.is !== 'answer') return true
  return answer.status < 300 && method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS'
}

function defectText(defect: unknown): string {
  const { err, message } = defect as { readonly err?: unknown; readonly message?: unknown }
  return `${String(message)}: ${err instanceof Error ? (err.stack ?? err.message) : String(err ?? defect)}`
}

/** What two answers that fail in one way have in common: all but the request's own id. */
function sameIn({ check, detail }: FuzzFault): string {
  return `${check} ${check === 'changed' ? '' : detail.replaceAll(/req_\w+/g, '')}`
}

async function findingOf(
  run: Run,
  contract: FuzzContract,
  request: FuzzRequest,
  fault: FuzzFault,
  index: number,
): Promise<FuzzFinding> {
  const smallest = await shrinkRequest(request.wire, async (wire) => {
    await run.watch.before()
    const again = await judged(run, contract, request, wire)
    return again.fault !== undefined && sameIn(again.fault) === sameIn(fault)
  })
  const { operation, mutations } = request
  return { ...fault, index, operation: operation.name, mutations, curl: curlOf(smallest) }
}

/** Drives each dialect that limits the rate of calls over its limit, and asks every operation once more. */
async function floodEach(run: Run): Promise<void> {
  for (const contract of run.contracts) {
    const limited = contract.operations.filter(({ responses }) => responses['429'] !== undefined)
    const [first] = limited
    if (first === undefined) continue
    run.gateway.forgetCalls()
    const surface = first.dialect.surface(run.gateway.services)
    const limit = Math.min(...(surface.rateLimit?.windows ?? []).map((window) => window.limit))
    const wire = (method: string, path: string): WireRequest => ({
      method,
      target: first.mount + path.replaceAll(/\{\w+\}/g, '0'),
      headers: [['authorization', `Bearer ${run.gateway.key(first.dialect, 'unscoped')}`]],
      body: undefined,
    })
    for (let sent = 0; sent <= limit; sent += 1) await run.client.send(wire(first.method, first.path))
    for (const operation of limited) {
      const sent = wire(operation.method, operation.path)
      const request = { operation, mutations: ['over the limit'], isLost: false, idempotencyKey: undefined, wire: sent }
      await step(run, contract, request, -1)
    }
    run.gateway.forgetCalls()
  }
}

async function reportOf(
  run: Run,
  { seed, requests, startedAt }: { readonly seed: number; readonly requests: number; readonly startedAt: number },
): Promise<FuzzReport> {
  const { coverage, gateway } = run
  const verified = await verifyLedger({ pool: gateway.testEngine.database.pool })
  const sums = await gateway.ledgerSums()
  return {
    seed,
    requests,
    durationMs: Math.round(performance.now() - startedAt),
    operations: run.contracts.reduce((sum, { operations }) => sum + operations.length, 0),
    statuses: coverage.statuses(),
    findings: run.findings,
    unserved: coverage.unserved(),
    gaps: coverage.gaps(),
    reached: coverage.reached(),
    untouched: run.watch.untouched(),
    slowestMs: Math.round(run.slowestMs),
    ledgerFindings: verified.findingsTotal,
    ledgerSums: Object.fromEntries(Object.entries(sums).map(([currency, sum]) => [currency, String(sum)])),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
