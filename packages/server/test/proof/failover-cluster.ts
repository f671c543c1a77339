/*
 * Three PostgreSQL servers under Patroni, one etcd, and HAProxy in front, all on loopback in one temporary folder.
 *
 * States of a member: following (asynchronous, or the synchronous standby) → leading → dead (killed) or frozen (stopped,
 * and nobody can tell it from a dead machine) → started or woken up again → rewound or cloned → following.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { haproxySettings, memberSettings, type SharedPlace } from './failover-settings.ts'
import {
  type Account,
  type Daemon,
  familyOf,
  findAccount,
  findTools,
  freePorts,
  postmasterOf,
  signalAll,
  startDaemon,
  type Tools,
  until,
  writeOwned,
} from './failover-tools.ts'

/** One machine of the cluster: a PostgreSQL server and its Patroni. */
export interface Member {
  readonly name: string
  readonly postgresPort: number
  readonly restPort: number
  readonly directory: string
  patroni: Daemon | undefined
}

/** A cluster that serves. */
export interface Cluster {
  /** The gateway's database, by way of HAProxy. */
  readonly url: string
  readonly members: readonly Member[]
  /** The program's versions, for the report. */
  versions(): Promise<string>
  /** Waits until there is a leader with a synchronous standby, and every member follows it. Answers the leader. */
  whole(): Promise<Member>
  /** The standby whose word the leader waits for. */
  synchronous(): Promise<Member>
  /** `kill -9` of everything that runs on the member. */
  kill(member: Member): Promise<void>
  /** `kill -9` of the member's server; its Patroni lives and sees to it. */
  crash(member: Member): Promise<void>
  /** Stops what receives changes on the members; what was sent meanwhile is thrown away when they are let go. */
  holdBack(members: readonly Member[]): Promise<() => void>
  /** Stops every process of the member where it stands, as if its machine had gone silent; answers what wakes it up. */
  freeze(member: Member): Promise<() => void>
  /** Starts a member that was killed. */
  revive(member: Member): Promise<void>
  /** A planned switchover, by `patronictl`. */
  switchover(from: Member): Promise<void>
  /** How often the member's Patroni has begun to rewind its server onto the new leader's history. */
  rewinds(member: Member): Promise<number>
  /** The end of each program's log. */
  logs(): Promise<string>
}

const names = ['one', 'two', 'three']
const wholeTimeoutMs = 240_000
const askTimeoutMs = 2_000
const run = promisify(execFile)

interface Parts {
  readonly tools: Tools
  readonly account: Account
  readonly directory: string
  readonly members: readonly Member[]
  readonly isSynchronous: boolean
  readonly daemons: Daemon[]
  /** Nothing is started any more. */
  isStopped: boolean
}

/**
 * Starts a cluster and makes an empty database `paylect` with an owner of that name, who is no superuser. What ends it and
 * removes its folder is handed to `onStop` before the first program starts, so that an interruption leaves nothing behind.
 * Throws `MissingProgramsError`, and an error with the programs' logs when the cluster does not come up.
 */
export async function startCluster(
  isSynchronous: boolean,
  onStop: (stop: () => Promise<void>) => void,
): Promise<Cluster> {
  const tools = await findTools()
  const account = await findAccount()
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'paylect-failover-')))
  await chown(directory, account.uid, account.gid)
  const [etcdPort = 0, peerPort = 0, proxyPort = 0, ...ports] = await freePorts(3 + 2 * names.length)
  const members = names.map((name, index): Member => {
    const [postgresPort = 0, restPort = 0] = ports.slice(2 * index)
    return { name, postgresPort, restPort, directory: join(directory, name), patroni: undefined }
  })
  const parts: Parts = { tools, account, directory, members, isSynchronous, daemons: [], isStopped: false }
  onStop(() => stop(parts))
  try {
    await startEtcd(parts, etcdPort, peerPort)
    const password = randomBytes(16).toString('hex')
    const shared = { etcdPort, password, binDirectory: tools.binDirectory, isSynchronous }
    for (const member of members) await prepareMember(parts, member, shared)
    for (const member of members) await startPatroni(parts, member)
    await writeOwned(account, join(directory, 'haproxy.cfg'), haproxySettings(proxyPort, members))
    await start(parts, tools.haproxy, ['-db', '-f', join(directory, 'haproxy.cfg')], 'haproxy.log')
    await whole(parts)
    const url = await makeDatabase(`postgres://postgres:${password}@127.0.0.1:${proxyPort}/postgres`, password)
    return clusterOf(parts, url)
  } catch (error) {
    throw new Error(`the cluster did not start: ${String(error)}\n${await logsOf(parts)}`, { cause: error })
  }
}

function clusterOf(parts: Parts, url: string): Cluster {
  return {
    url,
    members: parts.members,
    versions: () => versionsOf(parts),
    whole: () => whole(parts),
    synchronous: () =>
      until('a synchronous standby', wholeTimeoutMs, async () => {
        const shown = await shownBy(parts.members)
        return parts.members.find(({ name }) => shown.some((one) => one.role === 'sync_standby' && one.name === name))
      }),
    kill,
    crash: async (member) => signalAll(await serverOf(member), 'SIGKILL'),
    holdBack: async (held) => {
      const receivers = (await Promise.all(held.map(receiversOf))).flat()
      signalAll(receivers, 'SIGSTOP')
      return () => {
        signalAll(receivers, 'SIGTERM')
        signalAll(receivers, 'SIGCONT')
      }
    },
    freeze: async (member) => {
      const processes = await processesOf(member)
      signalAll(processes, 'SIGSTOP')
      return () => signalAll(processes, 'SIGCONT')
    },
    revive: (member) => startPatroni(parts, member),
    switchover: async (from) => {
      const settings = join(from.directory, 'patroni.json')
      const args = ['-c', settings, 'switchover', 'paylect', '--leader', from.name, '--force']
      await run(parts.tools.patronictl, args, { env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' } })
    },
    rewinds: async ({ directory }) => {
      const log = await readFile(join(directory, 'patroni.log'), 'utf8')
      return log.split('\n').filter((line) => line.includes('running pg_rewind')).length
    },
    logs: () => logsOf(parts),
  }
}

async function start(parts: Parts, program: string, args: readonly string[], log: string): Promise<Daemon> {
  if (parts.isStopped) throw new Error('the cluster is being stopped')
  const daemon = await startDaemon(parts.account, program, args, join(parts.directory, log))
  parts.daemons.push(daemon)
  return daemon
}

async function startEtcd(parts: Parts, port: number, peerPort: number): Promise<void> {
  const [url, peerUrl] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`]
  const args = ['--data-dir', join(parts.directory, 'etcd'), '--logger', 'zap', '--log-level', 'warn']
  args.push('--listen-client-urls', url, '--advertise-client-urls', url)
  args.push(
    '--listen-peer-urls',
    peerUrl,
    '--initial-advertise-peer-urls',
    peerUrl,
    '--initial-cluster',
    `default=${peerUrl}`,
  )
  await start(parts, parts.tools.etcd, args, 'etcd.log')
  await until('the start of etcd', 20_000, async () => ((await fetch(`${url}/health`)).ok ? true : undefined))
}

async function prepareMember({ account }: Parts, member: Member, shared: SharedPlace): Promise<void> {
  await mkdir(member.directory, { mode: 0o700 })
  await chown(member.directory, account.uid, account.gid)
  const settings = JSON.stringify(memberSettings(member, shared), undefined, 2)
  await writeOwned(account, join(member.directory, 'patroni.json'), settings)
}

async function startPatroni(parts: Parts, member: Member): Promise<void> {
  const settings = join(member.directory, 'patroni.json')
  member.patroni = await start(parts, parts.tools.patroni, [settings], join(member.name, 'patroni.log'))
}

interface ShownMember {
  readonly name: string
  readonly role: string
  readonly state: string
  readonly timeline?: number
  readonly lag?: number | string
}

/** The cluster as Patroni shows it; any member that answers knows. */
async function shownBy(members: readonly Member[]): Promise<readonly ShownMember[]> {
  const views = members.map(async ({ restPort }) => {
    const answer = await fetch(`http://127.0.0.1:${restPort}/cluster`, { signal: AbortSignal.timeout(askTimeoutMs) })
    return ((await answer.json()) as { members: readonly ShownMember[] }).members
  })
  return Promise.any(views)
}

/** Patroni's own view, and the promise of the one that leads that it does. */
async function whole({ members, isSynchronous }: Parts): Promise<Member> {
  return until('a leader with a synchronous standby and every member behind it', wholeTimeoutMs, async () => {
    const shown = await shownBy(members)
    const leader = shown.find(({ role }) => role === 'leader')
    const isWell = ({ state, timeline, lag }: ShownMember) =>
      ['running', 'streaming'].includes(state) &&
      timeline === leader?.timeline &&
      (lag === undefined || Number(lag) < 1e6)
    const isConfirmed = !isSynchronous || shown.some(({ role }) => role === 'sync_standby')
    const isWhole = shown.length === members.length && isConfirmed
    if (!leader || !isWhole || !shown.every(isWell)) return undefined
    const found = members.find(({ name }) => name === leader.name)
    if (!found || (await fetch(`http://127.0.0.1:${found.restPort}/primary`)).status !== 200) return undefined
    return found
  })
}

/** Patroni, the server and everything that they have started. */
async function processesOf(member: Member): Promise<number[]> {
  const { patroni } = member
  const family = patroni?.hasEnded() === false ? await familyOf(patroni.pid) : []
  return [...new Set([...family, ...(await serverOf(member))])]
}

/** The postmaster and its children. */
async function serverOf({ directory }: Member): Promise<number[]> {
  const postmaster = await postmasterOf(join(directory, 'data'))
  return postmaster === undefined ? [] : familyOf(postmaster)
}

/** The processes that take in the leader's changes. */
async function receiversOf(member: Member): Promise<number[]> {
  const server = await serverOf(member)
  const titles = await Promise.all(server.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return server.filter((_, index) => titles[index]?.includes('walreceiver'))
}

/** Once more after Patroni is dead: it may have started a server meanwhile. */
async function kill(member: Member): Promise<void> {
  signalAll(await processesOf(member), 'SIGKILL')
  await member.patroni?.stop('SIGKILL')
  signalAll(await processesOf(member), 'SIGKILL')
}

async function makeDatabase(adminUrl: string, password: string): Promise<string> {
  await until('the proxy’s way to the leader', 20_000, async () => {
    const client = new pg.Client(adminUrl)
    client.on('error', () => undefined)
    await client.connect()
    try {
      await client.query(`create role paylect login password '${password}'`)
      await client.query('create database paylect owner paylect')
      return true
    } finally {
      await client.end()
    }
  })
  const url = new URL(adminUrl)
  url.username = 'paylect'
  url.pathname = '/paylect'
  return url.href
}

async function versionsOf({ tools }: Parts): Promise<string> {
  const programs: readonly (readonly [string, string])[] = [
    [join(tools.binDirectory, 'postgres'), '--version'],
    [tools.patroni, '--version'],
    [tools.etcd, '--version'],
    [tools.haproxy, '-v'],
  ]
  const texts = await Promise.all(programs.map(([program, flag]) => run(program, [flag])))
  return texts.map(({ stdout }) => stdout.split('\n', 1)[0]?.trim() ?? '').join('; ')
}

async function logsOf({ directory, members }: Parts): Promise<string> {
  const paths = ['etcd.log', 'haproxy.log', ...members.map(({ name }) => join(name, 'patroni.log'))]
  const texts = await Promise.all(paths.map((path) => readFile(join(directory, path), 'utf8').catch(() => '')))
  return texts.map((text, index) => `== ${paths[index]}\n${text.split('\n').slice(-25).join('\n')}`).join('\n')
}

async function stop(parts: Parts): Promise<void> {
  parts.isStopped = true
  await Promise.all(parts.members.map(kill))
  for (const daemon of parts.daemons.toReversed()) await daemon.stop('SIGKILL')
  await rm(parts.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
}
