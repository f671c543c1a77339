import * as z from 'zod'
import { type StatementEntry, statementTypes } from '../../engine/index.ts'
import { amountShown, instantShown, sumShown } from './wire.ts'

/**
 * One line of the ledger as the merchant sees it: what one transfer did to the balance. Amounts are signed minor units:
 * `amount` is the change of what is available, the other two that of what is pending and reserved.
 */
export const transactionObject = z
  .object({
    object: z.literal('transaction'),
    number: amountShown,
    type: z.enum(statementTypes),
    amount: amountShown,
    amount_pending: amountShown,
    amount_reserved: amountShown,
    currency: z.string(),
    balance_after: sumShown,
    source: z.object({ object: z.string(), id: z.string() }),
    description: z.string(),
    livemode: z.boolean(),
    created_at: instantShown,
  })
  .meta({ id: 'Transaction' })

/** The house form of a line of the statement. */
export function transactionShown(entry: StatementEntry, livemode: boolean): z.output<typeof transactionObject> {
  return {
    object: 'transaction',
    number: entry.number,
    type: entry.type,
    amount: entry.availableMinor,
    amount_pending: entry.pendingMinor,
    amount_reserved: entry.reservedMinor,
    currency: entry.currency,
    balance_after: entry.availableAfterMinor,
    source: { object: entry.subjectKind, id: entry.subjectId },
    description: entry.description,
    livemode,
    created_at: entry.createdAt,
  }
}
