import * as z from 'zod'
import { type ResendMany, resentIdsMax } from '../../../engine/index.ts'
import { reply } from '../../../http/endpoint.ts'
import { findWebhookEndpoint } from '../find-object.ts'
import { instantGiven, textGiven } from '../wire.ts'
import { defineEndpoint, idempotencyFor, noQuery, replayHeaders } from './define-endpoint.ts'

const body = z
  .strictObject({
    ids: z.array(textGiven()).min(1).max(resentIdsMax).optional(),
    endpoint_id: textGiven().optional(),
    status: z.enum(['failed', 'exhausted', 'stopped']).optional(),
    from: instantGiven.optional(),
    to: instantGiven.optional(),
  })
  .refine((given) => Object.keys(given).length > 0, { error: 'must name at least one field, such as status' })
  .superRefine(({ ids, ...filters }, ctx) => {
    if (ids === undefined) return
    for (const [field, value] of Object.entries(filters)) {
      if (value === undefined) continue
      ctx.addIssue({ code: 'custom', path: [field], message: 'must not be given together with ids', input: value })
    }
  })

function wantedFrom({ ids, endpoint_id: endpointId, status = 'failed', from, to }: z.output<typeof body>): ResendMany {
  if (ids) return { ids }
  return { endpointId, statuses: status === 'failed' ? ['exhausted', 'stopped'] : [status], from, to }
}

export const resendDeliveries = defineEndpoint({
  method: 'POST',
  path: '/deliveries/resend',
  operation: 'deliveries.resendMany',
  summary: 'Send many deliveries again',
  description:
    'Either those that `ids` names (up to 100), or those that have failed: `status` is `failed` (unless given), `exhausted` or `stopped`; `from` and `to` are instants between which they failed, the first included. One call sends up to 1,000, the oldest first; while `has_more` is true, make it again. What is on its way already is passed over.',
  scopes: ['deliveries:write'],
  query: noQuery,
  body,
  response: { 200: z.object({ resent: z.int(), has_more: z.boolean() }) },
  errors: ['invalid_request', 'not_found', 'idempotency_mismatch'],
  idempotent: true,
  examples: [{ name: 'all that failed since noon', request: { body: { from: '2026-11-21T12:00:00Z' } } }],
  async handler({ body: given }, call) {
    if (given.endpoint_id !== undefined) await findWebhookEndpoint(call, given.endpoint_id, 'endpoint_id')
    const { scope } = call.principal
    const idempotency = idempotencyFor(call, 'resend_deliveries')
    const outcome = await call.services.engine.webhooks.resendMany(scope, wantedFrom(given), idempotency)
    const { resent, hasMore } = outcome.result
    return reply(200, { resent, has_more: hasMore }, replayHeaders(outcome))
  },
})
