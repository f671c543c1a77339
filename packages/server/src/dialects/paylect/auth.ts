import { randomBytes } from 'node:crypto'
import { apiKeyInvalid, isHouseKey, newHouseKey } from '../../engine/index.ts'
import type { EndpointDescription } from '../../http/endpoint.ts'
import type { SurfaceRequest } from '../../http/surface.ts'
import { EngineError } from '../../kernel/engine-error.ts'
import type { Mode } from '../../kernel/scope.ts'
import type { DialectCredentials, DialectPrincipal, DialectServices } from '../dialect.ts'
import { name } from './name.ts'

const webhookSecretBytes = 24
const bearerPattern = /^Bearer +([sp]k_(?:live|test)_[\x21-\x7e]{1,200})$/i

/**
 * Finds the merchant of a key (RFC 6750). A key whose checksum is wrong is refused before anything is looked up, in the
 * words of an unknown one. Throws `unauthenticated`, and `forbidden` for a suspended merchant or an address from which
 * the key may not be used. A publishable key passes here; what it may do is `authorize`'s question.
 */
export async function authenticate(
  { engine }: DialectServices,
  { headers, ip }: Pick<SurfaceRequest, 'headers' | 'ip'>,
): Promise<DialectPrincipal> {
  const key = bearerPattern.exec(headers.authorization ?? '')?.[1]
  if (key === undefined) {
    throw new EngineError('unauthenticated', 'api_key_missing', {
      message: 'Send the header "Authorization: Bearer" with a secret key, sk_test_… or sk_live_….',
    })
  }
  if (!isHouseKey(key)) throw apiKeyInvalid()
  const { merchantId, mode, id, scopes } = await engine.access.authenticate(key, name, ip)
  const scope = { merchantId, mode }
  const merchant = await engine.access.merchant(scope)
  if (merchant?.status === 'active') return { scope, apiKeyId: id, scopes }
  throw new EngineError('forbidden', 'merchant_suspended', {
    message: 'This merchant is suspended. Ask the operator of the gateway.',
  })
}

/** Refuses a live key at the sandbox controls, and a key that lacks one of the endpoint's scopes. */
export function authorize({ scope, scopes }: DialectPrincipal, endpoint: EndpointDescription): void {
  if (endpoint.sandboxOnly === true && scope.mode === 'live') {
    throw new EngineError('forbidden', 'sandbox_only', {
      message: 'The sandbox controls take test keys only: nothing live can be simulated.',
    })
  }
  const missing = endpoint.scopes.filter((needed) => !scopes.includes(needed))
  if (missing.length === 0) return
  throw new EngineError('forbidden', 'scope_missing', { message: `This key lacks ${missing.join(', ')}.`, missing })
}

/** A secret key with 192 bits of chance and a checksum, and a webhook secret of Standard Webhooks. */
export function newCredentials(mode: Mode): DialectCredentials {
  return {
    apiKey: newHouseKey('secret', mode),
    webhookSecret: `whsec_${randomBytes(webhookSecretBytes).toString('base64')}`,
  }
}

/** Whether a text has the form and the checksum of a secret key of this mode. */
export function isApiKey(mode: Mode, text: string): boolean {
  return isHouseKey(text) && text.startsWith(`sk_${mode === 'live' ? 'live' : 'test'}_`)
}
