/*
 * Commands that become true together or not at all: one store transaction, one working set, one write at the end.
 *
 * States of a try: deciding (facts are loaded as commands need them, and locked; nothing is written) → writing (everything
 * at once) → committed. A command that is refused, or a script that throws, ends the try with a rollback. After a lost race
 * or a deadlock, for which the store vouches that nothing was committed, the script runs again from its beginning.
 */
import type { Instant } from '../../kernel/clock.ts'
import type { IdSource } from '../../kernel/ids.ts'
import type { Command, ScopedInput } from './command.ts'
import { decideNext } from './group.ts'
import { type Store, StoreError } from './store.ts'
import { createWorkingSet } from './working-set.ts'

/**
 * Decides a command at `now`, over the rows as the commands before it left them, and answers its result. Throws the
 * `EngineError` of a refusal.
 */
export type Decide = <Input extends ScopedInput, Refs, More, Result>(
  command: Command<Input, Refs, More, Result>,
  input: Input,
  now: Instant,
) => Promise<Result>

/** How often a script runs again after a lost race or a deadlock. */
const retriesMax = 3

/**
 * Runs a script of commands in one transaction and resolves with its result once everything is durable. What it throws
 * leaves nothing behind. The commands' times are the script's; their jobs are dropped, so that nothing outside happens: no
 * rail is called and no webhook is sent. Events stand in the feed. Throws a `StoreError` when the store cannot commit.
 */
export async function commitTogether<Result>(
  store: Store,
  ids: IdSource,
  script: (decide: Decide) => Promise<Result>,
): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await runOnce(store, ids, script)
    } catch (error) {
      const again = error instanceof StoreError && (error.failure === 'lost_race' || error.failure === 'retry')
      if (!again || tries > retriesMax) throw error
    }
  }
}

async function runOnce<Result>(
  store: Store,
  ids: IdSource,
  script: (decide: Decide) => Promise<Result>,
): Promise<Result> {
  const working = createWorkingSet()
  const tx = await store.begin()
  const decide: Decide = async (command, input, now) => {
    const sources = {
      now: () => now,
      newId: (_mode: unknown, prefix: Parameters<IdSource['newId']>[0]) => ids.newId(prefix, now),
    }
    const answer = await decideNext(working, tx, { command, input, idempotency: undefined }, sources as never)
    if (answer.is === 'result') return answer.result as never
    throw answer.is === 'deferred' ? new Error('a command was deferred although it is alone') : answer.error
  }
  let result: Result
  try {
    result = await script(decide)
  } catch (error) {
    await tx.rollback()
    throw error
  }
  // A failed commit has rolled back and ended the transaction by itself.
  await tx.commit({ ...working.writes(), jobs: [], outbox: [] })
  return result
}
