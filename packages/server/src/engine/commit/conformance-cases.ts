import type { TransitionTable } from '../../kernel/transitions.ts'
import { attemptKind, attemptTransitions } from '../attempts/attempt.ts'
import { paymentKind, paymentTransitions } from '../payments/payment.ts'
import { payoutKind, payoutTransitions } from '../payouts/payout.ts'
import { refundKind, refundTransitions } from '../refunds/refund.ts'
import { deliveryKind, deliveryTransitions } from '../webhooks/delivery.ts'
import type { Kind, RevisedRow, ScopedRow } from './kind.ts'
import { accountKind } from './ledger-kinds.ts'
import {
  sampleAccount,
  sampleAttempt,
  sampleDelivery,
  samplePayment,
  samplePayout,
  sampleRefund,
} from './sample-rows.ts'

/** Every rule of every kind, with a row that breaks this one and no other. Both stores must refuse it by the rule's name. */
export const brokenRules: readonly (readonly [Kind, string, ScopedRow])[] = [
  [paymentKind, 'payments_captured_at_most_amount', samplePayment({ capturedMinor: 25_001n, receivedMinor: 25_001n })],
  [paymentKind, 'payments_received_is_explained', samplePayment({ receivedMinor: 5n })],
  [paymentKind, 'payments_refunds_at_most_captured', samplePayment({ refundReservedMinor: 1n })],
  [paymentKind, 'payments_refunded_was_reserved', samplePayment({ refundedMinor: 1n })],
  [paymentKind, 'payments_fee_returned_at_most_fee', samplePayment({ feeReturnedMinor: 1n })],
  [paymentKind, 'payments_captured_when_succeeded', samplePayment({ status: 'succeeded' })],
  [paymentKind, 'payments_attempts_at_most_max', samplePayment({ attemptsMade: 4 })],
  [accountKind, 'ledger_accounts_never_below_zero', sampleAccount('available', { debitsPosted: 1n })],
  [accountKind, 'ledger_accounts_pending_not_negative', sampleAccount('fees', { debitsPending: -1n })],
]

/** Rows with a value that no column can hold. */
export const unstorable: readonly (readonly [string, Kind, ScopedRow])[] = [
  ['text with U+0000', paymentKind, samplePayment({ description: 'a\u0000b' })],
  ['text with half a character', paymentKind, samplePayment({ description: '\ud83d' })],
  ['JSON with U+0000', paymentKind, samplePayment({ metadata: { a: 'b\u0000' } })],
  ['JSON with half a character', paymentKind, samplePayment({ metadata: { '\udc00': 1 } })],
  ['a number that is none', paymentKind, samplePayment({ metadata: { a: Number.NaN } })],
  ['a bigint above eight bytes', paymentKind, samplePayment({ number: 2n ** 63n })],
  ['a fraction in an integer', paymentKind, samplePayment({ attemptsMade: 0.5 })],
  ['a time that is none', paymentKind, samplePayment({ expiresAt: Number.NaN })],
]

/** The statuses of a kind, and its rows in each of them. */
export const movingKinds: readonly (readonly [
  Kind,
  TransitionTable<string, string>,
  (status: string) => RevisedRow,
])[] = [
  [
    paymentKind,
    paymentTransitions,
    (status) =>
      samplePayment({
        status: status as never,
        ...(status === 'succeeded' ? { capturedMinor: 25_000n, receivedMinor: 25_000n } : {}),
      }),
  ],
  [attemptKind, attemptTransitions, (status) => sampleAttempt({ status: status as never })],
  [refundKind, refundTransitions, (status) => sampleRefund({ status: status as never })],
  [payoutKind, payoutTransitions, (status) => samplePayout({ status: status as never })],
  [deliveryKind, deliveryTransitions, (status) => sampleDelivery({ status: status as never })],
] as const
