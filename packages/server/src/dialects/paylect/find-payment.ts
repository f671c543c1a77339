import type { Payment, PaymentName } from '../../engine/index.ts'
import type { Call } from '../../http/endpoint.ts'
import { EngineError } from '../../kernel/engine-error.ts'
import { isId } from '../../kernel/ids.ts'
import type { Scope } from '../../kernel/scope.ts'
import type { DialectPrincipal, DialectServices } from '../dialect.ts'

/**
 * Finds a payment by whatever name its caller has: the house id, else an id of any dialect, else the merchant's own
 * reference (the newest payment that has it). Refuses `not_found`, also for another merchant's payment.
 */
export async function findPayment(
  { services, principal }: Call<DialectServices, DialectPrincipal>,
  name: string,
): Promise<Payment> {
  for (const candidate of namesOf(services, principal.scope, name)) {
    const found = await services.engine.payments.find(principal.scope, candidate)
    if (found) return found
  }
  throw new EngineError('not_found', 'payment_not_found', {
    field: 'id',
    message: 'There is no payment with this id or reference.',
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
