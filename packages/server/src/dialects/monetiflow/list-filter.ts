import * as z from 'zod'
import type { TransactionFilter, TransactionType } from '../../engine/index.ts'
import { invalidField } from '../../http/field-errors.ts'
import { pageQuery } from '../../http/pagination.ts'
import type { Scope } from '../../kernel/scope.ts'
import { type IdKind, idPrefixes, numberOf } from './ids.ts'
import { type PaymentWord, refundsBehind, statusesBehind, words } from './status-words.ts'
import { currencyGiven, instantGiven } from './wire.ts'

/** What both lists can be filtered by. */
export const listQuery = {
  ...pageQuery(),
  status: z.enum(words.payment).optional(),
  currency: currencyGiven.optional(),
  from: instantGiven.optional(),
  to: instantGiven.optional(),
}

/** A parsed list query. */
export interface ListQuery {
  readonly limit: number
  readonly starting_after?: string | undefined
  readonly status?: PaymentWord | undefined
  readonly currency?: string | undefined
  readonly from?: number | undefined
  readonly to?: number | undefined
}

/** How the ids of a list's objects are read. */
export interface ListPositions {
  readonly scope: Scope
  readonly idKind: IdKind
  /** The engine's id of an object number, where there is such an object. */
  houseIdOf(number: bigint): Promise<string | undefined>
}

/**
 * The engine's filter for a query over some types of transaction. `from` is included, `to` is not. Refuses a
 * `starting_after` that names nothing, and a time span that ends before it begins.
 */
export async function filterFrom(
  query: ListQuery,
  types: readonly TransactionType[],
  positions: ListPositions,
): Promise<TransactionFilter> {
  if (query.from !== undefined && query.to !== undefined && query.from > query.to) {
    throw invalidField('to', 'to must not be earlier than from.')
  }
  return {
    statuses: statusesBehind(query.status, types),
    refunds: refundsBehind(query.status),
    currency: query.currency,
    createdFrom: query.from,
    createdTo: query.to,
    beforeId: await positionOf(query.starting_after, positions),
    limit: query.limit,
  }
}

async function positionOf(
  id: string | undefined,
  { scope, idKind, houseIdOf }: ListPositions,
): Promise<string | undefined> {
  if (id === undefined) return undefined
  const number = numberOf(idKind, scope, id)
  const houseId = number === undefined ? undefined : await houseIdOf(number)
  if (houseId !== undefined) return houseId
  throw invalidField(
    'starting_after',
    `starting_after must be the id (${idPrefixes[idKind]}_…) of an object in this list.`,
  )
}
