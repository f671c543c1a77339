import type { Instant } from '../kernel/clock.ts'
import { EngineError } from '../kernel/engine-error.ts'
import type { Mode, Scope } from '../kernel/scope.ts'
import type { StatementEntry } from '../ledger/statement.ts'
import {
  findStatementEntry,
  listStatement,
  type StatementFilter,
  type StatementPage,
} from '../ledger/statement-queries.ts'
import type { PaymentMethod, RailOperation, RawNotification } from '../rails/rail.ts'
import { type AccessVerbs, accessVerbs } from './access/access-verbs.ts'
import { withAnswerableReads } from './answerable-reads.ts'
import { type Attempt, attemptFact } from './attempts/attempt.ts'
import {
  type AttemptRunner,
  collectRecorded,
  pollAttempt,
  receiveNotification,
  submitAttempt,
} from './attempts/run-attempt.ts'
import { type Balance, readBalances, readBalancesAt } from './balances/balance-queries.ts'
import type { Outcome } from './commit/committer.ts'
import { type EngineEvent, eventByIdFact } from './commit/event.ts'
import type { Idempotency } from './commit/idempotency.ts'
import { type PurgePool, purgeIdempotency } from './commit/idempotency-queries.ts'
import type { FactRef } from './commit/kind.ts'
import { journalFact } from './commit/ledger-kinds.ts'
import { readRow } from './commit/read-row.ts'
import { type CustomerVerbs, customerVerbs } from './customers/customer-verbs.ts'
import { eventOfRevision, objectSequences } from './events/event-queries.ts'
import { type FeedPage, type FeedQuery, readFeed } from './events/read-feed.ts'
import type { FeePlan } from './fees/fee-plan.ts'
import { type FeePlanFilter, type FeePlanPage, listFeePlans } from './fees/fee-plan-queries.ts'
import { type SetFeePlan, setFeePlan } from './fees/set-fee-plan.ts'
import {
  type ListFilter,
  listAttempts,
  listPayments,
  listPayouts,
  listRefunds,
  type ObjectPage,
} from './lists/list-queries.ts'
import { type CreatePayment, createPayment } from './payments/create-payment.ts'
import { cancelPayment, expirePayment } from './payments/end-payment.ts'
import { explainPayment, type PaymentExplanation } from './payments/explain-payment.ts'
import { loadPaymentFacts } from './payments/explanation-queries.ts'
import { type Payment, paymentByNumberFact, paymentByReferenceFact, paymentFact } from './payments/payment.ts'
import { latestPaymentIdByReference } from './payments/payment-queries.ts'
import { startPaymentAttempt } from './payments/start-payment-attempt.ts'
import { type CreatePayout, createPayout } from './payouts/create-payout.ts'
import { type Payout, payoutByNumberFact, payoutByReferenceFact, payoutFact } from './payouts/payout.ts'
import { type CreateRefund, createRefund } from './refunds/create-refund.ts'
import { type Refund, refundByNumberFact, refundByReferenceFact, refundFact } from './refunds/refund.ts'
import { agreeClockMove, type ClockMove } from './sandbox/agree-clock-move.ts'
import { type ApplyOutcome, applyOutcome } from './sandbox/apply-outcome.ts'
import type { BankAccountName, SandboxBankAccount } from './sandbox/bank-account.ts'
import { sandboxBankAccountFact } from './sandbox/bank-account.ts'
import { isPastLoaded, loadPast } from './sandbox/load-past.ts'
import type { Past } from './sandbox/past.ts'
import { addSandboxBankAccount } from './sandbox/past-commands.ts'
import { finishNotification, scheduleNotification } from './sandbox/scheduled-notification.ts'
import {
  listTransactions,
  type ReadPool,
  type TransactionFilter,
  type TransactionPage,
} from './transactions/transaction-queries.ts'
import { type WebhookVerbs, webhookVerbs } from './webhooks/webhook-verbs.ts'

/** What the engine is built from. */
export interface EngineParts extends AttemptRunner {
  /** For lists, which only read. */
  readonly pool: ReadPool & PurgePool
  /** Given when the process stops taking calls: whoever waits for news is answered. */
  readonly closing?: AbortSignal
}

/** How a payment, refund or payout is named: by the house id, by the object number a dialect's id holds, or by the merchant's reference. */
export type PaymentName = { readonly id: string } | { readonly number: bigint } | { readonly reference: string }

/** The parts as the engine's verbs use them: reads fail in words that a caller can act on. */
type ReadyParts = Omit<EngineParts, 'pool'> & { readonly pool: ReadPool }

/** The engine: the only door for dialects, workers and the command line. Everything asks for a scope first. */
export interface Engine {
  readonly payments: {
    create(input: Omit<CreatePayment, 'rail'>, idempotency?: Idempotency): Promise<Outcome<Payment>>
    /** Another merchant's payment is not found, like one that does not exist. */
    find(scope: Scope, name: PaymentName): Promise<Payment | undefined>
    /** Records an attempt, calls the rail and resolves with the payment as it is then. Refuses one that is not payable. */
    pay(scope: Scope, paymentId: string, instruction: Attempt['instruction']): Promise<Payment>
    cancel(scope: Scope, paymentId: string, idempotency?: Idempotency): Promise<Outcome<Payment>>
    /** Expires the payment if its time has come; `force` is the payer's or the sandbox's way to let it expire now. */
    expire(scope: Scope, paymentId: string, force?: boolean): Promise<Payment>
    attempt(scope: Scope, attemptId: string): Promise<Attempt | undefined>
    /** `ownerId` is a customer's id. */
    list(scope: Scope, filter: ListFilter): Promise<ObjectPage<Payment>>
    /** Why the payment is as it is, and what comes next. */
    explain(payment: Payment): Promise<PaymentExplanation>
    /** The attempts to collect for one payment. */
    attempts(scope: Scope, paymentId: string, filter: Omit<ListFilter, 'ownerId'>): Promise<ObjectPage<Attempt>>
  }
  readonly refunds: {
    create(input: CreateRefund, idempotency?: Idempotency): Promise<Outcome<Refund>>
    find(scope: Scope, name: PaymentName): Promise<Refund | undefined>
    /** `ownerId` is the payment's id. */
    list(scope: Scope, filter: ListFilter): Promise<ObjectPage<Refund>>
  }
  readonly payouts: {
    create(input: Omit<CreatePayout, 'rail'>, idempotency?: Idempotency): Promise<Outcome<Payout>>
    find(scope: Scope, name: PaymentName): Promise<Payout | undefined>
    list(scope: Scope, filter: ListFilter): Promise<ObjectPage<Payout>>
  }
  readonly events: {
    /** The merchant's complete, ordered record after a number. */
    feed(scope: Scope, query: FeedQuery): Promise<FeedPage>
    find(scope: Scope, id: string): Promise<EngineEvent | undefined>
    /** The place of each event among those about its object, from 1 without gaps, in the order given. */
    objectSequences(events: readonly EngineEvent[]): Promise<readonly number[]>
    /** The event of a type that a change of an object to a revision was told by. */
    ofRevision(scope: Scope, objectId: string, type: string, objectRevision: number): Promise<EngineEvent | undefined>
  }
  readonly transactions: { list(scope: Scope, filter: TransactionFilter): Promise<TransactionPage> }
  /** The ledger as the merchant sees it: what each transfer did to the balance. */
  readonly statement: {
    list(scope: Scope, filter: StatementFilter): Promise<StatementPage>
    find(scope: Scope, number: bigint): Promise<StatementEntry | undefined>
    /** The number of the last transfer; 0 where there is none. */
    lastNumber(scope: Scope): Promise<bigint>
  }
  readonly balances: {
    /** The balances now, or as they were at an instant. */
    list(scope: Scope, at?: Instant): Promise<readonly Balance[]>
  }
  readonly customers: CustomerVerbs
  readonly access: AccessVerbs
  readonly attempts: {
    submit(scope: Scope, attemptId: string): Promise<void>
    poll(scope: Scope, attemptId: string): Promise<void>
    /** The attempts for one payment, refund or payout. */
    list(scope: Scope, subjectId: string, filter: Omit<ListFilter, 'ownerId'>): Promise<ObjectPage<Attempt>>
    /** False when the bytes are not the rail's. */
    receiveNotification(rail: string, raw: RawNotification): Promise<boolean>
  }
  readonly sandbox: {
    applyOutcome(
      scope: Scope,
      payment: Payment,
      wanted: ApplyOutcome,
      idempotency?: Idempotency,
    ): Promise<Outcome<Payment>>
    /** Where a move of the clock under an idempotency key leads: a replay gets the first request's target. */
    agreeClockMove(move: ClockMove, idempotency: Idempotency): Promise<Outcome<{ readonly target: Instant }>>
    /** Keeps what a simulated rail will send after `afterMs` of the sandbox's clock. */
    scheduleNotification(scope: Scope, rail: string, notification: RawNotification, afterMs: number): Promise<void>
    finishNotification(scope: Scope, notificationId: string): Promise<void>
    /** Loads a past that `rail` has carried, whole or not at all; false when it was loaded before. Throws `PastRefusedError`. */
    loadPast(past: Past, rail: string): Promise<boolean>
    isPastLoaded(past: Past): Promise<boolean>
    /** Makes a bank account known to the merchant's sandbox. Refuses one that is known. */
    addBankAccount(scope: Scope, account: BankAccountName & { readonly name: string }): Promise<SandboxBankAccount>
    /** Who holds a bank account, as far as the merchant's sandbox knows. Live, no rail can be asked: `unsupported`. */
    resolveBankAccount(scope: Scope, account: BankAccountName): Promise<SandboxBankAccount | undefined>
  }
  readonly webhooks: WebhookVerbs
  readonly fees: {
    /** Puts a new version of a fee plan into force. */
    setPlan(input: SetFeePlan): Promise<FeePlan>
    list(scope: Scope, filter: FeePlanFilter): Promise<FeePlanPage>
  }
  readonly maintenance: {
    /** Deletes expired idempotency records, at most `limit`; answers how many there were. */
    purgeIdempotency(mode: Mode, limit: number): Promise<number>
  }
  /** The clock of a mode. */
  now(mode: Mode): Instant
}

/** Builds the engine over its parts. */
export function createEngine(given: EngineParts): Engine {
  const parts = withAnswerableReads(given)
  return {
    payments: paymentVerbs(parts),
    refunds: {
      create: (input, idempotency) => parts.committer.submit(createRefund, input, idempotency),
      find: (scope, name) => readRow(parts.store, refundRef(scope, name)),
      list: (scope, filter) => listRefunds(parts.pool, scope, filter),
    },
    payouts: {
      create: (input, idempotency) => {
        const rail = railFor(parts, input.scope.mode, 'disburse', input.method)
        return parts.committer.submit(createPayout, { ...input, rail }, idempotency)
      },
      find: (scope, name) => readRow(parts.store, payoutRef(scope, name)),
      list: (scope, filter) => listPayouts(parts.pool, scope, filter),
    },
    events: {
      feed: (scope, query) => readFeed(parts, scope, query),
      find: (scope, id) => readRow(parts.store, eventByIdFact(scope, id)),
      objectSequences: (events) => objectSequences(parts.pool, events),
      ofRevision: (scope, objectId, type, revision) => eventOfRevision(parts.pool, scope, objectId, type, revision),
    },
    transactions: { list: (scope, filter) => listTransactions(parts.pool, parts.store, scope, filter) },
    statement: {
      list: (scope, filter) => listStatement(parts.pool, scope, filter),
      find: (scope, number) => findStatementEntry(parts.pool, scope, number),
      lastNumber: async (scope) => (await readRow(parts.store, journalFact(scope)))?.transferNumber ?? 0n,
    },
    balances: {
      list: (scope, at) => (at === undefined ? readBalances(parts.pool, scope) : readBalancesAt(parts.pool, scope, at)),
    },
    customers: customerVerbs(parts),
    access: accessVerbs(parts, given.pool),
    attempts: {
      submit: (scope, attemptId) => submitAttempt(parts, scope, attemptId),
      poll: (scope, attemptId) => pollAttempt(parts, scope, attemptId),
      list: (scope, subjectId, filter) => listAttempts(parts.pool, scope, { ...filter, ownerId: subjectId }),
      receiveNotification: (rail, raw) => receiveNotification(parts, rail, raw),
    },
    sandbox: sandboxVerbs(parts),
    webhooks: webhookVerbs(parts),
    fees: {
      setPlan: async (input) => (await parts.committer.submit(setFeePlan, input)).result,
      list: (scope, filter) => listFeePlans(parts.pool, scope, filter),
    },
    maintenance: { purgeIdempotency: (mode, limit) => purgeIdempotency(given.pool, mode, parts.now(mode), limit) },
    now: (mode) => parts.now(mode),
  }
}

function sandboxVerbs(parts: ReadyParts): Engine['sandbox'] {
  return {
    applyOutcome: async (scope, payment, wanted, idempotency) => {
      if (scope.mode !== 'sandbox') throw new EngineError('forbidden', 'sandbox_only')
      return applyOutcome(parts, scope, payment, wanted, idempotency)
    },
    agreeClockMove: (move, idempotency) => parts.committer.submit(agreeClockMove, move, idempotency),
    scheduleNotification: async (scope, rail, notification, afterMs) => {
      const dueAt = parts.now(scope.mode) + afterMs
      await parts.committer.submit(scheduleNotification, { scope, rail, notification, dueAt })
    },
    finishNotification: async (scope, notificationId) => {
      await parts.committer.submit(finishNotification, { scope, notificationId })
    },
    loadPast: (past, rail) => loadPast({ store: parts.store, rail, now: parts.now('sandbox') }, past),
    isPastLoaded: (past) => isPastLoaded(parts.store, past),
    addBankAccount: async (scope, account) => {
      if (scope.mode !== 'sandbox') throw new EngineError('forbidden', 'sandbox_only')
      return (await parts.committer.submit(addSandboxBankAccount, { scope, account })).result
    },
    resolveBankAccount: async (scope, account) => {
      if (scope.mode === 'sandbox') return readRow(parts.store, sandboxBankAccountFact(scope, account))
      throw new EngineError('unsupported', 'bank_account_lookup_unavailable', {
        message: 'No rail of this gateway can tell who holds a bank account in live mode.',
      })
    },
  }
}

function paymentVerbs(parts: ReadyParts): Engine['payments'] {
  return {
    create: (input, idempotency) => {
      const rail = railFor(parts, input.scope.mode, 'collect', input.method)
      return parts.committer.submit(createPayment, { ...input, rail }, idempotency)
    },
    find: (scope, name) => findPayment(parts, scope, name),
    pay: async (scope, paymentId, instruction) => {
      const { result } = await parts.committer.submit(startPaymentAttempt, { scope, paymentId, instruction })
      return collectRecorded(parts, result)
    },
    cancel: (scope, paymentId, idempotency) => parts.committer.submit(cancelPayment, { scope, paymentId }, idempotency),
    expire: async (scope, paymentId, force = false) =>
      (await parts.committer.submit(expirePayment, { scope, paymentId, force })).result,
    attempt: (scope, attemptId) => readRow(parts.store, attemptFact(scope, attemptId)),
    list: (scope, filter) => listPayments(parts.pool, scope, filter),
    explain: async (payment) => {
      const facts = await loadPaymentFacts(parts, payment)
      return explainPayment({ ...facts, now: parts.now(payment.mode) })
    },
    attempts: (scope, paymentId, filter) => listAttempts(parts.pool, scope, { ...filter, ownerId: paymentId }),
  }
}

async function findPayment(parts: ReadyParts, scope: Scope, name: PaymentName): Promise<Payment | undefined> {
  if ('id' in name) return readRow(parts.store, paymentFact(scope, name.id))
  if ('number' in name) return readRow(parts.store, paymentByNumberFact(scope, name.number))
  const promised = await readRow(parts.store, paymentByReferenceFact(scope, name.reference))
  if (promised) return promised
  const id = await latestPaymentIdByReference(parts.pool, scope, name.reference)
  return id === undefined ? undefined : readRow(parts.store, paymentFact(scope, id))
}

function refundRef(scope: Scope, name: PaymentName): FactRef<Refund> {
  if ('id' in name) return refundFact(scope, name.id)
  return 'number' in name ? refundByNumberFact(scope, name.number) : refundByReferenceFact(scope, name.reference)
}

function payoutRef(scope: Scope, name: PaymentName): FactRef<Payout> {
  if ('id' in name) return payoutFact(scope, name.id)
  return 'number' in name ? payoutByNumberFact(scope, name.number) : payoutByReferenceFact(scope, name.reference)
}

function railFor(parts: ReadyParts, mode: Mode, operation: RailOperation, method: PaymentMethod): string {
  const rail = parts.rails.route(mode, operation, method)
  if (rail) return rail.name
  throw new EngineError('unsupported', 'method_not_available', {
    field: 'method',
    message: `No rail of this gateway carries ${method} in ${mode} mode.`,
  })
}
