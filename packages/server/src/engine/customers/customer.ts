import type { Instant } from '../../kernel/clock.ts'
import type { Scope } from '../../kernel/scope.ts'
import type { DecisionContext } from '../commit/command.ts'
import { defineKind, type FactRef, factByKey, factByUnique, type RevisedRow } from '../commit/kind.ts'

/** A person or company that pays a merchant. */
export interface Customer extends RevisedRow {
  readonly id: string
  /** The merchant's own name for the customer; unique per merchant and mode. */
  readonly reference: string | null
  readonly name: string | null
  readonly email: string | null
  readonly phone: string | null
  readonly metadata: Readonly<Record<string, unknown>>
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

/** What a merchant says about a customer while creating something else. */
export interface CustomerDetails {
  readonly reference: string
  readonly name?: string | undefined
  readonly email?: string | undefined
  readonly phone?: string | undefined
}

/** Customers as a kind. */
export const customerKind = defineKind<Customer>({
  name: 'customer',
  table: 'customers',
  order: 50,
  columns: {
    merchantId: 'text',
    mode: 'text',
    id: 'text',
    reference: 'text',
    name: 'text',
    email: 'text',
    phone: 'text',
    metadata: 'json',
    createdAt: 'instant',
    updatedAt: 'instant',
    revision: 'integer',
  },
  primaryKey: ['merchantId', 'mode', 'id'],
  fixed: ['createdAt'],
  uniques: { reference: ['merchantId', 'mode', 'reference'] },
})

/** Names a customer by its house id. */
export function customerFact(scope: Scope, id: string): FactRef<Customer> {
  return factByKey(customerKind, [scope.merchantId, scope.mode, id])
}

/** Names a customer by the merchant's own reference. */
export function customerByReferenceFact(scope: Scope, reference: string): FactRef<Customer> {
  return factByUnique(customerKind, 'reference', [scope.merchantId, scope.mode, reference])
}

/** A new customer: one that a payment brings along on first sight, or that the merchant tells us of. */
export function newCustomer(
  details: Partial<CustomerDetails> & { readonly metadata?: Customer['metadata'] | undefined },
  ctx: DecisionContext,
): Customer {
  return {
    ...ctx.scope,
    id: ctx.newId('cus'),
    reference: details.reference ?? null,
    name: details.name ?? null,
    email: details.email ?? null,
    phone: details.phone ?? null,
    metadata: details.metadata ?? {},
    createdAt: ctx.now,
    updatedAt: ctx.now,
    revision: 0,
  }
}
