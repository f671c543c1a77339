import type { Instant } from '../../kernel/clock.ts'
import type { Scope } from '../../kernel/scope.ts'
import { insert, update } from '../commit/changes.ts'
import { accept, type Decision, defineCommand, refuse } from '../commit/command.ts'
import { type ApiKey, apiKeyFact, apiKeyKind, stateOfKey } from './api-key.ts'
import { type Granted, grantorFact, refusalToGrant } from './grantor.ts'
import { newApiKey } from './issue-credentials.ts'
import { apiKeyNotFound } from './revoke-api-key.ts'

/** The longest time for which a key and the one that replaces it may both work. */
export const overlapMaxMs = 30 * 24 * 3_600_000

/** A key to be replaced by another one, whose text the caller made and shows once. */
export interface KeyToRotate extends Granted {
  /** The key that is replaced. */
  readonly id: string
  readonly keyHash: string
  readonly hint: string
  /** For how long both work, in real time: none to 30 days. */
  readonly overlapMs: number
}

/** `KeyToRotate` with whose it is and what time it really is. */
export interface RotateApiKey extends KeyToRotate {
  readonly scope: Scope
  readonly realNow: Instant
}

/** Both keys of a rotation. */
export interface RotatedKey {
  readonly replacement: ApiKey
  readonly replaced: ApiKey
}

/**
 * Makes a key with the same name, scopes and networks as another one, which ends after the overlap, or at its own end if
 * that comes first. The new key lives as long from now as the old one was made to live. Refuses to replace a key that has
 * ended or was replaced before, and one with scopes that the key that asks lacks: who asks gets to know the new key.
 */
export const rotateApiKey = defineCommand({
  name: 'rotate_api_key',
  facts: (c: RotateApiKey) => ({ old: apiKeyFact(c.scope, c.id), grantor: grantorFact(c.scope, c) }),
  asked: ({ scope, id, overlapMs }) => ({ scope, id, overlapMs }),
  decide({ old, grantor }, c, ctx) {
    if (!old) return apiKeyNotFound()
    const { realNow, overlapMs } = c
    const refusal = refusalOfRotation(old, c) ?? refusalToGrant(grantor, c, old.scopes, realNow)
    if (refusal) return refusal
    const { dialect, kind, name, scopes, ipAllow } = old
    const replacement: ApiKey = {
      ...newApiKey({ dialect, kind, name, scopes, keyHash: c.keyHash, hint: c.hint }, ctx),
      ipAllow,
      createdAt: realNow,
      expiresAt: old.expiresAt === null ? null : realNow + Math.max(old.expiresAt - old.createdAt, overlapMs),
      rotatedFrom: old.id,
    }
    const expiresAt = Math.min(old.expiresAt ?? Number.POSITIVE_INFINITY, realNow + overlapMs)
    const replaced: ApiKey = { ...old, expiresAt, replacedBy: replacement.id }
    return accept<RotatedKey>({ replacement, replaced }, [
      insert(apiKeyKind, replacement),
      update(apiKeyKind, replaced),
    ])
  },
})

function refusalOfRotation(old: ApiKey, { overlapMs, realNow }: RotateApiKey): Decision<never> | undefined {
  if (!Number.isInteger(overlapMs) || overlapMs < 0 || overlapMs > overlapMaxMs) {
    return refuse('invalid_request', 'overlap_out_of_range', {
      field: 'overlap',
      message: 'overlap must be none to 30 days.',
    })
  }
  const state = stateOfKey(old, realNow)
  if (state !== 'active') {
    const message = `This key is ${state}; create a new one.`
    return refuse('invalid_state', 'api_key_not_active', { message })
  }
  if (old.replacedBy === null) return undefined
  const message = `This key was replaced before, by ${old.replacedBy}; rotate that one.`
  return refuse('invalid_state', 'api_key_replaced', { message })
}
