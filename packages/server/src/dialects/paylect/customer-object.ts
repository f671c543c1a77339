import * as z from 'zod'
import type { Customer } from '../../engine/index.ts'
import { instantShown } from './wire.ts'

/** A customer in the house form. */
export const customerObject = z
  .object({
    id: z.string(),
    object: z.literal('customer'),
    reference: z.string().nullable(),
    name: z.string().nullable(),
    email: z.string().nullable(),
    phone: z.string().nullable(),
    metadata: z.record(z.string(), z.unknown()),
    livemode: z.boolean(),
    created_at: instantShown,
    updated_at: instantShown,
  })
  .meta({ id: 'Customer' })

/** The house form of a customer. */
export function customerShown(customer: Customer): z.output<typeof customerObject> {
  const { id, reference, name, email, phone, metadata, mode, createdAt, updatedAt } = customer
  return {
    ...{ id, object: 'customer', reference, name, email, phone, metadata: { ...metadata } },
    ...{ livemode: mode === 'live', created_at: createdAt, updated_at: updatedAt },
  }
}
