import type { Instant } from '../../kernel/clock.ts'
import { EngineError } from '../../kernel/engine-error.ts'
import { isInNetworks } from '../../platform/ip-networks.ts'
import { readRow } from '../commit/read-row.ts'
import type { Store } from '../commit/store.ts'
import { type ApiKey, apiKeyByHashFact, hashOfKey, stateOfKey } from './api-key.ts'

/** A key as it was presented: for which dialect, and from which address. */
export interface PresentedKey {
  readonly key: string
  readonly dialect: string
  readonly ip: string
}

/**
 * Finds the row of a key that is valid now. Throws `unauthenticated` for every other key, in the same words whatever is
 * wrong with it, and `forbidden` for a caller from outside the key's networks.
 *
 * The look-up takes no constant time, and need not: what the index compares is the SHA-256 of what was presented. Whoever
 * measures how far two hashes agree learns nothing that helps to present a text with a closer hash, let alone the key.
 */
export async function authenticate(
  store: Pick<Store, 'read'>,
  realNow: Instant,
  { key, dialect, ip }: PresentedKey,
): Promise<ApiKey> {
  const found = await readRow(store, apiKeyByHashFact(hashOfKey(key)))
  if (found?.dialect !== dialect || stateOfKey(found, realNow) !== 'active') throw apiKeyInvalid()
  if (found.ipAllow === null || isInNetworks(ip, found.ipAllow)) return found
  throw new EngineError('forbidden', 'ip_not_allowed', {
    message: `This key may not be used from the address ${ip}.`,
  })
}

/** The refusal of a key that is no good, in the same words whatever is wrong with it. */
export function apiKeyInvalid(): EngineError {
  return new EngineError('unauthenticated', 'api_key_invalid', {
    message: 'The API key is unknown or no longer valid.',
  })
}
