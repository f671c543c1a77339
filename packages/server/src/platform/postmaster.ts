/*
 * The life of a PostgreSQL server ("postmaster") that may outlive this process.
 *
 * `postmaster.pid` in the cluster tells where it is:
 *   absent                         none runs
 *   names an ended process         none runs; PostgreSQL clears the file itself (kill -9, power loss)
 *   names one that nobody reaped   none runs; PostgreSQL would take it for running, so we clear the file; sessions that
 *                                  outlived it still keep a new server out, by the shared memory that they hold
 *   names somebody else's process  none runs; the pid was given out again; we clear the file, as PostgreSQL might refuse
 *   status `starting` / `ready`    ours runs: left by a Node process that was killed, and adopted
 *   status `stopping`              ours is on its way out: wait, then start anew
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CLUSTER_ENVIRONMENT, clusterArgument, spawnFailure } from './embedded-cluster.ts'
import type { ClusterOwner } from './embedded-owner.ts'
import { identifyProcess, isRunning, isUnreaped, type ProcessIdentity } from './process-identity.ts'
import type { ServerLog } from './server-log.ts'

/** A server that accepts connections on 127.0.0.1. */
export interface Postmaster {
  readonly identity: ProcessIdentity
  readonly port: number
}

/** What a new server is started with. */
export interface PostmasterOptions {
  /** The port to listen on; a free one when undefined. */
  readonly port: number | undefined
  readonly directory: string
  readonly program: string
  readonly owner: ClusterOwner | undefined
  readonly settings: Readonly<Record<string, string>>
  readonly log: ServerLog
}

/** Crash recovery replays up to `max_wal_size` of log, which a slow disk needs minutes for. */
const READY_TIMEOUT_MS = 300_000
const STOPPING_TIMEOUT_MS = 60_000
/** Fast shutdown ends sessions and writes a checkpoint; immediate shutdown leaves the rest to recovery. Both lose nothing. */
const FAST_SHUTDOWN_TIMEOUT_MS = 30_000
const IMMEDIATE_SHUTDOWN_TIMEOUT_MS = 15_000
const POLL_INTERVAL_MS = 10
/** A free port can be lost to another program before PostgreSQL binds it. */
const PORT_ATTEMPTS_MAX = 5
/** After its postmaster was killed, a session notices within a statement; until then a new server refuses to start. */
const ORPHAN_ATTEMPTS_MAX = 40
const ORPHAN_PAUSE_MS = 250

/** Finds the server that a killed Node process left running on this cluster, once it is ready; `undefined` when none runs. */
export async function findPostmaster(directory: string): Promise<Postmaster | undefined> {
  const deadline = performance.now() + READY_TIMEOUT_MS
  const stoppingDeadline = performance.now() + STOPPING_TIMEOUT_MS
  for (;;) {
    const entry = await readPidFile(directory)
    if (entry === undefined) return undefined
    const identity = await identifyProcess(entry.pid)
    if (identity === undefined) {
      if (await isUnreaped(entry.pid)) await rm(pidFile(directory), { force: true })
      return undefined
    }
    if (!(await worksIn(identity.pid, directory))) {
      await rm(pidFile(directory), { force: true })
      return undefined
    }
    if (entry.status === 'ready' && entry.port !== undefined) return { identity, port: entry.port }
    const isLate = performance.now() > (entry.status === 'stopping' ? stoppingDeadline : deadline)
    if (isLate)
      throw new Error(`The database in ${directory} (process ${entry.pid}) has been "${entry.status}" for too long.`)
    await sleep(POLL_INTERVAL_MS)
  }
}

/**
 * Starts a server on a free port of 127.0.0.1 and waits until it accepts connections. It leads a session of its own,
 * so Ctrl-C in our terminal does not reach it, and it does not keep this process alive.
 * Throws with the end of the server's log when it does not come up.
 */
export async function startPostmaster(options: PostmasterOptions): Promise<Postmaster> {
  let portAttempts = 0
  let orphanAttempts = 0
  for (;;) {
    // A port that is asked for is kept: a server that comes back after a crash must be where its clients look for it.
    const outcome = await launch(options, options.port ?? (await findFreePort()))
    if (typeof outcome !== 'string') return outcome
    if (outcome.includes('could not create any TCP/IP sockets') && ++portAttempts < PORT_ATTEMPTS_MAX) continue
    if (!outcome.includes('is still in use') || ++orphanAttempts >= ORPHAN_ATTEMPTS_MAX) {
      throw new Error(`The database in ${options.directory} did not start:\n${outcome}`)
    }
    await sleep(ORPHAN_PAUSE_MS)
  }
}

/**
 * Stops the server and waits until it has ended: politely first, and after a bound without the final checkpoint, which
 * loses nothing and only makes the next start replay the log. Throws when even that does not end it in time.
 */
export async function stopPostmaster({ identity }: Postmaster): Promise<void> {
  for (const [signal, timeoutMs] of [
    ['SIGINT', FAST_SHUTDOWN_TIMEOUT_MS],
    ['SIGQUIT', IMMEDIATE_SHUTDOWN_TIMEOUT_MS],
  ] as const) {
    if (!(await isRunning(identity))) return
    signalProcess(identity.pid, signal)
    const deadline = performance.now() + timeoutMs
    while (performance.now() < deadline) {
      if (!(await isRunning(identity))) return
      await sleep(POLL_INTERVAL_MS)
    }
  }
  throw new Error(`The database server (process ${identity.pid}) does not end, not even by immediate shutdown.`)
}

/** Starts one server; answers the end of its log when it ended before it was ready. */
async function launch(options: PostmasterOptions, port: number): Promise<Postmaster | string> {
  const settings = Object.entries({ ...options.settings, port: String(port) })
  const output = options.log.openForChild()
  const child = spawn(
    options.program,
    ['-D', clusterArgument(options.directory), ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    {
      cwd: options.directory,
      detached: true,
      env: CLUSTER_ENVIRONMENT,
      stdio: ['ignore', output.fd, output.fd],
      ...(options.owner === undefined ? {} : { uid: options.owner.uid, gid: options.owner.gid }),
    },
  )
  output.close()
  await once(child, 'spawn').catch((error: unknown) => {
    throw spawnFailure(options.program, error)
  })
  child.unref()

  const deadline = performance.now() + READY_TIMEOUT_MS
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) return await options.log.tail()
    const entry = await readPidFile(options.directory)
    if (entry?.pid === child.pid && entry?.status === 'ready') {
      const identity = await identifyProcess(entry.pid)
      if (identity !== undefined) return { identity, port }
    }
    await sleep(POLL_INTERVAL_MS)
  }
  child.kill('SIGQUIT')
  throw new Error(`The database in ${options.directory} was not ready in time:\n${await options.log.tail()}`)
}

interface PidFileEntry {
  readonly pid: number
  readonly port: number | undefined
  readonly status: string
}

function pidFile(directory: string): string {
  return join(directory, 'postmaster.pid')
}

/** Reads PostgreSQL's own lock file: line 1 is the pid, line 4 the port, line 8 the status; later lines come in as it starts. */
async function readPidFile(directory: string): Promise<PidFileEntry | undefined> {
  const text = await readFile(pidFile(directory), 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  })
  const lines = text.split('\n').map((line) => line.trim())
  const pid = Number(lines[0])
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
  const port = Number(lines[3])
  return { pid, port: Number.isSafeInteger(port) && port > 0 ? port : undefined, status: lines[7] || 'starting' }
}

/** Tells whether the process has this cluster as its working directory, as a server has. Elsewhere than on Linux the pid must do. */
async function worksIn(pid: number, directory: string): Promise<boolean> {
  if (process.platform !== 'linux') return true
  try {
    const [theirs, ours] = await Promise.all([stat(`/proc/${pid}/cwd`), stat(directory)])
    return theirs.dev === ours.dev && theirs.ino === ours.ino
  } catch {
    // A process that we may not look at belongs to another user, so it cannot be the server that we started.
    return false
  }
}

async function findFreePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('The system gave no free port on 127.0.0.1.')
  return address.port
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
