/*
 * Pipelining: statements are written one behind the other without waiting for answers, so a transaction of ten
 * statements costs one round trip. What holds, and what a caller must know:
 *
 *   Each statement ends with its own synchronisation point, as without pipelining. A failed statement therefore does
 *   not cancel those behind it: they are executed.
 *   Between `begin` and `commit` the failed statement aborts the transaction. Every statement behind it fails with
 *   25P02 (in_failed_sql_transaction), and changes nothing.
 *   The `commit` behind them does NOT fail. It answers with the command tag `ROLLBACK`, as a success. Whoever looks only
 *   at errors would acknowledge a transaction that never was. `sendPipelined` looks, and throws.
 *   After that `commit` the connection is clean again and can take the next transaction.
 *   Outside a transaction each statement stands for itself: those behind a failed one take effect.
 *   A lost connection rejects everything that was sent. If `commit` was among it, nobody knows whether it took effect.
 *   Every promise of a pipeline must be awaited or handled, or the first rejection ends the process.
 */
import pg from 'pg'
import { connectionConfig } from './database.ts'

/** One statement for a pipeline. With a `name` it is prepared once per connection; the text must then never differ. */
export interface PipelinedStatement {
  readonly name?: string
  readonly text: string
  readonly values?: readonly unknown[]
}

/** A statement of a transaction had failed before, so the `commit` rolled everything back. Nothing was changed. */
export class TransactionRolledBackError extends Error {
  constructor() {
    super('The transaction was rolled back at its commit, because a statement in it had failed.')
    this.name = 'TransactionRolledBackError'
  }
}

/**
 * Opens one connection in pg's pipeline mode. `onError` hears of its loss; it is then dead and a new one is needed.
 * Values arrive as `database-types.ts` says. The caller ends it with `end()`, which waits for what was sent.
 */
export async function openPipelinedClient(
  url: string,
  onError: (error: Error) => void,
  applicationName = 'paylect-pipeline',
): Promise<pg.Client> {
  const client = new pg.Client({ ...connectionConfig(url, applicationName), pipeline: true })
  client.on('error', onError)
  await client.connect()
  return client
}

/**
 * Sends the statements in one write and waits for all answers, in order. Rejects with the first failure, which is the
 * cause of those behind it; by then all answers are in. Rejects with `TransactionRolledBackError` when a
 * `commit` was answered with a rollback although none of these statements failed (one sent before them did).
 */
export async function sendPipelined(
  client: pg.Client,
  statements: readonly PipelinedStatement[],
): Promise<pg.QueryResult[]> {
  const { stream } = client.connection
  stream.cork()
  let sent: Promise<pg.QueryResult>[]
  try {
    sent = statements.map((statement) => client.query(toQuery(statement)))
  } finally {
    stream.uncork()
  }

  const results: pg.QueryResult[] = []
  for (const [index, answer] of (await Promise.allSettled(sent)).entries()) {
    if (answer.status === 'rejected') throw answer.reason
    const isCommit = /^\s*commit\b/i.test(statements[index]?.text ?? '')
    if (isCommit && answer.value.command === 'ROLLBACK') throw new TransactionRolledBackError()
    results.push(answer.value)
  }
  return results
}

function toQuery(statement: PipelinedStatement): pg.QueryConfig {
  return {
    text: statement.text,
    ...(statement.name === undefined ? {} : { name: statement.name }),
    ...(statement.values === undefined ? {} : { values: [...statement.values] }),
  }
}
