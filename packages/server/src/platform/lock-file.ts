/*
 * A lock held by one process through a file, without flock (Node has none).
 *
 * States of the file at `path`:
 *   absent            nobody holds the lock
 *   holder runs       held; the file names the holder's pid and birth, and a nonce that never comes again
 *   holder has ended  stale (kill -9, power loss, a pid used again); may be replaced, never just deleted
 *
 * absent → held: `link` of a finished file, so that the name appears with its whole content or not at all, and one of
 * two racing processes gets EEXIST. held → absent: `unlink` by the holder, and by nobody else.
 * stale → held by us: deleting a stale file would race (two processes see it stale, the first replaces it, the second
 * deletes the replacement). So a replacement needs a second lock, the guard, whose name is a hash of the stale content.
 * Under the guard the file is read again; if it still has that content nobody else can change it (its holder is dead,
 * the guard is ours) and `rename` puts our file in its place in one step. A process that dies while it holds a guard leaves a
 * stale guard, which is taken over in the same way, guarded by the hash of *its* content.
 */
import { createHash, randomBytes } from 'node:crypto'
import { link, readdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isRunning, ownIdentity, type ProcessIdentity } from './process-identity.ts'

/** A held lock. */
export interface LockFile {
  readonly path: string
  /** Gives the lock up. Doing it twice does nothing. */
  release(): Promise<void>
}

/** The lock is held by a process that runs. `holder` says which. */
export class LockFileHeldError extends Error {
  readonly path: string
  readonly holder: ProcessIdentity

  constructor(path: string, holder: ProcessIdentity) {
    super(`The lock ${path} is held by process ${holder.pid}.`)
    this.name = 'LockFileHeldError'
    this.path = path
    this.holder = holder
  }
}

/** How often a lost race is run again before giving up, and the pause between two tries. */
const ROUNDS_MAX = 200
const ROUND_PAUSE_MS = 20
/** A guard of a guard of a guard would need three crashes within one takeover each; deeper nesting is a bug. */
const GUARD_DEPTH_MAX = 8

/**
 * Takes the lock at `path` for this process, taking over a lock whose holder has ended. Of any number of processes
 * that ask at once exactly one gets it. Throws `LockFileHeldError` when a running process, this one included, holds it.
 */
export async function acquireLockFile(path: string): Promise<LockFile> {
  const content = await describeHolder()
  await acquire(path, path, content, 0)
  await removeLeftovers(path)
  return {
    path,
    async release() {
      if ((await readIfPresent(path)) === content) await unlink(path)
    },
  }
}

async function acquire(path: string, basePath: string, content: string, depth: number): Promise<void> {
  if (depth > GUARD_DEPTH_MAX) throw new Error(`The lock ${path} cannot be taken over: its guards are nested too deep.`)
  for (let round = 0; round < ROUNDS_MAX; round++) {
    if (await linkNew(path, basePath, content)) return
    const found = await readIfPresent(path)
    if (found === undefined) continue
    const holder = parseHolder(found)
    if (holder !== undefined && (await isRunning(holder))) throw new LockFileHeldError(path, holder)
    if (await replaceStale(path, basePath, { stale: found, fresh: content }, depth)) return
    await sleep(ROUND_PAUSE_MS)
  }
  throw new Error(`The lock ${path} could not be taken: other processes kept taking it over.`)
}

async function replaceStale(
  path: string,
  basePath: string,
  content: { stale: string; fresh: string },
  depth: number,
): Promise<boolean> {
  const guardPath = `${basePath}.guard-${createHash('sha256').update(content.stale).digest('hex').slice(0, 32)}`
  try {
    await acquire(guardPath, basePath, await describeHolder(), depth + 1)
  } catch (error) {
    // Another process is taking this lock over right now: look again in a moment.
    if (error instanceof LockFileHeldError) return false
    throw error
  }
  try {
    if ((await readIfPresent(path)) !== content.stale) return false
    const claimPath = await writeClaim(basePath, content.fresh)
    await rename(claimPath, path)
    return true
  } finally {
    await rm(guardPath, { force: true })
  }
}

async function linkNew(path: string, basePath: string, content: string): Promise<boolean> {
  const claimPath = await writeClaim(basePath, content)
  try {
    await link(claimPath, path)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  } finally {
    await rm(claimPath, { force: true })
  }
}

async function writeClaim(basePath: string, content: string): Promise<string> {
  const claimPath = `${basePath}.claim-${randomBytes(8).toString('hex')}`
  await writeFile(claimPath, content, { flag: 'wx', mode: 0o600 })
  return claimPath
}

async function describeHolder(): Promise<string> {
  const { pid, birth } = await ownIdentity()
  return `${JSON.stringify({ pid, birth, nonce: randomBytes(16).toString('hex') })}\n`
}

/** Reads who wrote the file. Text that is not ours comes from a power loss in the middle of a write: nobody holds it. */
function parseHolder(text: string): ProcessIdentity | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed !== 'object' || parsed === null || !('pid' in parsed)) return undefined
    const birth = 'birth' in parsed && typeof parsed.birth === 'string' ? parsed.birth : undefined
    return typeof parsed.pid === 'number' ? { pid: parsed.pid, birth } : undefined
  } catch {
    return undefined
  }
}

/** Clears what crashed processes left beside the lock. Files of running processes stay. */
async function removeLeftovers(path: string): Promise<void> {
  const directory = dirname(path)
  const prefixes = [`${basename(path)}.claim-`, `${basename(path)}.guard-`]
  for (const name of await readdir(directory)) {
    if (!prefixes.some((prefix) => name.startsWith(prefix))) continue
    const holder = parseHolder((await readIfPresent(join(directory, name))) ?? '')
    if (holder !== undefined && !(await isRunning(holder))) await rm(join(directory, name), { force: true })
  }
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
