import { endpointTestEventType } from '../../../engine/index.ts'
import { reply } from '../../../http/endpoint.ts'
import { EngineError } from '../../../kernel/engine-error.ts'
import { eventObject, eventShown } from '../event-object.ts'
import { assertTestable } from '../webhook-endpoint-object.ts'
import { defineEndpoint, idempotencyFor, idParams, noQuery, refuseBody, replayHeaders } from './define-endpoint.ts'

export const sendTestEvent = defineEndpoint({
  method: 'POST',
  path: '/webhook_endpoints/:id/test',
  operation: 'webhookEndpoints.sendTestEvent',
  summary: 'Send a test event',
  description:
    'Records an event `webhook_endpoint.test` and delivers it to this endpoint alone, whatever types it asks for; see what came of it in the list of deliveries. A dialect whose webhooks know no such event is refused. Takes no body.',
  scopes: ['webhook_endpoints:write'],
  params: idParams,
  query: noQuery,
  response: { 201: eventObject },
  errors: ['invalid_request', 'not_found', 'invalid_state', 'idempotency_mismatch'],
  idempotent: true,
  async handler({ params }, call) {
    refuseBody(call)
    const { scope } = call.principal
    const { webhooks, events } = call.services.engine
    const { id } = await assertTestable(call, params.id)
    const outcome = await webhooks.sendTestEvent(scope, id, idempotencyFor(call, 'send_test_event'))
    // The event is written with the revision that this very command gave the endpoint.
    const event = await events.ofRevision(scope, id, endpointTestEventType, outcome.result.revision + 1)
    if (!event) throw new EngineError('internal', 'test_event_missing')
    const [sequence = 1] = await events.objectSequences([event])
    return reply(201, eventShown(event, sequence), replayHeaders(outcome))
  },
})
