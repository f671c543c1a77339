import type { Mode } from '../../kernel/scope.ts'
import { insert } from '../commit/changes.ts'
import { accept, defineCommand, refuse } from '../commit/command.ts'
import type { FeePlan } from '../fees/fee-plan.ts'
import { feePlanKind } from '../fees/fee-plan.ts'
import { webhookEndpointRow } from '../webhooks/create-webhook-endpoint.ts'
import { webhookEndpointKind } from '../webhooks/webhook-endpoint.ts'
import { apiKeyKind } from './api-key.ts'
import { type NewApiKey, type NewWebhookEndpoint, newApiKey } from './issue-credentials.ts'
import { type Merchant, merchantFact, merchantKind } from './merchant.ts'

/** A method's first fee plan. */
export type NewFeePlan = Pick<FeePlan, 'method' | 'basisPoints' | 'fixed' | 'refundPolicy'>

/** A new merchant in one mode with everything it needs to take a payment. */
export interface ProvisionMerchant {
  readonly scope: { readonly merchantId: string; readonly mode: Mode }
  readonly name: string
  readonly apiKeys: readonly NewApiKey[]
  readonly webhookEndpoints: readonly NewWebhookEndpoint[]
  readonly feePlans: readonly NewFeePlan[]
}

/** Creates a merchant with its keys, signing secrets and fee plans. Refuses one that exists. */
export const provisionMerchant = defineCommand({
  name: 'provision_merchant',
  facts: (c: ProvisionMerchant) => ({ merchant: merchantFact(c.scope) }),
  decide({ merchant }, c, ctx) {
    if (merchant) return refuse('conflict', 'merchant_exists', { message: 'This merchant exists already.' })
    const stamp = { createdAt: ctx.now, revision: 0 }
    const created: Merchant = { ...ctx.scope, name: c.name, status: 'active', updatedAt: ctx.now, ...stamp }
    const plans = c.feePlans.map((plan): FeePlan => {
      return { ...ctx.scope, ...plan, version: 1, current: 'current', ...stamp }
    })
    return accept(created, [
      insert(merchantKind, created),
      ...c.apiKeys.map((key) => insert(apiKeyKind, newApiKey(key, ctx))),
      ...c.webhookEndpoints.map((endpoint) => insert(webhookEndpointKind, webhookEndpointRow(endpoint, ctx))),
      ...plans.map((plan) => insert(feePlanKind, plan)),
    ])
  },
})
