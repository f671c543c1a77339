/** Told when an endpoint was disabled because nothing had reached it for days. */
export const endpointDisabledEventType = 'webhook_endpoint.disabled'

/** Told to one endpoint alone, because its merchant wants to see whether it works. */
export const endpointTestEventType = 'webhook_endpoint.test'

/** Every type of event that the engine records: what an endpoint may ask for. */
export const eventTypes = [
  'payment.created',
  'payment.succeeded',
  'payment.failed',
  'payment.expired',
  'payment.cancelled',
  'payment.attempt_declined',
  'payment.partially_paid',
  'payment.funds_unallocated',
  'refund.created',
  'refund.succeeded',
  'refund.failed',
  'payout.created',
  'payout.succeeded',
  'payout.failed',
  endpointDisabledEventType,
  endpointTestEventType,
] as const

/** One type of event. */
export type EventType = (typeof eventTypes)[number]
