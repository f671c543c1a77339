import { randomBytes, randomInt } from 'node:crypto'
import type { EndpointDescription } from '../../http/endpoint.ts'
import type { SurfaceRequest } from '../../http/surface.ts'
import { EngineError } from '../../kernel/engine-error.ts'
import type { Mode } from '../../kernel/scope.ts'
import type { DialectCredentials, DialectPrincipal, DialectServices } from '../dialect.ts'
import { name } from './name.ts'

const keyCharacters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const keyLength = 32
const webhookSecretBytes = 24
const bearerPattern = /^Bearer +(mk_(?:live|test)_[\x21-\x7e]{1,200})$/i

/**
 * Refuses plain HTTP from anywhere but this machine: "All API requests must be made over HTTPS." A request that carries a
 * key is never redirected, because the key has been sent in the clear by then.
 */
export function admit({ protocol, ip }: SurfaceRequest): void {
  if (protocol === 'https' || isLoopback(ip)) return
  throw new EngineError('forbidden', 'https_required', {
    message: 'All API requests must be made over HTTPS. This key was sent in the clear: replace it.',
  })
}

function isLoopback(ip: string): boolean {
  return ip === '::1' || /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/i.test(ip)
}

/** Finds the merchant of a key. Throws `unauthenticated` for a key that is no good, `forbidden` for a suspended merchant. */
export async function authenticate(
  { engine }: DialectServices,
  { headers, ip }: Pick<SurfaceRequest, 'headers' | 'ip'>,
): Promise<DialectPrincipal> {
  const { authorization } = headers
  if (authorization === undefined) {
    throw invalidKey('api_key_missing', 'No API key was given. Send the header "Authorization: Bearer mk_live_…".')
  }
  const key = bearerPattern.exec(authorization)?.[1]
  if (key === undefined) {
    throw invalidKey('api_key_malformed', 'The Authorization header must be "Bearer " and a key that begins with mk_.')
  }
  const { merchantId, mode, id, scopes } = await engine.access.authenticate(key, name, ip)
  const scope = { merchantId, mode }
  const merchant = await engine.access.merchant(scope)
  if (merchant?.status !== 'active') {
    throw new EngineError('forbidden', 'merchant_suspended', {
      message: 'This account is suspended. Ask the operator of the gateway.',
    })
  }
  return { scope, apiKeyId: id, scopes }
}

function invalidKey(code: string, message: string): EngineError {
  return new EngineError('unauthenticated', code, { message })
}

/** Refuses a key that lacks one of the endpoint's scopes. */
export function authorize({ scopes }: DialectPrincipal, endpoint: EndpointDescription): void {
  const missing = endpoint.scopes.filter((scope) => !scopes.includes(scope))
  if (missing.length === 0) return
  throw new EngineError('forbidden', 'scope_missing', {
    message: `Insufficient permissions: this key lacks ${missing.join(', ')}.`,
  })
}

/** A key of the document's form with 190 bits of chance, and a webhook secret of Standard Webhooks. */
export function newCredentials(mode: Mode): DialectCredentials {
  const body = Array.from({ length: keyLength }, () => keyCharacters.charAt(randomInt(keyCharacters.length))).join('')
  return {
    apiKey: `mk_${mode === 'live' ? 'live' : 'test'}_${body}`,
    webhookSecret: `whsec_${randomBytes(webhookSecretBytes).toString('base64')}`,
  }
}

/** Whether a text has the form of a key of this mode. */
export function isApiKey(mode: Mode, text: string): boolean {
  return (
    text.startsWith(`mk_${mode === 'live' ? 'live' : 'test'}_`) && bearerPattern.exec(`Bearer ${text}`)?.[1] === text
  )
}
