import type {
  Customer,
  Delivery,
  EngineEvent,
  Payment,
  PaymentName,
  Payout,
  Refund,
  VisibleWebhookEndpoint,
} from '../../engine/index.ts'
import type { Call } from '../../http/endpoint.ts'
import { EngineError } from '../../kernel/engine-error.ts'
import { isId } from '../../kernel/ids.ts'
import type { Scope } from '../../kernel/scope.ts'
import type { DialectPrincipal, DialectServices } from '../dialect.ts'

/** One request of the house API. */
export type HouseCall = Call<DialectServices, DialectPrincipal>

/**
 * Finds a payment by whatever name its caller has: the house id, else an id of any dialect, else the merchant's own
 * reference (the newest payment that has it). Refuses `not_found`, also for another merchant's payment.
 */
export async function findPayment({ services, principal }: HouseCall, name: string, field = 'id'): Promise<Payment> {
  for (const candidate of namesOf(services, principal.scope, name)) {
    const found = await services.engine.payments.find(principal.scope, candidate)
    if (found) return found
  }
  return refuse('payment', field)
}

/** Finds a refund by its house id, else by the merchant's own reference. Refuses as `findPayment` does. */
export async function findRefund({ services, principal }: HouseCall, name: string, field = 'id'): Promise<Refund> {
  const wanted = isId('re', name) ? { id: name } : { reference: name }
  return (await services.engine.refunds.find(principal.scope, wanted)) ?? refuse('refund', field)
}

/** Finds a payout by its house id, else by the merchant's own reference. Refuses as `findPayment` does. */
export async function findPayout({ services, principal }: HouseCall, name: string, field = 'id'): Promise<Payout> {
  const wanted = isId('po', name) ? { id: name } : { reference: name }
  return (await services.engine.payouts.find(principal.scope, wanted)) ?? refuse('payout', field)
}

/** Finds a customer by its house id, else by the merchant's own reference. Refuses as `findPayment` does. */
export async function findCustomer({ services, principal }: HouseCall, name: string, field = 'id'): Promise<Customer> {
  const { customers } = services.engine
  const byId = isId('cus', name) ? await customers.find(principal.scope, { id: name }) : undefined
  return byId ?? (await customers.find(principal.scope, { reference: name })) ?? refuse('customer', field)
}

/** Finds an event by its id. Refuses as `findPayment` does. */
export async function findEvent({ services, principal }: HouseCall, id: string): Promise<EngineEvent> {
  const found = isId('evt', id) ? await services.engine.events.find(principal.scope, id) : undefined
  return found ?? refuse('event', 'id')
}

/** Finds a webhook endpoint by its id; a deleted one is gone. Refuses as `findPayment` does. */
export async function findWebhookEndpoint(
  { services, principal }: HouseCall,
  id: string,
  field = 'id',
): Promise<VisibleWebhookEndpoint> {
  const { webhooks } = services.engine
  const found = isId('we', id) ? await webhooks.findEndpoint(principal.scope, id) : undefined
  return found ?? refuse('webhook_endpoint', field)
}

/** Finds a delivery by its id. Refuses as `findPayment` does. */
export async function findDelivery({ services, principal }: HouseCall, id: string): Promise<Delivery> {
  const found = isId('del', id) ? await services.engine.webhooks.delivery(principal.scope, id) : undefined
  return found ?? refuse('delivery', 'id')
}

/** Objects that have no reference of the merchant's. */
const namedByIdOnly: ReadonlySet<string> = new Set(['event', 'webhook_endpoint', 'delivery'])

function refuse(kind: string, field: string): never {
  const names = namedByIdOnly.has(kind) ? 'id' : 'id or reference'
  throw new EngineError('not_found', `${kind}_not_found`, {
    field,
    message: `There is no ${kind.replaceAll('_', ' ')} with this ${names}.`,
  })
}

function namesOf({ dialects }: DialectServices, scope: Scope, name: string): PaymentName[] {
  const numbers = new Set(dialects.flatMap((dialect) => dialect.paymentNumberOf(scope, name) ?? []))
  return [
    ...(isId('pay', name) ? [{ id: name }] : []),
    ...[...numbers].map((number) => ({ number })),
    { reference: name },
  ]
}
