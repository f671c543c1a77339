import * as z from 'zod'
import { type ListFilter, statementTypes } from '../../engine/index.ts'
import { invalidField } from '../../http/field-errors.ts'
import { pageLimit } from '../../http/pagination.ts'
import { currencyGiven, instantFilter, numberGiven, textGiven } from './wire.ts'

const pageItemsDefault = 20

/** The orders of a list: newest first, or oldest first. */
const orders = ['created_at.desc', 'created_at.asc'] as const

/** What the page of a list can be told: how many, in which order, and on which side of which of its objects. */
const pageFields = {
  limit: pageLimit(pageItemsDefault),
  order: z.enum(orders).optional(),
  after: textGiven().optional(),
  before: textGiven().optional(),
}

/** The query of a list that is only paged. */
export const pageQuery = z.strictObject(pageFields).superRefine(refuseBothSides)

/** The query of a list of payments, refunds or payouts: a page, and filters that must all hold. */
export function filterQuery<const Status extends string>(statuses: readonly Status[]) {
  return z
    .strictObject({
      ...pageFields,
      status: z.enum(statuses).optional(),
      currency: currencyGiven.optional(),
      reference: textGiven().optional(),
      created_from: instantFilter.optional(),
      created_to: instantFilter.optional(),
    })
    .superRefine(refuseBothSides)
    .superRefine(refuseEmptySpan)
}

/** The query of a list of customers. */
export const customerQuery = z
  .strictObject({
    ...pageFields,
    reference: textGiven().optional(),
    created_from: instantFilter.optional(),
    created_to: instantFilter.optional(),
  })
  .superRefine(refuseBothSides)
  .superRefine(refuseEmptySpan)

/** The query of a list of transactions: positions are their numbers. */
export const transactionQuery = z
  .strictObject({
    limit: pageLimit(pageItemsDefault),
    order: z.enum(orders).optional(),
    after: numberGiven('a transaction').optional(),
    before: numberGiven('a transaction').optional(),
    type: z.enum(statementTypes).optional(),
    currency: currencyGiven.optional(),
    object_id: textGiven().optional(),
    created_from: instantFilter.optional(),
    created_to: instantFilter.optional(),
  })
  .superRefine(refuseBothSides)
  .superRefine(refuseEmptySpan)

function refuseBothSides(
  { after, before }: { readonly after?: unknown; readonly before?: unknown },
  ctx: z.core.$RefinementCtx,
): void {
  if (after === undefined || before === undefined) return
  ctx.addIssue({ code: 'custom', path: ['before'], message: 'must not be given together with after', input: before })
}

function refuseEmptySpan(
  {
    created_from: from,
    created_to: to,
  }: { readonly created_from?: number | undefined; readonly created_to?: number | undefined },
  ctx: z.core.$RefinementCtx,
): void {
  if (from === undefined || to === undefined || from <= to) return
  ctx.addIssue({ code: 'custom', path: ['created_to'], message: 'must not be earlier than created_from', input: to })
}

/** A parsed query of a list. */
export interface ListQuery {
  readonly limit: number
  readonly order?: (typeof orders)[number] | undefined
  readonly after?: string | undefined
  readonly before?: string | undefined
  readonly status?: string | undefined
  readonly currency?: string | undefined
  readonly reference?: string | undefined
  readonly created_from?: number | undefined
  readonly created_to?: number | undefined
}

/**
 * The engine's filter for a query. `created_from` is included, `created_to` is not. Refuses a position that is no id of
 * an object of this kind and this merchant: a list that begins at a slip of the pen would look complete.
 */
export async function filterFrom(query: ListQuery, exists: (id: string) => Promise<boolean>): Promise<ListFilter> {
  const { created_from: createdFrom, created_to: createdTo, order, ...others } = query
  for (const side of ['after', 'before'] as const) {
    const id = query[side]
    if (id === undefined || (await exists(id))) continue
    throw invalidField(side, `${side} must be the id of an object that this list can show.`)
  }
  return { ...others, createdFrom, createdTo, oldestFirst: order === 'created_at.asc' }
}
