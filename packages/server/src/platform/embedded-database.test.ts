import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync } from 'node:fs'
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { findBinariesPackage } from './embedded-binaries.ts'
import { type EmbeddedDatabaseOptions, startEmbeddedDatabase, stopAbandonedDatabase } from './embedded-database.ts'
import { canReach } from './embedded-owner.ts'
import { identifyProcess } from './process-identity.ts'

const isRoot = process.geteuid?.() === 0
const isLinux = process.platform === 'linux'
const password = 'a password with spaces, %, @ and / in it'
/** Small and without fsync, but for the tests that say otherwise: what is tested here is the life of the server. */
const settings = { fsync: 'off', shared_buffers: '16MB' }

let root: string
let directory: string
const children: ChildProcess[] = []
const packageParents: string[] = []
/** The one user without rights that every Linux has. */
const nobody = { name: 'nobody', uid: 65_534, gid: 65_534 }
const canBecomeNobody = isRoot && (await canReach(process.execPath, nobody, { run: true }))

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'paylect-embedded-'))
})

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  if (directory !== undefined) await stopAbandonedDatabase(directory).catch(() => undefined)
})

afterAll(async () => {
  for (const path of [root, ...packageParents]) await rm(path, { recursive: true, force: true })
})

async function newDirectory(): Promise<string> {
  // As mkdtemp makes it, the parent is closed to every other user: as root, PostgreSQL's user cannot enter it.
  directory = join(await mkdtemp(join(root, 'data-')), 'postgresql')
  return directory
}

async function start(options: Partial<EmbeddedDatabaseOptions> = {}) {
  return await startEmbeddedDatabase({ directory, password, settings, ...options })
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

/** A process that starts the database on `directory` and says its URL or why not; it runs until killed. */
function spawnStarter(
  more: Partial<EmbeddedDatabaseOptions> = {},
  user: { uid?: number; gid?: number } = {},
): ChildProcess {
  const script = `
    const { startEmbeddedDatabase } = await import(${JSON.stringify(join(import.meta.dirname, 'embedded-database.ts'))})
    const options = ${JSON.stringify({ directory, password, settings, ...more })}
    console.log(await startEmbeddedDatabase(options).then((database) => database.url, (error) => error.message))
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    ...user,
  })
  children.push(child)
  return child
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the child has no standard output')
  const [chunk] = await once(child.stdout, 'data')
  return String(chunk).trim()
}

async function postmasterPid(): Promise<number> {
  return Number((await readFile(join(directory, 'postmaster.pid'), 'utf8')).split('\n')[0])
}

describe('the embedded database', () => {
  test('is a durable UTF-8 cluster with checksums that asks for a password and listens on loopback only', async () => {
    await newDirectory()
    const database = await startEmbeddedDatabase({ directory, password })
    expect(database.adopted).toBe(false)
    const names = [
      'fsync',
      'synchronous_commit',
      'data_checksums',
      'listen_addresses',
      'unix_socket_directories',
      'jit',
    ]
    const sizes = ['shared_buffers', 'max_wal_size', 'wal_compression', 'max_connections', 'server_encoding']
    const shown: Record<string, unknown> = {}
    for (const name of [...names, ...sizes]) Object.assign(shown, (await query(database.url, `show ${name}`))[0])
    expect(shown).toEqual({
      fsync: 'on',
      synchronous_commit: 'on',
      data_checksums: 'on',
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      jit: 'off',
      shared_buffers: '256MB',
      max_wal_size: '2GB',
      wal_compression: 'pglz',
      max_connections: '100',
      server_encoding: 'UTF8',
    })
    expect(await query(database.url, `select upper('é') as upper, 'B' < 'a' as by_code`)).toEqual([
      { upper: 'É', by_code: true },
    ])
    const wrong = new URL(database.url)
    wrong.password = 'wrong'
    await expect(query(wrong.href, 'select 1')).rejects.toMatchObject({ code: '28P01' })
    await database.stop()
    await expect(query(database.url, 'select 1')).rejects.toThrow('ECONNREFUSED')
  })

  test('keeps its data over a stop and is ready again within a second', async () => {
    await newDirectory()
    const first = await start()
    await query(first.url, 'create table kept (id int); insert into kept values (7)')
    await first.stop()
    await first.stop()
    const startedAt = performance.now()
    const second = await start()
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    expect(await query(second.url, 'select id from kept')).toEqual([{ id: 7 }])
    await second.stop()
  })

  test('outlives a killed process and is adopted by the next, with its data and its pid', async () => {
    await newDirectory()
    const starter = spawnStarter()
    const url = await firstLine(starter)
    await query(url, 'create table kept (id int); insert into kept values (7)')
    const pid = await postmasterPid()
    starter.kill('SIGKILL')
    await once(starter, 'exit')
    expect(await query(url, 'select id from kept')).toEqual([{ id: 7 }])

    const adopted = await start()
    expect(adopted.adopted).toBe(true)
    expect(adopted.url).toBe(url)
    expect(await postmasterPid()).toBe(pid)
    await adopted.stop()
    expect(await identifyProcess(pid)).toBeUndefined()
  })

  test('does not hear Ctrl-C in the terminal of the process that started it', async () => {
    await newDirectory()
    const starter = spawnStarter()
    const url = await firstLine(starter)
    const exited = once(starter, 'exit')
    if (starter.pid === undefined) throw new Error('the starter has no pid')
    process.kill(-starter.pid, 'SIGINT')
    await exited
    await sleep(300)
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
    await (await start()).stop()
  })

  test('starts again after the server itself was killed, sessions open', async () => {
    await newDirectory()
    let ends = 0
    const first = await start({ onUnexpectedEnd: () => ends++ })
    await query(first.url, 'create table kept (id int); insert into kept values (7)')
    const session = new pg.Client({ connectionString: first.url })
    session.on('error', () => undefined)
    await session.connect()
    const busy = session.query('select pg_sleep(2)').catch(() => undefined)
    process.kill(await postmasterPid(), 'SIGKILL')
    const second = await start()
    expect(second.adopted).toBe(false)
    expect(await query(second.url, 'select id from kept')).toEqual([{ id: 7 }])
    await busy
    await expect.poll(() => ends, { timeout: 3_000 }).toBe(1)
    await second.stop()
  })

  test.runIf(isLinux)('starts although the pid of its last server now belongs to another program', async () => {
    await newDirectory()
    await (await start()).stop()
    const stranger = spawn('sleep', ['60'], { stdio: 'ignore' })
    children.push(stranger)
    await writeFile(join(directory, 'postmaster.pid'), `${stranger.pid}\n${directory}\n1\n1\n\n127.0.0.1\n1 1\nready\n`)
    const database = await start()
    expect(database.adopted).toBe(false)
    expect(await identifyProcess(stranger.pid ?? 0)).toBeDefined()
    await database.stop()
  })

  test('is made anew after a crash in the middle of making it, and the rubbish is gone', async () => {
    await newDirectory()
    const starter = spawnStarter()
    const parent = dirname(directory)
    await expect
      .poll(async () => (await readdir(parent)).some((name) => name.includes('.initdb-')), { interval: 5 })
      .toBe(true)
    starter.kill('SIGKILL')
    await once(starter, 'exit')
    expect(await readdir(parent)).not.toContain('postgresql')
    await sleep(200)
    const database = await start()
    expect(await query(database.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await database.stop()
    expect((await readdir(parent)).sort()).toEqual(['postgresql', 'postgresql.log'])
  })

  test('makes its database when a crash came before that', async () => {
    await newDirectory()
    const first = await start()
    const maintenance = new URL(first.url)
    maintenance.pathname = '/postgres'
    await query(maintenance.href, 'drop database paylect')
    await first.stop()
    const second = await start()
    expect(await query(second.url, 'select current_database() as name')).toEqual([{ name: 'paylect' }])
    await second.stop()
  })

  test('says so when the password is not the one it was made with, and leaves no server behind', async () => {
    await newDirectory()
    await (await start()).stop()
    await expect(start({ password: 'another' })).rejects.toThrow('does not accept its password')
    expect(await readdir(directory)).not.toContain('postmaster.pid')
  })

  test('shows the end of the log when the server does not come up', async () => {
    await newDirectory()
    const starting = start({ settings: { ...settings, max_connections: 'many' } })
    await expect(starting).rejects.toThrow('invalid value for parameter "max_connections"')
  })

  test('refuses a directory that holds something else, and a cluster of another version', async () => {
    await newDirectory()
    await mkdir(directory)
    await writeFile(join(directory, 'letter.txt'), 'dear')
    await expect(start()).rejects.toThrow('neither empty nor a database')
    await writeFile(join(directory, 'PG_VERSION'), '15\n')
    await expect(start()).rejects.toThrow('made by PostgreSQL 15')
    expect(await readFile(join(directory, 'letter.txt'), 'utf8')).toBe('dear')
  })

  test('hands its log on, the last line included', async () => {
    await newDirectory()
    const lines: string[] = []
    const database = await start({ onLog: (line) => lines.push(line) })
    await database.stop()
    expect(lines.some((line) => line.includes('ready to accept connections'))).toBe(true)
    expect(lines.at(-1)).toContain('database system is shut down')
  })

  test('says what to do on a platform without programs', () => {
    expect(() => findBinariesPackage('plan9-mips')).toThrow(/no embedded PostgreSQL for plan9-mips.*DATABASE_URL/)
  })

  test('mends the library links that a skipped install script leaves out', async () => {
    await newDirectory()
    const packageDirectory = await copyPackageWithoutLinks(0o755)
    const database = await start({ packageDirectory })
    await database.stop()
    expect(await readlink(join(packageDirectory, 'native/lib/libicuuc.so.60'))).toBe('libicuuc.so.60.2')
  })
})

describe.runIf(isRoot && isLinux)('the embedded database of root', () => {
  test('runs as another user, in a folder that this user cannot enter', async () => {
    await newDirectory()
    const database = await start()
    expect((await stat(dirname(directory))).mode & 0o777).toBe(0o700)
    const owner = await stat(directory)
    expect(owner.uid).not.toBe(0)
    expect((await stat(`/proc/${await postmasterPid()}`)).uid).toBe(owner.uid)
    const status = await readFile(`/proc/${await postmasterPid()}/status`, 'utf8')
    expect(status).toMatch(new RegExp(`^Uid:\\t${owner.uid}\\t${owner.uid}\\t${owner.uid}\\t`, 'm'))
    expect(status).toMatch(/^Groups:\s*$/m)
    await database.stop()
  })

  test('runs from a copy that only root can write when its user cannot enter the folder of the package', async () => {
    await newDirectory()
    const packageDirectory = await copyPackageWithoutLinks(0o700)
    const copiesParent = await mkdtemp(join(tmpdir(), 'paylect-copies-'))
    packageParents.push(copiesParent)
    await chmod(copiesParent, 0o755)
    const copiesDirectory = join(copiesParent, 'paylect')
    const first = await start({ packageDirectory, copiesDirectory })
    const program = await readlink(`/proc/${await postmasterPid()}/exe`)
    expect(program.startsWith(`${copiesDirectory}/postgresql-`)).toBe(true)
    expect(await stat(program)).toMatchObject({ uid: 0 })
    expect((await stat(program)).mode & 0o022).toBe(0)
    await first.stop()

    const { ino } = await stat(program)
    await (await start({ packageDirectory, copiesDirectory })).stop()
    expect((await stat(program)).ino).toBe(ino)
    await truncate(program, 1_000)
    await (await start({ packageDirectory, copiesDirectory })).stop()
    expect((await readdir(copiesDirectory)).length).toBe(1)
  })

  test('is not run from a folder that another user could have written', async () => {
    await newDirectory()
    const packageDirectory = await copyPackageWithoutLinks(0o700)
    const copiesDirectory = await mkdtemp(join(tmpdir(), 'paylect-copies-'))
    packageParents.push(copiesDirectory)
    await chmod(copiesDirectory, 0o777)
    await expect(start({ packageDirectory, copiesDirectory })).rejects.toThrow('another user could have written it')
    await chown(copiesDirectory, nobody.uid, nobody.gid)
    await chmod(copiesDirectory, 0o755)
    await expect(start({ packageDirectory, copiesDirectory })).rejects.toThrow('another user could have written it')
  })

  test('takes back a cluster whose files came to belong to root, from a backup for example', async () => {
    await newDirectory()
    await (await start()).stop()
    await chown(directory, 0, 0)
    await chown(join(directory, 'PG_VERSION'), 0, 0)
    await chmod(directory, 0o755)
    await (await start()).stop()
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
    expect((await stat(join(directory, 'PG_VERSION'))).uid).toBe((await stat(directory)).uid)
  })
})

describe.runIf(canBecomeNobody)('the embedded database of an ordinary user', () => {
  test('runs as this user', async () => {
    await chmod(root, 0o755)
    await newDirectory()
    await chown(dirname(directory), nobody.uid, nobody.gid)
    const starter = spawnStarter({}, nobody)
    const url = await firstLine(starter)
    expect((await stat(`/proc/${await postmasterPid()}`)).uid).toBe(nobody.uid)
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('that the system does not know is told what to do', async () => {
    await chmod(root, 0o755)
    await newDirectory()
    const stranger = { uid: 54_321, gid: 54_321 }
    await chown(dirname(directory), stranger.uid, stranger.gid)
    expect(await firstLine(spawnStarter({}, stranger))).toMatch(/user does not exist[\s\S]*set DATABASE_URL/)
  })

  test('runs from a copy beside the cluster when the package lacks its links and cannot be written', async () => {
    await chmod(root, 0o755)
    await newDirectory()
    await chown(dirname(directory), nobody.uid, nobody.gid)
    const packageDirectory = await copyPackageWithoutLinks(0o755)
    const url = await firstLine(spawnStarter({ packageDirectory }, nobody))
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
    const program = await readlink(`/proc/${await postmasterPid()}/exe`)
    expect(program.startsWith(dirname(directory))).toBe(true)
  })
})

/** A copy of the installed package as npm unpacks it with --ignore-scripts, in a folder of the given mode. */
async function copyPackageWithoutLinks(mode: number): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'paylect-package-'))
  packageParents.push(parent)
  const packageDirectory = join(parent, 'linux-x64')
  cpSync(findBinariesPackage(), packageDirectory, { recursive: true, verbatimSymlinks: true })
  for (const folder of ['native/lib', 'native/lib/postgresql']) {
    for (const name of await readdir(join(packageDirectory, folder))) {
      const path = join(packageDirectory, folder, name)
      if ((await lstat(path)).isSymbolicLink()) await rm(path)
    }
  }
  await chmod(parent, mode)
  return packageDirectory
}
