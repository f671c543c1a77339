import * as z from 'zod'
import type { SurfaceDocument } from '../../http/surface.ts'
import { statusOfKind } from './errors.ts'

/** The body of every failure of this dialect. */
export const errorObject = z
  .object({
    error: z.object({
      code: z.string().meta({ description: 'Stable.' }),
      message: z.string().meta({ description: 'What is wrong, for people.' }),
      param: z.string().optional().meta({ description: 'The parameter at fault.' }),
      request_id: z.string().meta({ description: 'Quote it when you ask about it.' }),
    }),
  })
  .meta({ id: 'Error' })

const description = `The Monetiflow API v2 as Paylect serves it.

Amounts are whole numbers of the smallest unit of their currency (\`25000\` is INR 250.00), times are ISO 8601 in UTC. Bodies are
JSON or forms, with brackets for nesting. What is inferred where Monetiflow's document is silent stands in docs/dialects/monetiflow.md.`

/** What the dialect says of itself in its OpenAPI document. */
export const monetiflowDocument: SurfaceDocument = {
  title: 'Monetiflow API',
  version: '2.0.0',
  description,
  securitySchemes: {
    apiKey: { type: 'http', scheme: 'bearer', description: 'A key, `mk_test_…` or `mk_live_…`, over HTTPS.' },
  },
  errors: {
    contentType: 'application/json',
    body: errorObject,
    statuses: statusOfKind,
    bodyStatuses: [],
  },
  tags: {
    payments: 'Money that a payer owes you.',
    refunds: 'Money that goes back to a payer.',
    payouts: 'Money that you send.',
    transactions: 'Everything that moved money.',
    balance: 'What you have.',
  },
}
