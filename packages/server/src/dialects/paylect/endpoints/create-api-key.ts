import * as z from 'zod'
import { apiKeyTypes, apiScopes } from '../../../engine/index.ts'
import { reply } from '../../../http/endpoint.ts'
import { apiKeyShown, apiKeyWithText, makeKey } from '../api-key-object.ts'
import { name as houseName } from '../name.ts'
import { instantGiven, textGiven } from '../wire.ts'
import { defineEndpoint, idempotencyFor, noQuery, replayHeaders } from './define-endpoint.ts'

const networksMax = 50
const networkCharactersMax = 50

export const createApiKey = defineEndpoint({
  method: 'POST',
  path: '/api_keys',
  operation: 'apiKeys.create',
  summary: 'Create an API key',
  description:
    'Makes a key for this merchant and mode, for the house API or another dialect. `key` in the answer is its text: it is shown this once and stored nowhere, so an answer given again for the same Idempotency-Key has `key: null`. A key cannot give scopes that it lacks itself.',
  scopes: ['api_keys:write'],
  query: noQuery,
  body: z.strictObject({
    name: textGiven(),
    scopes: z.array(z.enum(apiScopes)).min(1).max(apiScopes.length),
    kind: z.enum(apiKeyTypes).default('secret'),
    dialect: textGiven().default(houseName),
    expires_at: instantGiven.nullish(),
    ip_allow: z.array(textGiven(networkCharactersMax)).min(1).max(networksMax).nullish(),
  }),
  response: { 201: apiKeyWithText },
  errors: ['invalid_request', 'forbidden', 'idempotency_mismatch'],
  idempotent: true,
  examples: [
    {
      name: 'for reading, from one network',
      request: { body: { name: 'Reports', scopes: ['payments:read', 'balance:read'], ip_allow: ['192.0.2.0/24'] } },
    },
    { name: 'for a web page', request: { body: { name: 'Shop', kind: 'publishable', scopes: ['checkout:read'] } } },
  ],
  async handler({ body: given }, call) {
    const { services, principal } = call
    const { engine, dialects } = services
    const { name, scopes, kind, dialect } = given
    const { text, keyHash, hint } = makeKey(dialects, { dialect, kind, mode: principal.scope.mode })
    const wanted = {
      ...{ dialect, kind, name, scopes, keyHash, hint, grantedBy: principal.apiKeyId },
      ...{ expiresAt: given.expires_at ?? null, ipAllow: given.ip_allow ?? null },
    }
    const outcome = await engine.access.createApiKey(principal.scope, wanted, idempotencyFor(call, 'create_api_key'))
    const shown = apiKeyShown(outcome.result, engine.now('live'))
    return reply(201, { ...shown, key: outcome.replayed ? null : text }, replayHeaders(outcome))
  },
})
