/** A page of a list of the house API. */
export interface HouseList<Item> {
  readonly data: readonly Item[]
  readonly has_more: boolean
}

/** A payment as the house API shows it, as far as the command line reads it. Amounts are minor units, times ISO 8601. */
export interface HousePayment {
  readonly id: string
  readonly status: string
  readonly amount: number
  readonly currency: string
  readonly amount_received: number
  readonly amount_in_suspense: number
  readonly amount_refunded: number
  readonly fee: number
  readonly method: string
  readonly rail: string
  readonly reference: string | null
  readonly customer_reference: string | null
  readonly description: string | null
  readonly attempts_made: number
  readonly attempts_max: number
  readonly failure_code: string | null
  readonly failure_message: string | null
  readonly created_at: string
  readonly expires_at: string
  readonly finished_at: string | null
  readonly checkout_url?: string
}

/** An event of the feed, as far as the command line reads it. */
export interface HouseEvent {
  readonly id: string
  readonly number: number
  readonly type: string
  readonly timestamp: string
  readonly object_id: string
  readonly data: Readonly<Record<string, unknown>>
}

/** A page of the feed; `next` is the cursor behind it. */
export interface HouseFeed extends HouseList<HouseEvent> {
  readonly next: number
}

/** A delivery of a webhook, as far as the command line reads it. */
export interface HouseDelivery {
  readonly id: string
  readonly status: string
  readonly event_type: string
  readonly attempts_made: number
}
