/*
 * Who used the processors during a measurement, from /proc (Linux): figures a second shrink when others use the machine,
 * processor time per payment does not.
 */
import { readdirSync, readFileSync } from 'node:fs'

/** Seconds of processor time since some start. */
export interface ProcessorTimes {
  readonly node: number
  /** The postmaster and all processes that it has started. */
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

/** Seconds of processor time that one process has used since it began. */
export function processorSecondsOf(pid: number): number {
  const fields = statOf(String(pid))
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksPerSecond
}

/** The postmaster, its processes, and those that have ended, whose time it has taken over. */
function familySeconds(parentPid: number): number {
  const parent = statOf(String(parentPid))
  let ticks = Number(parent[11]) + Number(parent[12]) + Number(parent[13]) + Number(parent[14])
  for (const name of readdirSync('/proc')) {
    const fields = /^\d+$/.test(name) ? statOf(name) : []
    if (Number(fields[1]) === parentPid) ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks / ticksPerSecond
}

/** The fields behind the program's name: state, parent, …, ticks of user (11) and system (12), and of ended children (13, 14). */
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
