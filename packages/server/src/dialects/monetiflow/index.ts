import type { HttpSurface, SurfaceRateLimit } from '../../http/surface.ts'
import type { Dialect, DialectPrincipal, DialectServices } from '../dialect.ts'
import { admit, authenticate, authorize, isApiKey, newCredentials } from './auth.ts'
import { monetiflowDocument } from './document.ts'
import { createPayment, createPaymentAlias } from './endpoints/create-payment.ts'
import { createRefund } from './endpoints/create-refund.ts'
import { getBalance } from './endpoints/get-balance.ts'
import { getPayment } from './endpoints/get-payment.ts'
import { getPayout } from './endpoints/get-payout.ts'
import { getRefund } from './endpoints/get-refund.ts'
import { listPayments } from './endpoints/list-payments.ts'
import { listTransactions } from './endpoints/list-transactions.ts'
import { sendPayout } from './endpoints/send-payout.ts'
import { renderError } from './errors.ts'
import { numberOf } from './ids.ts'
import { name } from './name.ts'
import { renderEvent, sign, webhookPolicy } from './webhooks.ts'

const minuteMs = 60_000
/** Far above any documented body: 50 metadata entries at their limits need 27 kB. */
const bodyBytesMax = 128 * 1024

/** The document's limits, per key; callers without a good key are counted by address. */
const rateLimit: SurfaceRateLimit = {
  windows: [
    { limit: 1_000, windowMs: minuteMs },
    { limit: 50_000, windowMs: 60 * minuteMs },
  ],
  headers: ({ limit, remaining, resetAtSeconds }) => ({
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(resetAtSeconds),
  }),
  anonymousKey: ({ ip }) => ip,
}

/** The Monetiflow API v2: see docs/dialects/monetiflow.md. */
export const monetiflow: Dialect = {
  name,
  mount: '/monetiflow',
  surface: (services): HttpSurface<DialectServices, DialectPrincipal> => ({
    name,
    mount: '/monetiflow',
    hosts: ['api.monetiflow.co'],
    endpoints: [
      createPayment,
      createPaymentAlias,
      getPayment,
      listPayments,
      sendPayout,
      getPayout,
      createRefund,
      getRefund,
      listTransactions,
      getBalance,
    ],
    bodies: { json: true, form: true, limitBytes: bodyBytesMax, accountFields: ['beneficiary.account_number'] },
    admit,
    authenticate: (request) => authenticate(services, request),
    principalKey: ({ apiKeyId }) => apiKeyId,
    authorize,
    renderError,
    document: monetiflowDocument,
    rateLimit,
  }),
  renderEvent,
  sign,
  webhooks: webhookPolicy,
  newCredentials,
  isApiKey,
  paymentNumberOf: (scope, id) => numberOf('payment', scope, id),
}
