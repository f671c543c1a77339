import type { Scope } from '../../kernel/scope.ts'
import type { Transfer } from '../../ledger/transfer.ts'
import type { Rail } from '../../rails/rail.ts'
import { type Attempt, attemptFact } from '../attempts/attempt.ts'
import { eventKind } from '../commit/event.ts'
import type { Kind, ScopedRow } from '../commit/kind.ts'
import { columnsOf, rowFromValues } from '../commit/kind-sql.ts'
import { transferKind } from '../commit/ledger-kinds.ts'
import type { Store } from '../commit/store.ts'
import { listAttempts, listRefunds } from '../lists/list-queries.ts'
import { scheduledNotificationKind } from '../sandbox/scheduled-notification.ts'
import type { ReadPool } from '../transactions/transaction-queries.ts'
import { deliveryKind } from '../webhooks/delivery.ts'
import type { PaymentFacts } from './explain-payment.ts'
import type { Payment } from './payment.ts'

/** What loading needs. */
export interface ExplanationSources {
  readonly pool: ReadPool
  readonly store: Store
  readonly rails: { find(name: string): Pick<Rail, 'parseNotification'> | undefined }
}

/** Rows of one kind that an explanation tells of, at most: the earliest ones. */
const rowsMax = 100
/** A payment with a hundred refunds has four hundred transfers. */
const transfersMax = 500

/** Loads everything that explains a payment: one statement a kind, whatever the number of rows. */
export async function loadPaymentFacts(
  sources: ExplanationSources,
  payment: Payment,
): Promise<Omit<PaymentFacts, 'now'>> {
  const { pool, store } = sources
  const scope: Scope = { merchantId: payment.merchantId, mode: payment.mode }
  const ofPayment = { ownerId: payment.id, limit: rowsMax, oldestFirst: true }
  const [{ items: attempts }, { items: refunds }] = await Promise.all([
    listAttempts(pool, scope, ofPayment),
    listRefunds(pool, scope, ofPayment),
  ])
  const ids = [payment.id, ...refunds.map(({ id }) => id)]
  const open = refunds.filter(({ status }) => status === 'pending')
  const [events, transfers, deliveries, notifications, refundAttempts] = await Promise.all([
    readOf(pool, eventKind, scope, { column: 'object_id', ids, order: 'number', limit: rowsMax }),
    readOf(pool, transferKind, scope, { column: 'subject_id', ids, order: 'number', limit: transfersMax }),
    readOf(pool, deliveryKind, scope, {
      column: 'object_id',
      ids,
      order: 'id',
      limit: rowsMax,
      and: 't.due_at is not null',
    }),
    openNotifications(sources, scope, [...attempts.map(({ id }) => id), ...open.map(({ attemptId }) => attemptId)]),
    store.read(open.map(({ attemptId }) => attemptFact(scope, attemptId))),
  ])
  return {
    ...{ payment, attempts, refunds, events, deliveries, notifications },
    transfers: transfers as readonly Transfer[],
    refundAttempts: refundAttempts.flatMap((row) => (row ? [row as Attempt] : [])),
  }
}

interface Wanted {
  readonly column: 'object_id' | 'subject_id'
  readonly ids: readonly string[]
  readonly order: 'number' | 'id'
  readonly limit: number
  readonly and?: string
}

/** The rows of several objects, merged from one index: each object's are read in order and stop at the limit. */
async function readOf<Row extends ScopedRow>(
  pool: ReadPool,
  kind: Kind<Row>,
  scope: Scope,
  { column, ids, order, limit, and = 'true' }: Wanted,
): Promise<Row[]> {
  const { rows } = await pool.query({
    name: `explain_${kind.name}`,
    rowMode: 'array',
    text: `select ${columnsOf(kind, 't')} from unnest($3::text[]) o(id) cross join lateral (
        select * from ${kind.table} k where k.${column} = o.id and k.merchant_id = $1 and k.mode = $2
        and ${and.replace('t.', 'k.')} order by k.${order} limit $4) t
      order by t.${order} limit $4`,
    values: [scope.merchantId, scope.mode, ids, limit],
  })
  return rows.map((values) => rowFromValues(kind, values))
}

/** What simulated rails will still send about these attempts. The rail reads its own bytes; nobody else understands them. */
async function openNotifications(
  { pool, rails }: ExplanationSources,
  scope: Scope,
  attemptIds: readonly string[],
): Promise<PaymentFacts['notifications']> {
  if (scope.mode !== 'sandbox' || attemptIds.length === 0) return []
  const { rows } = await pool.query({
    name: 'explain_notifications',
    rowMode: 'array',
    text: `select ${columnsOf(scheduledNotificationKind, 't')} from scheduled_notifications t
      where t.merchant_id = $1 and t.mode = $2 and t.due_at is not null order by t.due_at limit $3`,
    values: [scope.merchantId, scope.mode, rowsMax],
  })
  return rows.flatMap((values) => {
    const { rail, body, headers, dueAt } = rowFromValues(scheduledNotificationKind, values)
    const attemptId = rails.find(rail)?.parseNotification?.({ body, headers })?.attemptId
    return attemptId !== undefined && dueAt !== null && attemptIds.includes(attemptId) ? [{ attemptId, dueAt }] : []
  })
}
