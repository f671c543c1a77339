/*
 * Who used the processors during a measurement, from /proc (Linux): figures a second shrink when others use the machine,
 * processor time per payment does not.
 */
import { readdirSync, readFileSync } from 'node:fs'

/** Seconds of processor time since some start. */
export interface ProcessorTimes {
  readonly node: number
  /** All processes of the postmaster that are alive. */
  readonly postgres: number
  /** All processes of the machine. */
  readonly machine: number
}

const ticksPerSecond = 100

/** Reads the times now; `undefined` where there is no /proc. */
export function readProcessorTimes(postmasterPid: number): ProcessorTimes | undefined {
  try {
    const { user, system } = process.cpuUsage()
    return { node: (user + system) / 1e6, postgres: familySeconds(postmasterPid), machine: machineSeconds() }
  } catch {
    return undefined
  }
}

function familySeconds(parentPid: number): number {
  let ticks = 0
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const fields = statOf(name)
    if (Number(name) === parentPid || Number(fields[1]) === parentPid) ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks / ticksPerSecond
}

/** The fields behind the program's name: state, parent, …, user ticks (11), system ticks (12). */
function statOf(pid: string): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}

/** The first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq. */
function machineSeconds(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (
    readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? ''
  )
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number)
  return (user + nice + system + irq + softirq) / ticksPerSecond
}
