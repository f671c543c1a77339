import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

const PROBE_TIMEOUT_MS = 10_000

/**
 * Whether a Node of this version runs TypeScript without being asked to: from 22.18 on in line 22, from 23.6 on in
 * line 23, and every later line.
 *
 * @param {string} version such as `24.21.0`, with or without a leading `v`
 * @returns {boolean}
 */
export function stripsTypes(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  if (major === 22) return minor >= 18
  if (major === 23) return minor >= 6
  return major >= 24
}

/**
 * Where a newer Node may lie, nearest folder first: in the platform package that this project installs, or behind the
 * link that npm makes for it.
 *
 * @param {string} from folder at which the search starts; it climbs to the root of the file system
 * @param {string} [platform] as `process.platform` writes it
 * @param {string} [arch] as `process.arch` writes it
 * @returns {string[]}
 */
export function nodeCandidates(from, platform = process.platform, arch = process.arch) {
  const here = [
    join(from, 'node_modules', `node-${platform}-${arch}`, 'bin', 'node'),
    join(from, 'node_modules', '.bin', 'node'),
  ]
  const above = dirname(from)
  return above === from ? here : [...here, ...nodeCandidates(above, platform, arch)]
}

/**
 * The first candidate that is there, starts on this machine and strips types. Asking it keeps us from starting an old
 * Node over and over, and from a binary that was made for another machine.
 *
 * @param {string} from folder at which the search starts
 * @returns {string | undefined}
 */
export function findNode(from) {
  return nodeCandidates(from).find((candidate) => {
    if (!existsSync(candidate)) return false
    const probe = spawnSync(candidate, ['--version'], { encoding: 'utf8', timeout: PROBE_TIMEOUT_MS })
    return probe.status === 0 && stripsTypes(probe.stdout.trim())
  })
}
