import type { ApiName, ObjectKind } from './caller.ts'

/** An object that stands in the database, and how often each of its parts does. */
export interface StoredObject {
  readonly kind: ObjectKind
  readonly merchantId: string
  /** The idempotency key that its caller gave it, which its metadata repeats. */
  readonly key: string | null
  /** Its house id. */
  readonly id: string
  readonly status: string
  /** Idempotency records under its key. */
  readonly records: number
  /** Attempts to move its money. */
  readonly attempts: number
  /** Transfers that set its money aside: of refunds and payouts, at once. */
  readonly reservations: number
  /** Transfers that moved its money for good: once it has succeeded, and never otherwise. */
  readonly settlements: number
}

/** An object as a list of one API shows it. */
export interface ListedObject {
  readonly api: ApiName
  readonly id: string
  /** Null where the list does not show it, as Monetiflow's does not. */
  readonly key: string | null
}

/** An event as the feed shows it. */
export interface FeedEvent {
  readonly id: string
  readonly number: number
  readonly type: string
  readonly object_id: string
  readonly object_revision: number
  readonly object_sequence: number
}

/** How many rows still wait for something. */
export interface OpenWork {
  readonly attempts: number
  readonly objects: number
  readonly deliveries: number
  readonly jobs: number
}

/** What merchants' receivers heard: only webhooks with a right signature count. */
export interface Hearing {
  /** Ids of events that came to the house API's endpoints. */
  readonly events: ReadonlySet<string>
  /** What came to Monetiflow's callbacks, as the event's name, a space and the object's id there. */
  readonly callbacks: ReadonlySet<string>
  /** Webhooks without a right signature. */
  readonly forged: number
}

/** Everything that a checkpoint looks at beside the callers' own record. */
export interface Observation {
  readonly stored: readonly StoredObject[]
  /** Keys of idempotency records of creating calls. */
  readonly recordKeys: readonly string[]
  readonly listed: readonly ListedObject[]
  /** Each merchant's whole feed in the order in which it was read. */
  readonly feeds: ReadonlyMap<string, readonly FeedEvent[]>
  readonly heard: Hearing
  readonly open: OpenWork
  readonly ledgerFindings: readonly string[]
}
