// Written by scripts/generate.ts from docs/openapi/paylect.json; run `npm run sdk` to write it anew.

/** Attempt, as the gateway writes it. */
export type Attempt = {
  readonly id: string
  readonly object: 'attempt'
  readonly payment_id: string
  readonly status: 'pending' | 'processing' | 'unknown' | 'succeeded' | 'declined'
  readonly amount: number
  readonly currency: string
  readonly amount_received: number
  readonly method: 'upi' | 'card' | 'bank_transfer'
  readonly rail: string
  readonly rail_reference: string | null
  readonly failure_code: string | null
  readonly message: string | null
  readonly polls: number
  readonly livemode: boolean
  readonly created_at: string
  readonly updated_at: string
}

/** Balance, as the gateway writes it. */
export type Balance = {
  readonly object: 'balance'
  readonly livemode: boolean
  readonly balances: readonly {
    readonly currency: string
    readonly available: number
    readonly pending: number
    readonly reserved: number
  }[]
}

/** BankAccount, as the gateway writes it. */
export type BankAccount = {
  readonly object: 'bank_account'
  readonly bank_code: string
  readonly account_number: string
  /** The holder’s name. */
  readonly name: string
}

/** Clock, as the gateway writes it. */
export type Clock = {
  readonly now: string
}

/** Customer, as the gateway writes it. */
export type Customer = {
  readonly id: string
  readonly object: 'customer'
  readonly reference: string | null
  readonly name: string | null
  readonly email: string | null
  readonly phone: string | null
  readonly metadata: Readonly<Record<string, unknown>>
  readonly livemode: boolean
  readonly created_at: string
  readonly updated_at: string
}

/** Delivery, as the gateway writes it. */
export type Delivery = {
  readonly id: string
  readonly object: 'delivery'
  readonly endpoint_id: string
  readonly event_id: string
  readonly event_number: number
  readonly event_type: string
  readonly url: string
  readonly dialect: string
  readonly status: 'pending' | 'delivered' | 'exhausted' | 'stopped'
  readonly attempts_made: number
  readonly next_attempt_at: string | null
  readonly last_outcome: string | null
  readonly livemode: boolean
  readonly created_at: string
  readonly finished_at: string | null
}

/** DeliveryAttempt, as the gateway writes it. */
export type DeliveryAttempt = {
  readonly number: number
  readonly started_at: string
  readonly duration_ms: number
  readonly request_headers: Readonly<Record<string, string>> | null
  readonly response_status: number | null
  readonly response_headers: Readonly<Record<string, string>> | null
  readonly response_excerpt: string | null
  readonly error: string | null
}

/** DeliveryWithAttempts, as the gateway writes it. */
export type DeliveryWithAttempts = {
  readonly id: string
  readonly object: 'delivery'
  readonly endpoint_id: string
  readonly event_id: string
  readonly event_number: number
  readonly event_type: string
  readonly url: string
  readonly dialect: string
  readonly status: 'pending' | 'delivered' | 'exhausted' | 'stopped'
  readonly attempts_made: number
  readonly next_attempt_at: string | null
  readonly last_outcome: string | null
  readonly livemode: boolean
  readonly created_at: string
  readonly finished_at: string | null
  readonly request: {
    readonly method: 'POST'
    readonly url: string
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
  }
  readonly attempts: readonly DeliveryAttempt[]
}

/** Event, as the gateway writes it. */
export type Event = {
  readonly id: string
  readonly object: 'event'
  readonly number: number
  readonly type: string
  readonly timestamp: string
  readonly livemode: boolean
  readonly object_id: string
  readonly object_revision: number
  readonly object_sequence: number
  readonly data: Payment | Refund | Payout | WebhookEndpoint
}

/** FeePlan, as the gateway writes it. */
export type FeePlan = {
  readonly id: string
  readonly object: 'fee_plan'
  readonly method: string
  readonly version: number
  readonly in_force: boolean
  readonly basis_points: number
  readonly fixed: Readonly<Record<string, number>>
  readonly refund_policy: 'returned' | 'kept'
  readonly livemode: boolean
  readonly created_at: string
}

/** Payment, as the gateway writes it. */
export type Payment = {
  readonly id: string
  readonly object: 'payment'
  readonly status: 'created' | 'awaiting_payer' | 'processing' | 'succeeded' | 'failed' | 'cancelled' | 'expired'
  readonly dialect: string
  readonly amount: number
  readonly currency: string
  readonly reference: string | null
  readonly notify_url: string | null
  readonly metadata: Readonly<Record<string, unknown>>
  readonly failure_code: string | null
  readonly failure_message: string | null
  readonly livemode: boolean
  readonly created_at: string
  readonly updated_at: string
  readonly finished_at: string | null
  readonly amount_received: number
  readonly amount_captured: number
  readonly amount_in_suspense: number
  readonly amount_refunded: number
  readonly fee: number
  readonly method: 'upi' | 'card' | 'bank_transfer'
  readonly rail: string
  readonly customer_id: string | null
  readonly customer_reference: string | null
  readonly description: string | null
  readonly success_url: string | null
  readonly failure_url: string | null
  readonly attempts_made: number
  readonly attempts_max: number
  readonly expires_at: string
}

/** PaymentExpanded, as the gateway writes it. */
export type PaymentExpanded = {
  readonly id: string
  readonly object: 'payment'
  readonly status: 'created' | 'awaiting_payer' | 'processing' | 'succeeded' | 'failed' | 'cancelled' | 'expired'
  readonly dialect: string
  readonly amount: number
  readonly currency: string
  readonly reference: string | null
  readonly notify_url: string | null
  readonly metadata: Readonly<Record<string, unknown>>
  readonly failure_code: string | null
  readonly failure_message: string | null
  readonly livemode: boolean
  readonly created_at: string
  readonly updated_at: string
  readonly finished_at: string | null
  readonly amount_received: number
  readonly amount_captured: number
  readonly amount_in_suspense: number
  readonly amount_refunded: number
  readonly fee: number
  readonly method: 'upi' | 'card' | 'bank_transfer'
  readonly rail: string
  readonly customer_id: string | null
  readonly customer_reference: string | null
  readonly description: string | null
  readonly success_url: string | null
  readonly failure_url: string | null
  readonly attempts_made: number
  readonly attempts_max: number
  readonly expires_at: string
  readonly attempts?: readonly Attempt[] | undefined
  readonly checkout_url?: string | undefined
  readonly refunds?: readonly Refund[] | undefined
  readonly customer?: Customer | null | undefined
}

/** PaymentExplanation, as the gateway writes it. */
export type PaymentExplanation = {
  readonly object: 'payment_explanation'
  readonly payment_id: string
  readonly currency: string
  readonly state: {
    readonly status: 'created' | 'awaiting_payer' | 'processing' | 'succeeded' | 'failed' | 'cancelled' | 'expired'
    readonly since: string
    readonly why: string
  }
  readonly timeline: readonly {
    readonly at: string
    readonly what: string
    readonly by: string
  }[]
  readonly fee: {
    readonly amount: number
    readonly plan_version: number
    readonly basis_points: number
    readonly fixed: number
    readonly sentence: string
  }
  readonly decline: {
    readonly code: string
    readonly message: string | null
    readonly meaning: string
    readonly retryable: boolean
    readonly what_to_do: string
  } | null
  readonly money: {
    readonly lines: readonly {
      readonly number: number
      readonly at: string
      readonly from: string
      readonly to: string
      readonly amount: number
      readonly why: string
    }[]
    readonly sentence: string
  }
  readonly refunds: {
    readonly count: number
    readonly amount_paid: number
    readonly amount_pending: number
    readonly amount_failed: number
    readonly amount_refundable: number
    readonly sentence: string
  }
  readonly next: readonly {
    readonly at: string | null
    readonly what: string
  }[]
}

/** PaymentWithUrl, as the gateway writes it. */
export type PaymentWithUrl = {
  readonly id: string
  readonly object: 'payment'
  readonly status: 'created' | 'awaiting_payer' | 'processing' | 'succeeded' | 'failed' | 'cancelled' | 'expired'
  readonly dialect: string
  readonly amount: number
  readonly currency: string
  readonly reference: string | null
  readonly notify_url: string | null
  readonly metadata: Readonly<Record<string, unknown>>
  readonly failure_code: string | null
  readonly failure_message: string | null
  readonly livemode: boolean
  readonly created_at: string
  readonly updated_at: string
  readonly finished_at: string | null
  readonly amount_received: number
  readonly amount_captured: number
  readonly amount_in_suspense: number
  readonly amount_refunded: number
  readonly fee: number
  readonly method: 'upi' | 'card' | 'bank_transfer'
  readonly rail: string
  readonly customer_id: string | null
  readonly customer_reference: string | null
  readonly description: string | null
  readonly success_url: string | null
  readonly failure_url: string | null
  readonly attempts_made: number
  readonly attempts_max: number
  readonly expires_at: string
  readonly checkout_url: string
}

/** Payout, as the gateway writes it. */
export type Payout = {
  readonly id: string
  readonly object: 'payout'
  readonly status: 'processing' | 'succeeded' | 'failed'
  readonly dialect: string
  readonly amount: number
  readonly currency: string
  readonly reference: string | null
  readonly notify_url: string | null
  readonly metadata: Readonly<Record<string, unknown>>
  readonly failure_code: string | null
  readonly failure_message: string | null
  readonly livemode: boolean
  readonly created_at: string
  readonly updated_at: string
  readonly finished_at: string | null
  readonly method: 'upi' | 'card' | 'bank_transfer'
  readonly rail: string
  readonly beneficiary: {
    readonly name: string
    readonly account_number: string | null
    readonly bank_code: string | null
    readonly upi_id: string | null
  }
  readonly description: string | null
}

/** PayoutAttempt, as the gateway writes it. */
export type PayoutAttempt = {
  readonly id: string
  readonly object: 'attempt'
  readonly status: 'pending' | 'processing' | 'unknown' | 'succeeded' | 'declined'
  readonly amount: number
  readonly currency: string
  readonly amount_received: number
  readonly method: 'upi' | 'card' | 'bank_transfer'
  readonly rail: string
  readonly rail_reference: string | null
  readonly failure_code: string | null
  readonly message: string | null
  readonly polls: number
  readonly livemode: boolean
  readonly created_at: string
  readonly updated_at: string
  readonly payout_id: string
}

/** PayoutExpanded, as the gateway writes it. */
export type PayoutExpanded = {
  readonly id: string
  readonly object: 'payout'
  readonly status: 'processing' | 'succeeded' | 'failed'
  readonly dialect: string
  readonly amount: number
  readonly currency: string
  readonly reference: string | null
  readonly notify_url: string | null
  readonly metadata: Readonly<Record<string, unknown>>
  readonly failure_code: string | null
  readonly failure_message: string | null
  readonly livemode: boolean
  readonly created_at: string
  readonly updated_at: string
  readonly finished_at: string | null
  readonly method: 'upi' | 'card' | 'bank_transfer'
  readonly rail: string
  readonly beneficiary: {
    readonly name: string
    readonly account_number: string | null
    readonly bank_code: string | null
    readonly upi_id: string | null
  }
  readonly description: string | null
  readonly attempts?: readonly PayoutAttempt[] | undefined
}

/** Problem, as the gateway writes it. */
export type Problem = {
  /** `urn:paylect:error:` and the code. */
  readonly type: string
  /** The kind of failure, for people. */
  readonly title: string
  readonly status: number
  /** What is wrong with this request and how to mend it, for people. */
  readonly detail: string
  /** Stable; docs/errors.md explains each. */
  readonly code: string
  /** The field at fault. */
  readonly field?: string | undefined
  /** Quote it when you ask about it. */
  readonly request_id: string
}

/** Refund, as the gateway writes it. */
export type Refund = {
  readonly id: string
  readonly object: 'refund'
  readonly payment_id: string
  readonly status: 'pending' | 'succeeded' | 'failed'
  readonly dialect: string
  readonly amount: number
  readonly currency: string
  readonly reference: string | null
  readonly notify_url: string | null
  readonly metadata: Readonly<Record<string, unknown>>
  readonly failure_code: string | null
  readonly failure_message: string | null
  readonly livemode: boolean
  readonly created_at: string
  readonly updated_at: string
  readonly finished_at: string | null
  readonly fee_returned: number
  readonly reason: string | null
}

/** RefundExpanded, as the gateway writes it. */
export type RefundExpanded = {
  readonly id: string
  readonly object: 'refund'
  readonly payment_id: string
  readonly status: 'pending' | 'succeeded' | 'failed'
  readonly dialect: string
  readonly amount: number
  readonly currency: string
  readonly reference: string | null
  readonly notify_url: string | null
  readonly metadata: Readonly<Record<string, unknown>>
  readonly failure_code: string | null
  readonly failure_message: string | null
  readonly livemode: boolean
  readonly created_at: string
  readonly updated_at: string
  readonly finished_at: string | null
  readonly fee_returned: number
  readonly reason: string | null
  readonly payment?: Payment | undefined
}

/** Transaction, as the gateway writes it. */
export type Transaction = {
  readonly object: 'transaction'
  readonly number: number
  readonly type:
    | 'payment'
    | 'fee'
    | 'refund'
    | 'fee_returned'
    | 'refund_returned'
    | 'payout'
    | 'payout_returned'
    | 'hold'
    | 'release'
    | 'opening_balance'
  readonly amount: number
  readonly amount_pending: number
  readonly amount_reserved: number
  readonly currency: string
  readonly balance_after: number
  readonly source: {
    readonly object: string
    readonly id: string
  }
  readonly description: string
  readonly livemode: boolean
  readonly created_at: string
}

/** WebhookEndpoint, as the gateway writes it. */
export type WebhookEndpoint = {
  readonly id: string
  readonly object: 'webhook_endpoint'
  readonly dialect: string
  readonly url: string | null
  readonly description: string | null
  readonly event_types: readonly string[] | null
  readonly status: 'enabled' | 'paused' | 'disabled' | 'deleted'
  readonly disabled_reason: string | null
  readonly failing_since: string | null
  readonly payload: 'full' | 'thin'
  readonly api_version: string
  readonly previous_secret_until: string | null
  readonly livemode: boolean
  readonly created_at: string
  readonly updated_at: string
}

/** WebhookEndpointWithSecret, as the gateway writes it. */
export type WebhookEndpointWithSecret = {
  readonly id: string
  readonly object: 'webhook_endpoint'
  readonly dialect: string
  readonly url: string | null
  readonly description: string | null
  readonly event_types: readonly string[] | null
  readonly status: 'enabled' | 'paused' | 'disabled' | 'deleted'
  readonly disabled_reason: string | null
  readonly failing_since: string | null
  readonly payload: 'full' | 'thin'
  readonly api_version: string
  readonly previous_secret_until: string | null
  readonly livemode: boolean
  readonly created_at: string
  readonly updated_at: string
  readonly secret: string | null
}

/** What `payments.create` takes. */
export type PaymentsCreateParams = {
  readonly amount: number
  readonly currency: string
  readonly method: 'upi' | 'card' | 'bank_transfer'
  readonly reference?: string | null | undefined
  readonly customer?:
    | {
        readonly reference: string
        readonly name?: string | null | undefined
        readonly email?: string | null | undefined
        readonly phone?: string | null | undefined
      }
    | null
    | undefined
  readonly description?: string | null | undefined
  readonly success_url?: string | null | undefined
  readonly failure_url?: string | null | undefined
  readonly notify_url?: string | null | undefined
  readonly expires_in?: string | null | undefined
  readonly attempts_max?: number | null | undefined
  readonly metadata?: Readonly<Record<string, string | number | boolean | null>> | null | undefined
}

/** What `payments.list` takes. */
export type PaymentsListParams = {
  readonly limit?: number | undefined
  readonly order?: 'created_at.desc' | 'created_at.asc' | undefined
  readonly after?: string | undefined
  readonly before?: string | undefined
  readonly status?:
    | 'created'
    | 'awaiting_payer'
    | 'processing'
    | 'succeeded'
    | 'failed'
    | 'cancelled'
    | 'expired'
    | undefined
  readonly currency?: string | undefined
  readonly reference?: string | undefined
  readonly created_from?: string | undefined
  readonly created_to?: string | undefined
  readonly customer?: string | undefined
}

/** What `payments.get` takes. */
export type PaymentsGetParams = {
  readonly expand?: readonly ('attempts' | 'checkout_url' | 'refunds' | 'customer')[] | undefined
}

/** What `payments.listAttempts` takes. */
export type PaymentsListAttemptsParams = {
  readonly limit?: number | undefined
  readonly order?: 'created_at.desc' | 'created_at.asc' | undefined
  readonly after?: string | undefined
  readonly before?: string | undefined
}

/** What `refunds.create` takes. */
export type RefundsCreateParams = {
  readonly payment_id: string
  readonly amount?: number | null | undefined
  readonly currency?: string | null | undefined
  readonly reason?: string | null | undefined
  readonly reference?: string | null | undefined
  readonly notify_url?: string | null | undefined
  readonly metadata?: Readonly<Record<string, string | number | boolean | null>> | null | undefined
}

/** What `refunds.list` takes. */
export type RefundsListParams = {
  readonly limit?: number | undefined
  readonly order?: 'created_at.desc' | 'created_at.asc' | undefined
  readonly after?: string | undefined
  readonly before?: string | undefined
  readonly status?: 'pending' | 'succeeded' | 'failed' | undefined
  readonly currency?: string | undefined
  readonly reference?: string | undefined
  readonly created_from?: string | undefined
  readonly created_to?: string | undefined
  readonly payment_id?: string | undefined
}

/** What `refunds.get` takes. */
export type RefundsGetParams = {
  readonly expand?: readonly 'payment'[] | undefined
}

/** What `payouts.create` takes. */
export type PayoutsCreateParams = {
  readonly amount: number
  readonly currency: string
  readonly beneficiary: {
    readonly name: string
    readonly account_number?: string | null | undefined
    readonly bank_code?: string | null | undefined
    readonly upi_id?: string | null | undefined
  }
  readonly reference?: string | null | undefined
  readonly description?: string | null | undefined
  readonly notify_url?: string | null | undefined
  readonly metadata?: Readonly<Record<string, string | number | boolean | null>> | null | undefined
}

/** What `payouts.list` takes. */
export type PayoutsListParams = {
  readonly limit?: number | undefined
  readonly order?: 'created_at.desc' | 'created_at.asc' | undefined
  readonly after?: string | undefined
  readonly before?: string | undefined
  readonly status?: 'processing' | 'succeeded' | 'failed' | undefined
  readonly currency?: string | undefined
  readonly reference?: string | undefined
  readonly created_from?: string | undefined
  readonly created_to?: string | undefined
}

/** What `payouts.get` takes. */
export type PayoutsGetParams = {
  readonly expand?: readonly 'attempts'[] | undefined
}

/** What `bankAccounts.resolve` takes. */
export type BankAccountsResolveParams = {
  readonly bank_code: string
  readonly account_number: string
}

/** What `balance.get` takes. */
export type BalanceGetParams = {
  readonly at?: string | undefined
}

/** What `transactions.list` takes. */
export type TransactionsListParams = {
  readonly limit?: number | undefined
  readonly order?: 'created_at.desc' | 'created_at.asc' | undefined
  readonly after?: string | undefined
  readonly before?: string | undefined
  readonly type?:
    | 'payment'
    | 'fee'
    | 'refund'
    | 'fee_returned'
    | 'refund_returned'
    | 'payout'
    | 'payout_returned'
    | 'hold'
    | 'release'
    | 'opening_balance'
    | undefined
  readonly currency?: string | undefined
  readonly object_id?: string | undefined
  readonly created_from?: string | undefined
  readonly created_to?: string | undefined
}

/** What `customers.create` takes. */
export type CustomersCreateParams = {
  readonly reference?: string | null | undefined
  readonly name?: string | null | undefined
  readonly email?: string | null | undefined
  readonly phone?: string | null | undefined
  readonly metadata?: Readonly<Record<string, string | number | boolean | null>> | undefined
}

/** What `customers.list` takes. */
export type CustomersListParams = {
  readonly limit?: number | undefined
  readonly order?: 'created_at.desc' | 'created_at.asc' | undefined
  readonly after?: string | undefined
  readonly before?: string | undefined
  readonly reference?: string | undefined
  readonly created_from?: string | undefined
  readonly created_to?: string | undefined
}

/** What `customers.update` takes. */
export type CustomersUpdateParams = {
  readonly reference?: string | null | undefined
  readonly name?: string | null | undefined
  readonly email?: string | null | undefined
  readonly phone?: string | null | undefined
  readonly metadata?: Readonly<Record<string, string | number | boolean | null>> | undefined
}

/** What `feePlans.list` takes. */
export type FeePlansListParams = {
  readonly limit?: number | undefined
  readonly after?: string | undefined
  readonly history?: 'true' | 'false' | undefined
  readonly method?: 'upi' | 'card' | 'bank_transfer' | undefined
}

/** What `events.list` takes. */
export type EventsListParams = {
  readonly after?: string | undefined
  readonly limit?: number | undefined
  readonly wait?: number | undefined
}

/** What `webhookEndpoints.create` takes. */
export type WebhookEndpointsCreateParams = {
  readonly url: string
  readonly description?: string | null | undefined
  readonly event_types?:
    | readonly (
        | 'payment.created'
        | 'payment.succeeded'
        | 'payment.failed'
        | 'payment.expired'
        | 'payment.cancelled'
        | 'payment.attempt_declined'
        | 'payment.partially_paid'
        | 'payment.funds_unallocated'
        | 'refund.created'
        | 'refund.succeeded'
        | 'refund.failed'
        | 'payout.created'
        | 'payout.succeeded'
        | 'payout.failed'
        | 'webhook_endpoint.disabled'
        | 'webhook_endpoint.test'
      )[]
    | null
    | undefined
  readonly payload?: 'full' | 'thin' | undefined
  readonly dialect?: string | undefined
}

/** What `webhookEndpoints.list` takes. */
export type WebhookEndpointsListParams = {
  readonly limit?: number | undefined
  readonly order?: 'created_at.desc' | 'created_at.asc' | undefined
  readonly after?: string | undefined
  readonly before?: string | undefined
}

/** What `webhookEndpoints.update` takes. */
export type WebhookEndpointsUpdateParams = {
  readonly url?: string | undefined
  readonly description?: string | null | undefined
  readonly event_types?:
    | readonly (
        | 'payment.created'
        | 'payment.succeeded'
        | 'payment.failed'
        | 'payment.expired'
        | 'payment.cancelled'
        | 'payment.attempt_declined'
        | 'payment.partially_paid'
        | 'payment.funds_unallocated'
        | 'refund.created'
        | 'refund.succeeded'
        | 'refund.failed'
        | 'payout.created'
        | 'payout.succeeded'
        | 'payout.failed'
        | 'webhook_endpoint.disabled'
        | 'webhook_endpoint.test'
      )[]
    | null
    | undefined
  readonly payload?: 'full' | 'thin' | undefined
}

/** What `webhookEndpoints.delete` answers with. */
export type WebhookEndpointsDeleteResult = {
  readonly id: string
  readonly object: 'webhook_endpoint'
  readonly deleted: true
}

/** What `webhookEndpoints.rotateSecret` takes. */
export type WebhookEndpointsRotateSecretParams = {
  readonly overlap: string
}

/** What `deliveries.list` takes. */
export type DeliveriesListParams = {
  readonly limit?: number | undefined
  readonly after?: string | undefined
  readonly before?: string | undefined
  readonly endpoint_id?: string | undefined
  readonly status?: 'pending' | 'delivered' | 'exhausted' | 'stopped' | undefined
  readonly event_type?:
    | 'payment.created'
    | 'payment.succeeded'
    | 'payment.failed'
    | 'payment.expired'
    | 'payment.cancelled'
    | 'payment.attempt_declined'
    | 'payment.partially_paid'
    | 'payment.funds_unallocated'
    | 'refund.created'
    | 'refund.succeeded'
    | 'refund.failed'
    | 'payout.created'
    | 'payout.succeeded'
    | 'payout.failed'
    | 'webhook_endpoint.disabled'
    | 'webhook_endpoint.test'
    | undefined
  readonly created_from?: string | undefined
  readonly created_to?: string | undefined
}

/** What `deliveries.resendMany` takes. */
export type DeliveriesResendManyParams = {
  readonly ids?: readonly string[] | undefined
  readonly endpoint_id?: string | undefined
  readonly status?: 'failed' | 'exhausted' | 'stopped' | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
}

/** What `deliveries.resendMany` answers with. */
export type DeliveriesResendManyResult = {
  readonly resent: number
  readonly has_more: boolean
}

/** What `apiKeys.create` takes. */
export type ApiKeysCreateParams = {
  readonly name: string
  readonly scopes: readonly (
    | 'payments:read'
    | 'payments:write'
    | 'refunds:read'
    | 'refunds:write'
    | 'payouts:read'
    | 'payouts:write'
    | 'transactions:read'
    | 'balance:read'
    | 'events:read'
    | 'customers:read'
    | 'customers:write'
    | 'fee_plans:read'
    | 'webhook_endpoints:read'
    | 'webhook_endpoints:write'
    | 'deliveries:read'
    | 'deliveries:write'
    | 'api_keys:read'
    | 'api_keys:write'
    | 'sandbox:write'
    | 'checkout:read'
  )[]
  readonly kind?: 'secret' | 'publishable' | undefined
  readonly dialect?: string | undefined
  readonly expires_at?: string | null | undefined
  readonly ip_allow?: readonly string[] | null | undefined
}

/** What `apiKeys.create` answers with. */
export type ApiKeysCreateResult = {
  readonly id: string
  readonly object: 'api_key'
  readonly dialect: string
  readonly kind: 'secret' | 'publishable'
  readonly name: string
  readonly hint: string
  readonly scopes: readonly (
    | 'payments:read'
    | 'payments:write'
    | 'refunds:read'
    | 'refunds:write'
    | 'payouts:read'
    | 'payouts:write'
    | 'transactions:read'
    | 'balance:read'
    | 'events:read'
    | 'customers:read'
    | 'customers:write'
    | 'fee_plans:read'
    | 'webhook_endpoints:read'
    | 'webhook_endpoints:write'
    | 'deliveries:read'
    | 'deliveries:write'
    | 'api_keys:read'
    | 'api_keys:write'
    | 'sandbox:write'
    | 'checkout:read'
  )[]
  readonly ip_allow: readonly string[] | null
  readonly status: 'active' | 'expired' | 'revoked'
  readonly created_at: string
  readonly expires_at: string | null
  readonly last_used_at: string | null
  readonly revoked_at: string | null
  readonly rotated_from: string | null
  readonly replaced_by: string | null
  readonly livemode: boolean
  readonly key: string | null
}

/** What `apiKeys.list` takes. */
export type ApiKeysListParams = {
  readonly limit?: number | undefined
  readonly order?: 'created_at.desc' | 'created_at.asc' | undefined
  readonly after?: string | undefined
  readonly before?: string | undefined
}

/** What `apiKeys.list` answers with. */
export type ApiKeysListResult = {
  readonly id: string
  readonly object: 'api_key'
  readonly dialect: string
  readonly kind: 'secret' | 'publishable'
  readonly name: string
  readonly hint: string
  readonly scopes: readonly (
    | 'payments:read'
    | 'payments:write'
    | 'refunds:read'
    | 'refunds:write'
    | 'payouts:read'
    | 'payouts:write'
    | 'transactions:read'
    | 'balance:read'
    | 'events:read'
    | 'customers:read'
    | 'customers:write'
    | 'fee_plans:read'
    | 'webhook_endpoints:read'
    | 'webhook_endpoints:write'
    | 'deliveries:read'
    | 'deliveries:write'
    | 'api_keys:read'
    | 'api_keys:write'
    | 'sandbox:write'
    | 'checkout:read'
  )[]
  readonly ip_allow: readonly string[] | null
  readonly status: 'active' | 'expired' | 'revoked'
  readonly created_at: string
  readonly expires_at: string | null
  readonly last_used_at: string | null
  readonly revoked_at: string | null
  readonly rotated_from: string | null
  readonly replaced_by: string | null
  readonly livemode: boolean
}

/** What `apiKeys.get` answers with. */
export type ApiKeysGetResult = {
  readonly id: string
  readonly object: 'api_key'
  readonly dialect: string
  readonly kind: 'secret' | 'publishable'
  readonly name: string
  readonly hint: string
  readonly scopes: readonly (
    | 'payments:read'
    | 'payments:write'
    | 'refunds:read'
    | 'refunds:write'
    | 'payouts:read'
    | 'payouts:write'
    | 'transactions:read'
    | 'balance:read'
    | 'events:read'
    | 'customers:read'
    | 'customers:write'
    | 'fee_plans:read'
    | 'webhook_endpoints:read'
    | 'webhook_endpoints:write'
    | 'deliveries:read'
    | 'deliveries:write'
    | 'api_keys:read'
    | 'api_keys:write'
    | 'sandbox:write'
    | 'checkout:read'
  )[]
  readonly ip_allow: readonly string[] | null
  readonly status: 'active' | 'expired' | 'revoked'
  readonly created_at: string
  readonly expires_at: string | null
  readonly last_used_at: string | null
  readonly revoked_at: string | null
  readonly rotated_from: string | null
  readonly replaced_by: string | null
  readonly livemode: boolean
}

/** What `apiKeys.rotate` takes. */
export type ApiKeysRotateParams = {
  readonly overlap: string
}

/** What `apiKeys.rotate` answers with. */
export type ApiKeysRotateResult = {
  readonly id: string
  readonly object: 'api_key'
  readonly dialect: string
  readonly kind: 'secret' | 'publishable'
  readonly name: string
  readonly hint: string
  readonly scopes: readonly (
    | 'payments:read'
    | 'payments:write'
    | 'refunds:read'
    | 'refunds:write'
    | 'payouts:read'
    | 'payouts:write'
    | 'transactions:read'
    | 'balance:read'
    | 'events:read'
    | 'customers:read'
    | 'customers:write'
    | 'fee_plans:read'
    | 'webhook_endpoints:read'
    | 'webhook_endpoints:write'
    | 'deliveries:read'
    | 'deliveries:write'
    | 'api_keys:read'
    | 'api_keys:write'
    | 'sandbox:write'
    | 'checkout:read'
  )[]
  readonly ip_allow: readonly string[] | null
  readonly status: 'active' | 'expired' | 'revoked'
  readonly created_at: string
  readonly expires_at: string | null
  readonly last_used_at: string | null
  readonly revoked_at: string | null
  readonly rotated_from: string | null
  readonly replaced_by: string | null
  readonly livemode: boolean
  readonly key: string | null
  readonly replaced: {
    readonly id: string
    readonly object: 'api_key'
    readonly dialect: string
    readonly kind: 'secret' | 'publishable'
    readonly name: string
    readonly hint: string
    readonly scopes: readonly (
      | 'payments:read'
      | 'payments:write'
      | 'refunds:read'
      | 'refunds:write'
      | 'payouts:read'
      | 'payouts:write'
      | 'transactions:read'
      | 'balance:read'
      | 'events:read'
      | 'customers:read'
      | 'customers:write'
      | 'fee_plans:read'
      | 'webhook_endpoints:read'
      | 'webhook_endpoints:write'
      | 'deliveries:read'
      | 'deliveries:write'
      | 'api_keys:read'
      | 'api_keys:write'
      | 'sandbox:write'
      | 'checkout:read'
    )[]
    readonly ip_allow: readonly string[] | null
    readonly status: 'active' | 'expired' | 'revoked'
    readonly created_at: string
    readonly expires_at: string | null
    readonly last_used_at: string | null
    readonly revoked_at: string | null
    readonly rotated_from: string | null
    readonly replaced_by: string | null
    readonly livemode: boolean
  }
}

/** What `apiKeys.revoke` answers with. */
export type ApiKeysRevokeResult = {
  readonly id: string
  readonly object: 'api_key'
  readonly dialect: string
  readonly kind: 'secret' | 'publishable'
  readonly name: string
  readonly hint: string
  readonly scopes: readonly (
    | 'payments:read'
    | 'payments:write'
    | 'refunds:read'
    | 'refunds:write'
    | 'payouts:read'
    | 'payouts:write'
    | 'transactions:read'
    | 'balance:read'
    | 'events:read'
    | 'customers:read'
    | 'customers:write'
    | 'fee_plans:read'
    | 'webhook_endpoints:read'
    | 'webhook_endpoints:write'
    | 'deliveries:read'
    | 'deliveries:write'
    | 'api_keys:read'
    | 'api_keys:write'
    | 'sandbox:write'
    | 'checkout:read'
  )[]
  readonly ip_allow: readonly string[] | null
  readonly status: 'active' | 'expired' | 'revoked'
  readonly created_at: string
  readonly expires_at: string | null
  readonly last_used_at: string | null
  readonly revoked_at: string | null
  readonly rotated_from: string | null
  readonly replaced_by: string | null
  readonly livemode: boolean
}

/** What `checkout.getPayment` answers with. */
export type CheckoutGetPaymentResult = {
  readonly id: string
  readonly object: 'checkout_payment'
  readonly status: 'created' | 'awaiting_payer' | 'processing' | 'succeeded' | 'failed' | 'cancelled' | 'expired'
  readonly amount: number
  readonly currency: string
  readonly method: 'upi' | 'card' | 'bank_transfer'
  readonly description: string | null
  readonly expires_at: string
  readonly success_url: string | null
  readonly failure_url: string | null
}

/** What `sandbox.applyOutcome` takes. */
export type SandboxApplyOutcomeParams = {
  readonly outcome: 'succeeded' | 'declined' | 'expired' | 'partial' | 'over' | 'unknown'
  readonly amount?: number | undefined
  readonly code?: string | undefined
}

/** What `sandbox.moveClock` takes. */
export type SandboxMoveClockParams = {
  readonly advance?: string | undefined
  readonly set?: string | undefined
}
