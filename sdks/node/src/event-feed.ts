import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError, ConnectionError, type PaylectError, RateLimitError, ServerError, TimeoutError } from './errors.ts'
import { EventsResource } from './generated/resources.ts'
import type { EventsListParams } from './generated/types.ts'
import type { List } from './list.ts'
import { retryDelayMs } from './retry.ts'
import type { CallOptions } from './transport.ts'
import type { PaylectEvent } from './webhook-event.ts'

const waitSecondsDefault = 30
const eventsPerPage = 100
/** At up to eight seconds between tries, this outlasts an upgrade of the gateway. */
const failuresInARowMaxDefault = 60
/** More doublings than the longest wait has. */
const doublingsMax = 10

/** How the feed is followed. */
export interface StreamOptions {
  /** The `number` of the last event that you have dealt with; 0, or left out, for the beginning. */
  readonly after?: number | undefined
  /** Ends the stream: the loop over it is left without an error. */
  readonly signal?: AbortSignal | undefined
  /** How long the gateway holds a call open while nothing happens, 0 to 30 seconds; 30 unless given. */
  readonly waitSeconds?: number | undefined
  /** After how many failed calls in a row the stream throws the last error; 60 unless given. */
  readonly failuresInARowMax?: number | undefined
}

/** The complete record of what happened. */
export class EventFeed extends EventsResource {
  override list(params: EventsListParams = {}, options: CallOptions = {}): List<PaylectEvent> {
    return super.list(params, options) as List<PaylectEvent>
  }

  override async get(id: string, options: CallOptions = {}): Promise<PaylectEvent> {
    return (await super.get(id, options)) as PaylectEvent
  }

  /**
   * Follows the feed: every event after `after`, in order and without gaps, and then each new one as it happens, until
   * `signal` ends it. Store the `number` of each event when you have dealt with it; start there after a crash. A gateway
   * that cannot be reached for a while is waited for. Throws `ApiError` when the gateway refuses, `PaylectError` when it
   * stays away.
   */
  async *stream(options: StreamOptions = {}): AsyncGenerator<PaylectEvent, void, undefined> {
    const { signal, waitSeconds = waitSecondsDefault, failuresInARowMax = failuresInARowMaxDefault } = options
    let after = options.after ?? 0
    let failures = 0
    while (!signal?.aborted) {
      try {
        const list = this.list({ after: String(after), wait: waitSeconds, limit: eventsPerPage }, { signal })
        const { data } = await list.page()
        failures = 0
        for (const event of data) {
          if (signal?.aborted) return
          yield event
          after = event.number
        }
      } catch (error) {
        if (signal?.aborted) return
        failures += 1
        if (!isPassing(error) || failures > failuresInARowMax) throw error
        await pause(failures, error, signal)
      }
    }
  }
}

/** Whether it may be better in a while. */
function isPassing(error: unknown): error is PaylectError {
  const passing = [ConnectionError, TimeoutError, RateLimitError, ServerError]
  return passing.some((kind) => error instanceof kind)
}

async function pause(failures: number, error: PaylectError, signal: AbortSignal | undefined): Promise<void> {
  const retryAfterMs = error instanceof ApiError ? error.retryAfterMs : undefined
  const delayMs = retryDelayMs(Math.min(failures, doublingsMax), retryAfterMs)
  // An aborted wait ends the loop at its head.
  await sleep(delayMs, undefined, signal ? { signal } : {}).catch(() => undefined)
}
