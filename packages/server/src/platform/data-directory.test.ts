import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DataDirectoryInUseError, openDataDirectory, readOrCreateSecret } from './data-directory.ts'
import { ownIdentity } from './process-identity.ts'

let root: string
let directory: string
const children: ChildProcess[] = []

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'paylect-data-'))
  directory = join(root, 'data')
})

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(root, { recursive: true, force: true })
})

/** A process that waits for a line, opens the directory, says `open` or the error's name, and stays until it is killed. */
function spawnOpener(): ChildProcess {
  const script = `
    const { openDataDirectory } = await import(${JSON.stringify(join(import.meta.dirname, 'data-directory.ts'))})
    const { once } = await import('node:events')
    console.log('ready')
    await once(process.stdin, 'data')
    try {
      await openDataDirectory(${JSON.stringify(directory)})
      console.log('open')
    } catch (error) {
      console.log(error.name)
    }
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  return child
}

async function nextLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the child has no standard output')
  const [chunk] = await once(child.stdout, 'data')
  return String(chunk).trim()
}

async function open(...openers: ChildProcess[]): Promise<string[]> {
  await Promise.all(openers.map(nextLine))
  const answers = Promise.all(openers.map(nextLine))
  for (const opener of openers) opener.stdin?.write('go\n')
  return await answers
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

describe('the data directory', () => {
  test('is created readable by its owner only', async () => {
    const opened = await openDataDirectory(directory)
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
    await opened.release()
  })

  test('refuses a second process and names the first, the directory and the way out', async () => {
    const first = spawnOpener()
    expect(await open(first)).toEqual(['open'])
    const refusal = await openDataDirectory(directory).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(DataDirectoryInUseError)
    expect(String(refusal)).toContain(`process ${first.pid}`)
    expect(String(refusal)).toContain(directory)
    expect(String(refusal)).toContain('PAYLECT_DATA')
  })

  test('refuses a second opening by the same process, through a symbolic link too', async () => {
    const opened = await openDataDirectory(directory)
    await symlink(directory, join(root, 'link'))
    await expect(openDataDirectory(join(root, 'link'))).rejects.toBeInstanceOf(DataDirectoryInUseError)
    await opened.release()
  })

  test('can be opened again after its release', async () => {
    const opened = await openDataDirectory(directory)
    await opened.release()
    await opened.release()
    const again = await openDataDirectory(directory)
    await opened.release()
    await expect(openDataDirectory(directory)).rejects.toBeInstanceOf(DataDirectoryInUseError)
    await again.release()
    expect(await readdir(directory)).toEqual([])
  })

  test('is taken over from a process that was killed', async () => {
    const first = spawnOpener()
    expect(await open(first)).toEqual(['open'])
    await kill(first)
    const opened = await openDataDirectory(directory)
    await opened.release()
  })

  test.runIf(process.platform === 'linux')('is taken over when the pid now belongs to a younger process', async () => {
    const opened = await openDataDirectory(directory)
    const { birth } = await ownIdentity()
    const lockPath = opened.file('paylect.lock')
    const lock = (await readFile(lockPath, 'utf8')).replace(birth ?? '?', 'an-earlier-boot:1')
    await writeFile(lockPath, lock)
    const again = await openDataDirectory(directory)
    await again.release()
  })

  test('is taken over when a power loss left an empty lock', async () => {
    await (await openDataDirectory(directory)).release()
    await writeFile(join(directory, 'paylect.lock'), '')
    const opened = await openDataDirectory(directory)
    await opened.release()
  })

  test('goes to exactly one of many processes that find a stale lock at once', async () => {
    for (let round = 0; round < 3; round++) {
      const openers = Array.from({ length: 8 }, () => spawnOpener())
      const lines = await open(...openers)
      expect(lines.filter((line) => line === 'open')).toHaveLength(1)
      expect(lines.filter((line) => line === 'DataDirectoryInUseError')).toHaveLength(7)
      await Promise.all(openers.map(kill))
      expect(await readdir(directory)).toEqual(['paylect.lock'])
    }
  })

  test('is taken over although a process was killed in the middle of a takeover', async () => {
    const first = spawnOpener()
    expect(await open(first)).toEqual(['open'])
    await kill(first)
    const stale = await readFile(join(directory, 'paylect.lock'), 'utf8')
    const guard = `paylect.lock.guard-${createHash('sha256').update(stale).digest('hex').slice(0, 32)}`
    await writeFile(join(directory, guard), stale.replace('"nonce":"', '"nonce":"f'))
    await writeFile(join(directory, 'paylect.lock.claim-0000'), stale)
    const opened = await openDataDirectory(directory)
    expect(await readdir(directory)).toEqual(['paylect.lock'])
    await opened.release()
  })

  test('names only files that lie in it', async () => {
    const opened = await openDataDirectory(directory)
    expect(opened.file('master.key')).toBe(join(opened.path, 'master.key'))
    for (const name of ['../x', 'a/b', '..', '.', '']) expect(() => opened.file(name)).toThrow('not the name of a file')
    await opened.release()
  })

  test('that is a file is refused with its path', async () => {
    await writeFile(join(root, 'data'), '')
    await expect(openDataDirectory(directory)).rejects.toThrow(directory)
  })
})

describe('a secret file', () => {
  test('keeps its value, its length and its mode', async () => {
    const opened = await openDataDirectory(directory)
    const secret = await readOrCreateSecret(opened, 'master.key', 32)
    expect(secret).toMatch(/^[0-9a-f]{64}$/)
    expect(await readOrCreateSecret(opened, 'master.key', 32)).toBe(secret)
    expect((await stat(opened.file('master.key'))).mode & 0o777).toBe(0o600)
    await opened.release()
  })

  test('made by several callers at once has one value', async () => {
    const opened = await openDataDirectory(directory)
    const secrets = await Promise.all(Array.from({ length: 10 }, () => readOrCreateSecret(opened, 'master.key', 32)))
    expect(new Set(secrets).size).toBe(1)
    expect((await readdir(directory)).sort()).toEqual(['master.key', 'paylect.lock'])
    await opened.release()
  })

  test('that is damaged is reported and left alone', async () => {
    const opened = await openDataDirectory(directory)
    await writeFile(opened.file('master.key'), 'half\n')
    await expect(readOrCreateSecret(opened, 'master.key', 32)).rejects.toThrow('is damaged')
    expect(await readFile(opened.file('master.key'), 'utf8')).toBe('half\n')
    await opened.release()
  })
})
