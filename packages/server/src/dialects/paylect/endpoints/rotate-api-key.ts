import * as z from 'zod'
import { overlapMaxMs } from '../../../engine/index.ts'
import { reply } from '../../../http/endpoint.ts'
import { apiKeyObject, apiKeyShown, apiKeyWithText, findApiKey, makeKey } from '../api-key-object.ts'
import { spanGiven } from '../wire.ts'
import { defineEndpoint, idempotencyFor, idParams, noQuery, replayHeaders } from './define-endpoint.ts'

export const rotateApiKey = defineEndpoint({
  method: 'POST',
  path: '/api_keys/:id/rotate',
  operation: 'apiKeys.rotate',
  summary: 'Replace an API key',
  description:
    'Makes a key with the same name, scopes and networks. The old one goes on working for `overlap`, an ISO 8601 duration up to `P30D`, and ends at once with `PT0S`. `key` is shown this once, as when a key is created; `replaced` is the old key. A key that was replaced before, or has ended, is refused.',
  scopes: ['api_keys:write'],
  params: idParams,
  query: noQuery,
  body: z.strictObject({ overlap: spanGiven(0, overlapMaxMs) }),
  response: { 201: apiKeyWithText.extend({ replaced: apiKeyObject }) },
  errors: ['invalid_request', 'forbidden', 'not_found', 'invalid_state', 'idempotency_mismatch'],
  idempotent: true,
  examples: [{ name: 'with a day to change over', request: { body: { overlap: 'P1D' } } }],
  async handler({ params, body }, call) {
    const { services, principal } = call
    const { scope, apiKeyId: grantedBy } = principal
    const { id, dialect, kind } = await findApiKey(call, params.id)
    const { text, keyHash, hint } = makeKey(services.dialects, { dialect, kind, mode: scope.mode })
    const outcome = await services.engine.access.rotateApiKey(
      scope,
      { id, keyHash, hint, overlapMs: body.overlap, grantedBy },
      idempotencyFor(call, 'rotate_api_key'),
    )
    const realNow = services.engine.now('live')
    const { replacement, replaced } = outcome.result
    const answer = {
      ...apiKeyShown(replacement, realNow),
      key: outcome.replayed ? null : text,
      replaced: apiKeyShown(replaced, realNow),
    }
    return reply(201, answer, replayHeaders(outcome))
  },
})
