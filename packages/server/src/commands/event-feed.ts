import { setTimeout as sleep } from 'node:timers/promises'
import { printNote } from './command-output.ts'
import { HouseApiError, type HouseClient } from './house-client.ts'
import type { HouseEvent, HouseFeed } from './house-objects.ts'

const pageEvents = 100
const waitSeconds = 25
/** Every step doubles or halves a distance below the greatest cursor, 18 digits. */
const searchStepsMax = 128
const cursorMax = 10n ** 17n
/** A gateway that restarts is waited for this often, with this pause. */
const reconnectsMax = 60
const reconnectPauseMs = 2_000

/**
 * The number of the newest event, 0 where there is none. The feed is read from its beginning, so the end is searched for
 * by halving: some twenty short questions for a million events.
 */
export async function newestEventNumber(client: HouseClient): Promise<number> {
  let known = 0n
  let beyond = 1n
  let steps = 0
  for (; (await hasEventAfter(client, beyond - 1n)) && beyond < cursorMax; beyond *= 2n) {
    known = beyond
    steps += 1
  }
  for (; beyond - known > 1n && steps < searchStepsMax; steps += 1) {
    const middle = (known + beyond) / 2n
    if (await hasEventAfter(client, middle - 1n)) known = middle
    else beyond = middle
  }
  return Number(known)
}

async function hasEventAfter(client: HouseClient, after: bigint): Promise<boolean> {
  try {
    return (await client.get<HouseFeed>('/events', { after: String(after), limit: 1 })).data.length > 0
  } catch (error) {
    if (error instanceof HouseApiError && error.code === 'event_cursor_ahead') return false
    throw error
  }
}

/** What is followed. */
export interface FollowOptions {
  /** The number of the last event that was seen. */
  readonly after: number
  /** Only these types; without it, all. */
  readonly types?: readonly string[] | undefined
  /** Ends after so many events; without it, never. */
  readonly count?: number | undefined
}

/**
 * The events behind a number, as they happen, in their order and without gaps. A gateway that goes away for a while is
 * waited for; the first question must be answered, so that a wrong address is told at once.
 */
export async function* followEvents(client: HouseClient, options: FollowOptions): AsyncGenerator<HouseEvent> {
  let { after } = options
  let left = options.count ?? Number.POSITIVE_INFINITY
  let answered = false
  for (let failures = 0; left > 0; ) {
    let page: HouseFeed
    try {
      page = await client.get<HouseFeed>('/events', { after, limit: pageEvents, wait: waitSeconds })
      answered = true
      failures = 0
    } catch (error) {
      failures += 1
      const passes = !(error instanceof HouseApiError) || error.status >= 500
      if (!answered || !passes || failures > reconnectsMax) throw error
      if (failures === 1) printNote(`The gateway is away; trying again every ${reconnectPauseMs / 1000} seconds …`)
      await sleep(reconnectPauseMs)
      continue
    }
    for (const event of page.data) {
      after = event.number
      if (options.types && !options.types.includes(event.type)) continue
      yield event
      left -= 1
      if (left <= 0) return
    }
  }
}
