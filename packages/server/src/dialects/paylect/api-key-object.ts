import * as z from 'zod'
import {
  type ApiKey,
  type ApiKeyType,
  apiKeyStates,
  apiKeyTypes,
  apiScopes,
  hashOfKey,
  newHouseKey,
  stateOfKey,
} from '../../engine/index.ts'
import { invalidField } from '../../http/field-errors.ts'
import type { Instant } from '../../kernel/clock.ts'
import { EngineError } from '../../kernel/engine-error.ts'
import { isId } from '../../kernel/ids.ts'
import type { Mode } from '../../kernel/scope.ts'
import type { Dialect } from '../dialect.ts'
import type { HouseCall } from './find-object.ts'
import { name as houseName } from './name.ts'
import { instantShown } from './wire.ts'

/** An api key as it is shown: everything but the key. */
export const apiKeyObject = z.object({
  id: z.string(),
  object: z.literal('api_key'),
  dialect: z.string(),
  kind: z.enum(apiKeyTypes),
  name: z.string(),
  hint: z.string(),
  scopes: z.array(z.enum(apiScopes)),
  ip_allow: z.array(z.string()).nullable(),
  status: z.enum(apiKeyStates),
  created_at: instantShown,
  expires_at: instantShown.nullable(),
  last_used_at: instantShown.nullable(),
  revoked_at: instantShown.nullable(),
  rotated_from: z.string().nullable(),
  replaced_by: z.string().nullable(),
  livemode: z.boolean(),
})

/** A key as making it answers with it: `key` is its text, once; null where the answer is given again. */
export const apiKeyWithText = apiKeyObject.extend({ key: z.string().nullable() })

/** The house form of an api key, with the status that it has at an instant of real time. */
export function apiKeyShown(key: ApiKey, realNow: Instant): z.output<typeof apiKeyObject> {
  return {
    id: key.id,
    object: 'api_key',
    dialect: key.dialect,
    kind: key.kind,
    name: key.name,
    hint: key.hint,
    scopes: [...key.scopes],
    ip_allow: key.ipAllow && [...key.ipAllow],
    status: stateOfKey(key, realNow),
    created_at: key.createdAt,
    expires_at: key.expiresAt,
    last_used_at: key.lastUsedAt,
    revoked_at: key.revokedAt,
    rotated_from: key.rotatedFrom,
    replaced_by: key.replacedBy,
    livemode: key.mode === 'live',
  }
}

/** A key that was just made: the text, to be shown once, and what is stored of it. */
export interface MadeKey {
  readonly text: string
  readonly keyHash: string
  /** The last four characters. */
  readonly hint: string
}

/**
 * Makes a key in the form of a dialect. Refuses a dialect that is not installed, and a publishable key of another than
 * the house API: the others know none.
 */
export function makeKey(
  dialects: readonly Dialect[],
  { dialect: wanted, kind, mode }: { readonly dialect: string; readonly kind: ApiKeyType; readonly mode: Mode },
): MadeKey {
  const dialect = dialects.find(({ name }) => name === wanted)
  if (!dialect) {
    throw invalidField('dialect', `dialect must be one of ${dialects.map(({ name }) => name).join(', ')}.`)
  }
  if (kind === 'publishable' && wanted !== houseName) {
    throw invalidField('kind', `kind must be secret: only the dialect ${houseName} has publishable keys.`)
  }
  const text = wanted === houseName ? newHouseKey(kind, mode) : dialect.newCredentials(mode).apiKey
  return { text, keyHash: hashOfKey(text), hint: text.slice(-4) }
}

/** Finds a key of the merchant, of whatever dialect, by its id. Refuses `not_found`, also for another merchant's key. */
export async function findApiKey({ services, principal }: HouseCall, id: string): Promise<ApiKey> {
  const found = isId('key', id) ? await services.engine.access.findApiKey(principal.scope, id) : undefined
  if (found) return found
  throw new EngineError('not_found', 'api_key_not_found', { field: 'id', message: 'There is no API key with this id.' })
}
