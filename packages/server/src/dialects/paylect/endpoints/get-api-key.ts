import { reply } from '../../../http/endpoint.ts'
import { apiKeyObject, apiKeyShown, findApiKey } from '../api-key-object.ts'
import { defineEndpoint, idParams, noQuery } from './define-endpoint.ts'

export const getApiKey = defineEndpoint({
  method: 'GET',
  path: '/api_keys/:id',
  operation: 'apiKeys.get',
  summary: 'Read an API key',
  description: 'Everything about it but its text. `last_used_at` is behind by up to about a minute.',
  scopes: ['api_keys:read'],
  params: idParams,
  query: noQuery,
  response: { 200: apiKeyObject },
  errors: ['invalid_request', 'not_found'],
  handler: async ({ params }, call) =>
    reply(200, apiKeyShown(await findApiKey(call, params.id), call.services.engine.now('live'))),
})
