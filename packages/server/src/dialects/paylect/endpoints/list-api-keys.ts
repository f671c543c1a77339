import { reply } from '../../../http/endpoint.ts'
import { apiKeyObject, apiKeyShown } from '../api-key-object.ts'
import { filterFrom, pageQuery } from '../list-query.ts'
import { listObject } from '../objects.ts'
import { defineEndpoint } from './define-endpoint.ts'

export const listApiKeys = defineEndpoint({
  method: 'GET',
  path: '/api_keys',
  operation: 'apiKeys.list',
  summary: 'List API keys',
  description:
    'Newest first, whatever dialect they are for, ended ones included. `after` and `before` are ids of keys.',
  scopes: ['api_keys:read'],
  query: pageQuery,
  response: { 200: listObject(apiKeyObject) },
  errors: ['invalid_request'],
  async handler({ query }, { services, principal }) {
    const { access, now } = services.engine
    const exists = async (id: string) => (await access.findApiKey(principal.scope, id)) !== undefined
    const { limit, after, before } = await filterFrom(query, exists)
    const { items, hasMore } = await access.listApiKeys(principal.scope, { limit, after, before })
    const realNow = now('live')
    const data = items.map((key) => apiKeyShown(key, realNow))
    return reply(200, { object: 'list' as const, data, has_more: hasMore })
  },
})
