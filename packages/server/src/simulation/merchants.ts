import { provisionMerchant } from '../engine/access/provision-merchant.ts'
import type { Outcome } from '../engine/commit/committer.ts'
import type { Idempotency } from '../engine/commit/idempotency.ts'
import type { Engine } from '../engine/create-engine.ts'
import { EngineError } from '../kernel/engine-error.ts'
import type { Scope } from '../kernel/scope.ts'
import type { Chance } from './chance.ts'
import type { GatewayProcess, Installation } from './installation.ts'
import { receiverTempers, receiverUrl } from './receivers.ts'

/** What a merchant asked for and what came of it. A request without an answer is sent again under the same key. */
export interface Request {
  readonly key: string
  readonly what: 'payment' | 'attempt' | 'refund' | 'payout' | 'cancel'
  readonly scope: Scope
  readonly send: (engine: Engine, idempotency: Idempotency) => Promise<Outcome<{ readonly id: string }>>
  /** The process that works on it now. */
  at: GatewayProcess | undefined
  /** The id that was answered; undefined until it is acknowledged. */
  acknowledged: string | undefined
  refused: boolean
  /** Whether somebody has tried to pay this payment. */
  wasPaid: boolean
}

/** The merchants of a run and everything they have asked for. */
export interface Merchants {
  readonly scopes: readonly Scope[]
  readonly requests: Request[]
  /** One merchant does one thing: asks for something new, or repeats what has no answer, sometimes what has one. */
  act(): void
  /** Sends everything that has no answer again. */
  repeatUnanswered(): void
  /** What a merchant saw that must not be. */
  readonly complaints: string[]
}

const keptMs = 30 * 24 * 3_600_000
const amounts = [1n, 99n, 2_500n, 25_000n, 9_000_000n]

/** Creates the merchants and enrols them through the first process. */
export async function enrolMerchants(installation: Installation): Promise<Merchants> {
  const { chance, processes, scopes, scheduler } = installation
  for (const scope of scopes) await enrol(installation, scope)
  const requests: Request[] = []
  const complaints: string[] = []
  const send = (request: Request) => {
    const gateway = chance.pick(processes)
    request.at = gateway
    scheduler.follow(gateway.process, attempt(installation, gateway, request, complaints))
  }
  return {
    scopes,
    requests,
    complaints,
    act: () => {
      const unanswered = requests.filter((request) => isOpen(request, processes))
      if (unanswered.length > 0 && chance.oneIn(3)) return send(chance.pick(unanswered))
      // A caller that does not trust the answer asks once more: it must hear the same.
      if (requests.length > 0 && chance.oneIn(10)) return send(chance.pick(requests))
      const request = newRequest(chance, requests, scopes)
      if (!request) return
      requests.push(request)
      send(request)
      // An impatient caller sends the same twice at once.
      if (chance.oneIn(8)) send(request)
    },
    repeatUnanswered: () => {
      for (const request of requests) if (isOpen(request, processes)) send(request)
    },
  }
}

/** Whether a request waits for nobody: never answered, and the process that had it is gone or has given up. */
function isOpen({ acknowledged, refused, at }: Request, processes: readonly GatewayProcess[]): boolean {
  return acknowledged === undefined && !refused && (at === undefined || !processes.includes(at))
}

async function enrol({ chance, start, processes, scheduler }: Installation, scope: Scope): Promise<void> {
  const gateway = processes[0] ?? (await start())
  const plan = (method: string) => ({
    method,
    basisPoints: chance.pick([0, 150, 290]),
    fixed: chance.oneIn(2) ? { INR: chance.pick([0n, 300n]) } : {},
    refundPolicy: chance.pick(['returned', 'kept'] as const),
  })
  const input = {
    scope,
    name: 'A simulated merchant',
    apiKeys: [],
    // Each merchant has a receiver that never fails, and most have one that does.
    webhookEndpoints: receiverTempers.slice(0, chance.between(1, receiverTempers.length)).map((temper) => ({
      dialect: 'paylect',
      url: receiverUrl(scope.merchantId, temper),
      sealedSecret: 'sealed',
    })),
    feePlans: ['upi', 'card'].map(plan),
  } as unknown as Parameters<Engine['access']['provision']>[0]
  for (let isDone = false; !isDone; ) {
    const enrolled = gateway.committer.submit(provisionMerchant, input).then(
      () => true,
      (error: unknown) => error instanceof EngineError && error.code === 'merchant_exists',
    )
    scheduler.follow(gateway.process, enrolled)
    await scheduler.rest()
    isDone = await enrolled
  }
}

async function attempt(
  { scheduler }: Installation,
  gateway: GatewayProcess,
  request: Request,
  complaints: string[],
): Promise<void> {
  const { key, what } = request
  scheduler.note(`${what} ${key} to ${gateway.process.name}`)
  try {
    const { result } = await request.send(gateway.engine, { operation: `simulated:${what}`, key, keptMs })
    scheduler.note(`${what} ${key} answered ${result.id}`)
    if (request.acknowledged !== undefined && request.acknowledged !== result.id) {
      complaints.push(`${what} ${key} was answered with ${request.acknowledged} and then with ${result.id}`)
    }
    request.acknowledged ??= result.id
  } catch (error) {
    noteFailure(request, error, complaints)
    scheduler.note(`${what} ${key} failed: ${error instanceof EngineError ? error.code : String(error)}`)
  }
  if (request.at === gateway) request.at = undefined
}

/** `overloaded` asks for the same again; any other refusal is final unless an earlier answer was a yes. */
function noteFailure(request: Request, error: unknown, complaints: string[]): void {
  if (!(error instanceof EngineError) || error.kind === 'internal' || error.kind === 'idempotency_mismatch') {
    complaints.push(`${request.what} ${request.key} failed with ${String(error)}`)
  } else if (error.kind !== 'overloaded') {
    if (request.acknowledged !== undefined && request.what !== 'attempt') {
      complaints.push(`${request.what} ${request.key} was acknowledged and then refused: ${error.code}`)
    }
    request.refused = true
  }
}

function newRequest(chance: Chance, requests: readonly Request[], scopes: readonly Scope[]): Request | undefined {
  const key = `key-${requests.length + 1}`
  const base = { key, at: undefined, acknowledged: undefined, refused: false, wasPaid: false }
  const payments = requests.filter(({ what, acknowledged }) => what === 'payment' && acknowledged !== undefined)
  const what = chance.weighted([
    [20, 'payment'],
    [35, 'attempt'],
    [30, 'refund'],
    [12, 'payout'],
    [3, 'cancel'],
  ] as const)
  if (what === 'payment') return { ...base, what, ...payment(chance, chance.pick(scopes)) }
  if (what === 'payout') return { ...base, what, ...payout(chance, chance.pick(scopes)) }
  if (payments.length === 0) return undefined
  // The same few payments again and again: that is where races are.
  const paid = payments.filter(({ wasPaid }) => wasPaid)
  const target = chance.pick(what === 'refund' && paid.length > 0 ? paid.slice(-4) : payments.slice(-5))
  return { ...base, what, ...onPayment(chance, what, target) }
}

type Sending = Pick<Request, 'scope' | 'send'>

function payment(chance: Chance, scope: Scope): Sending {
  const input = {
    scope,
    dialect: 'paylect',
    amount: { minor: chance.pick(amounts), currency: chance.pick(['INR', 'JPY']) },
    method: chance.pick(['upi', 'card'] as const),
    metadata: {},
    expiresAfterMs: chance.pick([60_000, 3_600_000, 86_400_000]),
    attemptsMax: chance.between(1, 3),
  }
  return { scope, send: (engine, idempotency) => engine.payments.create(input, idempotency) }
}

function payout(chance: Chance, scope: Scope): Sending {
  const input = {
    scope,
    dialect: 'paylect',
    amount: { minor: chance.pick(amounts), currency: chance.pick(['INR', 'JPY']) },
    method: 'upi' as const,
    beneficiary: { name: 'Asha Rao', accountNumber: null, bankCode: null, upiId: 'asha@upi' },
    metadata: {},
    instruction: {},
  }
  return { scope, send: (engine, idempotency) => engine.payouts.create(input, idempotency) }
}

function onPayment(chance: Chance, what: 'attempt' | 'refund' | 'cancel', target: Request): Sending {
  const { scope, acknowledged: paymentId = '' } = target
  if (what === 'cancel') {
    return { scope, send: (engine, idempotency) => engine.payments.cancel(scope, paymentId, idempotency) }
  }
  if (what === 'attempt') {
    target.wasPaid = true
    // The payer's page has no idempotency key: the payment's own state is what stops a second attempt.
    return {
      scope,
      send: async (engine) => ({ result: await engine.payments.pay(scope, paymentId, {}), replayed: false }),
    }
  }
  const minor = chance.pick([undefined, 1n, 1n, 50n, 1_250n])
  return {
    scope,
    send: async (engine, idempotency) => {
      const found = await engine.payments.find(scope, { id: paymentId })
      const amount = minor === undefined || !found ? undefined : { minor, currency: found.currency }
      const input = { scope, dialect: 'paylect', paymentId, amount, metadata: {}, instruction: {} }
      return engine.refunds.create(input, idempotency)
    },
  }
}
