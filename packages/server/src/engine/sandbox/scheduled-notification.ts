import { canonicalHash } from '../../kernel/canonical-json.ts'
import type { Instant } from '../../kernel/clock.ts'
import type { Scope } from '../../kernel/scope.ts'
import type { RawNotification } from '../../rails/rail.ts'
import { insert, update } from '../commit/changes.ts'
import { accept, defineCommand } from '../commit/command.ts'
import { defineKind, type FactRef, factByKey, type RevisedRow } from '../commit/kind.ts'

/** A notification that a simulated rail will send, kept durably until the clock of its mode comes to it. */
export interface ScheduledNotification extends RevisedRow {
  readonly id: string
  readonly rail: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  /** When it is sent; null once it was. */
  readonly dueAt: Instant | null
  readonly createdAt: Instant
}

/** Scheduled notifications as a kind. */
export const scheduledNotificationKind = defineKind<ScheduledNotification>({
  name: 'scheduled_notification',
  table: 'scheduled_notifications',
  order: 110,
  columns: {
    merchantId: 'text',
    mode: 'text',
    id: 'text',
    rail: 'text',
    body: 'text',
    headers: 'json',
    dueAt: 'instant',
    createdAt: 'instant',
    revision: 'integer',
  },
  primaryKey: ['merchantId', 'mode', 'id'],
  fixed: ['rail', 'body', 'headers', 'createdAt'],
  dueProperty: 'dueAt',
})

/** Names a scheduled notification. */
function scheduledNotificationFact(scope: Scope, id: string): FactRef<ScheduledNotification> {
  return factByKey(scheduledNotificationKind, [scope.merchantId, scope.mode, id])
}

/** A notification to be sent at `dueAt` of the mode's clock. */
export interface ScheduleNotification {
  readonly scope: Scope
  readonly rail: string
  readonly notification: RawNotification
  readonly dueAt: Instant
}

/** Keeps a notification until its time. The same bytes for the same moment are kept once: a repeated call adds nothing. */
export const scheduleNotification = defineCommand({
  name: 'schedule_notification',
  facts: (c: ScheduleNotification) => ({ same: scheduledNotificationFact(c.scope, notificationIdOf(c)) }),
  decide({ same }, c, ctx) {
    if (same) return accept(same, [])
    const scheduled: ScheduledNotification = {
      ...ctx.scope,
      id: notificationIdOf(c),
      rail: c.rail,
      body: c.notification.body,
      headers: c.notification.headers,
      dueAt: c.dueAt,
      createdAt: ctx.now,
      revision: 0,
    }
    return accept(scheduled, [insert(scheduledNotificationKind, scheduled)])
  },
})

/** A notification that was taken in, or that nobody can read. */
export interface FinishNotification {
  readonly scope: Scope
  readonly notificationId: string
}

/** Marks a notification as sent; the row stays for people to read. Doing it twice changes nothing. */
export const finishNotification = defineCommand({
  name: 'finish_notification',
  facts: (c: FinishNotification) => ({ scheduled: scheduledNotificationFact(c.scope, c.notificationId) }),
  decide({ scheduled }) {
    if (!scheduled || scheduled.dueAt === null) return accept(null, [])
    return accept(null, [update(scheduledNotificationKind, { ...scheduled, dueAt: null })])
  },
})

/** The id follows from the content, so that a call repeated after a crash names the same row. */
function notificationIdOf({ rail, notification, dueAt }: ScheduleNotification): string {
  return `ntf_${canonicalHash([rail, notification.body, dueAt]).slice(0, 32)}`
}
