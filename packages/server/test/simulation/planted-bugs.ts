/** A bug to be put into a copy of the source: the text, which stands there exactly once, and what takes its place. */
export interface PlantedBug {
  readonly name: string
  /** Below `src/`. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** Bugs of the kinds that a payment system dies of. Each must be found by the simulation within a few seeds. */
export const plantedBugs: readonly PlantedBug[] = [
  {
    name: 'decisions of a group see the facts as they were loaded, not as the decisions before left them',
    file: 'engine/commit/working-set.ts',
    find: 'get: (ref: FactRef) => tables.find(ref)?.row,',
    replace:
      "get: ((seen) => (ref: FactRef) => { const row = tables.find(ref)?.row; const key = refText(ref); if (ref.kind.name !== 'payment') return row; if (!seen.has(key)) seen.set(key, row); return seen.get(key) })(new Map<string, ScopedRow | undefined>()),",
  },
  {
    name: 'the cap on refunds is gone',
    file: 'engine/refunds/create-refund.ts',
    find: 'if (amount.minor > left.minor || left.minor === 0n) {',
    replace: 'if (left.minor < 0n) {',
  },
  {
    name: 'an outbox row is lost',
    file: 'engine/commit/group.ts',
    find: 'payload: { events: events.map(eventAddress) }',
    replace: 'payload: { events: events.slice(0, 2).map(eventAddress) }',
  },
  {
    name: 'an answer that comes twice is booked twice',
    file: 'engine/attempts/attempt.ts',
    find: 'succeeded: {},\n    declined: {},',
    replace: "succeeded: { succeeded: 'succeeded' },\n    declined: {},",
  },
  {
    name: 'a poll asks the rail to move the money under a new id',
    file: 'engine/attempts/run-attempt.ts',
    find: 'const again = { ...asked, polls: asked.polls + 1 }',
    replace: "const again = { ...asked, id: asked.id + '-again', polls: asked.polls + 1 }",
  },
  {
    name: 'expiry is off by one',
    file: 'engine/payments/end-payment.ts',
    find: 'ctx.now >= payment.expiresAt',
    replace: 'ctx.now > payment.expiresAt',
  },
  {
    name: 'a retry is not recognised by its key',
    file: 'engine/commit/group.ts',
    find: 'if (idempotency && earlier && earlier.expiresAt > now) return replay(earlier, command, input)',
    replace: 'void earlier',
  },
  {
    name: 'the fee is debited where it should be credited',
    file: 'engine/payments/settle-payment.ts',
    find: "...moved(payment, available, fees, fee, 'payment_fee'),",
    replace: "...moved(payment, fees, available, fee, 'payment_fee'),",
  },
  {
    name: 'a webhook is marked as delivered although nobody answered',
    file: 'engine/webhooks/record-delivery-attempt.ts',
    find: "if (outcome.is === 'acknowledged') return ended(",
    replace: "if (outcome.is === 'acknowledged' || outcome.is === 'unreachable') return ended(",
  },
  {
    name: 'an unknown outcome is taken for a decline',
    file: 'engine/attempts/run-attempt.ts',
    find: 'await settleAttempt(runner, attempt, outcome, true)',
    replace:
      "await settleAttempt(runner, attempt, outcome.outcome === 'unknown' ? { outcome: 'declined', railReference: null, code: 'rail_error', message: '' } : outcome, true)",
  },
  {
    name: 'a failed refund does not give back what it reserved',
    file: 'engine/refunds/settle-refund.ts',
    find: 'refundReservedMinor: payment.refundReservedMinor - refund.amountMinor,',
    replace: 'refundReservedMinor: payment.refundReservedMinor,',
  },
]
