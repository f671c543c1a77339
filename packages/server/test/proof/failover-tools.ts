import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, chown, open, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

/** What the cluster is run with, found on this machine. */
export interface Tools {
  readonly etcd: string
  readonly patroni: string
  readonly patronictl: string
  readonly haproxy: string
  /** PostgreSQL's folder of programs. */
  readonly binDirectory: string
}

/** The account that the cluster runs under; PostgreSQL refuses root. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

/** A program that was started, and how it is ended. */
export interface Daemon {
  readonly pid: number
  hasEnded(): boolean
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

/** Debian's packages for the programs; Patroni speaks to etcd by way of a library of its own. */
const packages = 'postgresql-15 patroni python3-etcd etcd-server haproxy'
const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
const postgresFolder = '/usr/lib/postgresql'
const stopTimeoutMs = 15_000
const run = promisify(execFile)

/** A program that the cluster is made of is not installed. The message names it, and the line that installs all of them. */
export class MissingProgramsError extends Error {
  constructor(missing: readonly string[]) {
    super(`The failover test needs ${missing.join(', ')}. On Debian 12, as root:\n  apt-get install -y ${packages}`)
    this.name = 'MissingProgramsError'
  }
}

/** Finds the programs. Throws `MissingProgramsError` when one is missing. It installs nothing. */
export async function findTools(): Promise<Tools> {
  const [etcd, patroni, patronictl, haproxy] = await Promise.all(
    ['etcd', 'patroni', 'patronictl', 'haproxy'].map((name) => firstThere(folders.map((folder) => join(folder, name)))),
  )
  const versions = (await readdir(postgresFolder).catch(() => [])).filter((name) => Number(name) >= 15).sort()
  const server = await firstThere(versions.map((version) => join(postgresFolder, version, 'bin', 'pg_rewind')))
  if (!(etcd && patroni && patronictl && haproxy && server)) {
    const found = { etcd, patroni, patronictl, haproxy, 'PostgreSQL 15 or newer in /usr/lib/postgresql': server }
    throw new MissingProgramsError(Object.entries(found).flatMap(([name, path]) => (path ? [] : [name])))
  }
  return { etcd, patroni, patronictl, haproxy, binDirectory: join(server, '..') }
}

async function firstThere(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    )
    if (isThere) return path
  }
  return undefined
}

/** The account to run under: that of `postgres` for root, the caller's own otherwise. */
export async function findAccount(): Promise<Account> {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
  if (uid !== 0) return { uid, gid }
  const [{ stdout: user }, { stdout: group }] = await Promise.all([
    run('id', ['-u', 'postgres']),
    run('id', ['-g', 'postgres']),
  ])
  return { uid: Number(user), gid: Number(group) }
}

/** Starts a program under the account; what it prints goes to `logPath`. */
export async function startDaemon(
  account: Account,
  program: string,
  args: readonly string[],
  logPath: string,
): Promise<Daemon> {
  const log = await open(logPath, 'a')
  const child = spawn(program, args, {
    ...account,
    cwd: join(logPath, '..'),
    env: { PATH: folders.join(delimiter), LC_ALL: 'C.UTF-8', HOME: join(logPath, '..') },
    stdio: ['ignore', log.fd, log.fd],
  })
  await once(child, 'spawn')
  await log.close()
  const ended = once(child, 'exit')
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  return {
    pid: child.pid ?? 0,
    hasEnded,
    stop: async (signal = 'SIGTERM') => {
      if (hasEnded()) return
      child.kill(signal)
      const patience = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
      await ended
      clearTimeout(patience)
    },
  }
}

/** Writes a file that the account may read, and nobody else. */
export async function writeOwned(account: Account, path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 })
  await chown(path, account.uid, account.gid)
}

/** Ports that were free a moment ago, on loopback. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** The process and all that descend from it, the oldest first. */
export async function familyOf(pid: number): Promise<number[]> {
  const children = Map.groupBy(await processes(), ({ parent }) => parent)
  const family = [pid]
  for (const member of family) family.push(...(children.get(member) ?? []).map((child) => child.pid))
  return family
}

async function processes(): Promise<readonly { readonly pid: number; readonly parent: number }[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 1)
  // After the program's name, which stands in brackets and may hold anything, come its state and its parent.
  const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')))
  return pids.map((pid, index) => {
    const text = texts[index] ?? ''
    return { pid, parent: Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]) }
  })
}

/** The server that runs on the data directory. A file that was left behind may name a process of somebody else's by now. */
export async function postmasterOf(dataDirectory: string): Promise<number | undefined> {
  const text = await readFile(join(dataDirectory, 'postmaster.pid'), 'utf8').catch(() => '')
  const pid = Number(text.split('\n')[0])
  const place = await readlink(`/proc/${pid}/cwd`).catch(() => '')
  return pid > 1 && place === dataDirectory ? pid : undefined
}

/** Signals processes, some of which may have ended meanwhile. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch {
      // It has ended with its parent.
    }
  }
}

/** Asks until the answer is not undefined. Throws when that takes longer than the bound. */
export async function until<Answer>(
  what: string,
  timeoutMs: number,
  ask: () => Promise<Answer | undefined>,
): Promise<Answer> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask().catch(() => undefined)
    if (answer !== undefined) return answer
    if (performance.now() > deadline) throw new Error(`${what} did not happen within ${timeoutMs / 1000} s`)
    await sleep(250)
  }
}
