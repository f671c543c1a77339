import type { Instant } from '../../kernel/clock.ts'
import type { Scope } from '../../kernel/scope.ts'
import { insert } from '../commit/changes.ts'
import { accept, defineCommand } from '../commit/command.ts'
import { defineKind, type FactRef, factByKey, type ScopedRow } from '../commit/kind.ts'

/** The mark that a past has been loaded for a merchant. */
export interface LoadedPast extends ScopedRow {
  /** What the past is known by. */
  readonly hash: string
  readonly loadedAt: Instant
}

/** Loaded pasts as a kind. */
export const loadedPastKind = defineKind<LoadedPast>({
  name: 'loaded_past',
  table: 'loaded_pasts',
  order: 21,
  columns: { merchantId: 'text', mode: 'text', hash: 'text', loadedAt: 'instant' },
  primaryKey: ['merchantId', 'mode', 'hash'],
  immutable: true,
})

/** Names the mark of a past. */
export function loadedPastFact(scope: Scope, hash: string): FactRef<LoadedPast> {
  return factByKey(loadedPastKind, [scope.merchantId, scope.mode, hash])
}

/** Leaves the mark that a past has been loaded. */
export const markPastLoaded = defineCommand({
  name: 'mark_past_loaded',
  facts: (c: { readonly scope: Scope; readonly hash: string }) => ({ loaded: loadedPastFact(c.scope, c.hash) }),
  decide({ loaded }, c, ctx) {
    if (loaded) return accept(loaded, [])
    const mark: LoadedPast = { ...ctx.scope, hash: c.hash, loadedAt: ctx.now }
    return accept(mark, [insert(loadedPastKind, mark)])
  },
})
