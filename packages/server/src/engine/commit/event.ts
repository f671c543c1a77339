import type { Instant } from '../../kernel/clock.ts'
import type { Mode, Scope } from '../../kernel/scope.ts'
import { defineKind, type FactRef, factByKey, factByUnique, type ScopedRow } from './kind.ts'

/** A fact that merchants hear of. Written in the command's transaction, never edited. */
export interface EngineEvent extends ScopedRow {
  readonly id: string
  /** Gapless per merchant and mode, from 1: the order of the feed. */
  readonly number: bigint
  /** For example `payment.succeeded`. */
  readonly type: string
  readonly objectKind: string
  readonly objectId: string
  /** The object's revision after the change: a larger one is newer, so a receiver can drop what arrives late. */
  readonly objectRevision: number
  /** The object as it was then, with what the event adds, in canonical JSON. */
  readonly data: unknown
  readonly createdAt: Instant
}

/** Events as a kind. */
export const eventKind = defineKind<EngineEvent>({
  name: 'event',
  table: 'events',
  order: 800,
  columns: {
    merchantId: 'text',
    mode: 'text',
    id: 'text',
    number: 'bigint',
    type: 'text',
    objectKind: 'text',
    objectId: 'text',
    objectRevision: 'integer',
    data: 'json',
    createdAt: 'instant',
  },
  primaryKey: ['merchantId', 'mode', 'number'],
  uniques: { id: ['merchantId', 'mode', 'id'] },
  immutable: true,
})

/** Names an event as the outbox keeps it: merchant, mode, and its number as text. */
export type EventAddress = readonly [merchantId: string, mode: Mode, number: string]

/** The address of an event. */
export function eventAddress({ merchantId, mode, number }: EngineEvent): EventAddress {
  return [merchantId, mode, number.toString()]
}

/** Names an event by its number in the merchant's feed. */
export function eventFact(scope: Scope, number: bigint): FactRef<EngineEvent> {
  return factByKey(eventKind, [scope.merchantId, scope.mode, number])
}

/** Names an event by its id. */
export function eventByIdFact(scope: Scope, id: string): FactRef<EngineEvent> {
  return factByUnique(eventKind, 'id', [scope.merchantId, scope.mode, id])
}
