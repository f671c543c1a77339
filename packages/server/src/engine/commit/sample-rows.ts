import type { Scope } from '../../kernel/scope.ts'
import type { Account } from '../../ledger/account.ts'
import { type AccountCode, chartLineOf } from '../../ledger/chart.ts'
import { applyTransfer, type Posted } from '../../ledger/posting.ts'
import { chainStart } from '../../ledger/transfer.ts'
import type { Merchant } from '../access/merchant.ts'
import type { Attempt } from '../attempts/attempt.ts'
import type { FeePlan } from '../fees/fee-plan.ts'
import type { Payment } from '../payments/payment.ts'
import type { Payout } from '../payouts/payout.ts'
import type { Refund } from '../refunds/refund.ts'
import type { Delivery } from '../webhooks/delivery.ts'
import type { EngineEvent } from './event.ts'

/*
 * Whole rows with every property filled, for suites that are about something else than the row: a test names what it is
 * about and takes the rest from here. Each keeps every rule of its table.
 */

/** The scope of the sample rows. */
export const sampleScope: Scope = { merchantId: 'mer_sample', mode: 'sandbox' }

/** Saturday, 21 November 2026, 09:40:14.123 UTC. */
export const sampleInstant = Date.UTC(2026, 10, 21, 9, 40, 14, 123)

const stamps = { createdAt: sampleInstant, updatedAt: sampleInstant, finishedAt: null, revision: 0 }
const failures = { failureCode: null, failureMessage: null }

/** An active merchant. */
export function sampleMerchant(given: Partial<Merchant> = {}): Merchant {
  const { createdAt, updatedAt, revision } = stamps
  return { ...sampleScope, name: 'Example Shop', status: 'active', createdAt, updatedAt, revision, ...given }
}

/** A payment of 25,000 minor units that waits for its payer, under a fee plan of 2 % that is given back with refunds. */
export function samplePayment(given: Partial<Payment> = {}): Payment {
  return {
    ...sampleScope,
    id: 'pay_1',
    number: 1n,
    dialect: 'monetiflow',
    status: 'awaiting_payer',
    amountMinor: 25_000n,
    currency: 'INR',
    method: 'upi',
    rail: 'simulator',
    reference: null,
    referenceKey: null,
    customerId: null,
    customerReference: null,
    description: null,
    successUrl: null,
    failureUrl: null,
    notifyUrl: null,
    metadata: {},
    feeTerms: { planVersion: 1, basisPoints: 200, fixedMinor: 0n, refundPolicy: 'returned' },
    receivedMinor: 0n,
    capturedMinor: 0n,
    suspenseMinor: 0n,
    feeMinor: 0n,
    refundReservedMinor: 0n,
    refundedMinor: 0n,
    feeReturnedMinor: 0n,
    attemptsMax: 3,
    attemptsMade: 0,
    attemptId: null,
    ...failures,
    expiresAt: sampleInstant + 900_000,
    dueAt: sampleInstant + 900_000,
    ...stamps,
    ...given,
  }
}

/** The sample payment after it was paid whole: 25,000 captured, 500 of it our fee. */
export function samplePaid(given: Partial<Payment> = {}): Payment {
  const money = { receivedMinor: 25_000n, capturedMinor: 25_000n, feeMinor: 500n }
  return samplePayment({ status: 'succeeded', ...money, attemptsMade: 1, attemptId: 'att_1', dueAt: null, ...given })
}

/** An attempt to collect the sample payment that nobody has called the rail for yet. */
export function sampleAttempt(given: Partial<Attempt> = {}): Attempt {
  return {
    ...sampleScope,
    id: 'att_1',
    subjectKind: 'payment',
    subjectId: 'pay_1',
    rail: 'simulator',
    operation: 'collect',
    method: 'upi',
    status: 'pending',
    amountMinor: 25_000n,
    currency: 'INR',
    receivedMinor: 0n,
    instruction: {},
    railReference: null,
    code: null,
    message: null,
    polls: 0,
    dueAt: sampleInstant + 30_000,
    createdAt: sampleInstant,
    updatedAt: sampleInstant,
    revision: 0,
    ...given,
  }
}

/** A refund of 500 of the sample payment that the rail has not answered yet; 10 of it came out of our fee. */
export function sampleRefund(given: Partial<Refund> = {}): Refund {
  return {
    ...sampleScope,
    id: 're_1',
    number: 2n,
    dialect: 'monetiflow',
    paymentId: 'pay_1',
    paymentNumber: 1n,
    status: 'pending',
    amountMinor: 500n,
    currency: 'INR',
    feeReturnedMinor: 10n,
    reason: null,
    referenceKey: null,
    metadata: {},
    notifyUrl: null,
    attemptId: 'att_2',
    ...failures,
    ...stamps,
    ...given,
  }
}

/** A payout of 1,000 that the rail has not answered yet. */
export function samplePayout(given: Partial<Payout> = {}): Payout {
  return {
    ...sampleScope,
    id: 'po_1',
    number: 3n,
    dialect: 'monetiflow',
    status: 'processing',
    amountMinor: 1_000n,
    currency: 'INR',
    method: 'bank_transfer',
    rail: 'simulator',
    beneficiary: { name: 'Asha Rao', accountNumber: '1234567890', bankCode: 'HDFC0000001', upiId: null },
    reference: null,
    referenceKey: null,
    description: null,
    metadata: {},
    notifyUrl: null,
    attemptId: 'att_3',
    ...failures,
    ...stamps,
    ...given,
  }
}

/** The first version of a fee plan, in force. */
export function sampleFeePlan(given: Partial<FeePlan> = {}): FeePlan {
  return {
    ...sampleScope,
    method: 'upi',
    version: 1,
    current: 'current',
    basisPoints: 200,
    fixed: { INR: 300n },
    refundPolicy: 'returned',
    createdAt: sampleInstant,
    revision: 0,
    ...given,
  }
}

/** An event about the sample payment. */
export function sampleEvent(given: Partial<EngineEvent> = {}): EngineEvent {
  return {
    ...sampleScope,
    id: 'evt_1',
    number: 1n,
    type: 'payment.created',
    objectKind: 'payment',
    objectId: 'pay_1',
    objectRevision: 0,
    data: { amountMinor: 25_000n },
    createdAt: sampleInstant,
    ...given,
  }
}

/** A delivery of the sample event that is due. */
export function sampleDelivery(given: Partial<Delivery> = {}): Delivery {
  return {
    ...sampleScope,
    id: 'del_1',
    eventId: 'evt_1',
    eventNumber: 1n,
    eventType: 'payment.created',
    objectId: 'pay_1',
    endpointId: 'we_1',
    target: 'endpoint:we_1',
    url: 'https://shop.example/hooks',
    lane: 'we_1',
    dialect: 'monetiflow',
    body: '{}',
    headers: {},
    status: 'pending',
    attemptsMade: 0,
    dueAt: sampleInstant,
    lastOutcome: null,
    ...stamps,
    ...given,
  }
}

/** A ledger account of the sample merchant in INR, at zero unless totals are given. */
export function sampleAccount(code: AccountCode, given: Partial<Account> = {}): Account {
  const { side, bounded } = chartLineOf(code)
  const totals = { debitsPosted: 0n, creditsPosted: 0n, debitsPending: 0n, creditsPending: 0n }
  return { ...sampleScope, code, currency: 'INR', side, bounded, ...totals, lastTransfer: 0n, revision: 0, ...given }
}

/** What one opening transfer leaves: `amountMinor` from the simulator's clearing account to `available`, the first of its chain. */
export function sampleOpening(amountMinor: bigint): Posted {
  const draft = {
    debit: sampleAccount('clearing:simulator'),
    credit: sampleAccount('available'),
    amountMinor,
    type: 'posted',
    reason: 'opening_balance',
    subject: { kind: 'merchant', id: sampleScope.merchantId },
    reservation: null,
  } as const
  return applyTransfer(draft, { transferNumber: 0n, chainHash: chainStart }, sampleInstant)
}
