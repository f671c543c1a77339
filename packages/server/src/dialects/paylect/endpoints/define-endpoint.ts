import { endpointsOf } from '../../../http/endpoint.ts'
import type { DialectPrincipal, DialectServices } from '../../dialect.ts'

/** Declares an endpoint of the house API. */
export const defineEndpoint = endpointsOf<DialectServices, DialectPrincipal>()
