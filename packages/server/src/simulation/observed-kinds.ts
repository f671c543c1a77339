import { attemptKind } from '../engine/attempts/attempt.ts'
import { eventKind } from '../engine/commit/event.ts'
import type { Kind } from '../engine/commit/kind.ts'
import { accountKind, journalKind, transferKind } from '../engine/commit/ledger-kinds.ts'
import { paymentKind } from '../engine/payments/payment.ts'
import { payoutKind } from '../engine/payouts/payout.ts'
import { refundKind } from '../engine/refunds/refund.ts'
import { deliveryAttemptKind, deliveryKind } from '../engine/webhooks/delivery.ts'
import { webhookEndpointKind } from '../engine/webhooks/webhook-endpoint.ts'

/** Every kind that a rule of the simulation looks at. */
export const observedKinds = [
  paymentKind,
  attemptKind,
  refundKind,
  payoutKind,
  journalKind,
  accountKind,
  transferKind,
  eventKind,
  webhookEndpointKind,
  deliveryKind,
  deliveryAttemptKind,
] as unknown as readonly Kind[]

/** The kinds with a due time that the simulated processes serve. */
export const servedKinds = [paymentKind, attemptKind, deliveryKind] as unknown as readonly Kind[]
