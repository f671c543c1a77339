import type { HttpSurface } from '../../http/surface.ts'
import type { Dialect, DialectPrincipal, DialectServices } from '../dialect.ts'
import { authenticate, authorize, newCredentials } from './auth.ts'
import { applyOutcome } from './endpoints/apply-outcome.ts'
import { cancelPayment } from './endpoints/cancel-payment.ts'
import { createPayment } from './endpoints/create-payment.ts'
import { createPayout } from './endpoints/create-payout.ts'
import { createRefund } from './endpoints/create-refund.ts'
import { getBalance } from './endpoints/get-balance.ts'
import { getEvent } from './endpoints/get-event.ts'
import { getPayment } from './endpoints/get-payment.ts'
import { getPayout } from './endpoints/get-payout.ts'
import { getRefund } from './endpoints/get-refund.ts'
import { listAttempts } from './endpoints/list-attempts.ts'
import { listEvents } from './endpoints/list-events.ts'
import { listPayments } from './endpoints/list-payments.ts'
import { listPayouts } from './endpoints/list-payouts.ts'
import { listRefunds } from './endpoints/list-refunds.ts'
import { moveClock } from './endpoints/move-clock.ts'
import { readClock } from './endpoints/read-clock.ts'
import { renderError } from './errors.ts'
import { name } from './name.ts'
import { renderEvent, sign, webhookPolicy } from './webhooks.ts'

const bodyBytesMax = 64 * 1024

/** The house API: see docs/dialects/paylect.md. It has no rate limit of its own. */
export const paylect: Dialect = {
  name,
  mount: '',
  surface: (services): HttpSurface<DialectServices, DialectPrincipal> => ({
    name,
    mount: '/v1',
    hosts: [],
    endpoints: [
      createPayment,
      listPayments,
      getPayment,
      cancelPayment,
      listAttempts,
      createRefund,
      listRefunds,
      getRefund,
      createPayout,
      listPayouts,
      getPayout,
      getBalance,
      listEvents,
      getEvent,
      applyOutcome,
      readClock,
      moveClock,
    ],
    bodies: { json: true, form: false, limitBytes: bodyBytesMax },
    authenticate: (request) => authenticate(services, request),
    principalKey: () => undefined,
    authorize,
    renderError,
  }),
  renderEvent,
  sign,
  webhooks: webhookPolicy,
  newCredentials,
  // The house id is the engine's own: it holds no object number.
  paymentNumberOf: () => undefined,
}
