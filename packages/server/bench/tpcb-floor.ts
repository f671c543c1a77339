/*
 * The floor F1: what the same database does for TPC-B, the transaction of `pgbench` (three updates, a select and an insert
 * between `begin` and `commit`), statement by statement. By default the statements go through our own driver, so that
 * every machine can measure it; `pgbench` itself, where it is installed, is a little faster.
 */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import pg from 'pg'

/** `driver` sends the statements through `pg`, prepared; `pgbench` runs the program of that name, in its default mode. */
export type FloorTool = 'driver' | 'pgbench'

/** Fifty branches: the clients of the floor seldom wait for the same row. */
export const floorScale = 50
/** Where Debian keeps the programs of each version of PostgreSQL. */
const debianDirectory = '/usr/lib/postgresql'
const tellersPerBranch = 10
const accountsPerBranch = 100_000
const deltaMax = 5_000

/** What the floor did. */
export interface FloorSample {
  readonly perSecond: number
  /** The mean time of one transaction. */
  readonly meanMs: number
}

/** Where `pgbench` is: on the path, or where Debian has it; undefined where it is not installed. */
export function findPgbench(): string | undefined {
  const versions = existsSync(debianDirectory) ? readdirSync(debianDirectory).toSorted().toReversed() : []
  const directories = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...versions.map((version) => join(debianDirectory, version, 'bin')),
  ]
  return directories.map((directory) => join(directory, 'pgbench')).find((path) => existsSync(path))
}

/** The better tool that this machine has. */
export function floorToolHere(): FloorTool {
  return findPgbench() === undefined ? 'driver' : 'pgbench'
}

/** Makes and fills the tables, laid out as `pgbench -i` does; a smaller scale is only for looking whether all works. */
export async function prepareFloor(url: string, scale = floorScale): Promise<void> {
  await withClient(url, (client) =>
    client.query(`
      create table pgbench_branches (bid integer primary key, bbalance integer, filler char(88)) with (fillfactor = 100);
      create table pgbench_tellers (tid integer primary key, bid integer, tbalance integer, filler char(84));
      create table pgbench_accounts (aid integer, bid integer, abalance integer, filler char(84)) with (fillfactor = 100);
      create table pgbench_history (tid integer, bid integer, aid integer, delta integer, mtime timestamp, filler char(22));
      insert into pgbench_branches select n, 0, '' from generate_series(1, ${scale}) n;
      insert into pgbench_tellers select n, (n - 1) / ${tellersPerBranch} + 1, 0, ''
        from generate_series(1, ${scale * tellersPerBranch}) n;
      insert into pgbench_accounts select n, (n - 1) / ${accountsPerBranch} + 1, 0, ''
        from generate_series(1, ${scale * accountsPerBranch}) n;
      alter table pgbench_accounts add primary key (aid);`),
  )
  await withClient(url, async (client) => {
    await client.query('vacuum analyze pgbench_accounts')
    await client.query('vacuum analyze pgbench_tellers')
    await client.query('vacuum analyze pgbench_branches')
    await client.query('checkpoint')
  })
}

/** Runs the transactions over `connections` connections for `seconds`. */
export async function measureFloor(
  tool: FloorTool,
  url: string,
  connections: number,
  seconds: number,
  scale = floorScale,
): Promise<FloorSample> {
  if (tool === 'pgbench') return sampleOf(await runPgbench(url, connections, seconds), connections)
  const clients = Array.from({ length: connections }, () => new pg.Client({ connectionString: url }))
  await Promise.all(clients.map((client) => client.connect()))
  const started = performance.now()
  const endAt = started + seconds * 1000
  let done = 0
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() < endAt) {
        await runTransaction(client, scale)
        done += 1
      }
    }),
  )
  const elapsedSeconds = (performance.now() - started) / 1000
  await Promise.all(clients.map((client) => client.end()))
  return sampleOf(done / elapsedSeconds, connections)
}

/** Every client is always in a transaction, so the mean time follows from the rate. */
function sampleOf(perSecond: number, connections: number): FloorSample {
  return { perSecond, meanMs: (connections / perSecond) * 1000 }
}

async function runTransaction(client: pg.Client, scale: number): Promise<void> {
  const aid = below(scale * accountsPerBranch)
  const tid = below(scale * tellersPerBranch)
  const bid = below(scale)
  const delta = below(2 * deltaMax) - deltaMax
  await client.query('begin')
  await run(client, 'tpcb_account', 'update pgbench_accounts set abalance = abalance + $1 where aid = $2', [delta, aid])
  await run(client, 'tpcb_select', 'select abalance from pgbench_accounts where aid = $1', [aid])
  await run(client, 'tpcb_teller', 'update pgbench_tellers set tbalance = tbalance + $1 where tid = $2', [delta, tid])
  await run(client, 'tpcb_branch', 'update pgbench_branches set bbalance = bbalance + $1 where bid = $2', [delta, bid])
  const history = `insert into pgbench_history (tid, bid, aid, delta, mtime) values ($1, $2, $3, $4, current_timestamp)`
  await run(client, 'tpcb_history', history, [tid, bid, aid, delta])
  await client.query('commit')
}

function run(client: pg.Client, name: string, text: string, values: number[]): Promise<unknown> {
  return client.query({ name, text, values })
}

/** A whole number from 1 to `bound`. */
function below(bound: number): number {
  return 1 + Math.floor(Math.random() * bound)
}

async function runPgbench(url: string, connections: number, seconds: number): Promise<number> {
  const jobs = Math.min(connections, 2)
  const child = spawn(
    findPgbench() ?? 'pgbench',
    ['-n', '-c', `${connections}`, '-j', `${jobs}`, '-T', `${seconds}`, url],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`pgbench ended with code ${code}`))))
  })
  const found = /tps = ([\d.]+) \(without/.exec(output)?.[1]
  if (found === undefined) throw new Error(`pgbench printed no figure:\n${output}`)
  return Number(found)
}

async function withClient(url: string, use: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await use(client)
  } finally {
    await client.end()
  }
}
