import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Chance } from '../../../src/simulation/chance.ts'
import { type ApiName, type CallerDeps, type CrashMerchant, create, persist } from './caller.ts'

/** Merchants' programs at work. States: trading → pausing (each ends its round) → paused → trading …; stopped. */
export interface Load {
  /** Resolves when no call is under way and none will be made until `resume`. */
  pause(): Promise<void>
  resume(): void
  /** Ends for good, after the rounds under way. */
  stop(): Promise<void>
  /** Rejects when a program fails in a way that it must not. */
  readonly failure: Promise<never>
}

/** What the programs need beside what every call needs. */
export interface LoadDeps extends Omit<CallerDeps, 'chance'> {
  readonly merchants: readonly CrashMerchant[]
  /** Where Monetiflow's webhooks of a payment go. */
  readonly callbackUrl: string
  /** Makes the chance of each program from its number. */
  readonly chanceOf: (program: number) => Chance
}

const programsPerMerchant = 2
/** Keeps each key below its thousand calls a minute. */
const pauseLeastMs = 40
const pauseMostMs = 140
const pausedPollMs = 20

interface LoadState {
  phase: 'trading' | 'paused' | 'stopped'
  underWay: number
}

/** Starts two programs for each merchant. */
export function startLoad(deps: LoadDeps): Load {
  const state: LoadState = { phase: 'trading', underWay: 0 }
  const programs = deps.merchants.flatMap((merchant, index) =>
    Array.from({ length: programsPerMerchant }, (_, turn) => {
      const chance = deps.chanceOf(index * programsPerMerchant + turn)
      return keepTrading(state, { ...deps, chance }, merchant, deps.callbackUrl)
    }),
  )
  const failed = Promise.withResolvers<never>()
  const all = Promise.all(programs)
  all.catch(failed.reject)
  // Whoever waits hears of it; nobody need wait all the time.
  failed.promise.catch(() => undefined)
  const quiet = async () => {
    while (state.underWay > 0) await Promise.race([sleep(pausedPollMs), failed.promise])
  }
  return {
    failure: failed.promise,
    pause: async () => {
      state.phase = 'paused'
      await quiet()
    },
    resume: () => {
      state.phase = 'trading'
    },
    stop: async () => {
      state.phase = 'stopped'
      await all
    },
  }
}

async function keepTrading(state: LoadState, deps: CallerDeps, merchant: CrashMerchant, callbackUrl: string) {
  while (state.phase !== 'stopped') {
    if (state.phase === 'paused') {
      await sleep(pausedPollMs)
      continue
    }
    state.underWay += 1
    try {
      await tradeOnce(deps, merchant, callbackUrl)
    } finally {
      state.underWay -= 1
    }
  }
}

/** A payment from its making to its refund, and a payout; over either API. */
async function tradeOnce(deps: CallerDeps, merchant: CrashMerchant, callbackUrl: string): Promise<void> {
  const { chance } = deps
  const api = chance.pick<ApiName>(['paylect', 'monetiflow'])
  const common = { amount: 25_000, currency: 'INR' }
  const fields =
    api === 'paylect'
      ? { ...common, method: 'upi', expires_in: 'P90D' }
      : { ...common, payment_method: 'upi', callback_url: callbackUrl }
  const payment = await create(deps, merchant, api, 'payment', fields)
  await pause(chance)
  if (payment === undefined || !(await pay(deps, merchant, api, payment))) return
  if (chance.oneIn(2)) {
    await create(deps, merchant, api, 'refund', { payment_id: payment, amount: chance.between(1, 500) })
    await pause(chance)
  }
  if (chance.oneIn(2)) {
    await create(deps, merchant, api, 'payout', payoutFields(chance, api))
    await pause(chance)
  }
}

/** The payer pays, or does not; answers whether the payment has succeeded. Noted is what the caller was told. */
async function pay(deps: CallerDeps, merchant: CrashMerchant, api: ApiName, payment: string): Promise<boolean> {
  const { chance, record } = deps
  const outcomes = chance.weighted<readonly string[]>([
    [14, ['succeeded']],
    // Monetiflow knows one try a payment: declined is failed.
    [2, api === 'monetiflow' ? ['declined'] : ['declined', 'succeeded']],
    [2, ['unknown']],
    [1, ['partial', 'succeeded']],
    [1, api === 'monetiflow' ? ['succeeded'] : ['declined', 'declined', 'declined']],
  ])
  const path = `/v1/sandbox/payments/${payment}/outcome`
  let status: unknown
  for (const outcome of outcomes) {
    const answer = await persist(deps, merchant, 'paylect', path, { body: { outcome }, key: randomUUID() })
    if (answer?.status !== 200) {
      record.refusals.add(`outcome ${outcome} answered ${answer?.status} ${JSON.stringify(answer?.body)}`)
    }
    status = answer?.body['status']
    if (status === 'succeeded') record.paid.add(String(answer?.body['id']))
    await pause(chance)
  }
  return status === 'succeeded'
}

/** The last four digits of an account choose what the simulated bank does: see docs/sandbox-magic-values.md. */
function payoutFields(chance: Chance, api: ApiName): object {
  const ending = chance.weighted([
    [6, '5678'],
    [1, '0002'],
    [1, '0006'],
    [1, '0008'],
    [1, '0010'],
  ])
  const account = { name: 'Asha Rao', account_number: `50100012${ending}` }
  const beneficiary = api === 'paylect' ? { ...account, bank_code: 'HDFC0001234' } : { ...account, ifsc: 'HDFC0001234' }
  return { amount: chance.between(1, 100), currency: 'INR', beneficiary }
}

async function pause(chance: Chance): Promise<void> {
  await sleep(chance.between(pauseLeastMs, pauseMostMs))
}
