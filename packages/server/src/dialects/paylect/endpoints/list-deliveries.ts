import * as z from 'zod'
import { deliveryTransitions, eventTypes } from '../../../engine/index.ts'
import { reply } from '../../../http/endpoint.ts'
import { invalidField } from '../../../http/field-errors.ts'
import { pageLimit } from '../../../http/pagination.ts'
import { statesOf } from '../../../kernel/transitions.ts'
import { deliveryObject, deliveryShown } from '../delivery-object.ts'
import { findWebhookEndpoint } from '../find-object.ts'
import { filterFrom } from '../list-query.ts'
import { listObject } from '../objects.ts'
import { instantFilter, textGiven } from '../wire.ts'
import { defineEndpoint } from './define-endpoint.ts'

const deliveriesDefault = 20

export const listDeliveries = defineEndpoint({
  method: 'GET',
  path: '/deliveries',
  operation: 'deliveries.list',
  summary: 'List deliveries',
  description:
    'The log of webhooks, newest first. `after` and `before` are ids of deliveries. A pending one whose `next_attempt_at` is null waits for its paused endpoint.',
  scopes: ['deliveries:read'],
  query: z.strictObject({
    limit: pageLimit(deliveriesDefault),
    after: textGiven().optional(),
    before: textGiven().optional(),
    endpoint_id: textGiven().optional(),
    status: z.enum(statesOf(deliveryTransitions)).optional(),
    event_type: z.enum(eventTypes).optional(),
    created_from: instantFilter.optional(),
    created_to: instantFilter.optional(),
  }),
  response: { 200: listObject(deliveryObject) },
  errors: ['invalid_request', 'not_found'],
  examples: [
    { name: 'what was given up', request: { query: { status: 'exhausted', event_type: 'payment.succeeded' } } },
  ],
  async handler({ query }, call) {
    const { services, principal } = call
    const { webhooks } = services.engine
    const { endpoint_id: endpointId, event_type: eventType, ...others } = query
    if (others.after !== undefined && others.before !== undefined) {
      throw invalidField('before', 'before must not be given together with after.')
    }
    if (endpointId !== undefined) await findWebhookEndpoint(call, endpointId, 'endpoint_id')
    const exists = async (id: string) => (await webhooks.delivery(principal.scope, id)) !== undefined
    const { limit, after, before, createdFrom, createdTo } = await filterFrom(others, exists)
    const filter = { limit, after, before, createdFrom, createdTo, endpointId, eventType, status: others.status }
    const { items, hasMore } = await webhooks.listDeliveries(principal.scope, filter)
    return reply(200, { object: 'list' as const, data: items.map(deliveryShown), has_more: hasMore })
  },
})
