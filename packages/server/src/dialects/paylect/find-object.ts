import type { EngineEvent, Payment, PaymentName, Payout, Refund } from '../../engine/index.ts'
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
export async function findRefund({ services, principal }: HouseCall, name: string): Promise<Refund> {
  const wanted = isId('re', name) ? { id: name } : { reference: name }
  return (await services.engine.refunds.find(principal.scope, wanted)) ?? refuse('refund', 'id')
}

/** Finds a payout by its house id, else by the merchant's own reference. Refuses as `findPayment` does. */
export async function findPayout({ services, principal }: HouseCall, name: string): Promise<Payout> {
  const wanted = isId('po', name) ? { id: name } : { reference: name }
  return (await services.engine.payouts.find(principal.scope, wanted)) ?? refuse('payout', 'id')
}

/** Finds an event by its id. Refuses as `findPayment` does. */
export async function findEvent({ services, principal }: HouseCall, id: string): Promise<EngineEvent> {
  const found = isId('evt', id) ? await services.engine.events.find(principal.scope, id) : undefined
  return found ?? refuse('event', 'id')
}

function refuse(kind: string, field: string): never {
  const names = kind === 'event' ? 'id' : 'id or reference'
  throw new EngineError('not_found', `${kind}_not_found`, { field, message: `There is no ${kind} with this ${names}.` })
}

function namesOf({ dialects }: DialectServices, scope: Scope, name: string): PaymentName[] {
  const numbers = new Set(dialects.flatMap((dialect) => dialect.paymentNumberOf(scope, name) ?? []))
  return [
    ...(isId('pay', name) ? [{ id: name }] : []),
    ...[...numbers].map((number) => ({ number })),
    { reference: name },
  ]
}
