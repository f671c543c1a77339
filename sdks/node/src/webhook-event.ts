import type { Event } from './generated/types.ts'

/** Ties the type of an event to the form of its `data`. */
type EventAbout<Data> = Data extends { readonly object: infer Name extends string }
  ? Omit<Event, 'type' | 'data'> & { readonly type: `${Name}.${string}`; readonly data: Data }
  : never

/**
 * An event, in the feed or as a webhook. `event.type === 'refund.failed'` tells TypeScript that `event.data` is a
 * refund. New types may appear: leave what you do not know alone, and answer 200.
 */
export type PaylectEvent = EventAbout<Event['data']>
