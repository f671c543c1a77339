import * as z from 'zod'
import { paymentMethods } from '../../../engine/index.ts'
import { reply } from '../../../http/endpoint.ts'
import { pageLimit } from '../../../http/pagination.ts'
import { feePlanObject, feePlanShown } from '../fee-plan-object.ts'
import { listObject } from '../objects.ts'
import { defineEndpoint } from './define-endpoint.ts'

const plansDefault = 20
const positionPattern = /^([a-z_]{1,40}):([1-9]\d{0,8})$/

export const listFeePlans = defineEndpoint({
  method: 'GET',
  path: '/fee_plans',
  operation: 'feePlans.list',
  summary: 'List fee plans',
  description:
    'What you pay for each method, by method: the plans in force, with `history=true` also the versions that they replaced, oldest first. A payment keeps the terms of the version that was in force when it was made. `after` is the id of a plan from the list.',
  scopes: ['fee_plans:read'],
  query: z.strictObject({
    limit: pageLimit(plansDefault),
    after: z.string().regex(positionPattern, 'must be the id of a fee plan, such as upi:1').optional(),
    history: z.enum(['true', 'false']).optional(),
    method: z.enum(paymentMethods).optional(),
  }),
  response: { 200: listObject(feePlanObject) },
  errors: ['invalid_request'],
  examples: [{ name: 'with what was', request: { query: { history: 'true', method: 'upi' } } }],
  async handler({ query }, { services, principal }) {
    const [, method = '', version = '0'] = positionPattern.exec(query.after ?? '') ?? []
    const { items, hasMore } = await services.engine.fees.list(principal.scope, {
      limit: query.limit,
      history: query.history === 'true',
      method: query.method,
      after: query.after === undefined ? undefined : { method, version: Number(version) },
    })
    return reply(200, { object: 'list' as const, data: items.map(feePlanShown), has_more: hasMore })
  },
})
