import { canonicalHash } from '../../kernel/canonical-json.ts'
import type { Instant } from '../../kernel/clock.ts'
import type { Scope } from '../../kernel/scope.ts'
import { defineKind, type FactRef, factByKey, type RevisedRow } from './kind.ts'

/** A caller's promise that two requests are one: the key it chose, the operation, and how long the reply is kept. */
export interface Idempotency {
  /** Keeps one caller's keys apart by what they are used for, for example `monetiflow:create_payment`. */
  readonly operation: string
  readonly key: string
  /** How long the reply is kept, in milliseconds of the merchant's clock. */
  readonly keptMs: number
}

/** The record of an accepted command: what was asked (as a hash) and what was answered. A refusal leaves none. */
export interface IdempotencyRecord extends RevisedRow {
  readonly operation: string
  readonly key: string
  /** SHA-256 of the canonical command. */
  readonly requestHash: string
  /** The result in canonical JSON, given again to a replay. */
  readonly result: unknown
  readonly createdAt: Instant
  readonly expiresAt: Instant
}

/** Idempotency records as a kind. */
export const idempotencyKind = defineKind<IdempotencyRecord>({
  name: 'idempotency_record',
  table: 'idempotency_records',
  order: 10,
  columns: {
    merchantId: 'text',
    mode: 'text',
    operation: 'text',
    key: 'text',
    requestHash: 'text',
    result: 'json',
    createdAt: 'instant',
    expiresAt: 'instant',
    revision: 'integer',
  },
  primaryKey: ['merchantId', 'mode', 'operation', 'key'],
})

/** Names the record of a key. */
export function idempotencyFact(scope: Scope, idempotency: Idempotency): FactRef<IdempotencyRecord> {
  return factByKey(idempotencyKind, [scope.merchantId, scope.mode, idempotency.operation, idempotency.key])
}

/** The hash that two requests under one key must share. Only what the caller sent counts, not what we derived. */
export function requestHashOf(command: string, input: unknown): string {
  return canonicalHash({ command, input })
}
