import type pg from 'pg'
import { columnsOf, rowFromValues } from '../engine/commit/kind-sql.ts'
import { type WebhookEndpoint, webhookEndpointKind } from '../engine/webhooks/webhook-endpoint.ts'

/** The endpoint whose secret was sealed last, of any merchant; undefined when nothing is sealed yet. */
export async function newestSealedEndpoint(client: Pick<pg.ClientBase, 'query'>): Promise<WebhookEndpoint | undefined> {
  const { rows } = await client.query<unknown[]>({
    // crosses merchants: one master key seals every merchant's secrets, and any of them tells whether it is the right one.
    text: `select ${columnsOf(webhookEndpointKind, 'e')} from webhook_endpoints e order by e.updated_at desc limit 1`,
    rowMode: 'array',
  })
  const [values] = rows
  return values === undefined ? undefined : (rowFromValues(webhookEndpointKind, values) as WebhookEndpoint)
}
