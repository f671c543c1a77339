import { readFile } from 'node:fs/promises'

/**
 * Names one process so that a later process with the same pid is not taken for it. `birth` is the kernel's boot id and
 * the start time in clock ticks (Linux); it is `undefined` where the system does not tell, and the pid alone must do.
 */
export interface ProcessIdentity {
  readonly pid: number
  readonly birth: string | undefined
}

/** Where the start time stands in `/proc/<pid>/stat`, counted from the first field after the command name (field 22 in all). */
const START_TIME_INDEX = 19

/** Describes this very process. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  return { pid: process.pid, birth: (await readLinuxProcess(process.pid))?.birth }
}

/**
 * Tells whether the process still runs. A zombie counts as ended: it holds nothing any more, and nobody may ever reap it
 * (a container whose first process is not an init). A process of another user counts as running.
 */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  if (!answersToSignals(identity.pid)) return false
  if (process.platform !== 'linux') return true
  const seen = await readLinuxProcess(identity.pid)
  if (seen === undefined || seen.isZombie) return false
  return identity.birth === undefined || identity.birth === seen.birth
}

/** Describes the process that has this pid now, or `undefined` when none runs. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  const identity = { pid, birth: (await readLinuxProcess(pid))?.birth }
  return (await isRunning(identity)) ? identity : undefined
}

/**
 * Tells whether a process of this pid has ended and was not reaped yet (Linux). It holds nothing any more, but whoever asks
 * by a signal, as PostgreSQL does, takes it for running.
 */
export async function isUnreaped(pid: number): Promise<boolean> {
  return process.platform === 'linux' && answersToSignals(pid) && (await readLinuxProcess(pid))?.isZombie === true
}

function answersToSignals(pid: number): boolean {
  // Zero and negative pids address process groups; a damaged file must not make us signal one.
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

async function readLinuxProcess(pid: number): Promise<{ birth: string; isZombie: boolean } | undefined> {
  try {
    const [stat, bootId] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    ])
    // The command name stands in parentheses and may itself hold spaces and parentheses, so fields count from the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const startTicks = fields[START_TIME_INDEX]
    if (startTicks === undefined) return undefined
    return { birth: `${bootId.trim()}:${startTicks}`, isZombie: fields[0] === 'Z' || fields[0] === 'X' }
  } catch {
    return undefined
  }
}
