import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeDataDirectory, startGatewayProcess } from '../test/support/gateway-process.ts'
import { say } from './bench-run.ts'
import { type Figure, figureOf } from './figures.ts'

/** Long enough that what starting needed has been given back. */
const settleMs = 5_000
/** Everything on, the page for metrics at any free port. */
const environment = { PAYLECT_METRICS_PORT: '0' }

/**
 * The memory of an idle gateway, all its processes and its database's, as their proportional shares (PSS, Linux only):
 * what two processes share is counted once. The floor is a bare Node.js process and the same database without us beside it.
 */
export async function measureMemory(): Promise<Figure> {
  say('memory_idle')
  const directory = await makeDataDirectory()
  const bare = spawn(process.execPath, ['-e', 'setInterval(() => {}, 60_000)'], { stdio: 'ignore' })
  try {
    const gateway = await startGatewayProcess({ dataDirectory: directory.path, environment })
    try {
      await sleep(settleMs)
      const clusterPath = join(directory.path, 'postgresql', 'postmaster.pid')
      const postmasterPid = Number(readFileSync(clusterPath, 'utf8').split('\n')[0])
      const node = megabytesOf([gateway.child.pid ?? 0, ...childrenOf(gateway.child.pid ?? 0, postmasterPid)])
      const postgres = megabytesOf([postmasterPid, ...childrenOf(postmasterPid)])
      const bareNode = megabytesOf([bare.pid ?? 0])
      const what = { name: 'memory_idle', unit: 'MB', floorName: 'bare_node_and_this_database_mb' }
      return figureOf(what, [{ value: node + postgres, floor: bareNode + postgres, detail: { node, postgres } }])
    } finally {
      await gateway.stop()
    }
  } finally {
    bare.kill()
    await directory.remove()
  }
}

/** All processes below one, but not the database's: it may be the gateway's child and is counted by itself. */
function childrenOf(parentPid: number, exceptPid?: number): number[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
  const own = pids.filter((pid) => pid !== exceptPid && parentOf(pid) === parentPid)
  return own.flatMap((pid) => [pid, ...childrenOf(pid, exceptPid)])
}

function parentOf(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    // It has ended meanwhile.
    return undefined
  }
}

function megabytesOf(pids: readonly number[]): number {
  const kilobytes = pids.map((pid) => /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1])
  return kilobytes.reduce((sum, text) => sum + Number(text ?? 0), 0) / 1024
}
