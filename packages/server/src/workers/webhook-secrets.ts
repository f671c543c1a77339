import { secretContext, type WebhookEndpoint } from '../engine/index.ts'
import type { Instant } from '../kernel/clock.ts'
import type { Vault } from '../platform/vault.ts'

/** Opened secrets that are kept, at most. */
const secretsMax = 1_000

/** The secrets of an endpoint that are valid at an instant of its mode's clock, the newest first. */
export type SecretReader = (endpoint: WebhookEndpoint, now: Instant) => readonly string[]

/**
 * Opens signing secrets and keeps the ones used last. A secret that is rotated has a new sealed text, so what is kept
 * can never be out of date. The function throws `VaultError` for one that does not open.
 */
export function createSecretReader(vault: Pick<Vault, 'open'>): SecretReader {
  const opened = new Map<string, string>()
  const open = (sealed: string, context: string): string => {
    // The context is part of the key: a sealed text copied to another merchant's row must be refused, not found here.
    const key = `${context} ${sealed}`
    const secret = opened.get(key) ?? vault.open(sealed, context)
    // Inserted again, so that the map's first key is the one not used for longest.
    opened.delete(key)
    opened.set(key, secret)
    const oldest = opened.keys().next().value
    if (opened.size > secretsMax && oldest !== undefined) opened.delete(oldest)
    return secret
  }
  return (endpoint, now) => {
    const { sealedSecret, previousSealedSecret, previousSecretUntil } = endpoint
    const context = secretContext(endpoint, endpoint.dialect)
    const newest = open(sealedSecret, context)
    const overlaps = previousSealedSecret !== null && previousSecretUntil !== null && now < previousSecretUntil
    return overlaps ? [newest, open(previousSealedSecret, context)] : [newest]
  }
}
