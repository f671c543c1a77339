import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as z from 'zod'
import type { ClientConfig } from '../config.ts'
import { UsageError } from './command-action.ts'

const profileName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

const profileSchema = z.strictObject({ url: z.url({ protocol: /^https?$/ }), apiKey: z.string().min(1) })

const profilesSchema = z.strictObject({
  current: z.string().nullable(),
  profiles: z.record(z.string().regex(profileName), profileSchema),
})

/** A gateway and a key for it. */
export type Profile = z.output<typeof profileSchema>

/** What the profile file holds. `current` is used where no profile is named. */
export type Profiles = z.output<typeof profilesSchema>

/** Where the profile file lies: below XDG_CONFIG_HOME, or below `.config` in the home directory. */
export function profilesPath({ configHome }: Pick<ClientConfig, 'configHome'>): string {
  return join(configHome, 'paylect', 'profiles.json')
}

/** Reads the profile file; none is an empty one. Throws an `Error` that names the file when it is damaged. */
export async function readProfiles(path: string): Promise<Profiles> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { current: null, profiles: {} }
    throw error
  }
  try {
    return profilesSchema.parse(JSON.parse(text))
  } catch (error) {
    throw new Error(
      `The profile file ${path} cannot be read. Mend it, or remove it and add the profiles again with "paylect profiles add".`,
      { cause: error },
    )
  }
}

/** Writes the profile file whole or not at all. It holds keys: only its owner may read it. */
export async function writeProfiles(path: string, profiles: Profiles): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const unfinished = `${path}.new`
  await writeFile(unfinished, `${JSON.stringify(profiles, null, 2)}\n`, { mode: 0o600 })
  // The mode of a file that a broken run left behind is not ours.
  await chmod(unfinished, 0o600)
  await rename(unfinished, path)
}

/** Refuses a name that would not fit a file or a shell. */
export function requireProfileName(name: string): string {
  if (profileName.test(name)) return name
  throw new UsageError(
    `"${name}" is no name for a profile: use up to 64 letters, digits, dots, dashes and underscores.`,
  )
}

/** The profile of that name. Throws a `UsageError` that lists the names there are. */
export function profileOf({ profiles }: Profiles, name: string): Profile {
  // An own property only: every object also answers to names such as `toString`.
  const found = Object.hasOwn(profiles, name) ? profiles[name] : undefined
  if (found) return found
  const names = Object.keys(profiles)
  const known =
    names.length === 0 ? 'There is none yet: add one with "paylect profiles add".' : `There are: ${names.join(', ')}.`
  throw new UsageError(`There is no profile "${name}". ${known}`)
}
