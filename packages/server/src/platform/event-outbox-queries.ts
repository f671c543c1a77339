import type pg from 'pg'

type Session = Pick<pg.ClientBase | pg.Pool, 'query'>

/** A row of the outbox that was taken. */
export interface OutboxRow {
  readonly id: bigint
  /** `[merchantId, mode, number]` of each event. */
  readonly events: readonly unknown[]
  /** This one included. */
  readonly tries: number
}

/** What the outbox holds. */
export interface OutboxCounts {
  /** Rows that failed at least once and will be tried again. */
  readonly failing: bigint
  /** Rows that nobody tries any more. */
  readonly givenUp: bigint
  /** Rows that wait to be taken for the first time. */
  readonly waiting: bigint
  readonly lastError: string | null
}

/** The channel on which every commit that writes to the outbox is told. */
export const outboxChannel = 'paylect_event_outbox'

/** When a row is given up, its due time is set to this. */
const never = 'infinity'

/*
 * A lease that a crash of the server forgets is taken again, and a row whose deletion is forgotten is done again, which
 * makes no delivery twice: so neither waits for the disk.
 */
const unflushed = `(select set_config('synchronous_commit', 'off', true)) = 'off'`

/** Deletes rows that are done, and takes due rows in their order, those that nobody else is taking now. */
export async function takeOutboxRows(
  session: Session,
  done: readonly bigint[],
  leaseMs: number,
  limit: number,
): Promise<readonly OutboxRow[]> {
  const { rows } = await session.query<OutboxRow>({
    name: 'take_outbox_rows',
    text: `with finished as (delete from event_outbox where id = any ($1::bigint[]))
      update event_outbox set is_leased = true, tries = tries + 1, due_at = now() + $2 * interval '1 millisecond'
      where ${unflushed} and id = any (array(
        select id from event_outbox where due_at <= now() and id <> all ($1::bigint[])
        order by id limit $3 for update skip locked))
      returning id, events, tries`,
    values: [done, leaseMs, limit],
  })
  return rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

/** Puts a row that failed back, to be taken after a pause, or never when there is none. */
export async function putBackOutboxRow(
  session: Session,
  id: bigint,
  pauseMs: number | undefined,
  error: string,
): Promise<void> {
  await session.query({
    name: 'put_back_outbox_row',
    text: `update event_outbox set is_leased = false, last_error = left($2, 2000),
        due_at = case when $3::float8 is null then '${never}' else now() + $3 * interval '1 millisecond' end
      where id = $1`,
    values: [id, error, pauseMs ?? null],
  })
}

/** Rows that are due or under way, in any process. */
export async function countDueOutboxRows(session: Session): Promise<number> {
  const { rows } = await session.query<{ due: number }>(
    'select count(*)::integer as due from event_outbox where is_leased or due_at <= now()',
  )
  return rows[0]?.due ?? 0
}

/** Counts what the outbox holds; undefined in a database that has none yet. */
export async function readOutboxCounts(session: Session): Promise<OutboxCounts | undefined> {
  const { rows: tables } = await session.query<{ known: boolean }>(
    `select to_regclass('event_outbox') is not null as known`,
  )
  if (tables[0]?.known !== true) return undefined
  const { rows } = await session.query<OutboxCounts>(
    `select count(*) filter (where last_error is not null and due_at < '${never}') as failing,
      count(*) filter (where due_at = '${never}') as "givenUp",
      count(*) filter (where tries = 0) as waiting,
      (array_agg(left(last_error, 200) order by id desc) filter (where last_error is not null))[1] as "lastError"
    from event_outbox`,
  )
  return rows[0]
}
