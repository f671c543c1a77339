import * as z from 'zod'
import {
  type EventType,
  eventTypes,
  type VisibleWebhookEndpoint,
  type WebhookEndpoint,
  webhookPayloads,
} from '../../engine/index.ts'
import { invalidField } from '../../http/field-errors.ts'
import type { Scope } from '../../kernel/scope.ts'
import type { DialectServices } from '../dialect.ts'
import { findWebhookEndpoint, type HouseCall } from './find-object.ts'
import { instantShown, textGiven } from './wire.ts'

const descriptionCharactersMax = 500

/** The types of event that an endpoint asks for, each once. */
export const eventTypesGiven = z
  .array(z.enum(eventTypes))
  .min(1)
  .max(eventTypes.length)
  .refine((types) => new Set(types).size === types.length, { error: 'must name each type once' })

/** A merchant's own words about an endpoint. */
export const descriptionGiven = textGiven(descriptionCharactersMax)

/** A webhook endpoint in the house form. Its secret is shown only when it is made or rotated. */
export const webhookEndpointObject = z
  .object({
    id: z.string(),
    object: z.literal('webhook_endpoint'),
    dialect: z.string(),
    url: z.string().nullable(),
    description: z.string().nullable(),
    event_types: z.array(z.string()).nullable(),
    status: z.enum(['enabled', 'paused', 'disabled', 'deleted']),
    disabled_reason: z.string().nullable(),
    failing_since: instantShown.nullable(),
    payload: z.enum(webhookPayloads),
    api_version: z.string(),
    previous_secret_until: instantShown.nullable(),
    livemode: z.boolean(),
    created_at: instantShown,
    updated_at: instantShown,
  })
  .meta({ id: 'WebhookEndpoint' })

/** An endpoint with its secret, or null where the answer is given again. */
export const webhookEndpointWithSecret = webhookEndpointObject
  .extend({ secret: z.string().nullable() })
  .meta({ id: 'WebhookEndpointWithSecret' })

/** The house form of an endpoint. */
export function webhookEndpointShown(
  endpoint: VisibleWebhookEndpoint | WebhookEndpoint,
): z.output<typeof webhookEndpointObject> {
  return {
    id: endpoint.id,
    object: 'webhook_endpoint',
    dialect: endpoint.dialect,
    url: endpoint.url,
    description: endpoint.description,
    event_types: endpoint.eventTypes === null ? null : [...endpoint.eventTypes],
    status: endpoint.status,
    disabled_reason: endpoint.disabledReason,
    failing_since: endpoint.failingSince,
    payload: endpoint.payload,
    api_version: endpoint.apiVersion,
    previous_secret_until: endpoint.previousSecretUntil,
    livemode: endpoint.mode === 'live',
    created_at: endpoint.createdAt,
    updated_at: endpoint.updatedAt,
  }
}

/** A new signing secret in the form of a dialect, with its sealed form. Refuses `dialect` where there is none, or none with webhooks. */
export function newSecret(
  services: DialectServices,
  scope: Scope,
  dialectName: string,
): { readonly secret: string; readonly sealedSecret: string } {
  const dialect = services.dialects.find(({ name }) => name === dialectName)
  const secret = dialect?.newCredentials(scope.mode).webhookSecret ?? null
  if (secret !== null) return { secret, sealedSecret: services.sealWebhookSecret(scope, dialectName, secret) }
  const names = services.dialects.map(({ name }) => name)
  throw invalidField('dialect', `dialect must be a dialect of this gateway with webhooks: ${names.join(', ')}.`)
}

/** Refuses a test for an endpoint whose dialect has no word for it: the receiver would wait for nothing. */
export async function assertTestable(call: HouseCall, id: string): Promise<VisibleWebhookEndpoint> {
  const endpoint = await findWebhookEndpoint(call, id)
  const { merchantId, mode, dialect } = endpoint
  const type: EventType = 'webhook_endpoint.test'
  const event = { merchantId, mode, id: 'evt_', number: 1n, type, objectKind: 'webhook_endpoint', objectId: id }
  const rendered = call.services.dialects
    .find(({ name }) => name === dialect)
    ?.renderEvent(
      { ...event, objectRevision: 0, data: endpoint, createdAt: endpoint.createdAt },
      { payload: endpoint.payload, apiVersion: endpoint.apiVersion, objectSequence: 1 },
    )
  if (rendered) return endpoint
  throw invalidField('id', `Webhooks of the dialect ${dialect} know no test event.`, 'test_event_unknown')
}
