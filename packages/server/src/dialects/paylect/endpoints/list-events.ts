import * as z from 'zod'
import { feedWaitMaxMs } from '../../../engine/index.ts'
import { reply } from '../../../http/endpoint.ts'
import { pageLimit } from '../../../http/pagination.ts'
import { eventObject, eventShown } from '../event-object.ts'
import { listObject } from '../objects.ts'
import { amountShown, eventCursorGiven, secondsGiven } from '../wire.ts'
import { defineEndpoint } from './define-endpoint.ts'

const eventsDefault = 20
const waitMaxSeconds = feedWaitMaxMs / 1000

export const listEvents = defineEndpoint({
  method: 'GET',
  path: '/events',
  operation: 'events.list',
  summary: 'Read the feed of events',
  description:
    'The complete record of what happened, oldest first, whatever dialect it happened through. `after` is the `number` of the last event that you have seen (0, or left out, for the beginning); keep the answer’s `next` for the next call. With `wait` (seconds, up to 30) an answer that would be empty comes when something happens, or when the time is over.',
  scopes: ['events:read'],
  query: z.strictObject({
    after: eventCursorGiven.default(0n),
    limit: pageLimit(eventsDefault),
    wait: secondsGiven(waitMaxSeconds).default(0),
  }),
  response: { 200: listObject(eventObject).extend({ next: amountShown }) },
  errors: ['invalid_request'],
  examples: [{ name: 'what comes next', request: { query: { after: '4', wait: '30' } } }],
  async handler({ query: { after, limit, wait } }, { services, principal }) {
    const { items, hasMore } = await services.engine.events.feed(principal.scope, { after, limit, waitMs: wait * 1000 })
    const sequences = await services.engine.events.objectSequences(items)
    const data = items.map((event, index) => eventShown(event, sequences[index] ?? 1))
    const next = items.at(-1)?.number ?? after
    return reply(200, { object: 'list' as const, data, has_more: hasMore, next })
  },
})
