// Written by scripts/generate.ts from docs/openapi/paylect.json; run `npm run sdk` to write it anew.

import { List } from '../list.ts'
import type { CallOptions, Transport, WriteOptions } from '../transport.ts'
import type {
  ApiKeysCreateParams,
  ApiKeysCreateResult,
  ApiKeysGetResult,
  ApiKeysListParams,
  ApiKeysListResult,
  ApiKeysRevokeResult,
  ApiKeysRotateParams,
  ApiKeysRotateResult,
  Attempt,
  Balance,
  BalanceGetParams,
  BankAccount,
  BankAccountsResolveParams,
  CheckoutGetPaymentResult,
  Clock,
  Customer,
  CustomersCreateParams,
  CustomersListParams,
  CustomersUpdateParams,
  DeliveriesListParams,
  DeliveriesResendManyParams,
  DeliveriesResendManyResult,
  Delivery,
  DeliveryWithAttempts,
  Event,
  EventsListParams,
  FeePlan,
  FeePlansListParams,
  Payment,
  PaymentExpanded,
  PaymentExplanation,
  PaymentsCreateParams,
  PaymentsGetParams,
  PaymentsListAttemptsParams,
  PaymentsListParams,
  PaymentWithUrl,
  Payout,
  PayoutExpanded,
  PayoutsCreateParams,
  PayoutsGetParams,
  PayoutsListParams,
  Refund,
  RefundExpanded,
  RefundsCreateParams,
  RefundsGetParams,
  RefundsListParams,
  SandboxApplyOutcomeParams,
  SandboxMoveClockParams,
  Transaction,
  TransactionsListParams,
  WebhookEndpoint,
  WebhookEndpointsCreateParams,
  WebhookEndpointsDeleteResult,
  WebhookEndpointsListParams,
  WebhookEndpointsRotateSecretParams,
  WebhookEndpointsUpdateParams,
  WebhookEndpointWithSecret,
} from './types.ts'

/** Money that a payer owes you. */
export class PaymentsResource {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Create a payment: `POST /v1/payments`. Scope: `payments:write`.
   *
   * Opens a payment and answers with `checkout_url`, where the payer pays. `reference` is yours and is used once.
   * It can be paid for `expires_in` (an ISO 8601 duration, one hour unless given); after `attempts_max` declined
   * attempts (3 unless given) it has failed.
   */
  create(params: PaymentsCreateParams, options: WriteOptions = {}): Promise<PaymentWithUrl> {
    return this.#transport.send<PaymentWithUrl>(
      { method: 'POST', path: '/v1/payments', body: params, isIdempotent: true },
      options,
    )
  }

  /**
   * List payments: `GET /v1/payments`. Scope: `payments:read`.
   *
   * Newest first unless `order` says otherwise, whatever dialect made them. `after` and `before` are ids of
   * payments; `customer` is the id or your reference of one.
   */
  list(params: PaymentsListParams = {}, options: CallOptions = {}): List<Payment> {
    return new List<Payment>(
      this.#transport,
      { method: 'GET', path: '/v1/payments', query: params, isIdempotent: false },
      options,
    )
  }

  /**
   * Read a payment: `GET /v1/payments/{id}`. Scope: `payments:read`.
   *
   * By its house id, by the id that any dialect shows for it, or by the merchant’s own reference. `expand` adds,
   * with commas between: `attempts` and `refunds` (newest first, up to 100), `customer`, and `checkout_url`, the
   * page where its payer pays.
   */
  get(id: string, params: PaymentsGetParams = {}, options: CallOptions = {}): Promise<PaymentExpanded> {
    return this.#transport.send<PaymentExpanded>(
      { method: 'GET', path: `/v1/payments/${encodeURIComponent(id)}`, query: params, isIdempotent: false },
      options,
    )
  }

  /**
   * Cancel a payment: `POST /v1/payments/{id}/cancel`. Scope: `payments:write`.
   *
   * Ends a payment that still waits for its payer; one that is being paid or has ended is refused. Takes no body.
   * An Idempotency-Key is honoured: the same key for another payment is refused.
   */
  cancel(id: string, options: WriteOptions = {}): Promise<Payment> {
    return this.#transport.send<Payment>(
      { method: 'POST', path: `/v1/payments/${encodeURIComponent(id)}/cancel`, isIdempotent: true },
      options,
    )
  }

  /**
   * List the attempts of a payment: `GET /v1/payments/{id}/attempts`. Scope: `payments:read`.
   *
   * Newest first unless `order` says otherwise. `after` and `before` are ids of attempts of this payment.
   */
  listAttempts(id: string, params: PaymentsListAttemptsParams = {}, options: CallOptions = {}): List<Attempt> {
    return new List<Attempt>(
      this.#transport,
      { method: 'GET', path: `/v1/payments/${encodeURIComponent(id)}/attempts`, query: params, isIdempotent: false },
      options,
    )
  }

  /**
   * Explain a payment: `GET /v1/payments/{id}/explain`. Scope: `payments:read`.
   *
   * Why it is as it is: its state, how its fee is computed, what a decline means, where its money went, and what
   * happens next and when. Figures, each part with a plain sentence.
   */
  explain(id: string, options: CallOptions = {}): Promise<PaymentExplanation> {
    return this.#transport.send<PaymentExplanation>(
      { method: 'GET', path: `/v1/payments/${encodeURIComponent(id)}/explain`, isIdempotent: false },
      options,
    )
  }
}

/** Money that goes back to a payer. */
export class RefundsResource {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Create a refund: `POST /v1/refunds`. Scope: `refunds:write`.
   *
   * Gives back `amount` of a paid payment, or all that is left of it. `payment_id` is any name that `GET
   * /v1/payments/:id` takes; `currency`, where given, must be the payment’s; `reference` is yours and is used
   * once.
   */
  create(params: RefundsCreateParams, options: WriteOptions = {}): Promise<Refund> {
    return this.#transport.send<Refund>(
      { method: 'POST', path: '/v1/refunds', body: params, isIdempotent: true },
      options,
    )
  }

  /**
   * List refunds: `GET /v1/refunds`. Scope: `refunds:read`.
   *
   * Newest first unless `order` says otherwise, whatever dialect made them. `payment_id` is any name that `GET
   * /v1/payments/:id` takes; `after` and `before` are ids of refunds.
   */
  list(params: RefundsListParams = {}, options: CallOptions = {}): List<Refund> {
    return new List<Refund>(
      this.#transport,
      { method: 'GET', path: '/v1/refunds', query: params, isIdempotent: false },
      options,
    )
  }

  /**
   * Read a refund: `GET /v1/refunds/{id}`. Scope: `refunds:read`.
   *
   * By its house id, or by the merchant’s own reference. `expand=payment` adds the payment that it belongs to.
   */
  get(id: string, params: RefundsGetParams = {}, options: CallOptions = {}): Promise<RefundExpanded> {
    return this.#transport.send<RefundExpanded>(
      { method: 'GET', path: `/v1/refunds/${encodeURIComponent(id)}`, query: params, isIdempotent: false },
      options,
    )
  }
}

/** Money that you send. */
export class PayoutsResource {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Create a payout: `POST /v1/payouts`. Scope: `payouts:write`.
   *
   * Sends money from the available balance to a bank account (`account_number` and `bank_code`) or a UPI id.
   * `reference` is yours and is used once.
   */
  create(params: PayoutsCreateParams, options: WriteOptions = {}): Promise<Payout> {
    return this.#transport.send<Payout>(
      { method: 'POST', path: '/v1/payouts', body: params, isIdempotent: true },
      options,
    )
  }

  /**
   * List payouts: `GET /v1/payouts`. Scope: `payouts:read`.
   *
   * Newest first unless `order` says otherwise, whatever dialect made them. `after` and `before` are ids of
   * payouts.
   */
  list(params: PayoutsListParams = {}, options: CallOptions = {}): List<Payout> {
    return new List<Payout>(
      this.#transport,
      { method: 'GET', path: '/v1/payouts', query: params, isIdempotent: false },
      options,
    )
  }

  /**
   * Read a payout: `GET /v1/payouts/{id}`. Scope: `payouts:read`.
   *
   * By its house id, or by the merchant’s own reference. `expand=attempts` adds the tries to send it.
   */
  get(id: string, params: PayoutsGetParams = {}, options: CallOptions = {}): Promise<PayoutExpanded> {
    return this.#transport.send<PayoutExpanded>(
      { method: 'GET', path: `/v1/payouts/${encodeURIComponent(id)}`, query: params, isIdempotent: false },
      options,
    )
  }
}

/** The calls of `bankAccounts`. */
export class BankAccountsResource {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Find out who holds a bank account: `GET /v1/bank_accounts/resolve`. Scope: `payouts:read`.
   *
   * To look before you pay out. In the sandbox, the accounts that fixtures brought are found; live, a rail has to
   * offer it.
   */
  resolve(params: BankAccountsResolveParams, options: CallOptions = {}): Promise<BankAccount> {
    return this.#transport.send<BankAccount>(
      { method: 'GET', path: '/v1/bank_accounts/resolve', query: params, isIdempotent: false },
      options,
    )
  }
}

/** What you have. */
export class BalanceResource {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Read the balance: `GET /v1/balance`. Scope: `balance:read`.
   *
   * By currency: `available` may be paid out now, `pending` waits (money of unfinished payments, refunds under
   * way), `reserved` is held by payouts under way. With `at`, an instant of the past, what it was then.
   */
  get(params: BalanceGetParams = {}, options: CallOptions = {}): Promise<Balance> {
    return this.#transport.send<Balance>(
      { method: 'GET', path: '/v1/balance', query: params, isIdempotent: false },
      options,
    )
  }
}

/** The ledger as you see it. */
export class TransactionsResource {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * List transactions: `GET /v1/transactions`. Scope: `transactions:read`.
   *
   * The ledger as you see it: each transfer that changed your balance, newest first. `amount` is the signed change
   * of what is available, `amount_pending` and `amount_reserved` those of the other two; each sums to the balance.
   * `after` and `before` are numbers of transactions; `object_id` is the id of a payment, a refund or a payout.
   */
  list(params: TransactionsListParams = {}, options: CallOptions = {}): List<Transaction> {
    return new List<Transaction>(
      this.#transport,
      { method: 'GET', path: '/v1/transactions', query: params, isIdempotent: false },
      options,
    )
  }

  /**
   * Read a transaction: `GET /v1/transactions/{number}`. Scope: `transactions:read`.
   *
   * By its number. A number that the list does not show is not found.
   */
  get(number: string, options: CallOptions = {}): Promise<Transaction> {
    return this.#transport.send<Transaction>(
      { method: 'GET', path: `/v1/transactions/${encodeURIComponent(number)}`, isIdempotent: false },
      options,
    )
  }
}

/** Who pays you. */
export class CustomersResource {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Create a customer: `POST /v1/customers`. Scope: `customers:write`.
   *
   * `reference` is yours and names one customer. Payments that bring a new customer along make one as well.
   */
  create(params: CustomersCreateParams = {}, options: WriteOptions = {}): Promise<Customer> {
    return this.#transport.send<Customer>(
      { method: 'POST', path: '/v1/customers', body: params, isIdempotent: true },
      options,
    )
  }

  /**
   * List customers: `GET /v1/customers`. Scope: `customers:read`.
   *
   * Newest first unless `order` says otherwise. `after` and `before` are ids of customers.
   */
  list(params: CustomersListParams = {}, options: CallOptions = {}): List<Customer> {
    return new List<Customer>(
      this.#transport,
      { method: 'GET', path: '/v1/customers', query: params, isIdempotent: false },
      options,
    )
  }

  /**
   * Read a customer: `GET /v1/customers/{id}`. Scope: `customers:read`.
   *
   * By its house id, or by your own reference.
   */
  get(id: string, options: CallOptions = {}): Promise<Customer> {
    return this.#transport.send<Customer>(
      { method: 'GET', path: `/v1/customers/${encodeURIComponent(id)}`, isIdempotent: false },
      options,
    )
  }

  /**
   * Change a customer: `PATCH /v1/customers/{id}`. Scope: `customers:write`.
   *
   * Fields that are left out stay as they are, null clears one, `metadata` is replaced whole. Payments keep the
   * reference that they were made with.
   */
  update(id: string, params: CustomersUpdateParams = {}, options: WriteOptions = {}): Promise<Customer> {
    return this.#transport.send<Customer>(
      { method: 'PATCH', path: `/v1/customers/${encodeURIComponent(id)}`, body: params, isIdempotent: true },
      options,
    )
  }
}

/** What a payment costs you. */
export class FeePlansResource {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * List fee plans: `GET /v1/fee_plans`. Scope: `fee_plans:read`.
   *
   * What you pay for each method, by method: the plans in force, with `history=true` also the versions that they
   * replaced, oldest first. A payment keeps the terms of the version that was in force when it was made. `after`
   * is the id of a plan from the list.
   */
  list(params: FeePlansListParams = {}, options: CallOptions = {}): List<FeePlan> {
    return new List<FeePlan>(
      this.#transport,
      { method: 'GET', path: '/v1/fee_plans', query: params, isIdempotent: false },
      options,
    )
  }
}

/** The complete record of what happened. */
export class EventsResource {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Read the feed of events: `GET /v1/events`. Scope: `events:read`.
   *
   * The complete record of what happened, oldest first, whatever dialect it happened through. `after` is the
   * `number` of the last event that you have seen (0, or left out, for the beginning); keep the answer’s `next`
   * for the next call. With `wait` (seconds, up to 30) an answer that would be empty comes when something happens,
   * or when the time is over.
   */
  list(params: EventsListParams = {}, options: CallOptions = {}): List<Event> {
    return new List<Event>(
      this.#transport,
      { method: 'GET', path: '/v1/events', query: params, isIdempotent: false },
      options,
    )
  }

  /**
   * Read an event: `GET /v1/events/{id}`. Scope: `events:read`.
   *
   * As its webhook told it: `data` is the object as it was then.
   */
  get(id: string, options: CallOptions = {}): Promise<Event> {
    return this.#transport.send<Event>(
      { method: 'GET', path: `/v1/events/${encodeURIComponent(id)}`, isIdempotent: false },
      options,
    )
  }
}

/** Where events are sent. */
export class WebhookEndpointsResource {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Create a webhook endpoint: `POST /v1/webhook_endpoints`. Scope: `webhook_endpoints:write`.
   *
   * From now on events are sent to `url`: those of `event_types`, or all that the dialect tells of. `payload` is
   * `full` or `thin` (only the object’s id; house API only). `secret` signs the webhooks; it is shown this once,
   * so an answer given again for the same Idempotency-Key has `secret: null`. A merchant can have 50.
   */
  create(params: WebhookEndpointsCreateParams, options: WriteOptions = {}): Promise<WebhookEndpointWithSecret> {
    return this.#transport.send<WebhookEndpointWithSecret>(
      { method: 'POST', path: '/v1/webhook_endpoints', body: params, isIdempotent: true },
      options,
    )
  }

  /**
   * List webhook endpoints: `GET /v1/webhook_endpoints`. Scope: `webhook_endpoints:read`.
   *
   * Newest first, of every dialect, without their secrets. One whose `url` is null only lends its secret to the
   * addresses that objects bring themselves.
   */
  list(params: WebhookEndpointsListParams = {}, options: CallOptions = {}): List<WebhookEndpoint> {
    return new List<WebhookEndpoint>(
      this.#transport,
      { method: 'GET', path: '/v1/webhook_endpoints', query: params, isIdempotent: false },
      options,
    )
  }

  /**
   * Read a webhook endpoint: `GET /v1/webhook_endpoints/{id}`. Scope: `webhook_endpoints:read`.
   *
   * Without its secret. `failing_since` is the first failure after which nothing was acknowledged.
   */
  get(id: string, options: CallOptions = {}): Promise<WebhookEndpoint> {
    return this.#transport.send<WebhookEndpoint>(
      { method: 'GET', path: `/v1/webhook_endpoints/${encodeURIComponent(id)}`, isIdempotent: false },
      options,
    )
  }

  /**
   * Change a webhook endpoint: `PATCH /v1/webhook_endpoints/{id}`. Scope: `webhook_endpoints:write`.
   *
   * Fields that are left out stay as they are; `event_types: null` asks for all. Deliveries that were made before
   * keep their address and their body.
   */
  update(id: string, params: WebhookEndpointsUpdateParams = {}, options: WriteOptions = {}): Promise<WebhookEndpoint> {
    return this.#transport.send<WebhookEndpoint>(
      { method: 'PATCH', path: `/v1/webhook_endpoints/${encodeURIComponent(id)}`, body: params, isIdempotent: true },
      options,
    )
  }

  /**
   * Delete a webhook endpoint: `DELETE /v1/webhook_endpoints/{id}`. Scope: `webhook_endpoints:write`.
   *
   * For good: it hears of nothing more, and what still waits for it is not sent. Its deliveries stay in the log.
   */
  delete(id: string, options: WriteOptions = {}): Promise<WebhookEndpointsDeleteResult> {
    return this.#transport.send<WebhookEndpointsDeleteResult>(
      { method: 'DELETE', path: `/v1/webhook_endpoints/${encodeURIComponent(id)}`, isIdempotent: true },
      options,
    )
  }

  /**
   * Replace the secret of a webhook endpoint: `POST /v1/webhook_endpoints/{id}/rotate_secret`. Scope:
   * `webhook_endpoints:write`.
   *
   * Webhooks are signed with the new secret and, until `overlap` has passed (an ISO 8601 duration up to `P7D`;
   * `P1D` is a good one, `PT0S` is none), with the old one too: `webhook-signature` then holds both. Two secrets
   * are valid at most. `secret` is shown this once, as when an endpoint is created.
   */
  rotateSecret(
    id: string,
    params: WebhookEndpointsRotateSecretParams,
    options: WriteOptions = {},
  ): Promise<WebhookEndpointWithSecret> {
    return this.#transport.send<WebhookEndpointWithSecret>(
      {
        method: 'POST',
        path: `/v1/webhook_endpoints/${encodeURIComponent(id)}/rotate_secret`,
        body: params,
        isIdempotent: true,
      },
      options,
    )
  }

  /**
   * Pause a webhook endpoint: `POST /v1/webhook_endpoints/{id}/pause`. Scope: `webhook_endpoints:write`.
   *
   * Nothing is sent and nothing is lost: events go on making deliveries, which wait until the endpoint is resumed.
   * Pausing a paused one changes nothing. Takes no body.
   */
  pause(id: string, options: WriteOptions = {}): Promise<WebhookEndpoint> {
    return this.#transport.send<WebhookEndpoint>(
      { method: 'POST', path: `/v1/webhook_endpoints/${encodeURIComponent(id)}/pause`, isIdempotent: true },
      options,
    )
  }

  /**
   * Resume a webhook endpoint: `POST /v1/webhook_endpoints/{id}/resume`. Scope: `webhook_endpoints:write`.
   *
   * Sends what waits, the oldest first, and goes on. Also enables an endpoint that was disabled; what was not
   * delivered meanwhile is in the feed, and what has failed can be sent again. Takes no body.
   */
  resume(id: string, options: WriteOptions = {}): Promise<WebhookEndpoint> {
    return this.#transport.send<WebhookEndpoint>(
      { method: 'POST', path: `/v1/webhook_endpoints/${encodeURIComponent(id)}/resume`, isIdempotent: true },
      options,
    )
  }

  /**
   * Send a test event: `POST /v1/webhook_endpoints/{id}/test`. Scope: `webhook_endpoints:write`.
   *
   * Records an event `webhook_endpoint.test` and delivers it to this endpoint alone, whatever types it asks for;
   * see what came of it in the list of deliveries. A dialect whose webhooks know no such event is refused. Takes
   * no body.
   */
  sendTestEvent(id: string, options: WriteOptions = {}): Promise<Event> {
    return this.#transport.send<Event>(
      { method: 'POST', path: `/v1/webhook_endpoints/${encodeURIComponent(id)}/test`, isIdempotent: true },
      options,
    )
  }
}

/** What was sent, and what came back. */
export class DeliveriesResource {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * List deliveries: `GET /v1/deliveries`. Scope: `deliveries:read`.
   *
   * The log of webhooks, newest first. `after` and `before` are ids of deliveries. A pending one whose
   * `next_attempt_at` is null waits for its paused endpoint.
   */
  list(params: DeliveriesListParams = {}, options: CallOptions = {}): List<Delivery> {
    return new List<Delivery>(
      this.#transport,
      { method: 'GET', path: '/v1/deliveries', query: params, isIdempotent: false },
      options,
    )
  }

  /**
   * Read a delivery: `GET /v1/deliveries/{id}`. Scope: `deliveries:read`.
   *
   * With what was sent and every try: headers, status, the beginning of the answer, and how long it took. At most
   * 100 tries.
   */
  get(id: string, options: CallOptions = {}): Promise<DeliveryWithAttempts> {
    return this.#transport.send<DeliveryWithAttempts>(
      { method: 'GET', path: `/v1/deliveries/${encodeURIComponent(id)}`, isIdempotent: false },
      options,
    )
  }

  /**
   * Send a delivery again: `POST /v1/deliveries/{id}/resend`. Scope: `deliveries:write`.
   *
   * Sends the same bytes to the same address now. One that is still being tried is refused, and so is one whose
   * endpoint is disabled or deleted. Takes no body.
   */
  resend(id: string, options: WriteOptions = {}): Promise<Delivery> {
    return this.#transport.send<Delivery>(
      { method: 'POST', path: `/v1/deliveries/${encodeURIComponent(id)}/resend`, isIdempotent: true },
      options,
    )
  }

  /**
   * Send many deliveries again: `POST /v1/deliveries/resend`. Scope: `deliveries:write`.
   *
   * Either those that `ids` names (up to 100), or those that have failed: `status` is `failed` (unless given),
   * `exhausted` or `stopped`; `from` and `to` are instants between which they failed, the first included. One call
   * sends up to 1,000, the oldest first; while `has_more` is true, make it again. What is on its way already is
   * passed over.
   */
  resendMany(params: DeliveriesResendManyParams = {}, options: WriteOptions = {}): Promise<DeliveriesResendManyResult> {
    return this.#transport.send<DeliveriesResendManyResult>(
      { method: 'POST', path: '/v1/deliveries/resend', body: params, isIdempotent: true },
      options,
    )
  }
}

/** Who may act for you. */
export class ApiKeysResource {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Create an API key: `POST /v1/api_keys`. Scope: `api_keys:write`.
   *
   * Makes a key for this merchant and mode, for the house API or another dialect. `key` in the answer is its text:
   * it is shown this once and stored nowhere, so an answer given again for the same Idempotency-Key has `key:
   * null`. A key cannot give scopes that it lacks itself.
   */
  create(params: ApiKeysCreateParams, options: WriteOptions = {}): Promise<ApiKeysCreateResult> {
    return this.#transport.send<ApiKeysCreateResult>(
      { method: 'POST', path: '/v1/api_keys', body: params, isIdempotent: true },
      options,
    )
  }

  /**
   * List API keys: `GET /v1/api_keys`. Scope: `api_keys:read`.
   *
   * Newest first, whatever dialect they are for, ended ones included. `after` and `before` are ids of keys.
   */
  list(params: ApiKeysListParams = {}, options: CallOptions = {}): List<ApiKeysListResult> {
    return new List<ApiKeysListResult>(
      this.#transport,
      { method: 'GET', path: '/v1/api_keys', query: params, isIdempotent: false },
      options,
    )
  }

  /**
   * Read an API key: `GET /v1/api_keys/{id}`. Scope: `api_keys:read`.
   *
   * Everything about it but its text. `last_used_at` is behind by up to about a minute.
   */
  get(id: string, options: CallOptions = {}): Promise<ApiKeysGetResult> {
    return this.#transport.send<ApiKeysGetResult>(
      { method: 'GET', path: `/v1/api_keys/${encodeURIComponent(id)}`, isIdempotent: false },
      options,
    )
  }

  /**
   * Replace an API key: `POST /v1/api_keys/{id}/rotate`. Scope: `api_keys:write`.
   *
   * Makes a key with the same name, scopes and networks. The old one goes on working for `overlap`, an ISO 8601
   * duration up to `P30D`, and ends at once with `PT0S`. `key` is shown this once, as when a key is created;
   * `replaced` is the old key. A key that was replaced before, or has ended, is refused.
   */
  rotate(id: string, params: ApiKeysRotateParams, options: WriteOptions = {}): Promise<ApiKeysRotateResult> {
    return this.#transport.send<ApiKeysRotateResult>(
      { method: 'POST', path: `/v1/api_keys/${encodeURIComponent(id)}/rotate`, body: params, isIdempotent: true },
      options,
    )
  }

  /**
   * Revoke an API key: `POST /v1/api_keys/{id}/revoke`. Scope: `api_keys:write`.
   *
   * Ends a key at once and for good; also the key that the call is made with. A key that was revoked before is
   * answered as it is. Takes no body.
   */
  revoke(id: string, options: WriteOptions = {}): Promise<ApiKeysRevokeResult> {
    return this.#transport.send<ApiKeysRevokeResult>(
      { method: 'POST', path: `/v1/api_keys/${encodeURIComponent(id)}/revoke`, isIdempotent: true },
      options,
    )
  }
}

/** What a page of yours may ask with a publishable key. */
export class CheckoutResource {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Read what a payer may see of a payment: `GET /v1/checkout/payments/{id}`. Scope: `checkout:read`.
   *
   * The one call that a publishable key may make. By the house id alone, which nobody can guess; your own
   * references may be guessed, so they name nothing here.
   */
  getPayment(id: string, options: CallOptions = {}): Promise<CheckoutGetPaymentResult> {
    return this.#transport.send<CheckoutGetPaymentResult>(
      { method: 'GET', path: `/v1/checkout/payments/${encodeURIComponent(id)}`, isIdempotent: false },
      options,
    )
  }
}

/** Controls of the sandbox: they take test keys only. */
export class SandboxResource {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Bring about the outcome of a payment: `POST /v1/sandbox/payments/{id}/outcome`. Scope: `sandbox:write`.
   *
   * `amount`, in minor units, goes with `partial` and `over`; `code` goes with `declined`. A replay under one
   * Idempotency-Key brings about nothing more and answers with the payment as it is then.
   */
  applyOutcome(id: string, params: SandboxApplyOutcomeParams, options: WriteOptions = {}): Promise<Payment> {
    return this.#transport.send<Payment>(
      {
        method: 'POST',
        path: `/v1/sandbox/payments/${encodeURIComponent(id)}/outcome`,
        body: params,
        isIdempotent: true,
      },
      options,
    )
  }

  /** Read the sandbox’s clock: `GET /v1/sandbox/clock`. Scope: `sandbox:write`. */
  getClock(options: CallOptions = {}): Promise<Clock> {
    return this.#transport.send<Clock>({ method: 'GET', path: '/v1/sandbox/clock', isIdempotent: false }, options)
  }

  /**
   * Move the sandbox’s clock forward: `POST /v1/sandbox/clock`. Scope: `sandbox:write`.
   *
   * Answers once everything that fell due on the way has run. The clock is the whole installation’s: it moves for
   * every merchant of the sandbox. A replay under one Idempotency-Key leads to the instant that the first request
   * named, and moves nothing if the clock stands there or later.
   */
  moveClock(params: SandboxMoveClockParams = {}, options: WriteOptions = {}): Promise<Clock> {
    return this.#transport.send<Clock>(
      { method: 'POST', path: '/v1/sandbox/clock', body: params, isIdempotent: true },
      options,
    )
  }
}

/** Everything that the house API offers, by resource. */
export class Resources {
  /** Money that a payer owes you. */
  readonly payments: PaymentsResource
  /** Money that goes back to a payer. */
  readonly refunds: RefundsResource
  /** Money that you send. */
  readonly payouts: PayoutsResource
  /** The calls of `bankAccounts`. */
  readonly bankAccounts: BankAccountsResource
  /** What you have. */
  readonly balance: BalanceResource
  /** The ledger as you see it. */
  readonly transactions: TransactionsResource
  /** Who pays you. */
  readonly customers: CustomersResource
  /** What a payment costs you. */
  readonly feePlans: FeePlansResource
  /** The complete record of what happened. */
  readonly events: EventsResource
  /** Where events are sent. */
  readonly webhookEndpoints: WebhookEndpointsResource
  /** What was sent, and what came back. */
  readonly deliveries: DeliveriesResource
  /** Who may act for you. */
  readonly apiKeys: ApiKeysResource
  /** What a page of yours may ask with a publishable key. */
  readonly checkout: CheckoutResource
  /** Controls of the sandbox: they take test keys only. */
  readonly sandbox: SandboxResource

  constructor(transport: Transport) {
    this.payments = new PaymentsResource(transport)
    this.refunds = new RefundsResource(transport)
    this.payouts = new PayoutsResource(transport)
    this.bankAccounts = new BankAccountsResource(transport)
    this.balance = new BalanceResource(transport)
    this.transactions = new TransactionsResource(transport)
    this.customers = new CustomersResource(transport)
    this.feePlans = new FeePlansResource(transport)
    this.events = new EventsResource(transport)
    this.webhookEndpoints = new WebhookEndpointsResource(transport)
    this.deliveries = new DeliveriesResource(transport)
    this.apiKeys = new ApiKeysResource(transport)
    this.checkout = new CheckoutResource(transport)
    this.sandbox = new SandboxResource(transport)
  }
}
