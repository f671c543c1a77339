import { chmod, lchown, lstat, readdir, readFile, realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** The user that PostgreSQL runs as when this process is root. PostgreSQL refuses to run as root itself. */
export interface ClusterOwner {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** Users to drop to, best first. PostgreSQL looks its own user up, so a uid without an entry would not do. */
const CANDIDATES = ['postgres', 'nobody']

const EXECUTE = 0o1
const READ = 0o4

/**
 * Chooses the user for the cluster in `directory`: `undefined` (stay who we are) unless this process is root. A cluster that
 * already belongs to a known user stays with it, so that a package installed later cannot change its owner.
 */
export async function chooseClusterOwner(directory: string): Promise<ClusterOwner | undefined> {
  if (process.geteuid?.() !== 0) return undefined
  const users = await readUsers()
  const existing = await stat(directory).catch(() => undefined)
  const keeper = users.find((user) => user.uid === existing?.uid && user.uid !== 0)
  if (keeper !== undefined) return keeper
  for (const name of CANDIDATES) {
    const user = users.find((candidate) => candidate.name === name && candidate.uid !== 0)
    if (user !== undefined) return user
  }
  throw new Error(
    'The embedded database cannot run as root, and there is neither a user "postgres" nor "nobody" to run it as. ' +
      'Start Paylect as an ordinary user, or set DATABASE_URL to a PostgreSQL server of your own.',
  )
}

/** Gives the directory and everything in it to the owner, closed to everybody else. Symbolic links are not followed. */
export async function giveTo(directory: string, owner: ClusterOwner | undefined): Promise<void> {
  const seen = await stat(directory)
  if (owner !== undefined && seen.uid !== owner.uid) await changeOwner(directory, owner)
  if ((seen.mode & 0o777) !== 0o700) await chmod(directory, 0o700)
}

/** Tells whether the owner can read the file, and run it when `run` is set, including every folder on the way to it. */
export async function canReach(path: string, owner: ClusterOwner, access: { run: boolean }): Promise<boolean> {
  try {
    const target = await realpath(path)
    const wanted = access.run ? READ | EXECUTE : READ
    if (!(await allows(target, owner, wanted))) return false
    for (let folder = dirname(target); ; folder = dirname(folder)) {
      if (!(await allows(folder, owner, EXECUTE))) return false
      if (folder === dirname(folder)) return true
    }
  } catch {
    return false
  }
}

async function allows(path: string, owner: ClusterOwner, wanted: number): Promise<boolean> {
  const seen = await stat(path)
  // As the kernel does it: the first class that applies decides, even when a later one would allow more.
  const shift = seen.uid === owner.uid ? 6 : seen.gid === owner.gid ? 3 : 0
  return ((seen.mode >> shift) & wanted) === wanted
}

async function changeOwner(path: string, owner: ClusterOwner): Promise<void> {
  await lchown(path, owner.uid, owner.gid)
  if (!(await lstat(path)).isDirectory()) return
  for (const name of await readdir(path)) await changeOwner(join(path, name), owner)
}

async function readUsers(): Promise<ClusterOwner[]> {
  const users: ClusterOwner[] = []
  for (const line of (await readFile('/etc/passwd', 'utf8')).split('\n')) {
    const [name, , uid, gid] = line.split(':')
    if (name === undefined || uid === undefined || gid === undefined) continue
    if (/^\d+$/.test(uid) && /^\d+$/.test(gid)) users.push({ name, uid: Number(uid), gid: Number(gid) })
  }
  return users
}
