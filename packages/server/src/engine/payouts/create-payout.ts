import { type Money, minorMax, money } from '../../kernel/money.ts'
import type { Scope } from '../../kernel/scope.ts'
import { spendableBalance } from '../../ledger/account.ts'
import type { Beneficiary, PaymentMethod, RailInstruction } from '../../rails/rail.ts'
import { merchantFact, refusalOf } from '../access/merchant.ts'
import { newAttempt, recordAttempt } from '../attempts/attempt.ts'
import { insert, record, reserve } from '../commit/changes.ts'
import { accept, type DecisionContext, defineCommand, present, refuse } from '../commit/command.ts'
import { accountFact } from '../commit/ledger-kinds.ts'
import { type Payout, payoutAmount, payoutByReferenceFact, payoutKind } from './payout.ts'

/** A merchant wants money sent to a beneficiary. */
export interface CreatePayout {
  readonly scope: Scope
  readonly dialect: string
  readonly amount: Money
  readonly method: PaymentMethod
  /** The rail that will send, chosen by the registry. */
  readonly rail: string
  readonly beneficiary: Beneficiary
  /** The merchant's own name for it, used once. */
  readonly reference?: string | undefined
  readonly description?: string | undefined
  readonly notifyUrl?: string | undefined
  readonly metadata: Readonly<Record<string, unknown>>
  readonly instruction: RailInstruction
}

/** Reserves the amount in the available balance and asks the rail to send it. The balance never goes below zero. */
export const createPayout = defineCommand({
  name: 'create_payout',
  facts: (c: CreatePayout) => ({
    merchant: merchantFact(c.scope),
    available: accountFact(c.scope, 'available', c.amount.currency),
    inFlight: accountFact(c.scope, 'payouts_in_flight', c.amount.currency),
    sameReference: c.reference ? payoutByReferenceFact(c.scope, c.reference) : undefined,
  }),
  decide(facts, c, ctx) {
    const refused = refusalOf(facts.merchant)
    if (refused) return refused
    if (facts.sameReference) {
      return refuse('conflict', 'reference_already_used', {
        field: 'reference',
        message: 'A payout with this reference exists already. Use a new reference for a new payout.',
      })
    }
    if (c.amount.minor <= 0n || c.amount.minor > minorMax) {
      return refuse('invalid_request', 'amount_out_of_range', {
        field: 'amount',
        message: `The amount must be between 1 and ${minorMax} minor units.`,
      })
    }
    const available = present(facts.available, 'available')
    if (spendableBalance(available) < c.amount.minor) {
      return refuse('insufficient_funds', 'balance_insufficient', {
        field: 'amount',
        available: money(spendableBalance(available), c.amount.currency),
        message: 'The available balance is too low for this payout.',
      })
    }
    const payout = newPayout(c, ctx)
    const origin = { reason: 'payout_reserved', subject: { kind: 'payout', id: payout.id } } as const
    return accept(payout, [
      insert(payoutKind, payout),
      reserve(available, present(facts.inFlight, 'payouts_in_flight'), c.amount, origin, payout.id),
      ...recordAttempt(attemptOf(payout, c.instruction, ctx)),
      record('payout.created', payoutKind, payout),
    ])
  },
})

function newPayout(c: CreatePayout, ctx: DecisionContext): Payout {
  return {
    ...ctx.scope,
    id: ctx.newId('po'),
    number: ctx.nextNumber(),
    dialect: c.dialect,
    status: 'processing',
    amountMinor: c.amount.minor,
    currency: c.amount.currency,
    method: c.method,
    rail: c.rail,
    beneficiary: c.beneficiary,
    reference: c.reference ?? null,
    referenceKey: c.reference ?? null,
    description: c.description ?? null,
    metadata: c.metadata,
    notifyUrl: c.notifyUrl ?? null,
    attemptId: ctx.newId('att'),
    failureCode: null,
    failureMessage: null,
    createdAt: ctx.now,
    updatedAt: ctx.now,
    finishedAt: null,
    revision: 0,
  }
}

function attemptOf(payout: Payout, instruction: RailInstruction, ctx: DecisionContext) {
  return newAttempt(
    payout.attemptId,
    {
      subjectKind: 'payout',
      subjectId: payout.id,
      rail: payout.rail,
      operation: 'disburse',
      method: payout.method,
      amount: payoutAmount(payout),
      instruction,
    },
    ctx,
  )
}
