import { reply } from '../../../http/endpoint.ts'
import { apiKeyObject, apiKeyShown, findApiKey } from '../api-key-object.ts'
import { defineEndpoint, idempotencyFor, idParams, noQuery, refuseBody, replayHeaders } from './define-endpoint.ts'

export const revokeApiKey = defineEndpoint({
  method: 'POST',
  path: '/api_keys/:id/revoke',
  operation: 'apiKeys.revoke',
  summary: 'Revoke an API key',
  description:
    'Ends a key at once and for good; also the key that the call is made with. A key that was revoked before is answered as it is. Takes no body.',
  scopes: ['api_keys:write'],
  params: idParams,
  query: noQuery,
  response: { 200: apiKeyObject },
  errors: ['invalid_request', 'not_found', 'idempotency_mismatch'],
  idempotent: true,
  async handler({ params }, call) {
    refuseBody(call)
    const { id } = await findApiKey(call, params.id)
    const { engine } = call.services
    const idempotency = idempotencyFor(call, 'revoke_api_key')
    const outcome = await engine.access.revokeApiKey(call.principal.scope, id, idempotency)
    return reply(200, apiKeyShown(outcome.result, engine.now('live')), replayHeaders(outcome))
  },
})
