import { type Committer, type CommitterOptions, createCommitter } from '../../src/engine/commit/committer.ts'
import type { Store } from '../../src/engine/commit/store.ts'
import { createManualClock, type ManualClock } from '../../src/kernel/clock.ts'
import { EngineError } from '../../src/kernel/engine-error.ts'
import { createIdSource, type RandomSource } from '../../src/kernel/ids.ts'

/** A committer over any store, with one clock that stands still for both modes and ids that repeat themselves. */
export interface TestCommitter {
  readonly committer: Committer
  readonly clock: ManualClock
  /** Sizes of the groups so far, in order. */
  readonly groups: number[]
  /** What was told to `onDefect`. */
  readonly defects: unknown[]
}

/** Where the test committer's clock starts: Saturday, 21 November 2026, 09:40:14 UTC. */
export const committerStartAt = Date.UTC(2026, 10, 21, 9, 40, 14)

/** Builds a committer with one group in flight at once over `store`; `given` replaces single options. */
export function createTestCommitter(store: Store, given: Partial<CommitterOptions> = {}, seed = 1): TestCommitter {
  const clock = createManualClock(committerStartAt)
  const random = repeatedRandom(seed)
  const ids = { live: createIdSource(random), sandbox: createIdSource(random) }
  const groups: number[] = []
  const defects: unknown[] = []
  const committer = createCommitter({
    store,
    sources: { now: () => clock.now(), newId: (mode, prefix) => ids[mode].newId(prefix, clock.now()) },
    metrics: { group: (size) => groups.push(size), waited: () => {}, answered: () => {} },
    groupsInFlightMax: 1,
    groupMax: 256,
    queueMax: 1_000,
    onCommitted: () => {},
    onDefect: (error) => defects.push(error),
    unavailableBackoffMs: [1, 2],
    ...given,
  })
  return { committer, clock, groups, defects }
}

/** Bytes from a linear congruence: the same in every run, different for every seed. */
function repeatedRandom(seed: number): RandomSource {
  let state = seed >>> 0
  return {
    bytes: (count) =>
      Uint8Array.from({ length: count }, () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
        return state >>> 24
      }),
  }
}

/** What each answer came to, in order: `accepted`, or the error's kind and code. */
export async function answersOf(answers: readonly Promise<unknown>[]): Promise<string[]> {
  return (await Promise.allSettled(answers)).map((answer) => {
    if (answer.status === 'fulfilled') return 'accepted'
    const { reason } = answer
    return reason instanceof EngineError ? `${reason.kind} ${reason.code}` : String(reason)
  })
}

/** A store whose commits wait until they are let through, so that a test sees a group in flight. */
export function gated(store: Store): { store: Store; open: () => void } {
  const gate = Promise.withResolvers<void>()
  const begin = async () => {
    const tx = await store.begin()
    return {
      ...tx,
      commit: async (writes: Parameters<typeof tx.commit>[0]) => gate.promise.then(() => tx.commit(writes)),
    }
  }
  return { store: { ...store, begin }, open: () => gate.resolve() }
}
