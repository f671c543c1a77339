import type { Instant } from '../../kernel/clock.ts'
import type { Scope } from '../../kernel/scope.ts'
import { type Decision, refuse } from '../commit/command.ts'
import { defineKind, type FactRef, factByKey, type RevisedRow } from '../commit/kind.ts'

/** A merchant in one mode: the tenant that everything else belongs to. */
export interface Merchant extends RevisedRow {
  readonly name: string
  readonly status: 'active' | 'suspended'
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

/** Merchants as a kind. */
export const merchantKind = defineKind<Merchant>({
  name: 'merchant',
  table: 'merchants',
  order: 20,
  columns: {
    merchantId: 'text',
    mode: 'text',
    name: 'text',
    status: 'text',
    createdAt: 'instant',
    updatedAt: 'instant',
    revision: 'integer',
  },
  primaryKey: ['merchantId', 'mode'],
})

/** Names the merchant of a scope. */
export function merchantFact(scope: Scope): FactRef<Merchant> {
  return factByKey(merchantKind, [scope.merchantId, scope.mode])
}

/** The refusal for a merchant that may not start anything new, or `undefined` when it may. */
export function refusalOf(merchant: Merchant | undefined): Decision<never> | undefined {
  if (merchant?.status === 'active') return undefined
  if (!merchant) return refuse('not_found', 'merchant_unknown', { message: 'There is no such merchant.' })
  return refuse('forbidden', 'merchant_suspended', {
    message: 'This merchant may not start new payments, refunds or payouts. Ask the operator of the gateway.',
  })
}
