/** A moment as epoch milliseconds (UTC). The engine knows no other form of time; text forms belong to the dialects. */
export type Instant = number

/** A source of the present moment. Everything that depends on time takes one, so a test or the sandbox can set it. */
export interface Clock {
  now(): Instant
}

/** The machine's clock. The only place where the process reads real time for a decision. */
export const systemClock: Clock = { now: () => Date.now() }

/** A clock that stands still until it is moved: tests and the simulator use it. */
export interface ManualClock extends Clock {
  set(instant: Instant): void
  advance(ms: number): void
}

/** Makes a clock that starts at `start` and moves only by `set` and `advance`. */
export function createManualClock(start: Instant): ManualClock {
  let current = start
  return {
    now: () => current,
    set: (instant) => {
      current = instant
    },
    advance: (ms) => {
      current += ms
    },
  }
}

/** What was rendered last: the rows of one group share their moment, and a group renders it hundreds of times. */
let rendered: { readonly instant: Instant; readonly text: string } | undefined

/** Renders an instant as ISO 8601 in UTC with milliseconds, for example `2026-11-21T09:40:14.000Z`. */
export function isoFromInstant(instant: Instant): string {
  if (rendered?.instant !== instant) rendered = { instant, text: new Date(instant).toISOString() }
  return rendered.text
}
