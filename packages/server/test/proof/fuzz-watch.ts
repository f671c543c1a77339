import type { DialectGateway } from '../support/dialect-gateway.ts'

/** Knows whether the database changed between two looks. */
export interface ChangeWatch {
  /** Makes sure that what stands before the next request is known. */
  before(): Promise<void>
  /** Resolves with what has changed since `before`; undefined when nothing has. */
  changed(): Promise<string | undefined>
  /** A write was acknowledged: what stood before says nothing any more. */
  wrote(): void
  /** How many looks found that not even a transaction had begun to write. */
  readonly untouched: () => number
}

/*
 * Two looks, the cheap one first. A transaction that writes takes an id, so where the next id is still the same, nothing
 * in the whole server has changed. Where it is another one, every table is asked for rows that a transaction since then
 * has written, and for how many rows it has, so that nothing need be known of what a table holds.
 */

interface Look {
  readonly nextId: string
  readonly rows: Readonly<Record<string, number>>
}

interface TableRow {
  readonly name: string
  readonly rows: number
  readonly written: number
}

/** Opens the watch over every table of a gateway's database. */
export async function openChangeWatch({ testEngine }: DialectGateway): Promise<ChangeWatch> {
  const { pool } = testEngine.database
  const { rows: tables } = await pool.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema') order by name`,
  )
  // Ids of transactions are compared as numbers: no run comes near the two thousand millionth, where they wrap.
  const ofEachTable = tables
    .map(
      ({ name }) => `select '${name}' as name, count(*)::int as rows,
        (count(*) filter (where xmin::text::bigint >= $1::bigint))::int as written from ${name}`,
    )
    .join(' union all ')
  const readNextId = async () => {
    const { rows } = await pool.query<{ id: string }>('select pg_snapshot_xmax(pg_current_snapshot())::text as id')
    return rows[0]?.id ?? ''
  }
  const readTables = async (since: string) => (await pool.query<TableRow>(ofEachTable, [since])).rows
  const lookNow = async (): Promise<Look> => {
    const nextId = await readNextId()
    return { nextId, rows: Object.fromEntries((await readTables(nextId)).map(({ name, rows }) => [name, rows])) }
  }
  let known: Look | undefined
  let untouched = 0
  return {
    async before() {
      known ??= await lookNow()
    },
    async changed() {
      if (known === undefined) throw new Error('nothing is known of what stood before')
      const nextId = await readNextId()
      if (nextId === known.nextId) {
        untouched += 1
        return undefined
      }
      const now = await readTables(known.nextId)
      const before = known.rows
      known = { nextId, rows: Object.fromEntries(now.map(({ name, rows }) => [name, rows])) }
      const different = now.filter(({ name, rows, written }) => written > 0 || rows !== before[name])
      if (different.length === 0) return undefined
      return different
        .map(({ name, rows, written }) => `${name}: ${written} rows written, ${before[name]} to ${rows} rows`)
        .join(', ')
    },
    wrote() {
      known = undefined
    },
    untouched: () => untouched,
  }
}
