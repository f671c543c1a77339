/*
 * A past is loaded by living it: the very commands of the engine are decided one after another, in the order of their
 * times, and committed together. So what is loaded obeys every rule that what happens obeys; the ledger explains every
 * cent, and the times of transfers and events are the past's.
 */
import type { Instant } from '../../kernel/clock.ts'
import { EngineError } from '../../kernel/engine-error.ts'
import { createIdSource } from '../../kernel/ids.ts'
import type { Money } from '../../kernel/money.ts'
import type { Scope } from '../../kernel/scope.ts'
import type { RailOutcome } from '../../rails/rail.ts'
import { apiKeyByHashFact } from '../access/api-key.ts'
import { provisionMerchant } from '../access/provision-merchant.ts'
import { commitTogether, type Decide } from '../commit/commit-together.ts'
import { readRow } from '../commit/read-row.ts'
import type { Store } from '../commit/store.ts'
import { createPayment } from '../payments/create-payment.ts'
import { cancelPayment, expirePayment } from '../payments/end-payment.ts'
import { paymentAmount } from '../payments/payment.ts'
import { settlePayment } from '../payments/settle-payment.ts'
import { startPaymentAttempt } from '../payments/start-payment-attempt.ts'
import { createPayout } from '../payouts/create-payout.ts'
import { settlePayout } from '../payouts/settle-payout.ts'
import { createRefund } from '../refunds/create-refund.ts'
import { refundAmount } from '../refunds/refund.ts'
import { settleRefund } from '../refunds/settle-refund.ts'
import { loadedPastFact, markPastLoaded } from './loaded-past.ts'
import {
  type Past,
  type PastEnd,
  type PastMerchant,
  type PastPayment,
  type PastPayout,
  type PastRefund,
  PastRefusedError,
} from './past.ts'
import { addPastCustomer, addSandboxBankAccount, openBalance } from './past-commands.ts'

/** What loading needs. */
export interface LoadPastParts {
  readonly store: Store
  /** The rail that carried everything. */
  readonly rail: string
  /** The present of the sandbox's clock. */
  readonly now: Instant
}

/** Something that happened at a moment; `path` is where the document says so. */
interface Step {
  readonly at: Instant
  readonly path: string
  run(): Promise<unknown>
}

/** What the steps of one merchant share. */
interface Life {
  readonly scope: Scope
  readonly rail: string
  readonly decide: Decide
}

/**
 * Loads a past into the sandbox, all of it or nothing. Answers false, and changes nothing, when the same past was loaded
 * before. Throws a `PastRefusedError` that names what cannot have happened, and a `StoreError`.
 */
export async function loadPast(parts: LoadPastParts, past: Past): Promise<boolean> {
  return commitTogether(parts.store, createIdSource(), async (decide) => {
    if (await isPastLoaded(parts.store, past)) return false
    for (const merchant of past.merchants) {
      const life = { scope: { merchantId: merchant.merchantId, mode: 'sandbox' }, rail: parts.rail, decide } as const
      await refuseTakenKeys(parts.store, merchant)
      for (const step of stepsOf(life, merchant)) await placed(step)
      const mark = { scope: life.scope, hash: past.hash }
      await decide(markPastLoaded, mark, parts.now)
    }
    return true
  })
}

/** Whether the very same past was loaded before. */
export async function isPastLoaded(store: Store, { hash, merchants }: Past): Promise<boolean> {
  for (const { merchantId } of merchants) {
    if (!(await readRow(store, loadedPastFact({ merchantId, mode: 'sandbox' }, hash)))) return false
  }
  return merchants.length > 0
}

/** A key names one merchant in the whole installation: the database would refuse it without saying which one. */
async function refuseTakenKeys(store: Store, { apiKeys }: PastMerchant): Promise<void> {
  for (const { path, key } of apiKeys) {
    const taken = await readRow(store, apiKeyByHashFact(key.keyHash))
    if (taken) throw new PastRefusedError(path, 'This key belongs to another merchant already.')
  }
}

async function placed({ path, run }: Step): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (error instanceof EngineError) throw new PastRefusedError(path, error.message, error)
    throw error
  }
}

/** Everything that happened to a merchant, in the order of time; what happened at one time keeps the document's order. */
function stepsOf(life: Life, merchant: PastMerchant): Step[] {
  const { decide, scope } = life
  const { path, name, createdAt, apiKeys, webhookEndpoints, feePlans } = merchant
  const provision = { scope, name, apiKeys: apiKeys.map(({ key }) => key), webhookEndpoints, feePlans }
  const steps: Step[] = [
    { at: createdAt, path, run: () => decide(provisionMerchant, provision, createdAt) },
    ...merchant.openingBalances.map(({ path, at, amount }): Step => {
      return { at, path, run: () => decide(openBalance, { scope, amount }, at) }
    }),
    ...merchant.bankAccounts.map(({ path, account }): Step => {
      return { at: createdAt, path, run: () => decide(addSandboxBankAccount, { scope, account }, createdAt) }
    }),
    ...merchant.customers.map(({ path, at, customer }): Step => {
      return { at, path, run: () => decide(addPastCustomer, { scope, customer }, at) }
    }),
    ...merchant.payments.flatMap((payment) => paymentSteps(life, payment)),
    ...merchant.payouts.flatMap((payout) => payoutSteps(life, payout)),
  ]
  return steps.sort((a, b) => a.at - b.at)
}

function paymentSteps({ decide, scope, rail }: Life, past: PastPayment): Step[] {
  const { path, dialect, amount, method, reference, customer, description, metadata, createdAt, end } = past
  let paymentId = ''
  const create = async () => {
    const created = await decide(
      createPayment,
      {
        ...{ scope, dialect, amount, method, rail, reference, referenceUnique: true, customer, description, metadata },
        ...{ expiresAfterMs: past.expiresAt - createdAt, attemptsMax: 1 },
      },
      createdAt,
    )
    paymentId = created.id
  }
  const finish = async ({ status, at, code }: NonNullable<PastPayment['end']>) => {
    if (status === 'cancelled') return decide(cancelPayment, { scope, paymentId }, at)
    if (status === 'expired') return decide(expirePayment, { scope, paymentId, force: true }, at)
    const started = await decide(startPaymentAttempt, { scope, paymentId, instruction: {} }, at)
    const attemptId = started.attempt.id
    const outcome = outcomeOf({ status, at, code }, attemptId, paymentAmount(started.payment))
    return decide(settlePayment, { scope, paymentId, attemptId, outcome }, at)
  }
  return [
    { at: createdAt, path, run: create },
    ...(end ? [{ at: end.at, path, run: () => finish(end) }] : []),
    ...past.refunds.flatMap((refund) => refundSteps({ decide, scope, rail }, dialect, () => paymentId, refund)),
  ]
}

function refundSteps({ decide, scope }: Life, dialect: string, paymentId: () => string, past: PastRefund): Step[] {
  const { path, amount, reason, reference, createdAt, end } = past
  let settle: () => Promise<unknown>
  const create = async () => {
    const wanted = { scope, dialect, paymentId: paymentId(), amount, reason, reference, metadata: {}, instruction: {} }
    const refund = await decide(createRefund, wanted, createdAt)
    const { id: refundId, attemptId } = refund
    const outcome = outcomeOf(end, attemptId, refundAmount(refund))
    settle = () => decide(settleRefund, { scope, refundId, paymentId: refund.paymentId, attemptId, outcome }, end.at)
  }
  return [
    { at: createdAt, path, run: create },
    { at: end.at, path, run: () => settle() },
  ]
}

function payoutSteps({ decide, scope, rail }: Life, past: PastPayout): Step[] {
  const { path, dialect, amount, method, beneficiary, reference, description, metadata, createdAt, end } = past
  let settle: () => Promise<unknown>
  const create = async () => {
    const payout = await decide(
      createPayout,
      {
        ...{ scope, dialect, amount, method, rail, beneficiary, reference, description, metadata, instruction: {} },
      },
      createdAt,
    )
    const { id: payoutId, attemptId } = payout
    const outcome = outcomeOf(end, attemptId, amount)
    settle = () => decide(settlePayout, { scope, payoutId, attemptId, outcome }, end.at)
  }
  return [
    { at: createdAt, path, run: create },
    { at: end.at, path, run: () => settle() },
  ]
}

/** What the rail said then. */
function outcomeOf({ status, code }: PastEnd, attemptId: string, amount: Money): RailOutcome {
  const railReference = `past-${attemptId}`
  if (status === 'succeeded') return { outcome: 'succeeded', railReference, received: amount }
  return { outcome: 'declined', railReference, code: code ?? 'do_not_honor', message: 'Declined, as the fixtures say.' }
}
