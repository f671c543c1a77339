/*
 * When keys were last used, without a write for each request.
 * States of a key's use: noted (in memory, bounded) → written by the next flush, all of them in one statement.
 * A use is noted only when the row is a minute behind, so a busy key costs a write a minute, however many requests it
 * carries and however many processes it is used at. What is lost (a crash, a full memory, a failed flush) is noted
 * again at the key's next use.
 */
import type { Instant } from '../../kernel/clock.ts'
import type { PurgePool } from '../commit/idempotency-queries.ts'
import type { ApiKey } from './api-key.ts'
import { type KeyUse, recordKeyUses } from './api-key-queries.ts'

/** The memory of uses that are not written yet. */
export interface LastUsed {
  /** Notes that a key, as it was just read, is used now. */
  note(key: ApiKey, realNow: Instant): void
  /** Writes what was noted; answers how many rows that changed. Throws when the database refuses; nothing is kept then. */
  flush(): Promise<number>
}

/** What `last_used_at` may lag behind. */
const lagMs = 60_000
/** Keys that wait for the next flush. */
const notedMax = 10_000

/** Creates an empty memory. */
export function createLastUsed(pool: PurgePool): LastUsed {
  let noted = new Map<string, KeyUse>()
  return {
    note: (key, realNow) => {
      const { merchantId, mode, id, lastUsedAt } = key
      if (lastUsedAt !== null && realNow - lastUsedAt < lagMs) return
      if (noted.size >= notedMax && !noted.has(id)) return
      noted.set(id, { merchantId, mode, id, usedAt: realNow })
    },
    flush: async () => {
      if (noted.size === 0) return 0
      const uses = [...noted.values()]
      noted = new Map()
      return await recordKeyUses(pool, uses, lagMs)
    },
  }
}
