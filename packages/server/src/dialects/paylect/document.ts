import * as z from 'zod'
import type { SurfaceDocument } from '../../http/surface.ts'
import { statusOfKind } from './errors.ts'

/** The body of every failure of the house API: a problem document (RFC 9457). */
export const problemObject = z
  .object({
    type: z.string().meta({ description: '`urn:paylect:error:` and the code.' }),
    title: z.string().meta({ description: 'The kind of failure, for people.' }),
    status: z.int().min(400).max(599),
    detail: z.string().meta({ description: 'What is wrong with this request and how to mend it, for people.' }),
    code: z.string().meta({ description: 'Stable; docs/errors.md explains each.' }),
    field: z.string().optional().meta({ description: 'The field at fault.' }),
    request_id: z.string().meta({ description: 'Quote it when you ask about it.' }),
  })
  .meta({ id: 'Problem' })

const description = `The house API of Paylect, a self-hosted payment gateway.

Amounts are whole numbers of the smallest unit of their currency (\`25000\` is INR 250.00), times are ISO 8601 in UTC. A field
that is not known is refused by name. Answers may gain fields; a client passes over those that it does not know.

Lists are paged with \`limit\`, \`after\` and \`before\`, which are ids of objects in the list. A write with an
\`Idempotency-Key\` can be sent again without harm: the first answer is given once more, marked \`Idempotent-Replayed: true\`.`

/** What the house API says of itself in its OpenAPI document. */
export const paylectDocument: SurfaceDocument = {
  title: 'Paylect house API',
  version: '0.1.0',
  description,
  securitySchemes: {
    apiKey: {
      type: 'http',
      scheme: 'bearer',
      description: 'A secret key, `sk_test_…` for the sandbox or `sk_live_…`. It acts within its scopes.',
    },
  },
  errors: {
    contentType: 'application/problem+json',
    body: problemObject,
    statuses: statusOfKind,
    bodyStatuses: [413, 415],
  },
  tags: {
    payments: 'Money that a payer owes you.',
    checkout: 'What a page of yours may ask with a publishable key.',
    refunds: 'Money that goes back to a payer.',
    payouts: 'Money that you send.',
    transactions: 'The ledger as you see it.',
    balance: 'What you have.',
    customers: 'Who pays you.',
    events: 'The complete record of what happened.',
    webhookEndpoints: 'Where events are sent.',
    deliveries: 'What was sent, and what came back.',
    apiKeys: 'Who may act for you.',
    feePlans: 'What a payment costs you.',
    sandbox: 'Controls of the sandbox: they take test keys only.',
  },
}
