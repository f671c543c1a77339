import type { Payment, Payout, Refund } from '../../engine/index.ts'
import type { Call } from '../../http/endpoint.ts'
import { EngineError } from '../../kernel/engine-error.ts'
import type { DialectPrincipal, DialectServices } from '../dialect.ts'
import { numberOf } from './ids.ts'

/** One request of this dialect. */
export type MonetiflowCall = Call<DialectServices, DialectPrincipal>

/** The payment of an id; `not_found` naming `field` for one that is no id, does not exist or is another merchant's. */
export async function requirePayment(call: MonetiflowCall, id: string, field: string): Promise<Payment> {
  const number = numberOf('payment', call.principal.scope, id)
  if (number === undefined) return refuse('payment', field)
  return (await call.services.engine.payments.find(call.principal.scope, { number })) ?? refuse('payment', field)
}

/** The refund of an id, found and refused as payments are. */
export async function requireRefund(call: MonetiflowCall, id: string, field: string): Promise<Refund> {
  const number = numberOf('refund', call.principal.scope, id)
  if (number === undefined) return refuse('refund', field)
  return (await call.services.engine.refunds.find(call.principal.scope, { number })) ?? refuse('refund', field)
}

/** The payout of an id, found and refused as payments are. */
export async function requirePayout(call: MonetiflowCall, id: string, field: string): Promise<Payout> {
  const number = numberOf('payout', call.principal.scope, id)
  if (number === undefined) return refuse('payout', field)
  return (await call.services.engine.payouts.find(call.principal.scope, { number })) ?? refuse('payout', field)
}

/** The engine's id of the payment, refund or payout with this number: what a transaction's id stands for. */
export async function houseIdOfTransaction(call: MonetiflowCall, number: bigint): Promise<string | undefined> {
  const { payments, refunds, payouts } = call.services.engine
  const found = await Promise.all(
    [payments, refunds, payouts].map((kind) => kind.find(call.principal.scope, { number })),
  )
  return found.find((object) => object !== undefined)?.id
}

function refuse(kind: string, field: string): never {
  throw new EngineError('not_found', `${kind}_not_found`, { field, message: `There is no ${kind} with this id.` })
}
