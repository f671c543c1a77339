import * as z from 'zod'
import type { TransactionFilter, TransactionType } from '../../engine/index.ts'
import { invalidField } from '../../http/field-errors.ts'
import { pageQuery } from '../../http/pagination.ts'
import { type IdKind, idPrefixes, numberOf } from './ids.ts'
import { derivedWords, filterWords, statusesBehind } from './status-words.ts'
import { currencyGiven, instantGiven } from './wire.ts'

const statusRule = `must be one of ${filterWords.join(', ')}`
const derivedRule = `${statusRule}; a refunded payment is listed under success, and its amount_refunded tells how much`

/** What both lists can be filtered by. */
export const listQuery = {
  ...pageQuery(),
  status: z
    .enum(filterWords, {
      error: ({ input }) => (derivedWords.some((word) => word === input) ? derivedRule : statusRule),
    })
    .optional(),
  currency: currencyGiven.optional(),
  from: instantGiven.optional(),
  to: instantGiven.optional(),
}

/** A parsed list query. */
export interface ListQuery {
  readonly limit: number
  readonly starting_after?: string | undefined
  readonly status?: (typeof filterWords)[number] | undefined
  readonly currency?: string | undefined
  readonly from?: number | undefined
  readonly to?: number | undefined
}

/**
 * The engine's filter for a query over some types of transaction. `from` is included, `to` is not. Refuses a
 * `starting_after` that names nothing (`houseIdOf` gives the engine's id of an object number), and a time span that ends before it begins.
 */
export async function filterFrom(
  query: ListQuery,
  types: readonly TransactionType[],
  idKind: IdKind,
  houseIdOf: (number: bigint) => Promise<string | undefined>,
): Promise<TransactionFilter> {
  if (query.from !== undefined && query.to !== undefined && query.from > query.to) {
    throw invalidField('to', 'to must not be earlier than from.')
  }
  return {
    statuses: statusesBehind(query.status, types),
    currency: query.currency,
    createdFrom: query.from,
    createdTo: query.to,
    beforeId: await positionOf(query.starting_after, idKind, houseIdOf),
    limit: query.limit,
  }
}

async function positionOf(
  id: string | undefined,
  idKind: IdKind,
  houseIdOf: (number: bigint) => Promise<string | undefined>,
): Promise<string | undefined> {
  if (id === undefined) return undefined
  const number = numberOf(idKind, id)
  const houseId = number === undefined ? undefined : await houseIdOf(number)
  if (houseId !== undefined) return houseId
  throw invalidField(
    'starting_after',
    `starting_after must be the id (${idPrefixes[idKind]}_…) of an object in this list.`,
  )
}
