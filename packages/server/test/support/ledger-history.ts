import { provisionMerchant } from '../../src/engine/access/provision-merchant.ts'
import type { Committer } from '../../src/engine/commit/committer.ts'
import { createPostgresStore } from '../../src/engine/commit/postgres-store.ts'
import { createPayment } from '../../src/engine/payments/create-payment.ts'
import { settlePayment } from '../../src/engine/payments/settle-payment.ts'
import { startPaymentAttempt } from '../../src/engine/payments/start-payment-attempt.ts'
import { createPayout } from '../../src/engine/payouts/create-payout.ts'
import { settlePayout } from '../../src/engine/payouts/settle-payout.ts'
import { createRefund } from '../../src/engine/refunds/create-refund.ts'
import { settleRefund } from '../../src/engine/refunds/settle-refund.ts'
import { money } from '../../src/kernel/money.ts'
import type { Scope } from '../../src/kernel/scope.ts'
import type { Database } from '../../src/platform/database.ts'
import type { RailOutcome } from '../../src/rails/rail.ts'
import { createTestCommitter } from './committer.ts'

const declined: RailOutcome = { outcome: 'declined', railReference: null, code: 'do_not_honor', message: 'No.' }
const moved = (minor: number): RailOutcome => {
  return { outcome: 'succeeded', railReference: `rail-${minor}`, received: money(minor, 'INR') }
}
const common = { dialect: 'paylect', metadata: {}, instruction: {} }

/**
 * Gives each merchant a history through the real commands, with every reason for a transfer in it: payments paid whole,
 * in parts and with too much; refunds and payouts that were paid, refused, and not answered yet.
 */
export async function writeLedgerHistory(url: string, database: Database, scopes: readonly Scope[]): Promise<void> {
  const store = createPostgresStore({ url, pool: database.pool, flightTimeoutMs: 10_000, inDoubtTimeoutMs: 5_000 })
  const { committer } = createTestCommitter(store)
  for (const scope of scopes) {
    const plan = { method: 'upi', basisPoints: 200, fixed: { INR: 3n }, refundPolicy: 'returned' } as const
    const merchant = { scope, name: 'Example Shop', apiKeys: [], webhookEndpoints: [], feePlans: [plan] }
    await committer.submit(provisionMerchant, merchant)
    const [whole = ''] = [
      await pay(committer, scope, 10_000, [10_000]),
      await pay(committer, scope, 9_000, [4_000, 5_000]),
    ]
    await pay(committer, scope, 5_000, [5_700])
    for (const outcome of [moved(1_000), declined, undefined]) await refund(committer, scope, whole, 1_000, outcome)
    for (const outcome of [moved(700), declined, undefined]) await payout(committer, scope, 700, outcome)
  }
  await committer.drain()
  await store.close()
}

async function pay(committer: Committer, scope: Scope, minor: number, parts: readonly number[]): Promise<string> {
  const { result: payment } = await committer.submit(createPayment, {
    ...{ ...common, scope, amount: money(minor, 'INR'), method: 'upi', rail: 'simulator' },
    ...{ expiresAfterMs: 60_000, attemptsMax: 5 },
  })
  const named = { scope, paymentId: payment.id }
  for (const part of parts) {
    const { result } = await committer.submit(startPaymentAttempt, { ...named, instruction: {} })
    await committer.submit(settlePayment, { ...named, attemptId: result.attempt.id, outcome: moved(part) })
  }
  return payment.id
}

async function refund(committer: Committer, scope: Scope, paymentId: string, minor: number, outcome?: RailOutcome) {
  const wanted = { ...common, scope, paymentId, amount: money(minor, 'INR') }
  const { result } = await committer.submit(createRefund, wanted)
  if (!outcome) return
  await committer.submit(settleRefund, { scope, paymentId, refundId: result.id, attemptId: result.attemptId, outcome })
}

async function payout(committer: Committer, scope: Scope, minor: number, outcome?: RailOutcome): Promise<void> {
  const beneficiary = { name: 'Asha Rao', accountNumber: null, bankCode: null, upiId: 'asha@upi' }
  const wanted = {
    ...common,
    scope,
    amount: money(minor, 'INR'),
    method: 'upi',
    rail: 'simulator',
    beneficiary,
  } as const
  const { result } = await committer.submit(createPayout, wanted)
  if (!outcome) return
  await committer.submit(settlePayout, { scope, payoutId: result.id, attemptId: result.attemptId, outcome })
}
