import type { Scope } from '../../kernel/scope.ts'
import type { Committer, Outcome } from '../commit/committer.ts'
import type { Idempotency } from '../commit/idempotency.ts'
import { readRow } from '../commit/read-row.ts'
import type { Store } from '../commit/store.ts'
import { type ListFilter, listCustomers, type ObjectPage } from '../lists/list-queries.ts'
import type { ReadPool } from '../transactions/transaction-queries.ts'
import { type Customer, customerByReferenceFact, customerFact } from './customer.ts'
import { type CreateCustomer, createCustomer, type UpdateCustomer, updateCustomer } from './save-customer.ts'

/** Everything that can be done with customers. Another merchant's customer is not found, like one that does not exist. */
export interface CustomerVerbs {
  create(input: CreateCustomer, idempotency?: Idempotency): Promise<Outcome<Customer>>
  update(input: UpdateCustomer, idempotency?: Idempotency): Promise<Outcome<Customer>>
  find(scope: Scope, name: { readonly id: string } | { readonly reference: string }): Promise<Customer | undefined>
  list(scope: Scope, filter: ListFilter): Promise<ObjectPage<Customer>>
}

/** Builds the verbs over the engine's parts. */
export function customerVerbs(parts: {
  readonly committer: Committer
  readonly store: Store
  readonly pool: ReadPool
}): CustomerVerbs {
  return {
    create: (input, idempotency) => parts.committer.submit(createCustomer, input, idempotency),
    update: (input, idempotency) => parts.committer.submit(updateCustomer, input, idempotency),
    find: (scope, name) =>
      readRow(
        parts.store,
        'id' in name ? customerFact(scope, name.id) : customerByReferenceFact(scope, name.reference),
      ),
    list: (scope, filter) => listCustomers(parts.pool, scope, filter),
  }
}
