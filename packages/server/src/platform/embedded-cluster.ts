import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chown, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { EmbeddedBinaries } from './embedded-binaries.ts'
import type { ClusterOwner } from './embedded-owner.ts'

/** The database superuser of an embedded cluster. */
export const CLUSTER_USER = 'paylect'

/** A cluster to be: where it lies, who runs it, and the superuser's password. */
export interface ClusterOptions {
  readonly directory: string
  readonly password: string
  readonly owner: ClusterOwner | undefined
  readonly binaries: EmbeddedBinaries
  /** Waits until the new files are on disk. Only a test's throw-away cluster does without. */
  readonly sync: boolean
}

const INITDB_TIMEOUT_MS = 120_000
const OUTPUT_CHARACTERS_MAX = 16 * 1024

/**
 * PostgreSQL finds its cluster through its own working directory. The kernel resolves this link without entering any folder above,
 * and Node changes directory before it drops root. So the cluster may lie where its user could never go, below /root for example.
 */
const OWN_WORKING_DIRECTORY = '/proc/self/cwd'

/** The `-D` argument for a program that is spawned with the cluster as its working directory. */
export function clusterArgument(directory: string): string {
  return existsSync(OWN_WORKING_DIRECTORY) ? OWN_WORKING_DIRECTORY : directory
}

/** The environment of PostgreSQL programs: nothing of ours, no secrets, messages in English, times in UTC. */
export const CLUSTER_ENVIRONMENT: Readonly<Record<string, string>> = {
  LC_ALL: 'C',
  PATH: '/usr/local/bin:/usr/bin:/bin',
  TZ: 'UTC',
}

/**
 * Makes the cluster unless it is there. It is made under another name and renamed when it is complete, so a crash on
 * the way leaves only rubbish that the next call removes. The caller holds the data directory, so nobody else makes it at once.
 * Throws when the directory holds something else, or a cluster of another major version.
 */
export async function ensureCluster(options: ClusterOptions): Promise<void> {
  const { directory, binaries } = options
  const parent = dirname(directory)
  await mkdir(parent, { recursive: true, mode: 0o700 })
  const draftPrefix = `${basename(directory)}.initdb-`
  for (const name of await readdir(parent)) {
    if (name.startsWith(draftPrefix))
      await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined)
  }

  const version = await readClusterVersion(directory)
  if (version === binaries.majorVersion) return
  if (version !== undefined) {
    throw new Error(
      `The database in ${directory} was made by PostgreSQL ${version}, and this Paylect brings PostgreSQL ` +
        `${binaries.majorVersion}. Start the earlier Paylect and move the data, or choose another data directory.`,
    )
  }

  const draft = join(parent, `${draftPrefix}${randomBytes(8).toString('hex')}`)
  try {
    await mkdir(draft, { mode: 0o700 })
    if (options.owner !== undefined) await chown(draft, options.owner.uid, options.owner.gid)
    await runInitdb(options, draft)
    await rename(draft, directory)
    if (options.sync) await syncDirectory(parent)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

async function readClusterVersion(directory: string): Promise<string | undefined> {
  const names = await readdir(directory).catch((error: unknown): string[] => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  })
  if (names.length === 0) return undefined
  if (!names.includes('PG_VERSION')) {
    throw new Error(`${directory} is neither empty nor a database. Move it away, or choose another data directory.`)
  }
  return (await readFile(join(directory, 'PG_VERSION'), 'utf8')).trim()
}

async function runInitdb(options: ClusterOptions, draft: string): Promise<void> {
  const passwordFile = await openPasswordFile(`${draft}.password`, options)
  try {
    const args = [
      ...['-D', clusterArgument(draft), '--username', CLUSTER_USER, '--auth', 'scram-sha-256'],
      ...['--pwfile', existsSync('/proc/self/fd') ? '/proc/self/fd/3' : passwordFile.path],
      ...['--encoding', 'UTF8', '--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'],
      ...['--data-checksums', ...(options.sync ? [] : ['--no-sync'])],
    ]
    const child = spawn(options.binaries.initdb, args, {
      cwd: draft,
      env: CLUSTER_ENVIRONMENT,
      stdio: ['ignore', 'pipe', 'pipe', passwordFile.fd],
      timeout: INITDB_TIMEOUT_MS,
      ...(options.owner === undefined ? {} : { uid: options.owner.uid, gid: options.owner.gid }),
    })
    let output = ''
    const collect = (chunk: Buffer) => {
      output = `${output}${chunk}`.slice(-OUTPUT_CHARACTERS_MAX)
    }
    child.stdout?.on('data', collect)
    child.stderr?.on('data', collect)
    const [code, signal] = await once(child, 'close').catch((error: unknown) => {
      throw spawnFailure(options.binaries.initdb, error)
    })
    if (code !== 0) {
      const advice = output.includes('could not look up effective user ID')
        ? '\nGive this user an entry in /etc/passwd, or set DATABASE_URL to a PostgreSQL server (15 or newer).'
        : ''
      throw new Error(
        `Making the database in ${options.directory} failed (${signal ?? code}):\n${output.trim()}${advice}`,
      )
    }
  } finally {
    await passwordFile.remove()
  }
}

/** Explains why one of PostgreSQL's programs could not even be started. */
export function spawnFailure(program: string, error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const reason =
    code === 'ENOENT' && existsSync(program)
      ? 'the system lacks the GNU C library that it needs (Alpine Linux, for example)'
      : code === 'EPERM'
        ? 'this process runs as root but may not change to another user'
        : String(error instanceof Error ? error.message : error)
  return new Error(
    `${program} cannot be started: ${reason}. Set DATABASE_URL to a PostgreSQL server (15 or newer) instead.`,
    { cause: error },
  )
}

/**
 * The password reaches initdb as an open file, never as an argument that `ps` would show. The file belongs to the
 * cluster's user, because initdb opens it anew through /proc/self/fd.
 */
async function openPasswordFile(path: string, options: ClusterOptions) {
  const file = await open(path, 'wx+', 0o600)
  await file.writeFile(`${options.password}\n`)
  if (options.owner !== undefined) await file.chown(options.owner.uid, options.owner.gid)
  return {
    path,
    fd: file.fd,
    async remove() {
      await file.close()
      await rm(path, { force: true })
    },
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
