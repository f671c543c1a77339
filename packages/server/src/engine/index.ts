/** The engine's only door. Dialects, workers, the command line and tests import from here and from nowhere deeper. */

export type { Beneficiary, DeclineCode, PaymentMethod, RailInstruction } from '../rails/rail.ts'
export { declineCodes, paymentMethods } from '../rails/rail.ts'
export { type ApiKey, type ApiScope, apiScopes, hashOfKey } from './access/api-key.ts'
export type { NewApiKey, NewWebhookEndpoint } from './access/issue-credentials.ts'
export type { Merchant } from './access/merchant.ts'
export type { NewFeePlan, ProvisionMerchant } from './access/provision-merchant.ts'
export {
  type Attempt,
  attemptKind,
  attemptTransitions,
  submitAttemptJobName,
} from './attempts/attempt.ts'
export type { Balance } from './balances/balance-queries.ts'
export { type Committer, type CommitterMetrics, createCommitter, type Outcome } from './commit/committer.ts'
export { type EngineEvent, eventFact } from './commit/event.ts'
export { fanOutJobName } from './commit/group.ts'
export type { Idempotency } from './commit/idempotency.ts'
export type { Kind, RevisedRow } from './commit/kind.ts'
export { createPostgresStore } from './commit/postgres-store.ts'
export type { GroupWrites, Store } from './commit/store.ts'
export { createEngine, type Engine, type EngineParts, type PaymentName } from './create-engine.ts'
export type { CustomerDetails } from './customers/customer.ts'
export { type FeedPage, type FeedQuery, feedWaitMaxMs } from './events/read-feed.ts'
export type { FeePlan, FeeTerms } from './fees/fee-plan.ts'
export type { ListFilter, ObjectPage } from './lists/list-queries.ts'
export type { CreatePayment } from './payments/create-payment.ts'
export {
  outstanding,
  type Payment,
  type PaymentStatus,
  paymentAmount,
  paymentKind,
  paymentTransitions,
} from './payments/payment.ts'
export type { CreatePayout } from './payouts/create-payout.ts'
export { type Payout, type PayoutStatus, payoutTransitions } from './payouts/payout.ts'
export type { CreateRefund } from './refunds/create-refund.ts'
export { type Refund, type RefundStatus, refundTransitions } from './refunds/refund.ts'
export { type ApplyOutcome, type SandboxOutcome, sandboxOutcomes } from './sandbox/apply-outcome.ts'
export { type ScheduledNotification, scheduledNotificationKind } from './sandbox/scheduled-notification.ts'
export {
  type Transaction,
  type TransactionFilter,
  type TransactionPage,
  type TransactionType,
  transactionTypes,
} from './transactions/transaction-queries.ts'
export type { CreateDelivery } from './webhooks/create-delivery.ts'
export {
  type Delivery,
  type DeliveryAttempt,
  type DeliveryStatus,
  deliveryKind,
  deliveryTransitions,
} from './webhooks/delivery.ts'
export type { DeliveryOutcome, RecordDeliveryAttempt } from './webhooks/record-delivery-attempt.ts'
export { retryAfterMsOf } from './webhooks/retry-schedule.ts'
export { secretContext, type WebhookEndpoint } from './webhooks/webhook-endpoint.ts'
export type { DeliveryClaim } from './webhooks/webhook-queries.ts'
export type { WebhookVerbs } from './webhooks/webhook-verbs.ts'
