import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, realpath, rm, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { acquireLockFile, LockFileHeldError } from './lock-file.ts'

/** A data directory that this process alone has open. */
export interface DataDirectory {
  /** Absolute, symbolic links resolved. */
  readonly path: string
  /** Gives the directory up, so that another process may open it. Doing it twice does nothing. */
  release(): Promise<void>
  /** The absolute path of a file directly in the directory. Throws when `name` would lead out of it. */
  file(name: string): string
}

/** Another running process has the data directory open. The message tells which one and what to do. */
export class DataDirectoryInUseError extends Error {
  readonly path: string
  readonly pid: number

  constructor(path: string, pid: number) {
    super(
      `The data directory ${path} is in use by process ${pid}. ` +
        `Stop that process (kill ${pid}) and start again, or choose another directory with PAYLECT_DATA.`,
    )
    this.name = 'DataDirectoryInUseError'
    this.path = path
    this.pid = pid
  }
}

const LOCK_NAME = 'paylect.lock'
const DIRECTORY_MODE = 0o700
const SECRET_MODE = 0o600

/**
 * Opens the data directory for this process alone, creating it (mode 0700) when it is missing. A lock that a killed
 * process left behind is taken over; of several processes that open at once exactly one succeeds.
 * Processes see each other by pid, so two containers with separate pid spaces must not share one directory.
 * Throws `DataDirectoryInUseError` when a running process, this one included, has it open.
 */
export async function openDataDirectory(path: string): Promise<DataDirectory> {
  const absolutePath = await createDirectory(resolve(path))
  try {
    const lock = await acquireLockFile(join(absolutePath, LOCK_NAME))
    return {
      path: absolutePath,
      release: () => lock.release(),
      file: (name) => fileWithin(absolutePath, name),
    }
  } catch (error) {
    if (error instanceof LockFileHeldError) throw new DataDirectoryInUseError(absolutePath, error.holder.pid)
    throw error
  }
}

/**
 * Reads the secret of this name, making it on first use: `byteLength` random bytes as lower-case hexadecimal text in a
 * file that only its owner may read. The file appears whole or not at all, and is on disk before it is returned.
 * Throws when the file exists but does not hold such a secret; it is never replaced, because data may depend on it.
 */
export async function readOrCreateSecret(directory: DataDirectory, name: string, byteLength: number): Promise<string> {
  const path = directory.file(name)
  const existing = await readSecret(path, byteLength)
  if (existing !== undefined) return existing

  const newPath = `${path}.new-${randomBytes(8).toString('hex')}`
  try {
    await writeDurably(newPath, `${randomBytes(byteLength).toString('hex')}\n`)
    // A link, unlike a rename, never replaces a secret that somebody else made in the meantime.
    await link(newPath, path).catch((error: unknown) => {
      if (!hasCode(error, 'EEXIST')) throw error
    })
    await syncDirectory(directory.path)
  } finally {
    await rm(newPath, { force: true })
  }
  const created = await readSecret(path, byteLength)
  if (created === undefined) throw new Error(`The secret file ${path} vanished while it was being made.`)
  return created
}

async function createDirectory(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: DIRECTORY_MODE })
    if (!(await stat(path)).isDirectory()) throw new Error('it is not a directory')
    return await realpath(path)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`The data directory ${path} cannot be opened: ${reason}. Choose another one with PAYLECT_DATA.`, {
      cause: error,
    })
  }
}

function fileWithin(directory: string, name: string): string {
  if (name === '' || name === '.' || name === '..' || basename(name) !== name) {
    throw new Error(`"${name}" is not the name of a file in the data directory.`)
  }
  return join(directory, name)
}

async function readSecret(path: string, byteLength: number): Promise<string | undefined> {
  let text: string
  try {
    text = (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
  if (!/^[0-9a-f]*$/.test(text) || text.length !== byteLength * 2) {
    throw new Error(
      `The secret file ${path} is damaged: it should hold ${byteLength * 2} hexadecimal digits. ` +
        'Restore it from a backup; deleting it makes everything that was encrypted with it unreadable.',
    )
  }
  return text
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', SECRET_MODE)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
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

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
