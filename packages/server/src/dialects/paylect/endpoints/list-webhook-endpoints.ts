import { reply } from '../../../http/endpoint.ts'
import { filterFrom, pageQuery } from '../list-query.ts'
import { listObject } from '../objects.ts'
import { webhookEndpointObject, webhookEndpointShown } from '../webhook-endpoint-object.ts'
import { defineEndpoint } from './define-endpoint.ts'

export const listWebhookEndpoints = defineEndpoint({
  method: 'GET',
  path: '/webhook_endpoints',
  operation: 'webhookEndpoints.list',
  summary: 'List webhook endpoints',
  description:
    'Newest first, of every dialect, without their secrets. One whose `url` is null only lends its secret to the addresses that objects bring themselves.',
  scopes: ['webhook_endpoints:read'],
  query: pageQuery,
  response: { 200: listObject(webhookEndpointObject) },
  errors: ['invalid_request'],
  async handler({ query }, { services, principal }) {
    const { webhooks } = services.engine
    const exists = async (id: string) => (await webhooks.findEndpoint(principal.scope, id)) !== undefined
    const { items, hasMore } = await webhooks.listEndpoints(principal.scope, await filterFrom(query, exists))
    return reply(200, { object: 'list' as const, data: items.map(webhookEndpointShown), has_more: hasMore })
  },
})
