import type { HttpSurface } from '../../http/surface.ts'
import type { Dialect, DialectPrincipal, DialectServices } from '../dialect.ts'
import { authenticate, authorize, isApiKey, newCredentials } from './auth.ts'
import { paylectDocument } from './document.ts'
import { applyOutcome } from './endpoints/apply-outcome.ts'
import { cancelPayment } from './endpoints/cancel-payment.ts'
import { createApiKey } from './endpoints/create-api-key.ts'
import { createCustomer } from './endpoints/create-customer.ts'
import { createPayment } from './endpoints/create-payment.ts'
import { createPayout } from './endpoints/create-payout.ts'
import { createRefund } from './endpoints/create-refund.ts'
import { createWebhookEndpoint } from './endpoints/create-webhook-endpoint.ts'
import { deleteWebhookEndpoint } from './endpoints/delete-webhook-endpoint.ts'
import { explainPayment } from './endpoints/explain-payment.ts'
import { getApiKey } from './endpoints/get-api-key.ts'
import { getBalance } from './endpoints/get-balance.ts'
import { getCheckoutPayment } from './endpoints/get-checkout-payment.ts'
import { getCustomer } from './endpoints/get-customer.ts'
import { getDelivery } from './endpoints/get-delivery.ts'
import { getEvent } from './endpoints/get-event.ts'
import { getPayment } from './endpoints/get-payment.ts'
import { getPayout } from './endpoints/get-payout.ts'
import { getRefund } from './endpoints/get-refund.ts'
import { getTransaction } from './endpoints/get-transaction.ts'
import { getWebhookEndpoint } from './endpoints/get-webhook-endpoint.ts'
import { listApiKeys } from './endpoints/list-api-keys.ts'
import { listAttempts } from './endpoints/list-attempts.ts'
import { listCustomers } from './endpoints/list-customers.ts'
import { listDeliveries } from './endpoints/list-deliveries.ts'
import { listEvents } from './endpoints/list-events.ts'
import { listFeePlans } from './endpoints/list-fee-plans.ts'
import { listPayments } from './endpoints/list-payments.ts'
import { listPayouts } from './endpoints/list-payouts.ts'
import { listRefunds } from './endpoints/list-refunds.ts'
import { listTransactions } from './endpoints/list-transactions.ts'
import { listWebhookEndpoints } from './endpoints/list-webhook-endpoints.ts'
import { moveClock } from './endpoints/move-clock.ts'
import { pauseWebhookEndpoint } from './endpoints/pause-webhook-endpoint.ts'
import { readClock } from './endpoints/read-clock.ts'
import { resendDeliveries } from './endpoints/resend-deliveries.ts'
import { resendDelivery } from './endpoints/resend-delivery.ts'
import { resolveBankAccount } from './endpoints/resolve-bank-account.ts'
import { resumeWebhookEndpoint } from './endpoints/resume-webhook-endpoint.ts'
import { revokeApiKey } from './endpoints/revoke-api-key.ts'
import { rotateApiKey } from './endpoints/rotate-api-key.ts'
import { rotateWebhookEndpointSecret } from './endpoints/rotate-webhook-endpoint-secret.ts'
import { sendTestEvent } from './endpoints/send-test-event.ts'
import { updateCustomer } from './endpoints/update-customer.ts'
import { updateWebhookEndpoint } from './endpoints/update-webhook-endpoint.ts'
import { renderError } from './errors.ts'
import { name } from './name.ts'
import { renderEvent, sign, webhookPolicy } from './webhooks.ts'

const bodyBytesMax = 64 * 1024

const endpoints = [
  createPayment,
  listPayments,
  getPayment,
  cancelPayment,
  listAttempts,
  explainPayment,
  createRefund,
  listRefunds,
  getRefund,
  createPayout,
  listPayouts,
  getPayout,
  resolveBankAccount,
  getBalance,
  listTransactions,
  getTransaction,
  createCustomer,
  listCustomers,
  getCustomer,
  updateCustomer,
  listFeePlans,
  listEvents,
  getEvent,
  createWebhookEndpoint,
  listWebhookEndpoints,
  getWebhookEndpoint,
  updateWebhookEndpoint,
  deleteWebhookEndpoint,
  rotateWebhookEndpointSecret,
  pauseWebhookEndpoint,
  resumeWebhookEndpoint,
  sendTestEvent,
  listDeliveries,
  getDelivery,
  resendDelivery,
  resendDeliveries,
  createApiKey,
  listApiKeys,
  getApiKey,
  rotateApiKey,
  revokeApiKey,
  getCheckoutPayment,
  applyOutcome,
  readClock,
  moveClock,
]

/** The house API: see docs/dialects/paylect.md. It has no rate limit of its own. */
export const paylect: Dialect = {
  name,
  mount: '',
  surface: (services): HttpSurface<DialectServices, DialectPrincipal> => ({
    name,
    mount: '/v1',
    hosts: [],
    endpoints,
    bodies: {
      json: true,
      form: false,
      limitBytes: bodyBytesMax,
      accountFields: ['account_number', 'beneficiary.account_number'],
    },
    authenticate: (request) => authenticate(services, request),
    principalKey: () => undefined,
    authorize,
    renderError,
    document: paylectDocument,
  }),
  renderEvent,
  sign,
  webhooks: webhookPolicy,
  newCredentials,
  isApiKey,
  // The house id is the engine's own: it holds no object number.
  paymentNumberOf: () => undefined,
}
