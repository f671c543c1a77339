import type { HttpSurface } from '../../http/surface.ts'
import type { Dialect, DialectPrincipal, DialectServices } from '../dialect.ts'
import { authenticate, authorize, newCredentials } from './auth.ts'
import { applyOutcome } from './endpoints/apply-outcome.ts'
import { getPayment } from './endpoints/get-payment.ts'
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
    endpoints: [getPayment, applyOutcome, readClock, moveClock],
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
