import type { DatabaseStage } from './database-stage.ts'

/** What PostgreSQL must be started with so that statements are timed. */
export const statementSettings = {
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.track': 'top',
} as const

const statementsShown = 25

/** Begins to time statements anew. */
export async function forgetStatements({ pool }: DatabaseStage): Promise<void> {
  await pool.query('create extension if not exists pg_stat_statements')
  await pool.query('select pg_stat_statements_reset()')
}

/** The statements that took the most time since `forgetStatements`, TPC-B's left out, as lines for people. */
export async function dearestStatements({ pool }: DatabaseStage): Promise<string> {
  const { rows } = await pool.query<{ total: number; mean: number; calls: string; rows: string; query: string }>(
    `select total_exec_time as total, mean_exec_time as mean, calls, rows, regexp_replace(query, '\\s+', ' ', 'g') as query
     from pg_stat_statements where query !~ 'pgbench|pg_stat' order by total_exec_time desc limit $1`,
    [statementsShown],
  )
  const lines = rows.map((row) =>
    [
      `${row.total.toFixed(0)} ms`,
      `${row.mean.toFixed(3)} ms each`,
      `${row.calls} calls`,
      `${row.rows} rows`,
      row.query.slice(0, 150),
    ].join('  '),
  )
  return lines.join('\n')
}
