import type { Scope } from '../../kernel/scope.ts'
import { type Customer, customerByReferenceFact, customerKind, newCustomer } from '../customers/customer.ts'
import { insert, record, update } from './changes.ts'
import { accept, defineCommand, refuse } from './command.ts'

/*
 * The smallest commands with which a group can go well or badly, for suites about the write path. Customers stand for
 * any object.
 */

/** What the sample commands take. */
export interface Named {
  readonly scope: Scope
  readonly reference: string
  readonly name?: string
}

/** The customer that the input names, as a command's first facts. */
export const byReference = (c: Named) => ({ customer: customerByReferenceFact(c.scope, c.reference) })

/** Adds a customer with the merchant's next number as its phone, and an event; refuses a reference that is taken. */
export const add = defineCommand({
  name: 'add',
  facts: byReference,
  decide({ customer }, c: Named, ctx) {
    if (customer) return refuse('conflict', 'reference_taken')
    const details = { reference: c.reference, name: c.name }
    const added: Customer = { ...newCustomer(details, ctx), phone: String(ctx.nextNumber()) }
    return accept(added, [insert(customerKind, added), record('customer.added', customerKind, added)])
  },
})

/** Appends the given name to the customer's; refuses where there is none. */
export const rename = defineCommand({
  name: 'rename',
  facts: byReference,
  decide({ customer }, c: Named) {
    if (!customer) return refuse('not_found', 'customer_not_found')
    const renamed: Customer = { ...customer, name: `${customer.name ?? ''}${c.name}` }
    return accept(renamed, [update(customerKind, renamed)])
  },
})

/** Takes a number and throws, as only a defect does. */
export const explode = defineCommand({
  name: 'explode',
  facts: byReference,
  decide(_facts, _c: Named, ctx) {
    ctx.nextNumber()
    throw new TypeError('a defect of a decision')
  },
})

/** Passes the decision and is refused by the store: the memory store and PostgreSQL both veto half a character. */
export const poison = defineCommand({
  name: 'poison',
  facts: byReference,
  decide(_facts, c: Named, ctx) {
    const added = newCustomer({ reference: c.reference, name: '\ud83d' }, ctx)
    return accept(added, [insert(customerKind, added)])
  },
})

/** Needs the customer that the customer's own name points at: what that is changes when a neighbour renames it. */
export const follow = defineCommand({
  name: 'follow',
  facts: byReference,
  more: ({ customer }, c: Named) => ({
    pointed: customer?.name ? customerByReferenceFact(c.scope, customer.name) : undefined,
  }),
  decide: ({ pointed }) => accept({ pointed: pointed?.reference ?? 'nobody' }, []),
})
