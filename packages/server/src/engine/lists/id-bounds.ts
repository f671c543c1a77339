import type { Instant } from '../../kernel/clock.ts'
import { base32FromBytes } from '../../kernel/ids.ts'

/**
 * How far the time inside an id may stand from the `createdAt` of its row: an id source that is asked a moment later, or
 * whose clock was set back a little, keeps its ids in order by running ahead. The exact times are compared as well.
 */
const slackMs = 60_000
const timeBytes = 6
const idBytes = 16
const latestMs = 2 ** 48 - 1

/** The least body that an id made `slackMs` before the instant can have: no row from the instant on lies below it. */
export function leastIdFrom(instant: Instant): string {
  return bodyAt(instant - slackMs)
}

/** A body above that of every id whose row was created before the instant. */
export function greatestIdBefore(instant: Instant): string {
  return bodyAt(instant + slackMs)
}

function bodyAt(instant: Instant): string {
  const bytes = Buffer.alloc(idBytes)
  bytes.writeUIntBE(Math.min(Math.max(Math.floor(instant), 0), latestMs), 0, timeBytes)
  return base32FromBytes(bytes)
}
