import { reply } from '../../../http/endpoint.ts'
import { eventObject, eventShown } from '../event-object.ts'
import { findEvent } from '../find-object.ts'
import { defineEndpoint, idParams, noQuery } from './define-endpoint.ts'

export const getEvent = defineEndpoint({
  method: 'GET',
  path: '/events/:id',
  operation: 'events.get',
  summary: 'Read an event',
  description: 'As its webhook told it: `data` is the object as it was then.',
  scopes: ['events:read'],
  params: idParams,
  query: noQuery,
  response: { 200: eventObject },
  errors: ['invalid_request', 'not_found'],
  async handler({ params }, call) {
    const event = await findEvent(call, params.id)
    const [sequence = 1] = await call.services.engine.events.objectSequences([event])
    return reply(200, eventShown(event, sequence))
  },
})
