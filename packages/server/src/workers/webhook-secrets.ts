import { secretContext, type WebhookEndpoint } from '../engine/index.ts'
import type { Vault } from '../platform/vault.ts'

/** Opened secrets that are kept, at most. */
const secretsMax = 1_000

/**
 * Opens signing secrets and keeps the ones used last. A secret that is rotated has a new sealed text, so what is kept
 * can never be out of date. The function throws `VaultError` for one that does not open.
 */
export function createSecretReader(vault: Pick<Vault, 'open'>): (endpoint: WebhookEndpoint) => string {
  const opened = new Map<string, string>()
  return (endpoint) => {
    // The context is part of the key: a sealed text copied to another merchant's row must be refused, not found here.
    const context = secretContext(endpoint, endpoint.dialect)
    const key = `${context} ${endpoint.sealedSecret}`
    const secret = opened.get(key) ?? vault.open(endpoint.sealedSecret, context)
    // Inserted again, so that the map's first key is the one not used for longest.
    opened.delete(key)
    opened.set(key, secret)
    const oldest = opened.keys().next().value
    if (opened.size > secretsMax && oldest !== undefined) opened.delete(oldest)
    return secret
  }
}
