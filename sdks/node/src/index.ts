/**
 * The client of the Paylect payment gateway. Amounts are numbers of minor units: each is exact, since the gateway keeps
 * them at or below 9,000,000,000,000,000 (9e15), under Number.MAX_SAFE_INTEGER. Sums of many, yours or a balance's, can
 * pass it: add them up as bigint.
 */
export { Paylect, type PaylectOptions } from './client.ts'
export {
  ApiError,
  AuthenticationError,
  ConflictError,
  ConnectionError,
  DeclinedError,
  IdempotencyError,
  InsufficientFundsError,
  InvalidRequestError,
  InvalidStateError,
  LimitExceededError,
  NotFoundError,
  OutcomeUnknownError,
  PaylectError,
  PermissionError,
  RateLimitError,
  ServerError,
  SignatureVerificationError,
  TimeoutError,
  UnsupportedError,
} from './errors.ts'
export type { EventFeed, StreamOptions } from './event-feed.ts'
export type * from './generated/resources.ts'
export type * from './generated/types.ts'
export type { List, Page } from './list.ts'
export { type ResponseInfo, responseOf } from './response-info.ts'
export type { CallOptions, WriteOptions } from './transport.ts'
export { version } from './version.ts'
export { verifyWebhook, type WebhookHeaders, type WebhookInput } from './webhook.ts'
export type { PaylectEvent } from './webhook-event.ts'
