/** One thing that the document leaves open, what we do, and why. */
export interface Inferred<Value> {
  readonly choice: Value
  readonly why: string
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/**
 * Everything that this dialect does without the document saying so. A choice that is a figure or a word is read from
 * here; `amountUnit` and `unknownFieldsIgnored` only tell what `wire.ts` and the schemas do.
 * `docs/dialects/monetiflow.md` repeats each reason, and a test holds the two together.
 */
export const inferred = {
  amountUnit: {
    choice: 'minor',
    why: 'Amounts are whole numbers of the smallest unit (25000 is INR 250.00): the sample is an integer and the page follows the style of APIs that count so.',
  },
  paymentExpiresAfterMs: {
    choice: 30 * minuteMs,
    why: 'A payment can be paid for 30 minutes: long enough for UPI and a bank page, short enough that stock is not held all day.',
  },
  attemptsMax: {
    choice: 1,
    why: 'A declined attempt ends the payment: the only failure the document knows is payment.failed, so a second try is a new payment.',
  },
  idempotencyKeptMs: {
    choice: 24 * hourMs,
    why: 'An Idempotency-Key is remembered for 24 hours on the three creating calls; the same key with another body is refused with 400.',
  },
  createStatus: {
    choice: 201,
    why: 'The three creating calls answer 201: the document lists "201 Created - Resource created successfully" beside 200.',
  },
  statusOfEverythingElseRefused: {
    choice: 400,
    why: 'Refusals for which the document lists no status of their own (conflict, wrong state, low balance) are 400 with a telling code.',
  },
  expiredIsFailedEvent: {
    choice: 'payment.failed',
    why: 'A payment that expires or is cancelled is told as payment.failed: the document has two payment events, and a handler that frees an order must hear of every end; data.status says which end it was.',
  },
  webhookTimeoutMs: {
    choice: 10_000,
    why: 'A webhook receiver has 10 seconds; every 2xx acknowledges, since the sample answers 200 with a body of its own.',
  },
  webhookRetryDelaysMs: {
    choice: [
      10_000,
      minuteMs,
      5 * minuteMs,
      30 * minuteMs,
      2 * hourMs,
      5 * hourMs,
      10 * hourMs,
      14 * hourMs,
      20 * hourMs,
      20 * hourMs,
    ],
    why: 'The document promises automatic retries without a plan: eleven tries over three days, so that a weekend outage loses nothing.',
  },
  metadataKeysMax: {
    choice: 50,
    why: 'Metadata holds at most 50 keys of 40 characters with text, numbers, booleans or null of at most 500 characters: enough for the sample, flat because forms and JSON then mean the same.',
  },
  unknownFieldsIgnored: {
    choice: true,
    why: 'Unknown body fields are ignored and never shown again: the document does not say that its list of fields is complete.',
  },
  metadataSimulate: {
    choice: 'simulate',
    why: 'With a test key, metadata.simulate names a scenario of the simulator; with a live key it is refused, so that a forgotten one is noticed.',
  },
} as const satisfies Readonly<Record<string, Inferred<unknown>>>
