/** A bug to be put into a copy of the source. */
export interface PlantedBug {
  readonly name: string
  readonly edits: readonly PlantedEdit[]
}

/** One text, which stands in its file exactly once, and what takes its place. */
export interface PlantedEdit {
  /** Below `src/`. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** Bugs of the kinds that a payment system dies of. Each must be found by the simulation within a few seeds. */
export const plantedBugs: readonly PlantedBug[] = [
  {
    name: 'decisions of a group see the facts as they were loaded, not as the decisions before left them',
    edits: [
      {
        file: 'engine/commit/working-set.ts',
        find: 'get: (ref: FactRef) => tables.find(ref)?.row,',
        replace:
          "get: ((seen) => (ref: FactRef) => { const row = tables.find(ref)?.row; const key = ref.text; if (ref.kind.name !== 'payment') return row; if (!seen.has(key)) seen.set(key, row); return seen.get(key) })(new Map<string, ScopedRow | undefined>()),",
      },
    ],
  },
  {
    name: 'the cap on refunds is gone',
    edits: [
      {
        file: 'engine/refunds/create-refund.ts',
        find: 'if (amount.minor > left.minor || left.minor === 0n) {',
        replace: 'if (left.minor < 0n) {',
      },
    ],
  },
  {
    name: 'an outbox row is lost',
    edits: [
      {
        file: 'engine/commit/working-set.ts',
        find: 'outbox: events.map(eventAddress)',
        replace: 'outbox: events.slice(0, 2).map(eventAddress)',
      },
    ],
  },
  {
    name: 'an answer that comes twice is booked twice',
    edits: [
      {
        file: 'engine/attempts/attempt.ts',
        find: 'succeeded: {},\n    declined: {},',
        replace: "succeeded: { succeeded: 'succeeded' },\n    declined: {},",
      },
    ],
  },
  {
    name: 'a poll asks the rail to move the money under a new id',
    edits: [
      {
        file: 'engine/attempts/run-attempt.ts',
        find: 'const again = { ...asked, polls: asked.polls + 1 }',
        replace: "const again = { ...asked, id: asked.id + '-again', polls: asked.polls + 1 }",
      },
    ],
  },
  {
    name: 'expiry is off by one',
    edits: [
      {
        file: 'engine/payments/end-payment.ts',
        find: 'ctx.now >= payment.expiresAt',
        replace: 'ctx.now > payment.expiresAt',
      },
    ],
  },
  {
    name: 'a retry is not recognised by its key',
    edits: [
      {
        file: 'engine/commit/group.ts',
        find: 'if (idempotency && earlier && earlier.expiresAt > now) return replay(earlier, command, input)',
        replace: 'void earlier',
      },
    ],
  },
  {
    name: 'the fee is debited where it should be credited',
    edits: [
      {
        file: 'engine/payments/settle-payment.ts',
        find: "...moved(payment, available, fees, fee, 'payment_fee'),",
        replace: "...moved(payment, fees, available, fee, 'payment_fee'),",
      },
    ],
  },
  {
    name: 'a webhook is marked as delivered although nobody answered',
    edits: [
      {
        file: 'engine/webhooks/record-delivery-attempt.ts',
        find: "if (outcome.is === 'acknowledged') return ended(",
        replace: "if (outcome.is === 'acknowledged' || outcome.is === 'unreachable') return ended(",
      },
    ],
  },
  {
    name: 'an unknown outcome is taken for a decline',
    edits: [
      {
        file: 'engine/attempts/run-attempt.ts',
        find: 'await settleAttempt(runner, attempt, outcome, true)',
        replace:
          "await settleAttempt(runner, attempt, outcome.outcome === 'unknown' ? { outcome: 'declined', railReference: null, code: 'rail_error', message: '' } : outcome, true)",
      },
    ],
  },
  {
    name: 'a claimed delivery stays due for other senders',
    edits: [
      {
        file: 'engine/commit/memory-store.ts',
        find: '[kind.dueProperty as string]: leaseUntil, revision:',
        replace: "...(kind.name === 'delivery' ? {} : { [kind.dueProperty as string]: leaseUntil }), revision:",
      },
    ],
  },
  {
    name: 'a failed refund does not give back what it reserved',
    edits: [
      {
        file: 'engine/refunds/settle-refund.ts',
        find: 'refundReservedMinor: payment.refundReservedMinor - refund.amountMinor,',
        replace: 'refundReservedMinor: payment.refundReservedMinor,',
      },
    ],
  },
]

/** Bugs that only a real database shows: locks, claims and lost connections behave there as nothing in memory does. */
export const plantedDatabaseBugs: readonly PlantedBug[] = [
  {
    name: 'a commit whose answer was lost is believed without proof',
    edits: [
      {
        file: 'engine/commit/postgres-store.ts',
        find: 'await settleLostCommit({ open, inDoubtTimeoutMs: options.inDoubtTimeoutMs }, name, writes)',
        replace: 'void settleLostCommit',
      },
    ],
  },
  {
    name: 'two senders may claim the same delivery',
    edits: [
      {
        file: 'engine/webhooks/webhook-queries.ts',
        find: 'order by due_at limit $4 for update skip locked)',
        replace: 'order by due_at limit $4)',
      },
    ],
  },
  {
    name: 'what follows a decision is queued outside its transaction',
    edits: [
      {
        file: 'engine/commit/postgres-store.ts',
        find: 'const answers = await connection.fly([...writeStatements(writes), commitStatement])',
        replace:
          'const answers = await connection.fly([...writeStatements({ ...writes, jobs: [], outbox: [] }), commitStatement]); if (writes.jobs.length > 0) await connection.fly([jobsStatement(writes.jobs)]); if (writes.outbox.length > 0) await connection.fly([outboxStatement(writes.outbox)])',
      },
    ],
  },
]
