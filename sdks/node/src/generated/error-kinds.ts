// Written by scripts/generate.ts from docs/errors.md; run `npm run sdk` to write it anew.

type Kind =
  | 'conflict'
  | 'invalid_state'
  | 'idempotency_mismatch'
  | 'insufficient_funds'
  | 'limit_exceeded'
  | 'unsupported'

/** The kinds of the codes that come with the statuses 409 and 422. */
export const kindOfCode: Readonly<Record<string, Kind>> = {
  api_key_not_active: 'invalid_state',
  api_key_replaced: 'invalid_state',
  balance_insufficient: 'insufficient_funds',
  bank_account_exists: 'conflict',
  bank_account_lookup_unavailable: 'unsupported',
  clock_not_there_yet: 'limit_exceeded',
  delivery_pending: 'invalid_state',
  idempotency_key_reused: 'idempotency_mismatch',
  ledger_total_too_large: 'limit_exceeded',
  merchant_exists: 'conflict',
  method_not_available: 'unsupported',
  payment_expired: 'invalid_state',
  payment_not_cancellable: 'invalid_state',
  payment_not_expirable: 'invalid_state',
  payment_not_payable: 'invalid_state',
  payment_not_refundable: 'invalid_state',
  reference_already_used: 'conflict',
  refund_exceeds_payment: 'limit_exceeded',
  webhook_endpoint_disabled: 'invalid_state',
  webhook_endpoint_without_url: 'invalid_state',
  webhook_endpoints_too_many: 'limit_exceeded',
}
