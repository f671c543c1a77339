import type { Scope } from '../../kernel/scope.ts'
import { merchantFact, refusalOf } from '../access/merchant.ts'
import { insert, update } from '../commit/changes.ts'
import { accept, defineCommand, refuse } from '../commit/command.ts'
import { type Customer, customerByReferenceFact, customerFact, customerKind, newCustomer } from './customer.ts'

/** What a merchant may say about a customer; what is left out stays as it is, null clears it. */
export interface CustomerChanges {
  /** The merchant's own name for the customer; unique. */
  readonly reference?: string | null | undefined
  readonly name?: string | null | undefined
  readonly email?: string | null | undefined
  readonly phone?: string | null | undefined
  /** Replaces all that there was. */
  readonly metadata?: Customer['metadata'] | undefined
}

/** A customer whom the merchant tells us of. */
export interface CreateCustomer extends CustomerChanges {
  readonly scope: Scope
}

const alreadyUsed = refuse('conflict', 'reference_already_used', {
  field: 'reference',
  message: 'A customer with this reference exists already.',
})

/** Keeps a new customer. Refuses a suspended merchant and a reference that another customer has. */
export const createCustomer = defineCommand({
  name: 'create_customer',
  facts: (c: CreateCustomer) => ({
    merchant: merchantFact(c.scope),
    sameReference: c.reference ? customerByReferenceFact(c.scope, c.reference) : undefined,
  }),
  decide({ merchant, sameReference }, c, ctx) {
    const refused = refusalOf(merchant)
    if (refused) return refused
    if (sameReference) return alreadyUsed
    const { reference, name, email, phone, metadata } = c
    const customer = newCustomer(
      {
        ...(reference ? { reference } : {}),
        ...{ name: name ?? undefined, email: email ?? undefined, phone: phone ?? undefined, metadata },
      },
      ctx,
    )
    return accept(customer, [insert(customerKind, customer)])
  },
})

/** New words about a customer that exists. */
export interface UpdateCustomer {
  readonly scope: Scope
  readonly customerId: string
  readonly changes: CustomerChanges
}

/**
 * Changes a customer. Refuses one that does not exist, and a reference that another customer has. Payments keep the
 * reference that they were made with.
 */
export const updateCustomer = defineCommand({
  name: 'update_customer',
  facts: (c: UpdateCustomer) => ({
    customer: customerFact(c.scope, c.customerId),
    sameReference: c.changes.reference ? customerByReferenceFact(c.scope, c.changes.reference) : undefined,
  }),
  decide({ customer, sameReference }, { changes }, ctx) {
    if (!customer) return refuse('not_found', 'customer_not_found', { field: 'id' })
    if (sameReference && sameReference.id !== customer.id) return alreadyUsed
    const { reference, name, email, phone, metadata } = changes
    const changed: Customer = {
      ...customer,
      reference: reference === undefined ? customer.reference : reference,
      name: name === undefined ? customer.name : name,
      email: email === undefined ? customer.email : email,
      phone: phone === undefined ? customer.phone : phone,
      metadata: metadata ?? customer.metadata,
      updatedAt: ctx.now,
    }
    return accept(changed, [update(customerKind, changed)])
  },
})
