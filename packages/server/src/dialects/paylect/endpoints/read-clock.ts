import { reply } from '../../../http/endpoint.ts'
import { clockObject } from '../objects.ts'
import { defineEndpoint, noQuery } from './define-endpoint.ts'

export const readClock = defineEndpoint({
  method: 'GET',
  path: '/sandbox/clock',
  operation: 'sandbox.getClock',
  summary: 'Read the sandbox’s clock',
  scopes: ['sandbox:write'],
  sandboxOnly: true,
  query: noQuery,
  response: { 200: clockObject },
  errors: [],
  handler: async (_, { services }) => reply(200, { now: services.sandboxClock.now() }),
})
