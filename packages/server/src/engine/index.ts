/** The engine's only door. Dialects, workers, the command line and tests import from here and from nowhere deeper. */

export { type StatementEntry, type StatementType, statementTypes } from '../ledger/statement.ts'
export type { StatementFilter, StatementPage } from '../ledger/statement-queries.ts'
export type { Beneficiary, DeclineCode, PaymentMethod, RailInstruction } from '../rails/rail.ts'
export { declineCodes, paymentMethods } from '../rails/rail.ts'
export type { AccessVerbs, KeyPage } from './access/access-verbs.ts'
export {
  type ApiKey,
  type ApiKeyState,
  type ApiScope,
  apiKeyStates,
  apiScopes,
  hashOfKey,
  publishableScopes,
  stateOfKey,
} from './access/api-key.ts'
export { apiKeyInvalid } from './access/authenticate.ts'
export type { KeyToCreate } from './access/create-api-key.ts'
export type { NewApiKey, NewWebhookEndpoint } from './access/issue-credentials.ts'
export { type ApiKeyType, apiKeyTypes, isHouseKey, newHouseKey } from './access/key-text.ts'
export type { Merchant } from './access/merchant.ts'
export type { MerchantFilter } from './access/merchant-queries.ts'
export type { NewFeePlan, ProvisionMerchant } from './access/provision-merchant.ts'
export { type KeyToRotate, overlapMaxMs, type RotatedKey } from './access/rotate-api-key.ts'
export {
  type Attempt,
  attemptKind,
  attemptTransitions,
  submitAttemptJobName,
} from './attempts/attempt.ts'
export type { Balance } from './balances/balance-queries.ts'
export { type Committer, type CommitterMetrics, createCommitter, type Outcome } from './commit/committer.ts'
export { type EngineEvent, eventFact } from './commit/event.ts'
export type { Idempotency } from './commit/idempotency.ts'
export type { Kind, RevisedRow } from './commit/kind.ts'
export { createPostgresStore } from './commit/postgres-store.ts'
export type { GroupWrites, Store } from './commit/store.ts'
export { createEngine, type Engine, type EngineParts, type PaymentName } from './create-engine.ts'
export type { Customer, CustomerDetails } from './customers/customer.ts'
export type { CustomerVerbs } from './customers/customer-verbs.ts'
export type { CreateCustomer, CustomerChanges, UpdateCustomer } from './customers/save-customer.ts'
export { type FeedPage, type FeedQuery, feedWaitMaxMs } from './events/read-feed.ts'
export type { FeePlan, FeeTerms } from './fees/fee-plan.ts'
export type { FeePlanFilter, FeePlanPage } from './fees/fee-plan-queries.ts'
export type { ListFilter, ObjectPage } from './lists/list-queries.ts'
export type { CreatePayment } from './payments/create-payment.ts'
export type { PaymentExplanation } from './payments/explain-payment.ts'
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
export type { BankAccountName, SandboxBankAccount } from './sandbox/bank-account.ts'
export { type Past, type PastMerchant, PastRefusedError } from './sandbox/past.ts'
export { type ScheduledNotification, scheduledNotificationKind } from './sandbox/scheduled-notification.ts'
export {
  type Transaction,
  type TransactionFilter,
  type TransactionPage,
  type TransactionType,
  transactionTypes,
} from './transactions/transaction-queries.ts'
export type { CreateDelivery } from './webhooks/create-delivery.ts'
export type { CreateWebhookEndpoint } from './webhooks/create-webhook-endpoint.ts'
export {
  type Delivery,
  type DeliveryAttempt,
  type DeliveryStatus,
  deliveryKind,
  deliveryTransitions,
} from './webhooks/delivery.ts'
export type { DeliveryFilter, FailedFilter, PageFilter } from './webhooks/delivery-list-queries.ts'
export {
  type EventType,
  endpointDisabledEventType,
  endpointTestEventType,
  eventTypes,
} from './webhooks/event-types.ts'
export { releaseDeliveriesJobName } from './webhooks/pause-webhook-endpoint.ts'
export type { DeliveryOutcome, RecordDeliveryAttempt } from './webhooks/record-delivery-attempt.ts'
export { type ResendMany, type ResentDeliveries, resentIdsMax, resentPerCallMax } from './webhooks/resend-many.ts'
export { retryAfterMsOf } from './webhooks/retry-schedule.ts'
export {
  apiVersionNow,
  madeByUs,
  secretContext,
  type VisibleWebhookEndpoint,
  type WebhookEndpoint,
  type WebhookEndpointStatus,
  type WebhookPayload,
  webhookPayloads,
} from './webhooks/webhook-endpoint.ts'
export type { DeliveryClaim } from './webhooks/webhook-queries.ts'
export type { WebhookVerbs } from './webhooks/webhook-verbs.ts'
