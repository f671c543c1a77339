import * as z from 'zod'
import type { Idempotency, Outcome } from '../../../engine/index.ts'
import { endpointsOf } from '../../../http/endpoint.ts'
import { parseInput } from '../../../http/field-errors.ts'
import { dottedFieldName } from '../../../http/surface.ts'
import type { DialectPrincipal, DialectServices } from '../../dialect.ts'
import type { HouseCall } from '../find-object.ts'
import { name } from '../name.ts'

const idempotencyKeptMs = 30 * 24 * 3_600_000
/** Takes a byte order mark away, as the server does when it parses. */
const utf8 = new TextDecoder()

/** Declares an endpoint of the house API. */
export const defineEndpoint = endpointsOf<DialectServices, DialectPrincipal>()

/** The parameters of a path that names one object. */
export const idParams = z.object({ id: z.string() })

/** The query of an endpoint that takes none: a parameter that does nothing is refused, not passed over. */
export const noQuery = z.strictObject({})

/** The caller's Idempotency-Key as a promise about one operation, kept for 30 days of the mode's clock, where there is one. */
export function idempotencyFor({ idempotencyKey }: HouseCall, operation: string): Idempotency | undefined {
  if (idempotencyKey === undefined) return undefined
  return { operation: `${name}:${operation}`, key: idempotencyKey, keptMs: idempotencyKeptMs }
}

/** The header that tells an answer given again from a new one. */
export function replayHeaders({ replayed }: Pick<Outcome<unknown>, 'replayed'>): Readonly<Record<string, string>> {
  return replayed ? { 'idempotent-replayed': 'true' } : {}
}

/** Refuses the fields of a body, by name, where none is taken; an empty object is as good as no body. */
export function refuseBody({ rawBody }: HouseCall): void {
  // The server has parsed the body before: what is broken or of another type was refused there.
  if (rawBody) parseInput(noQuery, JSON.parse(utf8.decode(rawBody)), dottedFieldName)
}

/** Tells where the payer of a payment pays. */
export function checkoutUrlsOf({ services, principal, baseUrl }: HouseCall): (paymentId: string) => string {
  return (paymentId) => services.checkoutUrl(baseUrl, principal.scope, paymentId)
}
